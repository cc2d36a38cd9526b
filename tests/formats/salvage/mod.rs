//! Salvaging: every chunk that nobody touched comes back at its place, and no other byte does.
//!
//! The oracle knows of every byte of a damaged file where it was in the good one. A chunk is untouched if
//! all bytes of its frame are there, in a row.

mod age;
mod dexios;
mod gfe;
mod gocrypt;
mod properties;

use crate::common::{Numbers, jobs, pattern, seal_known, seal_stream, secret};
use crate::weak_common::{self, seal_chunks};
use fetool::format::Format;
use fetool::format::gfe::GfeAdditive;
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::{Damage, Error, Fill, Open, Salvage, Salvaged, Secret, status};
use std::ops::Range;

/// A good file.
#[derive(Clone)]
struct Case {
    name: String,
    sealed: Vec<u8>,
    text: Vec<u8>,
    header: usize,
    /// Plaintext bytes of a chunk, and the bytes of a frame in front of them and behind.
    chunk: usize,
    prefix: usize,
    suffix: usize,
    /// Nothing shows that chunks are missing at the end.
    open_end: bool,
    format: Option<&'static dyn Format>,
    secret: Secret,
    window: u64,
    /// Trying the key takes long.
    slow: bool,
}

impl Case {
    fn new(name: &str, sealed: Vec<u8>, text: &[u8], chunk: usize, secret: Secret) -> Self {
        let frames = text.len().div_ceil(chunk);
        Self {
            name: format!("{name}, {} bytes", text.len()),
            header: sealed.len() - text.len() - 16 * frames.max(1),
            text: text.to_vec(),
            sealed,
            chunk,
            prefix: 0,
            suffix: 16,
            open_end: false,
            format: None,
            secret,
            window: 300,
            slow: false,
        }
    }

    fn gfe(name: &str, sealed: Vec<u8>, text: &[u8]) -> Self {
        Self {
            header: 24,
            prefix: 4,
            ..Self::new(name, sealed, text, 100, secret())
        }
    }

    fn frame(&self) -> usize {
        self.prefix + self.chunk + self.suffix
    }

    /// Where the frames are.
    fn frames(&self) -> Vec<Range<usize>> {
        let starts = (self.header..self.sealed.len()).step_by(self.frame());
        starts
            .map(|start| start..self.sealed.len().min(start + self.frame()))
            .collect()
    }

    fn open(&self) -> Open<'_> {
        Open::new(&self.secret).format(self.format).jobs(jobs(2))
    }

    fn salvage(&self, file: &[u8], fill: Fill) -> Result<Got, Error> {
        let (mut written, mut damage) = (Vec::new(), Vec::new());
        let salvaged = Salvage::new(self.open())
            .fill(fill)
            .window(self.window)
            .run(file, &mut written, |span| damage.push(span))?;
        Ok(Got {
            salvaged,
            damage,
            written,
        })
    }
}

/// The only chunk of a file comes back, whatever is behind it, which is reported.
#[track_caller]
fn only_chunk(case: &Case, behind: &[u8]) {
    let file = [&case.sealed[..], behind].concat();
    let what = format!("{}, {} bytes behind", case.name, behind.len());
    let got = case.salvage(&file, Fill::Nothing).expect(&what);
    assert!(got.written == case.text, "{what}");
    let lost = case.sealed.len() as u64..file.len() as u64;
    assert_eq!(got.damage[0].file, lost, "{what}");
    assert_ne!(got.salvaged.status, status::OK, "{what}");
}

/// What came of a damaged file.
#[derive(Debug)]
struct Got {
    salvaged: Salvaged,
    damage: Vec<Damage>,
    written: Vec<u8>,
}

/// A file that is damaged step by step, with the place at which each byte was at first.
#[derive(Clone)]
struct Damaged {
    bytes: Vec<u8>,
    origins: Vec<u32>,
    /// Those of the good file.
    good: Vec<u32>,
}

/// The origin of a byte that was not there at first.
const NEW: u32 = u32::MAX;

impl Damaged {
    fn new(sealed: &[u8]) -> Self {
        Self {
            bytes: sealed.to_vec(),
            origins: (0..sealed.len() as u32).collect(),
            good: (0..sealed.len() as u32).collect(),
        }
    }

    fn flip(mut self, at: usize, bit: usize) -> Self {
        self.bytes[at] ^= 1 << (bit % 8);
        self.origins[at] = NEW;
        self
    }

    fn remove(mut self, range: Range<usize>) -> Self {
        self.bytes.drain(range.clone());
        self.origins.drain(range);
        self
    }

    /// The range once more, behind itself.
    fn double(mut self, range: Range<usize>) -> Self {
        let end = range.end;
        let (bytes, origins) = (
            self.bytes[range.clone()].to_vec(),
            self.origins[range].to_vec(),
        );
        self.bytes.splice(end..end, bytes);
        self.origins.splice(end..end, origins);
        self
    }

    fn insert(mut self, at: usize, len: usize, numbers: &mut Numbers) -> Self {
        let noise: Vec<u8> = (0..len).map(|_| numbers.below(256) as u8).collect();
        self.origins.splice(at..at, noise.iter().map(|_| NEW));
        self.bytes.splice(at..at, noise);
        self
    }

    fn zero(mut self, range: Range<usize>) -> Self {
        self.bytes[range.clone()].fill(0);
        self.origins[range].fill(NEW);
        self
    }

    /// Whether these bytes are there in a row.
    fn has(&self, range: Range<usize>) -> bool {
        let row = &self.good[range.clone()];
        let starts = self.origins.iter().enumerate();
        let mut starts = starts.filter(|(_, origin)| **origin == range.start as u32);
        starts.any(|(start, _)| self.origins.get(start..start + row.len()) == Some(row))
    }
}

/// Salvages a damaged file, and compares what comes with what the oracle knows.
fn check(case: &Case, file: &Damaged, what: &str) -> Option<Got> {
    let what = format!("{}: {what}", case.name);
    let frames = case.frames();
    let mut whole: Vec<bool> = frames.iter().map(|frame| file.has(frame.clone())).collect();
    // Where nothing authenticates the chunk size, a full chunk must show where a shorter one belongs.
    let full_one = whole
        .iter()
        .zip(&frames)
        .any(|(whole, frame)| *whole && frame.len() == case.frame());
    if let Some(last) = whole.last_mut()
        && case.open_end
        && !full_one
        && frames.len() > 1
    {
        *last = false;
    }
    // Without its length field, a chunk may be found or not.
    let inside: Vec<bool> = frames
        .iter()
        .map(|frame| file.has(frame.start + case.prefix..frame.end))
        .collect();
    let got = match case.salvage(&file.bytes, Fill::Zeros) {
        Ok(got) => got,
        Err(error) => {
            assert!(!whole.contains(&true), "{what}: {error}");
            assert!([3, 4, 5].contains(&error.status()), "{what}: {error}");
            return None;
        }
    };
    let mut expected: Vec<u8> = Vec::new();
    let mut back = 0;
    for (number, text) in case.text.chunks(case.chunk).enumerate() {
        let start = number * case.chunk;
        let there = got.written.get(start..).unwrap_or_default();
        let there = &there[..there.len().min(text.len())];
        if whole[number] {
            assert!(there == text, "{what}: chunk {number} is missing");
        }
        if there == text && inside[number] {
            expected.extend(text);
            back += text.len() as u64;
            continue;
        }
        let zeros = there.iter().all(|byte| *byte == 0);
        assert!(
            zeros,
            "{what}: chunk {number} has wrong bytes {:?}",
            got.damage
        );
        // The report names it.
        let lost = start as u64..(start + text.len()) as u64;
        let named = |at| got.damage.iter().any(|span| span.plaintext.contains(&at));
        if !there.is_empty() {
            assert!(
                named(lost.start) && named(start as u64 + there.len() as u64 - 1),
                "{what}"
            );
        }
    }
    let behind = got.written.get(case.text.len()..).unwrap_or_default();
    assert!(behind.iter().all(|byte| *byte == 0), "{what}: bytes behind");
    assert_eq!(got.salvaged.plaintext_len, back, "{what}");
    assert_eq!(got.salvaged.damaged, got.damage.len() as u64);
    let first = got.damage.first().map_or(0, |span| span.error.status());
    assert_eq!(got.salvaged.status, first, "{what}");
    let whole_frames = file.bytes.len() >= case.header && case.sealed.starts_with(&file.bytes);
    let unnoticed = case.open_end && whole_frames;
    assert!(
        (file.bytes == case.sealed) == got.damage.is_empty() || unnoticed,
        "{what}: {:?}",
        got.damage
    );
    for span in &got.damage {
        assert!(span.file.start <= span.file.end && span.file.end <= file.bytes.len() as u64);
    }
    if case.slow {
        return Some(got);
    }
    let skipped = case.salvage(&file.bytes, Fill::Nothing).unwrap();
    assert!(skipped.written == expected, "{what}: skipped");
    assert_eq!(format!("{:?}", skipped.damage), format!("{:?}", got.damage));
    Some(got)
}

fn with_gfe() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [1, 100, 350, 1000] {
        let text = pattern(len);
        cases.push(Case::gfe("GFE", seal_known(&text, 100), &text));
    }
    for len in [1, 100, 350, 1050] {
        let text = pattern(len);
        cases.push(Case::gfe("GFE stream", seal_stream(&text, 100), &text));
    }
    for len in [350, 1000] {
        let text = pattern(len);
        let sealed = crate::common::by_hand::unknown_size(&crate::common::KEY, &text, 100);
        cases.push(Case {
            open_end: true,
            ..Case::gfe("GFE without a size", sealed, &text)
        });
    }
    let text = pattern(650);
    let sealed = additive(&text);
    cases.push(Case {
        format: Some(&GfeAdditive),
        ..Case::gfe("GFE, additive", sealed, &text)
    });
    cases
}

fn additive(text: &[u8]) -> Vec<u8> {
    use crate::common::by_hand::{Data, Nonces, write};
    let (key, chunks) = (crate::common::KEY, text.chunks(100));
    write(
        &key,
        Nonces::Summed,
        Data::SizeField,
        [0xFE; 12],
        text.len() as u64,
        chunks,
    )
}

fn with_parallel_encryptor() -> Vec<Case> {
    let lens = [1, 100, 350, 1000].into_iter();
    lens.map(|len| {
        let text = pattern(len);
        let (_, sealed) = seal_chunks(&text[..], 100, 1);
        Case {
            format: Some(&ParallelEncryptor),
            header: 12,
            open_end: true,
            ..Case::new(
                "parallel-encryptor",
                sealed,
                &text,
                100,
                weak_common::secret(),
            )
        }
    })
    .collect()
}

/// The chunks could be far longer than the file, which makes a search cost no more than there is.
#[test]
fn what_follows_the_only_chunk_of_the_aes_gcm_file_encryptor() {
    for len in [1000, 300_000] {
        let text = pattern(len);
        let (_, sealed) = seal_chunks(&text[..], 1 << 20, 1);
        let case = Case {
            format: Some(&ParallelEncryptor),
            open_end: true,
            window: 4096,
            ..Case::new(
                "AES-GCM File Encryptor",
                sealed,
                &text,
                1 << 20,
                weak_common::secret(),
            )
        };
        let detected = Case {
            format: None,
            ..case.clone()
        };
        for zeros in [1, 512, 5000, 2 << 20] {
            only_chunk(&case, &vec![0; zeros]);
            only_chunk(&detected, &vec![0; zeros]);
        }
        only_chunk(&case, b"noise");
    }
}
