//! Helpers of the library's tests. Each test file is a crate of its own and uses some of them.

#![allow(dead_code)]

pub mod by_hand;
pub mod store;
pub mod ways;

use fetool::format::gfe::GfeAdditive;
use fetool::format::{FORMATS, Format};
use fetool::{Error, Open, Opened, Seal, Sealed, Secret};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::time::Duration;

/// The key of everything that the tests seal themselves.
pub const KEY: [u8; 32] = *b"an AES-256 key made for testing!";

/// Whether the fast engine is built in. The pure Rust one is a hundred times slower where it is not
/// optimised, as in tests, which then do with less data.
pub const FAST: bool = cfg!(feature = "aws-lc");

/// Longer than any test may take on the slowest machine: only a hang reaches it.
pub const HANG: Duration = Duration::from_secs(60);

pub fn secret() -> Secret {
    Secret::key(KEY)
}

pub fn jobs(jobs: usize) -> NonZeroUsize {
    NonZeroUsize::new(jobs).expect("at least one")
}

/// The plaintext of all test vectors: byte i is (31·i + 17·(i>>8) + 5·(i>>16)) mod 256.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (31 * i + 17 * (i >> 8) + 5 * (i >> 16)) as u8)
        .collect()
}

pub fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "whole bytes");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}

/// Seals with the nonce's random part fixed to `07 07 …`, so that the bytes can be compared.
pub fn seal_with(
    input: impl Read + Send,
    size: Option<u64>,
    chunk: u64,
    workers: usize,
) -> Result<(Sealed, Vec<u8>), Error> {
    let mut sealed = Vec::new();
    let done = Seal::new(&secret())
        .size(size)
        .chunk_size(Some(chunk))
        .jobs(jobs(workers))
        .fixed_random_for_tests(&|bytes| {
            bytes.fill(7);
            Ok(())
        })
        .run(input, &mut sealed)?;
    Ok((done, sealed))
}

/// Seals with a known size.
pub fn seal_known(plaintext: &[u8], chunk: u64) -> Vec<u8> {
    let size = Some(plaintext.len() as u64);
    seal_with(plaintext, size, chunk, 2).expect("seals").1
}

/// Seals as a stream that ends itself.
pub fn seal_stream(plaintext: &[u8], chunk: u64) -> Vec<u8> {
    seal_with(plaintext, None, chunk, 2).expect("seals").1
}

/// What came of opening: what was written, whatever the end was.
#[derive(Debug)]
pub struct Outcome {
    pub written: Vec<u8>,
    pub result: Result<Opened, Error>,
    pub warnings: Vec<String>,
}

impl Outcome {
    pub fn error(&self) -> &Error {
        self.result.as_ref().expect_err("an error")
    }
}

/// Opens with a key of choice.
pub fn open_as(key: &Secret, input: impl Read + Send, workers: usize, strict: bool) -> Outcome {
    open_of(None, key, input, workers, strict)
}

/// All formats, of which GFE takes an additive nonce in every file.
pub fn with_additive() -> Vec<&'static dyn Format> {
    let additive = |format: &'static dyn Format| match format.name() {
        "gfe" => &GfeAdditive,
        _ => format,
    };
    FORMATS.iter().copied().map(additive).collect()
}

/// Opens as a format of choice.
pub fn open_of(
    format: Option<&dyn Format>,
    key: &Secret,
    input: impl Read + Send,
    workers: usize,
    strict: bool,
) -> Outcome {
    let mut written = Vec::new();
    let mut warnings = Vec::new();
    let result = Open::new(key)
        .among(&with_additive())
        .format(format)
        .jobs(jobs(workers))
        .strict(strict)
        .start(input)
        .and_then(|opening| {
            warnings = opening.warnings().to_vec();
            opening.run(&mut written)
        });
    Outcome {
        written,
        result,
        warnings,
    }
}

pub fn open(sealed: &[u8]) -> Outcome {
    open_as(&secret(), sealed, 2, false)
}

pub fn open_strict(sealed: &[u8]) -> Outcome {
    open_as(&secret(), sealed, 2, true)
}

/// Asserts that what was opened is `plaintext`, without printing megabytes when it is not.
#[track_caller]
pub fn assert_same(found: &[u8], plaintext: &[u8]) {
    assert_eq!(found.len(), plaintext.len(), "length");
    if let Some(at) = (0..found.len()).find(|&at| found[at] != plaintext[at]) {
        panic!("byte {at} is {} and not {}", found[at], plaintext[at]);
    }
}

/// Runs `work` on a thread of its own and gives up when it hangs.
#[track_caller]
pub fn no_hang<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let _ = sender.send(work());
    });
    match receiver.recv_timeout(HANG) {
        Ok(value) => {
            thread.join().expect("its work is done");
            value
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = thread.join().expect_err("it panicked");
            std::panic::resume_unwind(panic)
        }
    }
}

/// Small numbers that look random, the same in each run (xorshift64*).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }
}

/// Reads as pipes and terminals do: short counts, and now and then `Interrupted`.
pub struct Ragged<'a> {
    rest: &'a [u8],
    numbers: Numbers,
    most: usize,
}

impl<'a> Ragged<'a> {
    /// At most `most` bytes at a time.
    pub fn new(bytes: &'a [u8], seed: u64, most: usize) -> Self {
        Self {
            rest: bytes,
            numbers: Numbers::new(seed),
            most,
        }
    }
}

impl Read for Ragged<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.numbers.below(8) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if into.is_empty() {
            return Ok(0);
        }
        let most = 1 + self.numbers.below(self.most);
        let len = most.min(into.len()).min(self.rest.len());
        let (now, rest) = self.rest.split_at(len);
        into[..len].copy_from_slice(now);
        self.rest = rest;
        Ok(len)
    }
}
