//! Opening a sealed stream.

use crate::at::{At, ReadAt, WriteAt};
use crate::detect::{self, first_frame};
use crate::format::{self, FORMATS, Format, Frames, Header, Limits, Unlocked};
use crate::lookahead::Lookahead;
use crate::pipeline::{self, Meter, Run, Stop, Totals, Tuning};
use crate::{Error, Secret};
use std::io::{Read, Write};
use std::num::NonZeroUsize;

/// Opens a sealed stream: a sealed file in, plaintext out.
///
/// Every byte that comes out was authenticated. An error in the middle of a file comes after the
/// good chunks before it were written, so an output that must be whole needs a place that can be
/// given up, such as a temporary file.
pub struct Open<'a> {
    secret: &'a Secret,
    formats: &'a [&'a dyn Format],
    format: Option<&'a dyn Format>,
    detached: Option<&'a [u8]>,
    strict: bool,
    limits: Limits,
    jobs: Option<NonZeroUsize>,
    stop: Stop,
    meter: Meter,
    tuning: Tuning,
}

/// What was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Chunks in the file.
    pub chunks: u64,
    /// Length of the plaintext, in bytes.
    pub plaintext_len: u64,
}

/// What authenticating a whole file told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Which reading of the format authenticated it, for people.
    pub reading: String,
    /// What the file does not protect, a line each.
    pub warnings: Vec<String>,
}

impl<'a> Open<'a> {
    /// Finds out the format, accepts what is merely weak, and uses all cores.
    pub fn new(secret: &'a Secret) -> Self {
        Self {
            secret,
            formats: FORMATS,
            format: None,
            detached: None,
            strict: false,
            limits: Limits::default(),
            jobs: None,
            stop: Stop::new(),
            meter: Meter::unwatched(),
            tuning: Tuning::default(),
        }
    }

    /// The format to read; `None` finds it out.
    pub fn format(mut self, format: Option<&'a dyn Format>) -> Self {
        self.format = format;
        self
    }

    /// The formats to tell apart; all of [`FORMATS`] otherwise.
    pub fn among(mut self, formats: &'a [&'a dyn Format]) -> Self {
        self.formats = formats;
        self
    }

    /// The header, where it is kept apart and the input starts with the first chunk.
    pub fn detached_header(mut self, header: Option<&'a [u8]>) -> Self {
        self.detached = header;
        self
    }

    /// Refuses what would be accepted with a warning ([`Opening::warnings`]).
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// How much memory a file may need, where its format holds all of it in one piece.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How many worker threads open chunks; as many as there are cores otherwise.
    pub fn jobs(mut self, jobs: impl Into<Option<NonZeroUsize>>) -> Self {
        self.jobs = jobs.into();
        self
    }

    /// A switch that ends the work from another thread.
    pub fn stop(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// What counts the plaintext bytes that were opened.
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// For tests that take every way of working, however short their data.
    #[doc(hidden)]
    pub fn tuning_for_tests(mut self, tuning: Tuning) -> Self {
        self.tuning = tuning;
        self
    }

    /// Reads the header and the first chunk and tries the secret on it, before anything comes out.
    ///
    /// # Errors
    /// [`Error::Authentication`] for a wrong secret, [`Error::UnknownFormat`] and the errors of
    /// the formats' structure, [`Error::Strict`], [`Error::Read`].
    pub fn start<R: Read + Send>(self, input: R) -> Result<Opening<R>, Error> {
        let mut input = Lookahead::new(input);
        let unlocked = self.unlock(&mut input);
        // An input that was woken by the switch fails in its own words.
        if self.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        let (format, header, unlocked) = unlocked?;
        if let Some(len) = self.expected_len(&*header) {
            self.meter.expect(len);
        }
        Ok(Opening {
            input,
            format: format.name(),
            offset: self.body_offset(&*header),
            header,
            unlocked,
            limits: self.limits,
            jobs: self.jobs,
            stop: self.stop,
            meter: self.meter,
            tuning: self.tuning,
        })
    }

    /// Opens all of `input` to `output`, and flushes it.
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`Opening::run`].
    pub fn run(self, input: impl Read + Send, output: impl Write) -> Result<Opened, Error> {
        self.start(input)?.run(output)
    }

    /// Authenticates all of `input` and writes nothing.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn check(self, input: impl Read + Send) -> Result<Checked, Error> {
        let opening = self.start(input)?;
        let checked = Checked {
            reading: opening.reading().to_owned(),
            warnings: opening.warnings().to_vec(),
        };
        opening.run(std::io::sink())?;
        Ok(checked)
    }

    /// Finds out the format of `input`, of which nothing is taken: by its magic number, or else by
    /// what the secret opens.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], the errors of a header that cannot be decoded, [`Error::Read`].
    pub fn detect<R: Read>(&self, input: &mut Lookahead<R>) -> Result<&'a dyn Format, Error> {
        if self.detached.is_some() || self.format.is_some() {
            return Ok(self.header(input)?.0);
        }
        match self.header(input) {
            Err(Error::UnknownFormat(_)) => Ok(self.by_secret(input)?.0),
            header => Ok(header?.0),
        }
    }

    fn header<R: Read>(
        &self,
        input: &mut Lookahead<R>,
    ) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
        match self.detached {
            Some(head) => detect::read_header_among(self.formats, self.format, head),
            None => detect::peek_header(self.formats, self.format, input),
        }
    }

    /// Where no magic number tells, the secret does.
    fn by_secret<R: Read>(&self, input: &mut Lookahead<R>) -> Result<detect::Found<'a>, Error> {
        detect::by_secret(self.formats, self.secret, input, &self.limits)
    }

    fn unlock<R: Read>(&self, input: &mut Lookahead<R>) -> Result<detect::Found<'a>, Error> {
        let found = match self.header(input) {
            Ok((format, header)) => {
                let unlocked = self.try_secret(&*header, input)?;
                (format, header, unlocked)
            }
            Err(Error::UnknownFormat(_)) if self.format.is_none() && self.detached.is_none() => {
                self.by_secret(input)?
            }
            Err(error) => return Err(error),
        };
        if self.strict
            && let Some(warning) = found.2.warnings.first()
        {
            return Err(Error::Strict(warning.clone()));
        }
        input.skip(self.body_offset(&*found.1) as usize);
        Ok(found)
    }

    fn try_secret<R: Read>(
        &self,
        header: &dyn Header,
        input: &mut Lookahead<R>,
    ) -> Result<Unlocked, Error> {
        let offset = self.body_offset(header);
        let first = if header.tries_first_frame() {
            let frames = header.frames(&self.limits);
            first_frame(input, offset as usize, frames, offset, &self.limits)?
        } else {
            None
        };
        header
            .unlock(self.secret, first)
            .map_err(|error| match error {
                // Formats do not know that the header may be kept apart.
                Error::Authentication { chunk: 0, .. } => {
                    Error::Authentication { chunk: 0, offset }
                }
                error => error,
            })
    }

    /// How long the plaintext should be: what the header declares, or else what the input has room
    /// for in chunks of the usual length. Not authenticated.
    fn expected_len(&self, header: &dyn Header) -> Option<u64> {
        if let Some(declared) = header.describe().declared_size {
            return Some(declared);
        }
        let frames = header.frames(&self.limits);
        let body = self.limits.body?.checked_sub(self.body_offset(header))?;
        let chunks = body.div_ceil(frames.largest().max(1));
        let outer = body.checked_sub(chunks.checked_mul(frames.overhead() as u64)?)?;
        header.plaintext_len(outer).ok()
    }

    /// Where the first frame starts in the input.
    fn body_offset(&self, header: &dyn Header) -> u64 {
        if self.detached.is_some() {
            0
        } else {
            header.size() as u64
        }
    }
}

/// Ready to open one stream whose secret was found to be right.
pub struct Opening<R> {
    input: Lookahead<R>,
    format: &'static str,
    header: Box<dyn Header>,
    offset: u64,
    unlocked: format::Unlocked,
    limits: Limits,
    jobs: Option<NonZeroUsize>,
    stop: Stop,
    meter: Meter,
    tuning: Tuning,
}

impl<R: Read + Send> Opening<R> {
    /// The name of the file's format.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// Which reading of the format authenticated the first chunk, for people.
    pub fn reading(&self) -> &str {
        &self.unlocked.reading
    }

    /// What the file does not protect, a line each.
    pub fn warnings(&self) -> &[String] {
        &self.unlocked.warnings
    }

    /// Opens all of the input to `output`, and flushes it.
    ///
    /// # Errors
    /// The first in the order of the data: [`Error::Authentication`] when a chunk was tampered
    /// with, [`Error::Truncated`] and [`Error::Malformed`]; [`Error::Read`], [`Error::Write`],
    /// [`Error::Stopped`]. What was written until then is the good beginning of the plaintext.
    ///
    /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) is an error as any other: an input or output
    /// that does not block waits for itself.
    pub fn run(self, mut output: impl Write) -> Result<Opened, Error> {
        self.opened(|input, sealed, _, run| {
            let totals = pipeline::open(input, &mut output, sealed, run)?;
            output.flush().map_err(Error::Write)?;
            Ok(totals)
        })
    }

    /// As [`run`](Self::run), from file to file; faster where there is much to open, for parts of
    /// the file are then read and written in any order. `input` is what the work was
    /// [started](Open::start) with, at the position that it had then.
    ///
    /// At an error the output ends behind the good beginning of the plaintext; it should have nothing
    /// behind its position before.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_at(
        self,
        input: At<'_, impl ReadAt>,
        output: At<'_, impl WriteAt>,
    ) -> Result<Opened, Error> {
        let input = At {
            file: input.file as &dyn ReadAt,
            position: input.position + self.offset,
        };
        let At { file, position } = output;
        let output = At {
            file: file as &dyn WriteAt,
            position,
        };
        self.opened(|_, sealed, again, run| pipeline::open_at(input, output, sealed, again, run))
    }

    fn opened(
        mut self,
        open: impl FnOnce(
            &mut Lookahead<R>,
            pipeline::Sealed<'_>,
            &dyn Fn() -> Box<dyn Frames>,
            &Run<'_>,
        ) -> Result<Totals, Error>,
    ) -> Result<Opened, Error> {
        let frames = || self.header.frames(&self.limits);
        let totals = open(
            &mut self.input,
            pipeline::Sealed {
                frames: frames(),
                offset: self.offset,
                codec: &*self.unlocked.codec,
                layers: self.unlocked.layers,
                limits: self.limits,
            },
            &frames,
            &Run {
                jobs: self.jobs,
                memory: self.limits.memory,
                stop: &self.stop,
                meter: &self.meter,
                tuning: self.tuning,
            },
        )?;
        Ok(Opened {
            chunks: totals.chunks,
            plaintext_len: totals.plaintext,
        })
    }
}
