//! The beginning of the work, on the calling thread alone: threads cost more than sealing a small
//! file. It ends where they begin to pay; the length of the input need not be known for that.

use super::Run;
use super::slab::Slab;
use super::stages::{Produce, Sink, Totals, Work, fill, work, write};
use crate::Error;
use std::time::{Duration, Instant};

/// What the threads go on with.
pub(super) struct InlineState {
    /// A buffer, already used.
    pub slab: Slab,
    /// Whether it was filled and is the next to be worked on.
    pub filled: bool,
    /// The number of the next slab.
    pub next: u64,
}

/// Passes slabs on until the input ends (`None`) or threads pay. Errors come as they come from
/// the threads: what is before them was written.
///
/// An input of unknown length that goes on behind the first slab gets the threads before any of it is
/// written: whoever feeds it may read what comes out only later, and the threads take more in until
/// then.
pub(super) fn inline(
    producer: &mut dyn Produce,
    worker: &impl Work,
    output: &mut dyn Sink,
    totals: &mut Totals,
    run: &Run<'_>,
) -> Result<Option<InlineState>, Error> {
    let mut slab = Slab::default();
    let mut next = 0;
    // Only the work counts. Waiting for the input or the output is no reason for threads.
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
