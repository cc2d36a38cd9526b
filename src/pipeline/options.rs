//! How an operation runs.

use super::{CancelToken, Meter, Run, Tuning};
use std::num::NonZeroUsize;

/// How an operation is run: threads, memory, cancellation, and what counts the work. The same for
/// sealing, opening and rekeying.
///
/// ```
/// use fetool::{RunOptions, Seal, Secret};
/// use std::num::NonZeroUsize;
///
/// let options = RunOptions::new().jobs(NonZeroUsize::new(2)).memory(64 << 20);
/// let key = Secret::key([7; 32]);
/// let mut sealed = Vec::new();
/// Seal::new(&key).run_options(options).run(&b"for my eyes only"[..], &mut sealed)?;
/// # Ok::<(), fetool::Error>(())
/// ```
#[derive(Clone)]
pub struct RunOptions {
    pub(crate) jobs: Option<NonZeroUsize>,
    pub(crate) memory: u64,
    pub(crate) stop: CancelToken,
    pub(crate) meter: Meter,
    pub(crate) tuning: Tuning,
}

impl RunOptions {
    /// Creates the default options: all cores, 1 GiB of memory, no cancellation, no meter.
    pub fn new() -> Self {
        Self {
            jobs: None,
            memory: 1 << 30,
            stop: CancelToken::new(),
            meter: Meter::unwatched(),
            tuning: Tuning::default(),
        }
    }

    /// Sets the number of worker threads [default: one for each core].
    #[must_use]
    pub fn jobs(mut self, jobs: impl Into<Option<NonZeroUsize>>) -> Self {
        self.jobs = jobs.into();
        self
    }

    /// Sets how many bytes of memory chunks may take [default: 1 GiB]. With little memory, fewer chunks are processed
    /// at a time; a single chunk that needs more is refused.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory = bytes;
        self
    }

    /// Sets the token that cancels the work from another thread.
    #[must_use]
    pub fn stop(mut self, stop: &CancelToken) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Sets the meter that counts the processed plaintext bytes.
    #[must_use]
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    pub(crate) fn run(&self) -> Run<'_> {
        Run {
            jobs: self.jobs,
            memory: self.memory,
            stop: &self.stop,
            meter: &self.meter,
            tuning: self.tuning,
        }
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        Self::new()
    }
}
