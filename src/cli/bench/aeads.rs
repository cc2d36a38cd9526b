//! The AEADs by themselves, on chunks in memory, beside copying the same chunks.

use super::case::{Case, Operation, Part, Subject, rate};
use super::names;
use super::select::Selection;
use crate::cli::failure::Subjects;
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
        for jobs in selection.jobs.iter().copied() {
            let limit = cases.len();
            let size = selection.size;
            let mut add = |operation, aead: Option<(Algorithm, Engine)>, limit| {
                cases.push(Case {
                    subject: Subject {
                        part: Part::Aead,
                        operation,
                        aead: aead.map(|(algorithm, _)| names::of_aead(algorithm)),
                        engine: aead.map(|(_, engine)| names::of_engine(engine)),
                        chunk_size: Some(chunk as u64),
                        jobs: Some(jobs.get()),
                        size,
                        ..Subject::default()
                    },
                    limit,
                    turn: Box::new(move || {
                        turn(chunk, operation, aead, jobs, size)
                            .map_err(|error| Subjects::default().blame(&error))
                    }),
                });
            };
            add(Operation::Copy, None, None);
            for aead in selection.aeads() {
                add(Operation::Seal, Some(aead), Some(limit));
                add(Operation::Open, Some(aead), Some(limit));
            }
        }
    }
    cases
}

/// All jobs at once; the rate is the sum of theirs.
fn turn(
    chunk: usize,
    operation: Operation,
    aead: Option<(Algorithm, Engine)>,
    jobs: NonZeroUsize,
    size: Option<u64>,
) -> Result<f64, Error> {
    let deadline = Instant::now() + TURN;
    let work = move || {
        let mut batch = Batch::new(chunk, aead);
        batch.work(operation); // its memory is there after that
        let (mut time, mut bytes) = (Duration::ZERO, 0);
        while bytes == 0 || size.map_or(Instant::now() < deadline, |size| bytes < size) {
            time += batch.work(operation);
            bytes += batch.buffer.len() as u64;
        }
        rate(bytes, time)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.get())
            .map(|_| {
                let thread = thread::Builder::new().name("bench".to_owned());
                thread.spawn_scoped(scope, work).map_err(Error::Thread)
            })
            .collect::<Result<_, _>>()?;
        let rates = threads.into_iter().map(|thread| thread.join());
        rates
            .map(|rate| rate.map_err(|_| Error::Panic("measuring")))
            .sum()
    })
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
        let tags = aead
            .as_ref()
            .map(|(aead, nonce)| seal(aead, nonce, chunk, &mut sealed))
            .unwrap_or_default();
        Self {
            chunk,
            buffer: plaintext.clone(),
            plaintext,
            sealed,
            tags,
            aead,
        }
    }

    /// Works on every chunk once, and tells how long that took.
    fn work(&mut self, operation: Operation) -> Duration {
        // Opening needs the sealed chunks anew; sealing is given a copy as well, so that both find the
        // chunks in the cache alike.
        self.buffer.copy_from_slice(match operation {
            Operation::Open => &self.sealed,
            _ => &self.plaintext,
        });
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
