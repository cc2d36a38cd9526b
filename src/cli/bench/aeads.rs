//! The AEADs by themselves, on chunks in memory, beside copying the same chunks.

use super::case::{Case, Operation, Part, Subject, at_once, rate};
use super::{Args, listed};
use crate::cli::failure::Subjects;
use fetool::aead::{Aead, Algorithm, Engine, KEY_LEN, Tag};
use std::hint::black_box;
use std::time::{Duration, Instant};

const CHUNKS: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];
/// How long a turn takes without `--size`.
const TURN: Duration = Duration::from_millis(6);
/// Bytes between two looks at the clock: as many as a core's cache holds.
const BATCH: usize = 256 << 10;

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
                let size = args.size;
                let turn = move || {
                    let rates = at_once(jobs.get(), |_| rate_of(operation, aead, chunk, size));
                    let rates = rates.map_err(|error| Subjects::default().attribute(&error))?;
                    Ok(rates.iter().sum())
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

/// Works on a batch of chunks until `size` bytes or a fixed time are through. `None` copies them.
fn rate_of(
    operation: Operation,
    aead: Option<(Algorithm, Engine)>,
    chunk: usize,
    size: Option<u64>,
) -> f64 {
    let mut source = vec![3; BATCH.max(chunk)];
    let aead = aead.map(|it| {
        // The nonce is the same for all chunks: nobody ever sees any of them.
        let (aead, nonce) = (keyed(it), vec![1; it.0.nonce_len()]);
        (
            aead.expect("only engines that are there were selected"),
            nonce,
        )
    });
    let seal = |aead: &Aead, nonce: &[u8], chunk: &mut [u8]| {
        let tag = aead.seal(nonce, b"", chunk);
        tag.expect("no chunk is too long")
    };
    let tags: Vec<Tag> = match &aead {
        Some((aead, nonce)) if operation == Operation::Open => {
            let chunks = source.chunks_exact_mut(chunk);
            chunks.map(|chunk| seal(aead, nonce, chunk)).collect()
        }
        _ => Vec::new(),
    };
    let mut buffer = source.clone();
    let deadline = Instant::now() + TURN;
    let (mut time, mut bytes) = (Duration::ZERO, 0);
    for turn in 0.. {
        // Opening needs the sealed chunks again. Sealing gets a copy as well, so that both find the
        // chunks in the cache alike.
        buffer.copy_from_slice(&source);
        let start = Instant::now();
        for (i, (to, from)) in buffer
            .chunks_exact_mut(chunk)
            .zip(source.chunks_exact(chunk))
            .enumerate()
        {
            match &aead {
                None => black_box(to).copy_from_slice(black_box(from)),
                Some((aead, nonce)) if operation == Operation::Open => {
                    let opened = aead.open(nonce, b"", to, &tags[i]);
                    opened.expect("it was sealed so");
                }
                Some((aead, nonce)) => drop(black_box(seal(aead, nonce, to))),
            }
        }
        black_box(&mut buffer);
        let taken = start.elapsed();
        // The first pass only maps the memory.
        if turn > 0 {
            time += taken;
            bytes += buffer.len() as u64;
            if size.map_or(Instant::now() >= deadline, |size| bytes >= size) {
                break;
            }
        }
    }
    rate(bytes, time)
}
