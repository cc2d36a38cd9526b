//! Salvaging whatever is left of a file: an error of the right kind, or nothing but bytes of the plaintext
//! at their places, and zeros that the report names.

use super::choices::Choices;
use super::common::jobs;
use super::forge::{self, Forge, Sample};
use super::memory::bounded;
use super::mutate::mutate;
use super::secret::secret;
use fetool::format::age::Age;
use fetool::format::dexios::Dexios;
use fetool::format::gfe::Gfe;
use fetool::format::gocrypt::{CHUNK_LEN, GoCrypt};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::format::{Format, Limits};
use fetool::{Damage, Fill, Identity, Open, Salvage, Salvaged, status};

const KINDS: [(&dyn Format, Forge); 5] = [
    (&Gfe, forge::gfe),
    (&Age, forge::age::age),
    (&Dexios, forge::dexios::dexios),
    (&GoCrypt, forge::gocrypt),
    (&ParallelEncryptor, forge::parallel_encryptor),
];

/// What was salvaged, from where, and the report.
type Got = (Salvaged, Vec<u8>, Vec<Damage>);

pub fn salvage(input: &[u8]) {
    let mut choices = Choices::new(input);
    let kind = choices.byte();
    if kind == 0 {
        run(None, Fill::Zeros, choices.rest());
        return;
    }
    let (format, forge) = KINDS[usize::from(kind) % KINDS.len()];
    // It may have to be found out.
    let given = (kind & 0x80 == 0).then_some(format);
    let sample = forge::sample(forge, &mut choices);
    let file = mutate(&sample, &mut choices);
    let Some((salvaged, written, damage)) = run(given, Fill::Zeros, &file) else {
        return;
    };
    if file == sample.file {
        assert_eq!(salvaged.status, status::OK, "{damage:?}");
        // A file of several layers without its first byte is one of GoCrypt 1.0.
        let whole = &sample.plaintext;
        assert!(
            written == *whole || salvaged.format == "gocrypt-v1",
            "a part is missing"
        );
    }
    if salvaged.format.starts_with("gocrypt") {
        // Chunks do not tell their numbers.
        let inside = || sample.inside.iter().flat_map(|all| all.chunks(CHUNK_LEN));
        for piece in written.chunks(CHUNK_LEN) {
            let zeros = piece.iter().all(|byte| *byte == 0);
            assert!(
                zeros || inside().any(|chunk| chunk == piece),
                "no chunk of the file"
            );
        }
    } else {
        at_its_place(&sample, &file, &written, &damage);
    }
    let (skipped, rest, _) = run(given, Fill::Nothing, &file).expect("as before");
    assert_eq!(skipped, salvaged);
    assert_eq!(rest.len() as u64, salvaged.plaintext_len);
}

/// Every byte is that of the plaintext, or a zero of a damaged part.
fn at_its_place(sample: &Sample, file: &[u8], written: &[u8], damage: &[Damage]) {
    // Where the first chunk is lost, nothing authenticates the chunk size of these files.
    let first_lost = damage.iter().any(|damage| damage.chunks.contains(&0));
    let is_stream = file.get(16).is_some_and(|byte| byte & 0x80 != 0);
    let unsure = first_lost && file.starts_with(b"GFE") && !is_stream;
    let mut at = 0;
    let lost = damage.iter().map(|damage| damage.plaintext.clone());
    let end = written.len() as u64;
    for lost in lost
        .filter(|lost| !lost.is_empty())
        .chain(std::iter::once(end..end))
    {
        let (start, after) = (lost.start.min(end) as usize, lost.end.min(end) as usize);
        let mut any = sample.plaintext.windows((start - at).max(1));
        if unsure && any.any(|part| *part == written[at..start]) {
            at = after;
            continue;
        }
        let good = sample.plaintext.get(at..start);
        assert!(
            at == start || good == Some(&written[at..start]),
            "wrong bytes at {at}"
        );
        assert!(written[start..after].iter().all(|byte| *byte == 0));
        at = after;
    }
}

fn run(format: Option<&'static dyn Format>, fill: Fill, file: &[u8]) -> Option<Got> {
    let secret = secret();
    let identities = forge::age::identities();
    let mut open = Open::new(&secret);
    if format.is_none_or(|format| format.has_recipients()) {
        let identities = identities.iter().map(|one| Identity::unwrapping(one));
        open = identities.fold(open, Open::add_identity);
    }
    let open = open
        .legacy_slots(true)
        .format(format.map(|format| format as &dyn Format))
        .limits(Limits {
            memory: 4 << 20,
            input_len: None,
        })
        .jobs(jobs(1));
    let (mut written, mut damage) = (Vec::new(), Vec::new());
    let result = bounded(file, || {
        Salvage::new(open)
            .fill(fill)
            .window(8)
            .run(file, &mut written, |span| damage.push(span))
    });
    match result {
        Ok(salvaged) => {
            assert_eq!(salvaged.damaged, damage.len() as u64);
            let first = damage
                .first()
                .map_or(status::OK, |span| span.error.status());
            assert_eq!(salvaged.status, first);
            for span in &damage {
                assert!(span.file.end <= file.len() as u64, "{span:?}");
            }
            Some((salvaged, written, damage))
        }
        Err(error) => {
            // Layers and long chunks are refused.
            let kinds = [
                status::USAGE,
                status::KEY,
                status::FORMAT,
                status::TRUNCATED,
            ];
            assert!(kinds.contains(&error.status()), "{error:?}");
            None
        }
    }
}
