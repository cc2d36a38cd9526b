//! Sealing by writing, and opening by reading: for callers that have no whole stream to pass.
//!
//! Both run the same parallel pipeline as [`Sealing::run`] and [`Opening::run`], on a thread of its own, connected to
//! the caller by a bounded pipe.

use crate::pipe::{PipeReader, PipeWriter, pipe};
use crate::{CancelToken, Error, Opened, Opening, Sealed, Sealing};
use std::io::{self, Read, Write};
use std::thread::{Builder, JoinHandle};

impl Sealing {
    /// Seals on a thread of its own, for a caller that writes the plaintext.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub fn into_writer<W: Write + Send + 'static>(self, output: W) -> Result<SealWriter<W>, Error> {
        SealWriter::new(self, output)
    }
}

impl<R: Read + Send + 'static> Opening<R> {
    /// Opens the input on a thread of its own, for a caller that reads the plaintext.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub fn into_reader(self) -> Result<OpenReader, Error> {
        OpenReader::new(self)
    }
}

/// Runs the work on a thread of its own.
fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<JoinHandle<Result<T, Error>>, Error> {
    let thread = Builder::new().name(name.to_owned());
    thread.spawn(work).map_err(Error::Thread)
}

/// Seals what is written to it.
///
/// The output is a whole file only after [`finish`](Self::finish). A writer that is dropped earlier leaves a truncated
/// output, which readers notice if the format allows that.
///
/// ```
/// use fetool::{Open, OpenReader, Seal, SealWriter, Secret};
/// use std::io::{Read, Write};
///
/// let key = Secret::key([7; 32]);
/// let mut writer: SealWriter<_> = Seal::new(&key).start()?.into_writer(Vec::new())?;
/// writer.write_all(b"for my ")?;
/// writer.write_all(b"eyes only")?;
/// let (done, sealed) = writer.finish()?;
/// assert_eq!(done.sealed_len, sealed.len() as u64);
///
/// let mut reader: OpenReader = Open::new(&key).start(std::io::Cursor::new(sealed))?.into_reader()?;
/// let mut text = String::new();
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "for my eyes only");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct SealWriter<W> {
    /// `None` once it has finished or failed.
    pipe: Option<PipeWriter>,
    thread: Option<JoinHandle<Result<(Sealed, W), Error>>>,
    stop: CancelToken,
}

impl<W: Write + Send + 'static> SealWriter<W> {
    fn new(sealing: Sealing, mut output: W) -> Result<Self, Error> {
        let (writer, reader) = pipe();
        let stop = sealing.stop();
        let thread = spawn("sealing", move || {
            let sealed = sealing.run(reader, &mut output)?;
            Ok((sealed, output))
        })?;
        Ok(Self {
            pipe: Some(writer),
            thread: Some(thread),
            stop,
        })
    }

    /// Seals the last chunk, flushes the output and returns it.
    ///
    /// # Errors
    /// Those of [`Sealing::run`].
    pub fn finish(mut self) -> Result<(Sealed, W), Error> {
        if let Some(pipe) = self.pipe.take() {
            // If sealing has ended already, it reports the reason.
            let _ = pipe.finish();
        }
        self.join()
    }
}

impl<W> SealWriter<W> {
    fn join(&mut self) -> Result<(Sealed, W), Error> {
        match self.thread.take() {
            Some(thread) => thread.join().unwrap_or(Err(Error::Panic("sealing"))),
            None => Err(Error::Stopped),
        }
    }

    fn pass_on(
        &mut self,
        write: impl FnOnce(&mut PipeWriter) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let Some(pipe) = &mut self.pipe else {
            return Err(Error::Stopped.into());
        };
        write(pipe).map_err(|gone| {
            self.pipe = None;
            match self.join() {
                Err(error) => error.into(),
                Ok(_) => gone,
            }
        })
    }
}

impl<W> Write for SealWriter<W> {
    /// Waits if the pipeline is full.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pass_on(|pipe| pipe.write(bytes))
    }

    /// Passes what was written to the pipeline. Only whole chunks are sealed before [`finish`](Self::finish), so the
    /// output need not have all of it.
    fn flush(&mut self) -> io::Result<()> {
        self.pass_on(|pipe| pipe.flush().map(|()| 0)).map(drop)
    }
}

impl<W> Drop for SealWriter<W> {
    fn drop(&mut self) {
        if self.pipe.take().is_some() {
            self.stop.stop();
        }
        // Nothing is written after the writer is dropped.
        let _ = self.join();
    }
}

/// Reads the plaintext of a sealed input. Every byte was authenticated before it is read.
///
/// A read fails where [`Opening::run`] would fail, after the good bytes before the fault; [`io::Error::downcast`]
/// returns the [`Error`]. The plaintext is whole only once a read has returned its end. Dropping the reader earlier
/// cancels the opening. [`SealWriter`] has an example.
pub struct OpenReader {
    /// `None` once opening has failed.
    pipe: Option<PipeReader>,
    thread: Option<JoinHandle<Result<Opened, Error>>>,
    stop: CancelToken,
}

impl OpenReader {
    fn new<R: Read + Send + 'static>(opening: Opening<R>) -> Result<Self, Error> {
        let (mut writer, reader) = pipe();
        let stop = opening.stop();
        let thread = spawn("opening", move || {
            let opened = opening.run(&mut writer)?;
            // A reader that was dropped needs no end.
            let _ = writer.finish();
            Ok(opened)
        })?;
        Ok(Self {
            pipe: Some(reader),
            thread: Some(thread),
            stop,
        })
    }

    /// Opens what was not read yet, and returns the result.
    ///
    /// # Errors
    /// Those of [`Opening::run`]; [`Error::Stopped`] if a read has already returned them.
    pub fn finish(mut self) -> Result<Opened, Error> {
        match io::copy(&mut self, &mut io::sink()) {
            Ok(_) => self.join(),
            Err(error) => Err(Error::Read(error).root()),
        }
    }

    fn join(&mut self) -> Result<Opened, Error> {
        match self.thread.take() {
            Some(thread) => thread.join().unwrap_or(Err(Error::Panic("opening"))),
            None => Err(Error::Stopped),
        }
    }
}

impl Read for OpenReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(pipe) = &mut self.pipe else {
            return Err(Error::Stopped.into());
        };
        pipe.read(into).map_err(|gone| {
            self.pipe = None;
            match self.join() {
                Err(error) => error.into(),
                Ok(_) => gone,
            }
        })
    }
}

impl Drop for OpenReader {
    fn drop(&mut self) {
        if self.pipe.take().is_some_and(|pipe| !pipe.has_ended()) {
            self.stop.stop();
        }
        let _ = self.join();
    }
}
