//! File to file, if the way through the [threads](mod@super::threads) costs more than the work. Each worker reads a
//! slab at its position in the input, works on it, and writes it at its position in the output. No slab changes
//! threads, and none waits for another.
//!
//! That needs positions that can be computed, so it is done only for the long middle of a file, whose chunks all have
//! the same shape. The ordinary way does everything else, and continues behind the last slab that is done: the
//! beginning, the end, and anything unexpected. A slab that cannot be read, is too short, has other frames or does not
//! authenticate is *left*, with everything behind it. The ordinary way then finds the error at that position and
//! reports it. So this module has no rules of any format, and decides nothing about a file.
//!
//! Slabs are claimed in order: when one is left, those before it are done, or in work and finished in the end. What was
//! written behind it is truncated before anything else happens.

use super::Run;
use super::slab::Slab;
use super::stages::{Work, or_stop};
use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError, thread};
use crate::Error;
use crate::positioned::{Positioned, ReadAt, WriteAt};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes of a file system's block, usually.
const BLOCK: u64 = 4096;

/// Writes the text of a slab.
pub(super) type PutText<'a> = dyn Fn(&Slab) -> io::Result<()> + Sync + 'a;

/// The middle of a file.
pub(super) struct UniformSpan<'a> {
    /// The input, at the first slab.
    pub input: Positioned<'a, dyn ReadAt + 'a>,
    /// The output, at the first slab.
    pub output: Positioned<'a, dyn WriteAt + 'a>,
    pub slabs: u64,
    /// Bytes of a slab in the input, and in the output.
    pub slab_in: usize,
    pub slab_out: usize,
    /// Bytes of the output behind the middle.
    pub rest: u64,
    /// Bytes behind a slab that must exist, and are examined.
    pub ahead: usize,
    /// The position in the buffer to which a slab is read.
    pub start: usize,
    /// Lays out the chunks of a slab that was read; returns `false` if they are not as expected.
    pub lay_out: &'a (dyn Fn(&mut Slab) -> bool + Sync),
    /// Writes the text of a slab, if the output is armored.
    pub text: Option<&'a PutText<'a>>,
    pub worker: &'a dyn Work,
}

/// Why a slab was left.
enum Left {
    /// The ordinary way does it.
    Over,
    /// Nobody does: nothing is written twice after an error.
    Failed(Error),
}

/// What the workers share.
struct Claims {
    next: AtomicU64,
    /// The first slab that was left.
    left: Mutex<Option<(u64, Left)>>,
}

impl UniformSpan<'_> {
    /// Processes slabs until one is left, and returns the number of those before it. Nothing is written behind them.
    ///
    /// # Errors
    /// [`Error::Write`] and [`Error::Panic`], at the first slab that had one; [`Error::Stopped`].
    pub fn run(&self, run: &Run<'_>) -> Result<u64, Error> {
        or_stop(run.stop, || self.run_threads(run))
    }

    fn run_threads(&self, run: &Run<'_>) -> Result<u64, Error> {
        let output = self.output;
        // Allocates all of the file, from the block in which the header begins: if a single block stays unallocated,
        // ext4 writes the whole file out when it is renamed over another.
        let start = output.position - output.position % BLOCK;
        let end = output.moved(self.slabs * self.slab_out as u64 + self.rest);
        if let Err(full) = output.file.preallocate(start, end.position - start) {
            // Gives back what could be allocated.
            let _ = output.file.truncate(output.position);
            return Err(Error::Write(full));
        }
        let claims = Claims {
            next: AtomicU64::new(0),
            left: Mutex::new(None),
        };
        let fit = run.memory / self.slab_in.max(self.slab_out) as u64;
        let jobs = (run.jobs() as u64).min(fit).min(self.slabs);
        thread::scope(|scope| {
            for _ in 1..jobs {
                // The work goes on without threads that cannot be started: this one exists.
                let _ = thread::Builder::new()
                    .name("worker".to_owned())
                    .spawn_scoped(scope, || self.work_all(&claims, run));
            }
            self.work_all(&claims, run);
        });
        let left = claims
            .left
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let claimed = claims.next.into_inner().min(self.slabs);
        let done = left.as_ref().map_or(claimed, |(number, _)| *number);
        if done < self.slabs {
            let end = output.moved(done * self.slab_out as u64).position;
            output.file.truncate(end).map_err(Error::Write)?;
        }
        match left {
            _ if run.stop.is_stopped() => Err(Error::Stopped),
            Some((_, Left::Failed(error))) => Err(error),
            _ => Ok(done),
        }
    }

    fn work_all(&self, claims: &Claims, run: &Run<'_>) {
        let mut slab = Slab::default();
        while !run.stop.is_stopped() {
            let number = claims.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.slabs || claims.is_behind(number) {
                return;
            }
            slab.clear();
            slab.number = number;
            let worked = catch_unwind(AssertUnwindSafe(|| self.work(&mut slab)))
                .unwrap_or(Err(Left::Failed(Error::Panic("worker"))));
            match worked {
                Ok(bytes) => run.meter.add(bytes),
                Err(why) => claims.leave(number, why),
            }
        }
    }

    fn work(&self, slab: &mut Slab) -> Result<u64, Left> {
        let filled = self.start + self.slab_in + self.ahead;
        // Without memory for all workers, the ordinary way may find some once these have ended.
        slab.reserve(filled).map_err(|_| Left::Over)?;
        let input = self.input.moved(slab.number * self.slab_in as u64);
        match input.read_all(&mut slab.buffer[self.start..filled]) {
            Ok(true) if (self.lay_out)(slab) => {}
            _ => return Err(Left::Over),
        }
        let bytes = self.worker.work(slab).map_err(|_| Left::Over)?;
        let written = match self.text {
            Some(put) => put(slab),
            None if slab.output().len() != self.slab_out => return Err(Left::Over),
            None => {
                let mut output = self.output.moved(slab.number * self.slab_out as u64);
                output.write_all(slab.output())
            }
        };
        written.map_err(|error| Left::Failed(Error::Write(error)))?;
        Ok(bytes)
    }
}

impl Claims {
    fn left(&self) -> MutexGuard<'_, Option<(u64, Left)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether an earlier slab was left.
    fn is_behind(&self, number: u64) -> bool {
        self.left().as_ref().is_some_and(|(left, _)| *left < number)
    }

    fn leave(&self, number: u64, why: Left) {
        let mut left = self.left();
        if left.as_ref().is_none_or(|(first, _)| number < *first) {
            *left = Some((number, why));
        }
    }
}
