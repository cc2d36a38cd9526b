//! The pipeline: one producer, N workers, and one ordered writer.
//!
//! ```text
//!            ┌──────────────── free slabs ◄───────────────┐
//!            ▼                                            │
//! input ─► producer ── work ──► N workers ── done ──► ordered writer ─► output
//! ```
//!
//! The producer and the workers are threads of their own; the writer is the thread that called [`run`]. All threads are
//! scoped: when `run` returns, every one has ended.
//!
//! Two shorter ways avoid the handoffs when these are the main cost. The calling thread [alone](mod@inline) fills,
//! processes and writes the first slabs, so that small files start no thread at all; streams inside streams, which are
//! slow, start them at once. From file to file, the workers read and write in place, in any order ([`parallel_io`]), but
//! only in the uniform middle of a file. The code described here does everything that has rules: the ends, and every
//! error. It continues behind the last slab that was done.
//!
//! Ownership: a [`Slab`](slab::Slab) is a buffer with one or more whole chunks. One thread owns it at a time, and it
//! moves by value through three channels: `free` → producer → `work` → a worker → `done` → writer → `free`. Only the
//! codec is shared, and it is read only.
//!
//! Ordering: the producer numbers the slabs. The writer keeps early ones in a ring, indexed by number, and writes slab
//! *i* only after *i* − 1. An error travels instead of the slab that caused it. So the first error *in the order of the
//! data* is reported, whatever the threads' timing: everything before it is written, and nothing behind it.
//!
//! Memory: there are [`slabs`](stages::slabs) slabs and no other buffers, however long the input and however slow the
//! output: the producer waits for a free one. The pool also bounds the ring, which a bounded channel alone would not.
//! This cannot deadlock: numbers are assigned in the order in which slabs are taken from `free`, so the slab that the
//! writer waits for is in work or behind it, and never waits for a free slab.
//!
//! The end: the producer drops its end of `work`; the workers finish and drop theirs of `done`; the writer sees that
//! and returns. After an error, the writer returns at once, which closes `free` and `done`; producer and workers find
//! them closed and end. The input's own waker wakes a producer that is blocked in `read` (see [`CancelToken`]). A panic
//! in a thread is caught and travels as an error.
//!
//! The pipeline knows nothing of formats: [`seal`](mod@seal) and [`open`](mod@open) connect it to the codec traits.

#[cfg(not(fetool_model))]
mod armor;
mod cancel;
mod inline;
mod layers;
mod meter;
#[cfg(fetool_model)]
pub mod model;
#[cfg(not(fetool_model))]
mod open;
mod options;
mod parallel_io;
#[cfg(not(fetool_model))]
mod range;
#[cfg(not(fetool_model))]
mod seal;
mod slab;
#[cfg(not(fetool_model))]
mod split;
mod stages;
mod sync;
mod threads;

pub use cancel::CancelToken;
pub use meter::Meter;
#[cfg(feature = "cli")]
pub use meter::Reports;
pub use options::RunOptions;

#[cfg(not(fetool_model))]
pub(crate) use open::{OpenJob, open, open_at};
#[cfg(not(fetool_model))]
pub(crate) use range::{Ends, RangeJob, open_range};
#[cfg(not(fetool_model))]
pub(crate) use seal::{SealJob, seal, seal_armored, seal_armored_at, seal_at};
pub(crate) use stages::Totals;
use stages::{Produce, Sink, Work};

use crate::Error;
use crate::cores::all_cores;
use inline::inline;
use stages::or_stop;
use std::num::NonZeroUsize;
use std::time::Duration;
use threads::threads;

/// Thresholds for choosing an execution path. They affect nothing but speed.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// The calling thread alone writes this many bytes before it starts others,
    pub inline_max_bytes: u64,
    /// but works no longer than this, since some algorithms are slow.
    pub inline_max_time: Duration,
    /// Whether that also holds for inputs of unknown length that go on behind the first slab.
    pub inline_unknown_len: bool,
    /// From file to file, the middle is processed in place if it has this many bytes,
    pub parallel_io_min: u64,
    /// this many of them at a time.
    pub batch: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            inline_max_bytes: 6 << 20,
            // Some ten times the cost of the threads.
            inline_max_time: Duration::from_millis(2),
            inline_unknown_len: false,
            parallel_io_min: 4 << 20,
            batch: slab::SLAB_TARGET,
        }
    }
}

/// How an operation runs.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// Worker threads [default: one for each core].
    pub jobs: Option<NonZeroUsize>,
    /// Bytes that all chunks in work may take together. One chunk is processed even if it takes more.
    pub memory: u64,
    pub stop: &'a CancelToken,
    pub meter: &'a Meter,
    pub tuning: Tuning,
}

impl Run<'_> {
    /// Returns the number of workers. Only called if there are any: counting the cores takes longer than sealing a
    /// small file.
    fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(all_cores).get()
    }

    /// Sets the length of the input, if known.
    fn with_len(self, len: Option<u64>) -> Self {
        let inline_unknown_len = self.tuning.inline_unknown_len || len.is_some();
        Self {
            tuning: Tuning {
                inline_unknown_len,
                ..self.tuning
            },
            ..self
        }
    }

    /// Starts the threads at once.
    fn at_once(self) -> Self {
        Self {
            tuning: Tuning {
                inline_max_bytes: 0,
                ..self.tuning
            },
            ..self
        }
    }
}

/// Runs producer, workers and writer to the end. No chunk takes more than `frame` bytes.
fn run(
    mut producer: impl Produce,
    worker: &impl Work,
    output: &mut dyn Sink,
    frame: u64,
    run: &Run<'_>,
) -> Result<Totals, Error> {
    let mut totals = Totals::default();
    let begun = or_stop(run.stop, || {
        inline(&mut producer, worker, output, &mut totals, run)
    })?;
    if let Some(begun) = begun {
        threads(producer, worker, output, frame, begun, &mut totals, run)?;
    }
    if run.stop.is_stopped() {
        return Err(Error::Stopped);
    }
    Ok(totals)
}
