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
//! Two shorter ways spare the hand-overs where these are what costs. The first slabs are filled,
//! worked on and written by the calling thread [alone](mod@alone), so that small files start no
//! thread at all; not where the input must be read on while the output waits, as between pipes, nor
//! for streams inside streams, which are slow. And from file to file
//! the workers read and write in place, in any order ([`direct`]): but only the even middle of a
//! file. All that has rules, the ends and every error, is found by the code described here, which
//! goes on behind the last slab that was done.
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

mod alone;
mod direct;
mod layers;
mod meter;
mod open;
mod seal;
mod slab;
mod split;
mod stop;
mod threads;

pub use meter::{Meter, Reports};
pub use stop::Stop;

pub(crate) use open::{Sealed, open, open_at};
pub(crate) use seal::{Plan, seal, seal_at};
pub(crate) use split::Walker;

use crate::Error;
use alone::alone;
use slab::Slab;
use std::io::Write;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;
use threads::threads;

/// From where on which way of working pays. Nothing but speed depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// So many bytes are written by the calling thread alone before any other is started;
    pub alone: u64,
    /// but no more work than this, for there are slow algorithms.
    pub alone_for: Duration,
    /// Where a file goes to a file, the middle is worked on in place when it has so many bytes,
    pub direct: u64,
    /// and so many of them at a time.
    pub batch: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            alone: 6 << 20,
            // Some ten times what the threads cost.
            alone_for: Duration::from_millis(2),
            direct: 4 << 20,
            batch: slab::SLAB_TARGET,
        }
    }
}

/// How an operation is run, whatever it does.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// Worker threads; as many as there are cores otherwise.
    pub jobs: Option<NonZeroUsize>,
    /// Bytes that all chunks in work may take together; one is worked on even when it takes more.
    pub memory: u64,
    pub stop: &'a Stop,
    pub meter: &'a Meter,
    pub tuning: Tuning,
    /// Whether the input is read on while the output is waited for.
    pub read_ahead: bool,
}

impl Run<'_> {
    /// How many workers there are. Only asked for where there are any: to count the cores takes
    /// longer than to seal a small file.
    fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(crate::all_cores).get()
    }

    /// With threads from the start.
    fn at_once(self) -> Self {
        Self {
            read_ahead: true,
            ..self
        }
    }

    /// From file to file, where nobody waits for the input to be read.
    fn in_order(self) -> Self {
        Self {
            read_ahead: false,
            ..self
        }
    }
}

/// What went through the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub chunks: u64,
    pub plaintext: u64,
    pub written: u64,
}

impl Totals {
    fn plus(self, more: Self) -> Self {
        Self {
            chunks: self.chunks + more.chunks,
            plaintext: self.plaintext + more.plaintext,
            written: self.written + more.written,
        }
    }
}

/// Buffers in the pool: one in each worker, as many ready for them or done by them, one each with
/// the producer and the writer. Fewer where chunks are so large that these would not fit into the
/// memory.
fn slabs(run: &Run<'_>, jobs: usize, frame: u64) -> usize {
    let fit = usize::try_from(run.memory / frame.max(1)).unwrap_or(usize::MAX);
    (2 * jobs + 2).min(fit).max(1)
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

impl Done {
    /// Nothing but an error.
    fn failed(mut slab: Slab, error: Error) -> Self {
        slab.clear();
        Self {
            slab,
            bytes: 0,
            error: Some(error),
        }
    }
}

/// How a slab is passed on: the same for the threads, and for the calling thread alone.
fn fill(
    producer: &mut dyn Produce,
    slab: &mut Slab,
    number: u64,
    stop: &Stop,
) -> Result<(), Error> {
    slab.clear();
    slab.number = number;
    let filled = catch_unwind(AssertUnwindSafe(|| producer.fill(slab)))
        .unwrap_or(Err(Error::Panic("producer")));
    // An input that was woken by the switch fails in its own words.
    if stop.is_stopped() {
        return Err(Error::Stopped);
    }
    filled
}

fn work(worker: &impl Work, mut slab: Slab, meter: &Meter) -> Done {
    match catch_unwind(AssertUnwindSafe(|| worker.work(&mut slab))) {
        Ok(Ok(bytes)) => {
            meter.add(bytes);
            Done {
                slab,
                bytes,
                error: None,
            }
        }
        Ok(Err(error)) => Done {
            slab,
            bytes: 0,
            error: Some(error),
        },
        // What the slab holds is anyone's guess.
        Err(_) => Done::failed(slab, Error::Panic("worker")),
    }
}

fn write(done: Done, output: &mut dyn Write, totals: &mut Totals) -> Result<Slab, Error> {
    let Done { slab, bytes, error } = done;
    output.write_all(slab.output()).map_err(Error::Write)?;
    totals.written += slab.output().len() as u64;
    if let Some(error) = error {
        return Err(error);
    }
    totals.chunks += slab.chunks.len() as u64;
    totals.plaintext += bytes;
    Ok(slab)
}

/// Does the calling thread's part. A panic in it is the caller's own, for it is the caller's output;
/// but neither that nor an error may leave anything waiting for an input.
fn or_stop<T>(stop: &Stop, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let done = catch_unwind(AssertUnwindSafe(work));
    if !matches!(done, Ok(Ok(_))) {
        stop.stop();
    }
    done.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Runs producer, workers and writer to the end. No chunk takes more than `frame` bytes.
fn run(
    mut producer: impl Produce,
    worker: &impl Work,
    output: &mut dyn Write,
    frame: u64,
    run: &Run<'_>,
) -> Result<Totals, Error> {
    let mut totals = Totals::default();
    let begun = or_stop(run.stop, || {
        alone(&mut producer, worker, output, &mut totals, run)
    })?;
    if let Some(begun) = begun {
        threads(producer, worker, output, frame, begun, &mut totals, run)?;
    }
    if run.stop.is_stopped() {
        return Err(Error::Stopped);
    }
    Ok(totals)
}
