//! The steps that every slab takes, whoever takes them: the threads, or the calling thread alone.

use super::Run;
use super::slab::Slab;
use crate::{CancelToken, Error, Meter};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What went through the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub chunks: u64,
    pub plaintext: u64,
    pub written: u64,
}

impl Totals {
    pub fn plus(self, more: Self) -> Self {
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
pub(super) fn slabs(run: &Run<'_>, jobs: usize, frame: u64) -> usize {
    let fit = usize::try_from(run.memory / frame.max(1)).unwrap_or(usize::MAX);
    (2 * jobs + 2).min(fit).max(1)
}

/// Fills slabs, in order, on one thread.
pub(super) trait Produce: Send {
    /// Fills an empty slab with whole chunks and tells whether it is the last. There is one at
    /// least, perhaps without a chunk.
    fn fill(&mut self, slab: &mut Slab) -> Result<(), Error>;
}

/// Works on slabs, on any thread.
pub(super) trait Work: Sync {
    /// Turns the slab's chunks into its output. At an error the output is what came before the
    /// chunk that failed. Returns the number of plaintext bytes.
    fn work(&self, slab: &mut Slab) -> Result<u64, Error>;
}

/// Takes what was made of the slabs, in their order.
pub(super) trait Sink {
    fn put(&mut self, slab: &mut Slab) -> io::Result<()>;
}

impl<W: Write> Sink for W {
    fn put(&mut self, slab: &mut Slab) -> io::Result<()> {
        self.write_all(slab.output())
    }
}

/// A slab on its way to the writer: its number, and the error in its place.
pub(super) struct Done {
    pub slab: Slab,
    /// Plaintext bytes in it.
    pub bytes: u64,
    pub error: Option<Error>,
}

impl Done {
    /// Nothing but an error.
    pub fn failed(mut slab: Slab, error: Error) -> Self {
        slab.clear();
        Self {
            slab,
            bytes: 0,
            error: Some(error),
        }
    }
}

/// How a slab is passed on: the same for the threads, and for the calling thread alone.
pub(super) fn fill(
    producer: &mut dyn Produce,
    slab: &mut Slab,
    number: u64,
    stop: &CancelToken,
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

pub(super) fn work(worker: &impl Work, mut slab: Slab, meter: &Meter) -> Done {
    slab.frames = slab.chunks.len();
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

pub(super) fn write(done: Done, output: &mut dyn Sink, totals: &mut Totals) -> Result<Slab, Error> {
    let Done {
        mut slab,
        bytes,
        error,
    } = done;
    output.put(&mut slab).map_err(Error::Write)?;
    totals.written += slab.output().len() as u64;
    if let Some(error) = error {
        return Err(error);
    }
    totals.chunks += slab.frames as u64;
    totals.plaintext += bytes;
    Ok(slab)
}

/// Does the calling thread's part. A panic in it is the caller's own, for it is the caller's output;
/// but neither that nor an error may leave anything waiting for an input.
pub(super) fn or_stop<T>(
    stop: &CancelToken,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let done = catch_unwind(AssertUnwindSafe(work));
    if !matches!(done, Ok(Ok(_))) {
        stop.stop();
    }
    done.unwrap_or_else(|panic| resume_unwind(panic))
}
