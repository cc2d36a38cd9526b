//! fetool's own pipeline modules, compiled with threads, locks and channels whose schedules
//! [shuttle](https://docs.rs/shuttle) explores. Nothing here is a copy: the modules are those of
//! `src/pipeline`, included by path; only what they stand on is other.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

#[allow(dead_code, missing_docs)]
#[path = "../../src/at.rs"]
pub mod at;
pub mod format;
#[allow(dead_code)]
#[path = "../../src/memory.rs"]
mod memory;
pub mod pipeline;

pub use pipeline::stop::Stop;

/// Those of fetool's errors that the included modules make, and one that the checks inject.
#[derive(Debug)]
pub enum Error {
    Read(io::Error),
    Write(io::Error),
    Thread(io::Error),
    Panic(&'static str),
    Stopped,
    Memory(usize),
    Injected(u64),
}

/// Counts what was worked on.
#[derive(Default)]
pub struct Meter(AtomicU64);

impl Meter {
    pub fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
