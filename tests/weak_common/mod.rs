//! What the tests of the two weak formats share, GoCrypt and Parallel-Encryptor.

#![allow(dead_code)] // every file of tests uses a part of it

pub mod by_hand;
pub mod vectors;

use crate::common::{Numbers, Outcome, jobs, open_of};
use fetool::format::Format;
use fetool::format::gocrypt::GoCrypt;
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::{Error, Seal, Sealed, Secret, status};
use std::io::{self, Read};
use std::sync::Mutex;

/// The passphrase of everything here.
pub const SECRET: &[u8] = b"correct horse battery staple";

pub fn secret() -> Secret {
    Secret::passphrase(SECRET)
}

/// Random numbers that are the same each time.
pub fn fixed() -> impl Fn(&mut [u8]) -> Result<(), Error> {
    let numbers = Mutex::new(Numbers::new(11));
    move |bytes| {
        let mut numbers = numbers.lock().unwrap();
        bytes.fill_with(|| numbers.below(256) as u8);
        Ok(())
    }
}

/// Seals in so many layers.
pub fn seal_layers(input: impl Read + Send, layers: u8, workers: usize) -> (Sealed, Vec<u8>) {
    let mut sealed = Vec::new();
    let done = Seal::new(&secret())
        .format(&GoCrypt)
        .layers(Some(layers))
        .jobs(jobs(workers))
        .fixed_random_for_tests(&fixed())
        .run(input, &mut sealed)
        .unwrap_or_else(|error| panic!("{layers} layers: {error}"));
    (done, sealed)
}

/// Opens layers, which are said to be some.
pub fn open_layers(sealed: impl Read + Send, workers: usize) -> Outcome {
    open_of(Some(&GoCrypt), &secret(), sealed, workers, false)
}

/// Seals as Parallel-Encryptor in chunks of a size.
pub fn seal_chunks(input: impl Read + Send, chunk: u64, workers: usize) -> (Sealed, Vec<u8>) {
    let mut sealed = Vec::new();
    let done = Seal::new(&secret())
        .format(&ParallelEncryptor)
        .chunk_size(Some(chunk))
        .jobs(jobs(workers))
        .fixed_random_for_tests(&fixed())
        .run(input, &mut sealed)
        .unwrap_or_else(|error| panic!("chunks of {chunk}: {error}"));
    (done, sealed)
}

/// Opens what is said to be of Parallel-Encryptor.
pub fn open_chunks(sealed: impl Read + Send, workers: usize) -> Outcome {
    open_of(Some(&ParallelEncryptor), &secret(), sealed, workers, false)
}

/// Asserts that a file is refused, the same with one worker and with three, after a good beginning
/// of the plaintext. Returns the error, and how much came out.
#[track_caller]
pub fn refused(
    format: &dyn Format,
    changed: &[u8],
    plaintext: &[u8],
    what: &str,
) -> (Error, usize) {
    let one = open_of(Some(format), &secret(), changed, 1, false);
    let three = open_of(Some(format), &secret(), changed, 3, false);
    let error = one.result.expect_err(what);
    let statuses = [status::KEY, status::FORMAT, status::TRUNCATED];
    assert!(statuses.contains(&error.status()), "{what}: {error}");
    assert_eq!(three.error().to_string(), error.to_string(), "{what}");
    assert!(plaintext.starts_with(&one.written), "{what}: wrong bytes");
    assert_eq!(one.written.len(), three.written.len(), "{what}");
    assert!(one.written == three.written, "{what}: other bytes");
    (error, one.written.len())
}

/// Why an error says that a file is not of a format.
#[track_caller]
pub fn ruled_out(error: &Error, format: &str) -> String {
    let text = error.to_string();
    assert!(
        text.starts_with("not a sealed file of a known format"),
        "{text}"
    );
    let Error::UnknownFormat(unknown) = error else {
        panic!("{text}");
    };
    let mut found = unknown.ruled_out.iter().filter(|(name, _)| *name == format);
    let (_, why) = found.next().expect("it was tried");
    assert!(found.next().is_none(), "twice");
    why.clone()
}

/// The kind of an error, for comparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Authentication,
    Malformed,
    Truncated,
    Other,
}

pub fn kind(error: &Error) -> Kind {
    match error {
        Error::Authentication { .. } => Kind::Authentication,
        Error::Malformed { .. } => Kind::Malformed,
        Error::Truncated { .. } => Kind::Truncated,
        _ => Kind::Other,
    }
}

/// Reads so many bytes at a time.
pub struct Steps<'a>(pub &'a [u8], pub usize);

impl Read for Steps<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = into.len().min(self.1);
        self.0.read(&mut into[..len])
    }
}
