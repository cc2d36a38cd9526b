//! The AEADs by themselves, on chunks in memory, beside copying the same chunks.

use super::case::{Case, Operation, Part, Subject, rate};
use super::{Args, listed};
use crate::cli::failure::Subjects;
use fetool::Error;
use fetool::aead::{Aead, Algorithm, Engine, KEY_LEN, Tag};
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const CHUNKS: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];
/// How long a turn takes without `--size`.
const TURN: Duration = Duration::from_millis(6);
/// Bytes between two looks at the clock: as many as a core's cache holds.
const BATCH: usize = 256 << 10;

/// What one thread does with its chunks.
#[derive(Clone, Copy)]
struct Work {
    operation: Operation,
    /// `None` copies.
    aead: Option<(Algorithm, Engine)>,
    chunk: usize,
    /// `None` takes a fixed time.
    size: Option<u64>,
}

/// Returns the selected AEADs in each engine that has them here, each group behind its limit.
pub fn cases(args: &Args) -> Vec<Case> {
    let mut cases = Vec::new();
    let engines = || {
        Engine::ALL
            .into_iter()
            .filter(|it| listed(&args.engine, it))
    };
    let aeads = Algorithm::ALL
        .into_iter()
        .filter(|it| listed(&args.aead, it));
    let aeads = aeads.flat_map(|algorithm| engines().map(move |engine| (algorithm, engine)));
    let aeads: Vec<_> = aeads.filter(|it| keyed(*it).is_some()).collect();
    if aeads.is_empty() || !args.format.is_empty() || !args.layers.is_empty() {
        return cases;
    }
    let sides = |aead| [Operation::Seal, Operation::Open].map(|operation| (operation, Some(aead)));
    for chunk in CHUNKS {
        for jobs in args.jobs() {
            let all = aeads.iter().copied().flat_map(sides);
            for (operation, aead) in [(Operation::Copy, None)].into_iter().chain(all) {
                let subject = Subject {
                    part: Part::Aead,
                    operation,
                    aead: aead.map(|(algorithm, _)| algorithm.name().to_lowercase()),
                    engine: aead.map(|(_, engine)| engine.name().to_lowercase()),
                    chunk_size: Some(chunk as u64),
                    jobs: Some(jobs.get()),
                    size: args.size,
                    ..Subject::default()
                };
                let work = Work {
                    operation,
                    aead,
                    chunk,
                    size: args.size,
                };
                let turn = move || {
                    let rate = turn(work, jobs.get());
                    rate.map_err(|error| Subjects::default().blame(&error))
                };
                let turn = Box::new(turn);
                cases.push(Case { subject, turn });
            }
        }
    }
    cases
}

/// Returns `None` for an engine that lacks the algorithm here.
fn keyed((algorithm, engine): (Algorithm, Engine)) -> Option<Aead> {
    Aead::with_engine(engine, algorithm, &[7; KEY_LEN])
}

/// Runs all jobs at once; the rate is the sum of theirs.
fn turn(work: Work, jobs: usize) -> Result<f64, Error> {
    let deadline = Instant::now() + TURN;
    let job = move || {
        let mut batch = Batch::new(work);
        batch.time(); // Its memory is mapped after that.
        let (mut time, mut bytes) = (Duration::ZERO, 0);
        while bytes == 0
            || work
                .size
                .map_or(Instant::now() < deadline, |size| bytes < size)
        {
            time += batch.time();
            bytes += batch.buffer.len() as u64;
        }
        rate(bytes, time)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs)
            .map(|_| {
                let thread = thread::Builder::new().name("bench".to_owned());
                thread.spawn_scoped(scope, job).map_err(Error::Thread)
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
    /// What the chunks are before the work.
    source: Vec<u8>,
    buffer: Vec<u8>,
    /// Has the same nonce for all chunks: nobody ever sees any of them.
    aead: Option<(Aead, Vec<u8>)>,
    /// Of sealed chunks, to open.
    tags: Option<Vec<Tag>>,
}

impl Batch {
    fn new(work: Work) -> Self {
        let mut source = vec![3; BATCH.max(work.chunk)];
        let aead = work.aead.map(|it| {
            let aead = keyed(it).expect("only engines that are there were selected");
            (aead, vec![1; it.0.nonce_len()])
        });
        let tags = aead
            .as_ref()
            .filter(|_| work.operation == Operation::Open)
            .map(|(aead, nonce)| seal(aead, nonce, work.chunk, &mut source));
        Self {
            chunk: work.chunk,
            buffer: source.clone(),
            source,
            aead,
            tags,
        }
    }

    /// Works on every chunk once, and returns how long that took.
    fn time(&mut self) -> Duration {
        // Opening needs the sealed chunks again. Sealing gets a copy as well, so that both find the
        // chunks in the cache alike.
        self.buffer.copy_from_slice(&self.source);
        let start = Instant::now();
        match (&self.aead, &self.tags) {
            (Some((aead, nonce)), Some(tags)) => {
                for (chunk, tag) in self.buffer.chunks_exact_mut(self.chunk).zip(tags) {
                    aead.open(nonce, b"", chunk, tag).expect("it was sealed so");
                }
            }
            (Some((aead, nonce)), None) => {
                black_box(seal(aead, nonce, self.chunk, &mut self.buffer));
            }
            (None, _) => {
                let from = self.source.chunks_exact(self.chunk);
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
    let chunks = buffer.chunks_exact_mut(chunk);
    let seal = |chunk| aead.seal(nonce, b"", chunk).expect("no chunk is too long");
    chunks.map(seal).collect()
}
