//! The first slabs, on the calling thread alone: starting threads costs more than sealing a small file. Threads take
//! over once they pay; the length of the input need not be known for that.

use super::Run;
use super::slab::Slab;
use super::stages::{Produce, Sink, Totals, Work, fill, work, write};
use crate::Error;
use std::time::{Duration, Instant};

/// What the threads continue with.
pub(super) struct InlineState {
    /// A buffer, already used.
    pub slab: Slab,
    /// Whether it is filled, and is the next to be worked on.
    pub filled: bool,
    /// The number of the next slab.
    pub next: u64,
}

/// Passes slabs on until the input ends (`None`) or threads pay. An error is the one that the threads would report:
/// what comes before it is written.
///
/// If an input of unknown length goes on behind the first slab, the threads start before anything is written: the
/// program that feeds it may read the output only later, and until then the threads take more input in.
pub(super) fn inline(
    producer: &mut dyn Produce,
    worker: &impl Work,
    output: &mut dyn Sink,
    totals: &mut Totals,
    run: &Run<'_>,
) -> Result<Option<InlineState>, Error> {
    let mut slab = Slab::default();
    let mut next = 0;
    // Only the work counts. Waiting for input or output is no reason to start threads.
    let mut worked = Duration::ZERO;
    while totals.written < run.tuning.inline_max_bytes && worked < run.tuning.inline_max_time {
        fill(producer, &mut slab, next, run.stop)?;
        let last = slab.last;
        if !last && !run.tuning.inline_unknown_len {
            return Ok(Some(InlineState {
                slab,
                filled: true,
                next,
            }));
        }
        let started = Instant::now();
        let done = work(worker, slab, run.meter);
        worked += started.elapsed();
        slab = write(done, output, totals)?;
        if last {
            return Ok(None);
        }
        next += 1;
    }
    Ok(Some(InlineState {
        slab,
        filled: false,
        next,
    }))
}
