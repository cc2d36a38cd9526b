//! Runs of the threads for the model check in `model/`, with one fault injected. Only compiled there.

pub mod parallel_io;
pub mod sync;
pub mod threads;

pub use super::layers::ordered_handoff::{OrderedState, SlabTurn};

use super::{CancelToken, Meter, Run, Tuning};
use crate::Error;
use std::num::NonZeroUsize;

/// Returns a run that starts its threads at once.
fn run<'a>(jobs: usize, memory: u64, stop: &'a CancelToken, meter: &'a Meter) -> Run<'a> {
    let run = Run {
        jobs: NonZeroUsize::new(jobs),
        memory,
        stop,
        meter,
        tuning: Tuning::default(),
    };
    run.at_once()
}

/// Returns the error that is injected at a slab.
fn injected(slab: u64) -> Error {
    Error::Authentication {
        chunk: slab,
        offset: 0,
    }
}
