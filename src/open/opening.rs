//! A stream whose secret was confirmed, and the results of opening it.

use crate::Error;
use crate::armor::UnarmorAt;
use crate::format::{Header, Limits, Payload, Proof};
use crate::peek::PeekReader;
use crate::pipeline::{self, CancelToken, OpenJob, Run, RunOptions, Totals};
use crate::positioned::{Positioned, ReadAt, WriteAt};
use std::io::{Read, Write};

/// The result of opening a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Chunks in the file.
    pub chunks: u64,
    /// Length of the plaintext, in bytes.
    pub plaintext_len: u64,
}

/// The result of authenticating a whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The reading of the format that authenticated it, for people.
    pub reading: String,
    /// What the file does not protect, one line each.
    pub warnings: Vec<String>,
}

/// A file whose key was confirmed.
pub(crate) struct Unlocked {
    /// The name of its format.
    pub format: &'static str,
    pub header: Box<dyn Header>,
    /// The offset of the first frame in the input.
    pub offset: u64,
    pub payload: Payload,
    pub limits: Limits,
}

impl Unlocked {
    /// Returns the expected length of the plaintext: that of the header, or else what the input has room for in chunks
    /// of the usual length. Not authenticated.
    pub(super) fn expected_len(&self) -> Option<u64> {
        if let Some(declared) = self.header.describe().declared_size {
            return Some(declared);
        }
        let frames = self.header.frames(&self.limits);
        let body = self.limits.input_len?.checked_sub(self.offset)?;
        let chunks = body.div_ceil(frames.largest().max(1));
        let outer = body.checked_sub(chunks.checked_mul(frames.overhead() as u64)?)?;
        self.header.plaintext_len(outer).ok()
    }
}

/// Returns the error for the caller. If the header proves the key, a first chunk that does not authenticate was
/// changed.
pub(crate) fn fault(error: Error, key_proven: bool) -> Error {
    match error.root() {
        Error::Authentication { chunk: 0, offset } if key_proven => {
            Error::Tampered { chunk: 0, offset }
        }
        error => error,
    }
}

/// Ready to open one stream whose secret was confirmed.
pub struct Opening<R> {
    pub(crate) input: PeekReader<R>,
    pub(crate) file: Unlocked,
    pub(crate) options: RunOptions,
}

impl<R: Read + Send> Opening<R> {
    /// Returns whether the input is armored.
    pub fn is_armored(&self) -> bool {
        self.input.is_armored()
    }

    /// Returns the name of the file's format.
    pub fn format(&self) -> &'static str {
        self.file.format
    }

    /// Returns the reading of the format that authenticated the first chunk, for people.
    pub fn reading(&self) -> &str {
        &self.file.payload.reading
    }

    /// Returns what the file does not protect, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.file.payload.warnings
    }

    /// Returns whether chunks may be missing at the beginning of the plaintext until all of it was opened without an
    /// error. If so, authenticate the whole input before using the plaintext.
    pub fn only_whole(&self) -> bool {
        matches!(self.file.payload.proof, Proof::WholeFile { .. })
    }

    /// Opens all of the input to `output`, and flushes it.
    ///
    /// # Errors
    /// The first in the order of the data: [`Error::Authentication`] if a chunk was tampered with, [`Error::Truncated`]
    /// and [`Error::Malformed`]; [`Error::Read`], [`Error::Write`], [`Error::Stopped`]. The output then has the good
    /// beginning of the plaintext.
    ///
    /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) is an error like any other: a non-blocking input or output must
    /// do its own waiting.
    pub fn run(self, mut output: impl Write) -> Result<Opened, Error> {
        self.opened(|input, sealed, run| {
            let totals = pipeline::open(input, &mut output, sealed, run)?;
            output.flush().map_err(Error::Write)?;
            Ok(totals)
        })
    }

    /// Opens from file to file, like [`run`](Self::run). It is faster for large files, whose parts are read and written
    /// in any order. `input` is that with which the work was [started](Open::start), at the same position.
    ///
    /// After an error, the output ends behind the good beginning of the plaintext. It should have nothing behind its
    /// position before.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_at(
        self,
        input: Positioned<'_, impl ReadAt>,
        output: Positioned<'_, impl WriteAt>,
    ) -> Result<Opened, Error> {
        let Positioned { file, position } = output;
        let output = Positioned {
            file: file as &dyn WriteAt,
            position,
        };
        let input = Positioned {
            file: input.file as &dyn ReadAt,
            position: input.position,
        };
        let least = self.options.tuning.parallel_io_min;
        if self.file.limits.input_len.is_some_and(|len| len < least) {
            // What was looked at need not be read again.
            return self.run(output);
        }
        let geometry = self.file.header.geometry(&self.file.limits);
        if !self.input.is_armored() {
            let input = input.moved(self.file.offset);
            let rest = |position| {
                let Positioned { file, .. } = input;
                Box::new(Positioned { file, position }) as Box<dyn Read + Send>
            };
            return self.opened(|_, sealed, run| {
                pipeline::open_at(input, output, sealed, geometry, &rest, run)
            });
        }
        let Ok(text) = UnarmorAt::new(input) else {
            // This reports any error at its position.
            return self.run(output);
        };
        let bytes = Positioned {
            file: &text as &dyn ReadAt,
            position: self.file.offset,
        };
        let rest = |position| Box::new(text.read_from(position)) as Box<dyn Read + Send>;
        self.opened(|_, sealed, run| pipeline::open_at(bytes, output, sealed, geometry, &rest, run))
    }

    /// Authenticates all of the input and writes nothing, like [`Open::check`]; for work that was started with
    /// [`Open::authenticated`].
    ///
    /// # Errors
    /// Those of [`run`](Self::run), and [`Error::Unauthenticated`] if tags prove nothing.
    pub fn check(self) -> Result<Checked, Error> {
        let checked = Checked {
            reading: self.reading().to_owned(),
            warnings: self.warnings().to_vec(),
        };
        let proof = self.file.payload.proof.clone();
        self.run(std::io::sink())?;
        match proof {
            Proof::Forgeable(why) => Err(Error::Unauthenticated(format!("not verified: {why}"))),
            _ => Ok(checked),
        }
    }

    pub(crate) fn stop(&self) -> CancelToken {
        self.options.stop.clone()
    }

    fn opened(
        mut self,
        open: impl FnOnce(&mut PeekReader<R>, OpenJob<'_>, &Run<'_>) -> Result<Totals, Error>,
    ) -> Result<Opened, Error> {
        let Unlocked {
            header,
            offset,
            payload,
            limits,
            ..
        } = self.file;
        let key_proven = payload.key_proven && payload.layers.is_empty();
        let job = OpenJob {
            frames: header.frames(&limits),
            first: 0,
            offset,
            codec: &*payload.codec,
            layers: payload.layers,
            limits,
        };
        let totals = open(&mut self.input, job, &self.options.run());
        let totals = totals.map_err(|error| fault(error, key_proven))?;
        Ok(Opened {
            chunks: totals.chunks,
            plaintext_len: totals.plaintext,
        })
    }
}
