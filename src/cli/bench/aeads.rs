//! The AEADs by themselves, on chunks in memory, beside copying the same chunks.

use super::case::{Case, Operation, Part, Subject, Turn};
use super::names;
use super::select::Selection;
use crate::cli::failure::{Failure, Subjects};
use fetool::Error;
use fetool::aead::{Aead, Algorithm, Engine, KEY_LEN, Tag};
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

const CHUNKS: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];
/// How long a turn takes where no size is asked for.
const TURN: Duration = Duration::from_millis(6);
/// Chunks that are worked on between two looks at the clock: as much as a core's cache holds.
const BATCH: usize = 256 << 10;

/// The selected AEADs, each group of them behind its limit.
pub fn cases(selection: &Selection) -> Vec<Case<'static>> {
    let mut cases = Vec::new();
    for chunk in CHUNKS {
        for jobs in &selection.jobs {
            let group = Group {
                chunk,
                jobs: *jobs,
                size: selection.size,
            };
            let limit = cases.len();
            cases.push(group.case(Operation::Copy, None, None));
            for aead in selection.aeads() {
                for operation in [Operation::Seal, Operation::Open] {
                    cases.push(group.case(operation, Some(aead), Some(limit)));
                }
            }
        }
    }
    cases
}

/// Cases with the same limit.
#[derive(Clone, Copy)]
struct Group {
    chunk: usize,
    jobs: NonZeroUsize,
    size: Option<u64>,
}

impl Group {
    fn case(
        self,
        operation: Operation,
        aead: Option<(Algorithm, Engine)>,
        limit: Option<usize>,
    ) -> Case<'static> {
        Case {
            subject: Subject {
                aead: aead.map(|(algorithm, _)| names::of_aead(algorithm)),
                engine: aead.map(|(_, engine)| names::of_engine(engine)),
                chunk_size: Some(self.chunk as u64),
                jobs: Some(self.jobs.get()),
                size: self.size,
                ..Subject::new(Part::Aead, operation)
            },
            limit,
            turn: Box::new(move || self.turn(operation, aead)),
        }
    }

    /// All jobs at once; the rate is the sum of theirs.
    fn turn(
        self,
        operation: Operation,
        aead: Option<(Algorithm, Engine)>,
    ) -> Result<Turn, Failure> {
        let deadline = Instant::now() + TURN;
        let work = move || {
            let mut batch = Batch::new(self.chunk, aead);
            batch.work(operation); // its memory is there after that
            let mut time = Duration::ZERO;
            let mut bytes = 0;
            while bytes == 0
                || self
                    .size
                    .map_or(Instant::now() < deadline, |size| bytes < size)
            {
                time += batch.work(operation);
                bytes += batch.len() as u64;
            }
            Turn::rate(bytes, time).value()
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.jobs.get())
                .map(|_| {
                    let thread = thread::Builder::new().name("bench".to_owned());
                    thread.spawn_scoped(scope, work).map_err(Error::Thread)
                })
                .collect::<Result<_, _>>()?;
            let rates = threads.into_iter().map(|thread| thread.join());
            rates
                .map(|rate| rate.map_err(|_| Error::Panic("measuring")))
                .sum::<Result<f64, Error>>()
        })
        .map(Turn::Rate)
        .map_err(|error| Subjects::default().blame(&error))
    }
}

/// Chunks that one thread works on.
struct Batch {
    chunk: usize,
    plaintext: Vec<u8>,
    sealed: Vec<u8>,
    tags: Vec<Tag>,
    buffer: Vec<u8>,
    /// With its nonce. The same for all chunks, of which nobody ever sees anything.
    aead: Option<(Aead, Vec<u8>)>,
}

impl Batch {
    fn new(chunk: usize, aead: Option<(Algorithm, Engine)>) -> Self {
        let plaintext = vec![3; BATCH.max(chunk)];
        let mut sealed = plaintext.clone();
        let aead = aead.map(|(algorithm, engine)| {
            let aead = Aead::with_engine(engine, algorithm, &[7; KEY_LEN])
                .expect("only engines that are there were selected");
            (aead, vec![1; algorithm.nonce_len()])
        });
        let tags = match &aead {
            Some((aead, nonce)) => seal(aead, nonce, chunk, &mut sealed),
            None => Vec::new(),
        };
        Self {
            chunk,
            buffer: plaintext.clone(),
            plaintext,
            sealed,
            tags,
            aead,
        }
    }

    fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Works on every chunk once, and tells how long that took.
    fn work(&mut self, operation: Operation) -> Duration {
        // Opening wipes what was sealed, so that needs it anew; sealing is given the same copy, so
        // that both find the chunks in the cache alike.
        let before = match operation {
            Operation::Open => &self.sealed,
            _ => &self.plaintext,
        };
        self.buffer.copy_from_slice(before);
        let start = Instant::now();
        match (&self.aead, operation) {
            (Some((aead, nonce)), Operation::Open) => {
                for (chunk, tag) in self.buffer.chunks_exact_mut(self.chunk).zip(&self.tags) {
                    aead.open(nonce, b"", chunk, tag).expect("it was sealed so");
                }
            }
            (Some((aead, nonce)), _) => {
                black_box(seal(aead, nonce, self.chunk, &mut self.buffer));
            }
            (None, _) => {
                let from = self.plaintext.chunks_exact(self.chunk);
                for (to, from) in self.buffer.chunks_exact_mut(self.chunk).zip(from) {
                    black_box(to).copy_from_slice(black_box(from));
                }
            }
        }
        black_box(&mut self.buffer);
        start.elapsed()
    }
}

fn seal(aead: &Aead, nonce: &[u8], chunk: usize, buffer: &mut [u8]) -> Vec<Tag> {
    buffer
        .chunks_exact_mut(chunk)
        .map(|chunk| aead.seal(nonce, b"", chunk).expect("no chunk is too long"))
        .collect()
}
