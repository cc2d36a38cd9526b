//! Parts of files under a fixed key: what is read at a position is what is there, or an error; and the same
//! as the whole file gives, if that opens.

use super::choices::Choices;
use super::common::{Ragged, jobs};
use super::forge::{self, Forge, Sample};
use super::memory::bounded;
use super::mutate::mutate;
use super::secret::secret;
use fetool::format::age::{Age, AgeIdentity};
use fetool::format::dexios::Dexios;
use fetool::format::gfe::Gfe;
use fetool::format::gocrypt::GoCrypt;
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::format::{Format, Limits};
use fetool::{Error, Identity, Open, ReadAt, Secret, status};
use std::io::{self, Read, Seek, SeekFrom};

const FORMATS: [(&dyn Format, Forge); 5] = [
    (&Gfe, forge::gfe),
    (&Age, forge::age::age),
    (&Dexios, forge::dexios::dexios),
    (&ParallelEncryptor, forge::parallel_encryptor),
    (&GoCrypt, forge::gocrypt),
];

/// So many parts of each file are read.
const PARTS: usize = 4;

/// A part of the plaintext, and how it is read.
#[derive(Clone, Copy, Debug)]
struct Part {
    way: u8,
    start: u64,
    len: usize,
}

impl Part {
    fn choose(choices: &mut Choices<'_>) -> Self {
        let way = choices.byte();
        let start = match way & 0x30 {
            0x30 => u64::from_le_bytes(choices.array()),
            _ => choices.below(40_000) as u64,
        };
        Self {
            way: way % 5,
            start,
            len: choices.below(3000),
        }
    }

    fn end(self) -> u64 {
        self.start.saturating_add(self.len as u64)
    }
}

pub fn ranges(input: &[u8]) {
    let mut choices = Choices::new(input);
    let kind = choices.byte();
    if kind == 0 {
        let file = choices.rest();
        let all = [
            (0, 0, 70_001),
            (1, 5, 100),
            (2, 999, 3),
            (3, 64, 5000),
            (4, 0, 0),
        ];
        let parts = all.map(|(way, start, len)| Part { way, start, len });
        check(None, file, None, &parts);
        return;
    }
    let (format, forge) = FORMATS[usize::from(kind) % FORMATS.len()];
    let parts: Vec<Part> = (0..PARTS).map(|_| Part::choose(&mut choices)).collect();
    let sample = forge::sample(forge, &mut choices);
    let file = mutate(&sample, &mut choices);
    check(Some(format), &file, Some(&sample), &parts);
}

/// What opens the files of a format.
struct Keys {
    secret: Secret,
    identities: Vec<AgeIdentity>,
    limits: Limits,
}

impl Keys {
    fn open(&self, format: Option<&'static dyn Format>) -> Open<'_> {
        let identities = self.identities.iter().map(|one| Identity::unwrapping(one));
        identities
            .fold(Open::new(&self.secret), Open::add_identity)
            .legacy_slots(true)
            .format(format)
            .limits(self.limits)
            .jobs(jobs(1))
    }
}

fn check(
    format: Option<&'static dyn Format>,
    file: &[u8],
    sample: Option<&Sample>,
    parts: &[Part],
) {
    let keys = Keys {
        secret: secret(),
        identities: match format {
            Some(format) if !format.has_recipients() => Vec::new(),
            _ => forge::age::identities(),
        },
        limits: Limits {
            memory: 16 << 20,
            input_len: Some(file.len() as u64),
        },
    };
    let mut written = Vec::new();
    let opened = keys.open(format).run(file, &mut written).map(drop);
    let whole = Whole {
        // Chunks of a single layer of GoCrypt can be moved.
        plaintext: sample
            .filter(|_| format.is_some_and(|format| format.name() != GoCrypt.name()))
            .map(|sample| &sample.plaintext[..]),
        written: &written,
        is_whole: opened.is_ok(),
    };
    for part in parts {
        bounded(file, || whole.check(&keys, format, file, *part));
    }
}

/// What opening the whole file gave.
struct Whole<'w> {
    /// What was sealed, if that is known.
    plaintext: Option<&'w [u8]>,
    /// The plaintext, or its good beginning.
    written: &'w [u8],
    is_whole: bool,
}

impl Whole<'_> {
    fn check(&self, keys: &Keys, format: Option<&'static dyn Format>, file: &[u8], part: Part) {
        let (mut bytes, Part { start, len, .. }) = (Vec::new(), part);
        let result = if part.way == 3 {
            let opening = keys.open(format).start(Ragged::new(file, 1, 5000));
            opening
                .and_then(|opening| opening.run_range(start, Some(part.end()), &mut bytes))
                .map(drop)
        } else {
            let opened = keys.open(format).start_at(file);
            opened.and_then(|mut opened| match part.way {
                0 => opened.write_range(start..part.end(), &mut bytes),
                1 => {
                    bytes.resize(len, 0);
                    let read = opened.read_at(&mut bytes, start).map_err(of_io);
                    bytes.truncate(*read.as_ref().unwrap_or(&0));
                    // The file ends there, or some bytes came.
                    if read? == 0 && len > 0 {
                        assert!(start >= opened.plaintext_len()?, "no byte, and no end");
                    }
                    Ok(())
                }
                2 => {
                    opened.seek(SeekFrom::Start(start)).map_err(of_io)?;
                    let read = opened.take(len as u64).read_to_end(&mut bytes);
                    read.map(drop).map_err(of_io)
                }
                _ => {
                    let plaintext = opened.plaintext_len()?;
                    if self.is_whole {
                        assert_eq!(plaintext, self.written.len() as u64);
                    }
                    Ok(())
                }
            })
        };
        if let Err(error) = &result {
            expected(error);
        }
        self.are_right(start, &bytes);
        // A file that is good as a whole is good in its parts, if it has any.
        if self.is_whole && part.way != 4 && part.way != 1 {
            let inside = part.end() <= self.written.len() as u64;
            match &result {
                Ok(()) if part.way != 2 => {
                    assert!(inside, "a range behind the end");
                    assert_eq!(bytes.len(), len, "too few bytes");
                }
                Ok(()) => {
                    let there = (self.written.len() as u64).saturating_sub(start);
                    assert_eq!(bytes.len() as u64, there.min(len as u64), "too few bytes");
                }
                // The range is behind the end, or no part of the file can be read by itself.
                Err(error) => {
                    let has_parts = keys.open(format).start_at(file).is_ok();
                    assert!(!(inside && has_parts), "{error:?}");
                }
            }
        }
    }

    fn are_right(&self, start: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let start = start as usize;
        if let Some(plaintext) = self.plaintext {
            let rest = plaintext.get(start..).unwrap_or_default();
            assert!(rest.starts_with(bytes), "wrong bytes");
        }
        let there = self.written.get(start..).unwrap_or_default();
        let common = there.len().min(bytes.len());
        assert!(there[..common] == bytes[..common], "other bytes");
        assert!(
            !self.is_whole || common == bytes.len(),
            "bytes behind the end"
        );
    }
}

/// The error that a read carries.
fn of_io(error: io::Error) -> Error {
    error.downcast().unwrap_or_else(Error::Read)
}

/// A bad file is the file's fault; a format without parts, or a range behind the end, the caller's.
fn expected(error: &Error) {
    let all = [
        status::USAGE,
        status::KEY,
        status::FORMAT,
        status::TRUNCATED,
    ];
    // The key is none that age files of unknown recipients could be opened with.
    let of_key = matches!(error, Error::Secret { .. });
    assert!(of_key || all.contains(&error.status()), "{error:?}");
    assert!(!error.to_string().is_empty());
}
