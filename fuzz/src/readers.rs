//! Whole readers under a fixed key: whatever the bytes, an error of the right kind and nothing that
//! was not sealed; and whatever was done to a good file, its own plaintext or an error.

use super::choices::Choices;
use super::common::ways::{Way, assert_alike, open_in};
use super::common::{Outcome, Ragged, jobs};
use super::forge::{self, Forge, Sample};
use super::memory::bounded;
use super::mutate::mutate;
use super::secret::secret;
use fetool::format::age::{Age, AgeIdentity};
use fetool::format::dexios::Dexios;
use fetool::format::gfe::{Gfe, GfeAdditive};
use fetool::format::gocrypt::{CHUNK_LEN, GoCrypt, GoCryptV1};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::format::{Format, Limits};
use fetool::{Error, Identity, Open, Secret, status};

pub fn open_gfe(input: &[u8]) {
    reader(
        input,
        &[&Gfe, &GfeAdditive],
        forge::gfe,
        |sample, opened| {
            let written = &opened.outcome.written;
            if opened.reading.contains("additive") && !opened.is_sound() {
                // Whoever adds the number of a chunk to the nonce tells no chunk's place in the file
                // from a nonce that was changed.
                let all = &sample.plaintext;
                let mut places = (0..=all.len()).map(|from| &all[from..]);
                assert!(places.any(|rest| rest.starts_with(written)), "wrong bytes");
            } else {
                beginning(sample, opened);
            }
        },
    );
}

pub fn open_age(input: &[u8]) {
    reader(input, &[&Age], forge::age::age, beginning);
}

pub fn open_dexios(input: &[u8]) {
    reader(input, &[&Dexios], forge::dexios::dexios, beginning);
}

pub fn open_parallel_encryptor(input: &[u8]) {
    let forge = forge::parallel_encryptor;
    reader(input, &[&ParallelEncryptor], forge, beginning);
}

pub fn open_gocrypt(input: &[u8]) {
    reader(
        input,
        &[&GoCrypt, &GoCryptV1],
        forge::gocrypt,
        |sample, opened| {
            if opened.reading.ends_with("layers") {
                return beginning(sample, opened);
            }
            // The only layer, or what was taken for it: its chunks can be moved and left out.
            let written = &opened.outcome.written;
            let inside = || sample.inside.iter().flat_map(|all| all.chunks(CHUNK_LEN));
            for piece in written.chunks(CHUNK_LEN) {
                assert!(inside().any(|chunk| chunk == piece), "no chunk of the file");
            }
        },
    );
}

/// What came out is the plaintext's beginning, and all of it where nothing else is said.
fn beginning(sample: &Sample, opened: &Opened) {
    let written = &opened.outcome.written;
    assert!(sample.plaintext.starts_with(written), "wrong bytes");
    if opened.is_sound() {
        assert_eq!(written.len(), sample.plaintext.len(), "a part is missing");
    }
}

/// What opening a file gave.
struct Opened {
    outcome: Outcome,
    reading: String,
}

impl Opened {
    /// A success, and nothing to warn of.
    fn is_sound(&self) -> bool {
        self.outcome.result.is_ok() && self.outcome.warnings.is_empty()
    }
}

/// How a file is opened.
struct How<'a> {
    secret: &'a Secret,
    /// Tried before the secret, for age.
    identities: Vec<AgeIdentity>,
    format: Option<&'static dyn Format>,
    limits: Limits,
    strict: bool,
    workers: usize,
    /// Reads come at most so long.
    ragged: Option<usize>,
    /// Done in another way too, which must come to the same.
    way: Option<Way>,
}

fn reader(
    input: &[u8],
    formats: &[&'static dyn Format],
    forge: Forge,
    check: impl Fn(&Sample, &Opened),
) {
    let secret = secret();
    let mut how = How {
        secret: &secret,
        identities: match formats[0].has_recipients() {
            true => forge::age::identities(),
            false => Vec::new(),
        },
        format: Some(formats[0]),
        limits: Limits {
            memory: 16 << 20,
            input_len: None,
        },
        strict: false,
        workers: 1,
        ragged: None,
        way: None,
    };
    let mut choices = Choices::new(input);
    let kind = choices.byte();
    if kind == 0 {
        open(&how, choices.rest());
        return;
    }
    let knows_len = kind & 2 != 0;
    if kind & 4 != 0 {
        choose(&mut how, formats, &mut choices);
    }
    let sample = (kind & 1 != 0).then(|| forge::sample(forge, &mut choices));
    let file = match &sample {
        Some(sample) => mutate(sample, &mut choices),
        None => choices.rest().to_vec(),
    };
    if knows_len {
        how.limits.input_len = Some(file.len() as u64);
    }
    let opened = open(&how, &file);
    if let Some(sample) = &sample {
        check(sample, &opened);
        let as_meant = how.format.is_some() && !how.strict && how.limits.memory > 1 << 20;
        if file == sample.file && as_meant && formats.len() == 1 {
            assert!(opened.outcome.result.is_ok(), "{:?}", opened.outcome);
            assert_eq!(opened.outcome.written, sample.plaintext);
        }
    }
}

fn choose(how: &mut How<'_>, formats: &[&'static dyn Format], choices: &mut Choices<'_>) {
    let bits = choices.byte();
    if bits & 1 != 0 {
        // It is found out.
        how.format = None;
    } else {
        how.format = Some(formats[usize::from(bits >> 1 & 1) % formats.len()]);
    }
    how.strict = bits & 4 != 0;
    if bits & 8 != 0 {
        how.limits.memory = 1000;
    }
    if bits & 16 != 0 {
        how.ragged = Some(1 + choices.below(2000));
    }
    how.workers = 1 + usize::from(bits >> 5 & 1);
    if bits & 64 != 0 {
        let batch = choices.one_of(&[1, 100, 5000]);
        let all = [
            Way::Alone,
            Way::Threads,
            Way::Direct(batch),
            Way::DirectThreads(batch),
        ];
        how.way = Some(choices.one_of(&all));
    }
}

fn open(how: &How<'_>, file: &[u8]) -> Opened {
    let opened = match how.ragged {
        Some(most) => open_once(how, Ragged::new(file, 1, most)),
        None => bounded(file, || open_once(how, file)),
    };
    if let Err(error) = &opened.outcome.result {
        expected(how, error);
    }
    if let Some(way) = how.way {
        let other = open_in(way, how.open(), file);
        assert_alike(&other, &opened.outcome, &format!("{way:?}"));
    }
    opened
}

impl How<'_> {
    fn open(&self) -> Open<'_> {
        let mut identities = self.identities.iter().map(|one| Identity::unwrapping(one));
        let first = identities.next().unwrap_or_else(|| self.secret.into());
        identities
            .fold(Open::new(first), Open::add_identity)
            .legacy_slots(true)
            .format(self.format)
            .limits(self.limits)
            .strict(self.strict)
            .jobs(jobs(self.workers))
    }
}

fn open_once(how: &How<'_>, input: impl std::io::Read + Send) -> Opened {
    let (mut written, mut warnings, mut reading) = (Vec::new(), Vec::new(), String::new());
    let result = how.open().start(input).and_then(|opening| {
        warnings = opening.warnings().to_vec();
        reading = opening.reading().to_owned();
        opening.run(&mut written)
    });
    if let Ok(opened) = &result {
        assert_eq!(opened.plaintext_len, written.len() as u64);
    }
    Opened {
        outcome: Outcome {
            written,
            result,
            warnings,
        },
        reading,
    }
}

/// A bad file is the file's fault, and nothing else's.
fn expected(how: &How<'_>, error: &Error) {
    let of_files = [status::KEY, status::FORMAT, status::TRUNCATED];
    let too_large = how.limits.memory < 1 << 20 && error.hint() == Some(&fetool::Hint::MoreMemory);
    assert!(of_files.contains(&error.status()) || too_large, "{error:?}");
    assert!(!error.to_string().is_empty());
}
