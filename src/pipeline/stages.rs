//! The steps that every slab takes, on the threads or on the calling thread alone.

use super::Run;
use super::slab::Slab;
use crate::{CancelToken, Error, Meter};
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The amount of data that went through the pipeline.
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

/// Returns the number of buffers in the pool: one for each worker, as many more waiting or done, and one each for the
/// producer and the writer. There are fewer if the chunks are so large that these would exceed the memory.
pub(super) fn slabs(run: &Run<'_>, jobs: usize, frame: u64) -> usize {
    let fit = usize::try_from(run.memory / frame.max(1)).unwrap_or(usize::MAX);
    (2 * jobs + 2).min(fit).max(1)
}

/// Fills slabs in order, on one thread.
pub(super) trait Produce: Send {
    /// Fills an empty slab with whole chunks, and sets whether it is the last. There is at least one slab, which may
    /// have no chunk.
    fn fill(&mut self, slab: &mut Slab) -> Result<(), Error>;
}

/// Works on slabs, on any thread.
pub(super) trait Work: Sync {
    /// Turns the slab's chunks into its output. After an error, the output is what came before the chunk that failed.
    /// Returns the number of plaintext bytes.
    fn work(&self, slab: &mut Slab) -> Result<u64, Error>;
}

/// Takes the output of the slabs in order.
pub(super) trait Sink {
    fn put(&mut self, slab: &mut Slab) -> io::Result<()>;
}

impl<W: Write> Sink for W {
    fn put(&mut self, slab: &mut Slab) -> io::Result<()> {
        self.write_all(slab.output())
    }
}

/// A slab on its way to the writer: its number, and its error if it has one.
pub(super) struct Done {
    pub slab: Slab,
    /// Plaintext bytes in it.
    pub bytes: u64,
    pub error: Option<Error>,
}

impl Done {
    /// Makes a slab that has only an error.
    pub fn failed(mut slab: Slab, error: Error) -> Self {
        slab.clear();
        Self {
            slab,
            bytes: 0,
            error: Some(error),
        }
    }
}

/// Fills a slab and sends it on: the same for the threads and for the calling thread.
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
    // A cancelled input may report an error of its own.
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
        // The slab's content is undefined.
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

/// Runs the calling thread's part. A panic in it is the caller's, whose output it is. Neither that nor an error may
/// leave a thread waiting for an input.
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
