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
//! thread at all; streams inside streams, which are slow, start them at once. And from file to file
//! the workers read and write in place, in any order ([`direct`]): but only the even middle of a
//! file. All that has rules, the ends and every error, is found by the code described here, which
//! goes on behind the last slab that was done.
//!
//! Ownership. A [`Slab`](slab::Slab) is a buffer with one or more whole chunks. It is owned by one thread at a
//! time and travels by value through three channels: `free` → producer → `work` → a worker →
//! `done` → writer → `free`. Nothing is shared but the codec, which is read only.
//!
//! Ordering. The producer numbers the slabs. The writer keeps what comes early in a ring, indexed
//! by number, and writes slab *i* only after *i* − 1. An error travels instead of the slab
//! that caused it, so the error that is reported is the first *in the order of the data*, whatever
//! the threads' timing: everything before it was written, and nothing behind it.
//!
//! Memory. There are [`slabs`](stages::slabs) slabs and no other buffers, however long the input and however slow
//! the sink: the producer waits for a free one. A bounded channel alone would not bound the ring,
//! the pool does. This cannot deadlock: slab numbers are given out in the order in which slabs are
//! taken from `free`, so the slab that the writer waits for is always in work or behind it, never
//! waiting for a free slab.
//!
//! The end. The producer drops its end of `work`, the workers run dry and drop theirs of `done`,
//! the writer sees that and returns. At an error the writer returns at once, which closes `free`
//! and `done`; producer and workers find them closed and end. A producer that is blocked in `read`
//! is woken by the input's own waker (see [`CancelToken`]). A panic in a thread is caught and travels as
//! an error.
//!
//! The pipeline knows nothing of any format: [`seal`] and [`open`] tie it to the codec traits.

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

/// From where on which way of working pays. Nothing but speed depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// So many bytes are written by the calling thread alone before any other is started;
    pub inline_max_bytes: u64,
    /// but no more work than this, for there are slow algorithms.
    pub inline_max_time: Duration,
    /// Whether that goes for inputs of unknown length too, where they go on behind the first slab.
    pub inline_unknown_len: bool,
    /// Where a file goes to a file, the middle is worked on in place when it has so many bytes,
    pub parallel_io_min: u64,
    /// and so many of them at a time.
    pub batch: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            inline_max_bytes: 6 << 20,
            // Some ten times what the threads cost.
            inline_max_time: Duration::from_millis(2),
            inline_unknown_len: false,
            parallel_io_min: 4 << 20,
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
    pub stop: &'a CancelToken,
    pub meter: &'a Meter,
    pub tuning: Tuning,
}

impl Run<'_> {
    /// How many workers there are. Only asked for where there are any: to count the cores takes
    /// longer than to seal a small file.
    fn jobs(&self) -> usize {
        self.jobs.unwrap_or_else(all_cores).get()
    }

    /// For an input whose length is known.
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

    /// With threads from the start.
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
