//! Runs of the threads for the model check in `model/`, with something that goes wrong at a place that
//! is given. Compiled there alone.

pub mod direct;
pub mod handover;
pub mod sync;

pub use super::layers::relay::{Legs, Relay};

use super::{Meter, Run, Stop, Tuning};
use crate::Error;
use std::num::NonZeroUsize;

/// Returns a run that starts its threads at once.
fn run<'a>(jobs: usize, memory: u64, stop: &'a Stop, meter: &'a Meter) -> Run<'a> {
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
