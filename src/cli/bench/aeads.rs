//! The AEADs alone, on chunks in memory, compared with copying the same chunks.

use super::case::{Case, Operation, Part, Subject, at_once, rate};
use super::{Args, listed};
use fetool::aead::{Aead, Algorithm, Engine, KEY_LEN};
use std::hint::black_box;
use std::time::{Duration, Instant};

const CHUNKS: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];
/// The length of a turn without `--size`.
const TURN: Duration = Duration::from_millis(6);
/// Bytes between two readings of the clock: as many as a core's cache holds.
const BATCH: usize = 256 << 10;

/// Returns the selected AEADs in each engine that has them here, each group behind its limit.
pub fn cases(args: &Args) -> Vec<Case> {
    if !args.format.is_empty() || !args.layers.is_empty() {
        return Vec::new();
    }
    let all = Algorithm::ALL.into_iter();
    let all = all.flat_map(|algorithm| Engine::ALL.map(|engine| (algorithm, engine)));
    let selected = all.filter(|(algorithm, engine)| {
        listed(&args.aead, algorithm) && listed(&args.engine, engine)
    });
    let aeads: Vec<_> = selected.filter(|aead| keyed(*aead).is_some()).collect();
    let mut cases = Vec::new();
    for chunk in CHUNKS {
        for jobs in args.jobs() {
            for (i, aead) in aeads.iter().enumerate() {
                // Copying needs no AEAD.
                let operations = [Operation::Copy, Operation::Seal, Operation::Open];
                let operations = operations.into_iter().skip(i.min(1));
                let case = |operation| case(operation, *aead, chunk, jobs.get(), args.size);
                cases.extend(operations.map(case));
            }
        }
    }
    cases
}

/// Returns `None` for an engine that lacks the algorithm here.
fn keyed((algorithm, engine): (Algorithm, Engine)) -> Option<Aead> {
    Aead::with_engine(engine, algorithm, &[7; KEY_LEN])
}

fn case(
    operation: Operation,
    aead: (Algorithm, Engine),
    chunk: usize,
    jobs: usize,
    size: Option<u64>,
) -> Case {
    let named = |name: &str| (operation != Operation::Copy).then(|| name.to_lowercase());
    let subject = Subject {
        part: Part::Aead,
        operation,
        aead: named(aead.0.name()),
        engine: named(aead.1.name()),
        chunk_size: Some(chunk as u64),
        jobs: Some(jobs),
        size,
        ..Subject::default()
    };
    let turn = Box::new(move || {
        let rates = at_once(jobs, |_| rate_of(operation, aead, chunk, size));
        rates.map(|rates| rates.iter().sum())
    });
    Case { subject, turn }
}

/// Processes batches of chunks until `size` bytes or a fixed time have passed.
fn rate_of(operation: Operation, of: (Algorithm, Engine), chunk: usize, size: Option<u64>) -> f64 {
    let aead = keyed(of).expect("only engines that are there were selected");
    // All chunks have the same nonce: nobody ever sees any of them.
    let nonce = vec![1; of.0.nonce_len()];
    let seal = |chunk: &mut [u8]| {
        let tag = aead.seal(&nonce, b"", chunk);
        tag.expect("no chunk is too long")
    };
    let mut source = vec![3; BATCH.max(chunk)];
    let tags: Vec<_> = source.chunks_exact_mut(chunk).map(seal).collect();
    let mut buffer = source.clone();
    let mut pass = || {
        // Opening needs the sealed chunks again. Sealing gets a copy too, so that both find the chunks in the cache.
        buffer.copy_from_slice(&source);
        let start = Instant::now();
        let chunks = buffer.chunks_exact_mut(chunk);
        for ((to, from), tag) in chunks.zip(source.chunks_exact(chunk)).zip(&tags) {
            match operation {
                Operation::Copy => black_box(to).copy_from_slice(black_box(from)),
                Operation::Open => aead.open(&nonce, b"", to, tag).expect("it was sealed so"),
                _ => drop(black_box(seal(to))),
            }
        }
        black_box(&mut buffer);
        start.elapsed()
    };
    // The first pass only maps the memory.
    pass();
    let deadline = Instant::now() + TURN;
    let (mut time, mut bytes) = (Duration::ZERO, 0);
    let goes_on = |bytes| size.map_or_else(|| Instant::now() < deadline, |size| bytes < size);
    while bytes == 0 || goes_on(bytes) {
        time += pass();
        bytes += source.len() as u64;
    }
    rate(bytes, time)
}
