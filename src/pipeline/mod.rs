//! The pipeline: one producer, N workers, and one ordered writer.
//!
//! ```text
//!            ┌──────────────── free slabs ◄───────────────┐
//!            ▼                                            │
//! input ─► producer ── work ──► N workers ── done ──► ordered writer ─► output
//! ```
//!
//! Threads. The producer and the workers are threads of their own; the writer is the thread that
//! called [`run`]. All are scoped: when `run` returns, every thread has ended.
//!
//! Ownership. A [`Slab`] is a buffer with one or more whole chunks. It is owned by one thread at a
//! time and travels by value through three channels: `free` → producer → `work` → a worker →
//! `done` → writer → `free`. Nothing is shared but the codec, which is read only.
//!
//! Ordering. The producer numbers the slabs. The writer keeps what comes early in a ring, indexed
//! by number, and writes slab *i* only after *i* − 1. An error travels in the place of the slab
//! that caused it, so the error that is reported is the first *in the order of the data*, whatever
//! the threads' timing: everything before it was written, and nothing behind it.
//!
//! Memory. There are [`slabs`] slabs and no other buffers, however long the input and however slow
//! the sink: the producer waits for a free one. A bounded channel alone would not bound the ring,
//! the pool does. This cannot deadlock: slab numbers are given out in the order in which slabs are
//! taken from `free`, so the slab that the writer waits for is always in work or behind it, never
//! waiting for a free slab.
//!
//! The end. The producer drops its end of `work`, the workers run dry and drop theirs of `done`,
//! the writer sees that and returns. At an error the writer returns at once, which closes `free`
//! and `done`; producer and workers find them closed and end. A producer that is blocked in `read`
//! is woken by the input's own waker (see [`Stop`]). A panic in a thread is caught and travels as
//! an error.
//!
//! The pipeline knows nothing of any format: [`seal`] and [`open`] tie it to the codec traits.

mod layers;
mod meter;
mod open;
mod seal;
mod slab;
mod split;
mod stop;

pub use meter::{Meter, Reports};
pub use stop::Stop;

pub(crate) use open::{Sealed, open};
pub(crate) use seal::{Plan, seal};
pub(crate) use split::Walker;

use crate::Error;
use crossbeam::channel::{Receiver, Sender, bounded};
use slab::Slab;
use std::io::Write;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

/// How an operation is run, whatever it does.
pub(crate) struct Run<'a> {
    /// Worker threads.
    pub jobs: NonZeroUsize,
    /// Bytes that all chunks in work may take together; one is worked on even when it takes more.
    pub memory: u64,
    pub stop: &'a Stop,
    pub meter: &'a Meter,
}

/// What went through the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub chunks: u64,
    pub plaintext: u64,
    pub written: u64,
}

/// Buffers in the pool: one in each worker, as many ready for them or done by them, one each with
/// the producer and the writer. Fewer where chunks are so large that these would not fit into the
/// memory.
fn slabs(run: &Run<'_>, frame: u64) -> usize {
    let fit = usize::try_from(run.memory / frame.max(1)).unwrap_or(usize::MAX);
    (2 * run.jobs.get() + 2).min(fit).max(1)
}

/// Fills slabs, in order, on one thread.
trait Produce: Send {
    /// Fills an empty slab with whole chunks and tells whether it is the last. There is one at
    /// least, perhaps without a chunk.
    fn fill(&mut self, slab: &mut Slab) -> Result<(), Error>;
}

/// Works on slabs, on any thread.
trait Work: Sync {
    /// Turns the slab's chunks into its output. At an error the output is what came before the
    /// chunk that failed. Returns the number of plaintext bytes.
    fn work(&self, slab: &mut Slab) -> Result<u64, Error>;
}

/// A slab on its way to the writer: its number, and the error in its place.
struct Done {
    slab: Slab,
    /// Plaintext bytes in it.
    bytes: u64,
    error: Option<Error>,
}

/// Runs producer, workers and writer to the end. No chunk takes more than `frame` bytes.
fn run(
    mut producer: impl Produce,
    worker: &impl Work,
    output: &mut dyn Write,
    frame: u64,
    run: &Run<'_>,
) -> Result<Totals, Error> {
    let pool = slabs(run, frame);
    let (free_tx, free_rx) = bounded(pool);
    let (work_tx, work_rx) = bounded(pool);
    let (done_tx, done_rx) = bounded(pool);
    for _ in 0..pool {
        free_tx.send(Slab::default()).expect("we hold the receiver");
    }
    // A thread that cannot be started ends the others too: they find their channels closed.
    thread::scope(|scope| {
        for _ in 0..run.jobs.get() {
            let (work_rx, done_tx) = (work_rx.clone(), done_tx.clone());
            thread::Builder::new()
                .name("worker".to_owned())
                .spawn_scoped(scope, move || work_all(worker, work_rx, done_tx, run.meter))
                .map_err(Error::Thread)?;
        }
        thread::Builder::new()
            .name("producer".to_owned())
            .spawn_scoped(scope, move || {
                produce_all(&mut producer, free_rx, work_tx, done_tx, run.stop)
            })
            .map_err(Error::Thread)?;
        drop(work_rx);
        // A panic is the caller's own, for it is the caller's output; but it must not leave a
        // producer waiting for an input, nor the scope for the producer.
        let written = catch_unwind(AssertUnwindSafe(|| {
            write_all(done_rx, free_tx, output, pool, run.stop)
        }));
        if !matches!(written, Ok(Ok(_))) {
            run.stop.stop();
        }
        written.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn produce_all(
    producer: &mut dyn Produce,
    free: Receiver<Slab>,
    work: Sender<Slab>,
    done: Sender<Done>,
    stop: &Stop,
) {
    // Closed channels mean that the writer has returned with an error: then there is nothing to do.
    for (number, mut slab) in (0..).zip(free) {
        slab.clear();
        slab.number = number;
        let filled = catch_unwind(AssertUnwindSafe(|| producer.fill(&mut slab)))
            .unwrap_or(Err(Error::Panic("producer")));
        let error = match filled {
            _ if stop.is_stopped() => Error::Stopped,
            Ok(()) => {
                let last = slab.last;
                if work.send(slab).is_err() || last {
                    return;
                }
                continue;
            }
            Err(error) => error,
        };
        slab.clear();
        let _ = done.send(Done {
            slab,
            bytes: 0,
            error: Some(error),
        });
        return;
    }
}

fn work_all(worker: &impl Work, work: Receiver<Slab>, done: Sender<Done>, meter: &Meter) {
    for mut slab in work {
        let worked = catch_unwind(AssertUnwindSafe(|| worker.work(&mut slab)));
        let (bytes, error) = match worked {
            Ok(Ok(bytes)) => {
                meter.add(bytes);
                (bytes, None)
            }
            Ok(Err(error)) => (0, Some(error)),
            Err(_) => {
                // What the slab holds is anyone's guess.
                slab.clear();
                (0, Some(Error::Panic("worker")))
            }
        };
        if done.send(Done { slab, bytes, error }).is_err() {
            return;
        }
    }
}

fn write_all(
    done: Receiver<Done>,
    free: Sender<Slab>,
    output: &mut dyn Write,
    pool: usize,
    stop: &Stop,
) -> Result<Totals, Error> {
    let mut totals = Totals::default();
    // At most `pool` slabs exist, so two that wait can never have the same place.
    let mut early: Vec<Option<Done>> = (0..pool).map(|_| None).collect();
    let place = |number: u64| (number % pool as u64) as usize;
    let mut next = 0;
    for message in done {
        let arrived = place(message.slab.number);
        early[arrived] = Some(message);
        while let Some(Done { slab, bytes, error }) = early[place(next)].take() {
            output.write_all(slab.output()).map_err(Error::Write)?;
            totals.written += slab.output().len() as u64;
            if let Some(error) = error {
                return Err(error);
            }
            totals.chunks += slab.chunks.len() as u64;
            totals.plaintext += bytes;
            next += 1;
            // The producer may have ended already and need no more slabs.
            let _ = free.send(slab);
        }
    }
    if stop.is_stopped() {
        return Err(Error::Stopped);
    }
    Ok(totals)
}
