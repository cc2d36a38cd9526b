//! age files through the whole of fetool: every vector opens, or fails, as it should, in every way of
//! working.

use super::age_header::{Outcome, Vector, testkit};
use crate::common::hex;
use fetool::format::age::AgeIdentity;
use fetool::{Error, Identity, Open, Positioned, ReadAt, Secret, Tuning, WriteAt};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Mutex;

/// Gives a few bytes at a time, in odd numbers of them.
struct Odd<'a>(&'a [u8], usize);

impl Read for Odd<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1 = self.1 * 7 % 4099 + 1;
        let len = self.1.min(into.len()).min(self.0.len());
        let (now, rest) = self.0.split_at(len);
        into[..len].copy_from_slice(now);
        self.0 = rest;
        Ok(len)
    }
}

/// A file in memory.
#[derive(Default)]
struct Memory(Mutex<Vec<u8>>);

impl ReadAt for Memory {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let bytes = self.0.lock().unwrap();
        let rest = bytes.get(position as usize..).unwrap_or_default();
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }
}

impl WriteAt for Memory {
    fn write_at(&self, from: &[u8], position: u64) -> io::Result<usize> {
        let mut bytes = self.0.lock().unwrap();
        let end = position as usize + from.len();
        let len = bytes.len().max(end);
        bytes.resize(len, 0);
        bytes[position as usize..end].copy_from_slice(from);
        Ok(from.len())
    }

    fn truncate(&self, position: u64) -> io::Result<()> {
        self.0.lock().unwrap().truncate(position as usize);
        Ok(())
    }
}

/// The ways of working.
#[derive(Clone, Copy, Debug)]
enum Way {
    Pipe,
    Threads,
    FromFileToFile,
}

/// What opens a vector.
fn with_keys<T>(vector: &Vector, work: impl FnOnce(Open<'_>) -> T) -> T {
    let identities: Vec<AgeIdentity> = vector
        .all("identity")
        .map(|text| text.parse().unwrap())
        .collect();
    let passphrases: Vec<Secret> = vector.all("passphrase").map(Secret::passphrase).collect();
    let unwrapping = identities.iter().map(|key| Identity::unwrapping(key));
    let mut all = unwrapping.chain(passphrases.iter().map(Identity::from));
    // Some vectors fail before any key is needed.
    let nobody = Secret::passphrase("nobody");
    let first = all.next().unwrap_or_else(|| Identity::from(&nobody));
    work(all.fold(Open::new(first), Open::add_identity))
}

/// All that comes out, and how it ends.
fn open(vector: &Vector, way: Way) -> (Vec<u8>, Result<(), Error>) {
    with_keys(vector, |open| {
        let open = open
            .memory(4 << 30)
            .input_len(Some(vector.file.len() as u64));
        match way {
            Way::Pipe => {
                let mut plaintext = Vec::new();
                let opened = open
                    .input_len(None)
                    .jobs(NonZeroUsize::MIN)
                    .run(Odd(&vector.file, 1), &mut plaintext);
                (plaintext, opened.map(drop))
            }
            Way::Threads => {
                let mut plaintext = Vec::new();
                let tuning = Tuning {
                    inline_max_bytes: 0,
                    inline_unknown_len: false,
                    ..Tuning::default()
                };
                let opened = open
                    .jobs(NonZeroUsize::new(3))
                    .tuning_for_tests(tuning)
                    .run(&vector.file[..], &mut plaintext);
                (plaintext, opened.map(drop))
            }
            Way::FromFileToFile => {
                let (input, output) = (Memory::default(), Memory::default());
                input.0.lock().unwrap().clone_from(&vector.file);
                let tuning = Tuning {
                    parallel_io_min: 1,
                    ..Tuning::default()
                };
                let at = Positioned {
                    file: &input,
                    position: 0,
                };
                let to = Positioned {
                    file: &output,
                    position: 0,
                };
                let opened = open
                    .jobs(NonZeroUsize::new(2))
                    .tuning_for_tests(tuning)
                    .start(at)
                    .and_then(|opening| opening.run_at(at, to));
                (output.0.into_inner().unwrap(), opened.map(drop))
            }
        }
    })
}

fn outcome(error: &Error) -> Outcome {
    match error {
        Error::Armor { .. } => Outcome::ArmorFailure,
        Error::NoMatch { .. } | Error::NoIdentity { .. } => Outcome::NoMatch,
        Error::HeaderMac => Outcome::HmacFailure,
        Error::Tampered { .. } | Error::Authentication { .. } => Outcome::PayloadFailure,
        _ => Outcome::HeaderFailure,
    }
}

#[test]
fn the_test_kit_opens_or_fails_as_it_should() {
    for way in [Way::Pipe, Way::Threads, Way::FromFileToFile] {
        let mut counts = BTreeMap::new();
        for vector in testkit() {
            let name = format!("{} ({way:?})", vector.name);
            let expect = vector.one("expect").unwrap();
            let (_, expected, _) = Outcome::NAMES
                .iter()
                .find(|(name, _, _)| *name == expect)
                .unwrap();
            let (plaintext, opened) = open(&vector, way);
            println!("{name}: {expect}: {opened:?}");
            match (&opened, expected) {
                (Ok(()), _) => assert_eq!(*expected, Outcome::Success, "{name}"),
                (Err(error), Outcome::PayloadFailure) => assert!(
                    matches!(
                        error,
                        Error::Tampered { .. }
                            | Error::Authentication { .. }
                            | Error::Truncated { .. }
                            | Error::Malformed { .. }
                    ),
                    "{name}: {error}"
                ),
                // The end of the text without its last line is a cut file.
                (Err(Error::Truncated { .. }), Outcome::ArmorFailure) => {}
                // Nothing shows that it should be armor.
                (Err(Error::UnknownFormat(_)), Outcome::ArmorFailure) => {}
                // A wrong passphrase.
                (Err(Error::Authentication { chunk: 0, .. }), Outcome::NoMatch) => {}
                // A passphrase for a file with recipients.
                (Err(Error::Secret { .. }), Outcome::NoMatch) => {}
                (Err(error), _) => assert_eq!(outcome(error), *expected, "{name}: {error}"),
            }
            match vector.one("payload") {
                Some(digest) => {
                    assert_eq!(Sha256::digest(&plaintext).to_vec(), hex(digest), "{name}");
                }
                // Whatever comes out in front of a fault in the armor is authentic.
                None if *expected == Outcome::ArmorFailure => {}
                None => assert!(plaintext.is_empty(), "{name}"),
            }
            *counts.entry(expect.to_owned()).or_insert(0) += 1;
        }
        let expected = Outcome::NAMES.map(|(name, _, count)| (name.to_owned(), count));
        assert_eq!(counts, BTreeMap::from(expected));
    }
}
