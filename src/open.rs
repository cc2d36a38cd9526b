//! Opening a sealed stream.

use crate::format::{self, Format, Frames, HEAD_MAX, Header, Limits};
use crate::lookahead::Lookahead;
use crate::pipeline::{self, Meter, Run, Stop, Walker};
use crate::seal::all_cores;
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
    format: Option<&'a dyn Format>,
    detached: Option<&'a [u8]>,
    strict: bool,
    limits: Limits,
    jobs: NonZeroUsize,
    stop: Stop,
    meter: Meter,
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
            format: None,
            detached: None,
            strict: false,
            limits: Limits::default(),
            jobs: all_cores(),
            stop: Stop::new(),
            meter: Meter::unwatched(),
        }
    }

    /// The format to read; `None` finds it out.
    pub fn format(mut self, format: Option<&'a dyn Format>) -> Self {
        self.format = format;
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
    pub fn jobs(mut self, jobs: NonZeroUsize) -> Self {
        self.jobs = jobs;
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
        Ok(Opening {
            input,
            format: format.name(),
            frames: header.frames(&self.limits),
            offset: self.body_offset(&*header),
            unlocked,
            jobs: self.jobs,
            stop: self.stop,
            meter: self.meter,
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

    fn unlock<R: Read>(&self, input: &mut Lookahead<R>) -> Result<Unlocking<'a>, Error> {
        let (format, header) = match self.detached {
            Some(head) => format::read_header(self.format, head)?,
            None => peek_header(self.format, input)?,
        };
        let offset = self.body_offset(&*header);
        input.skip(offset as usize);
        let first = if header.tries_first_frame() {
            first_frame(input, header.frames(&self.limits), offset)?
        } else {
            None
        };
        let unlocked = header.unlock(self.secret, first)?;
        if self.strict
            && let Some(warning) = unlocked.warnings.first()
        {
            return Err(Error::Strict(warning.clone()));
        }
        Ok((format, header, unlocked))
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

/// Reads no more of the input than its header needs: what follows may come much later.
pub(crate) fn peek_header<'a, R: Read>(
    format: Option<&'a dyn Format>,
    input: &mut Lookahead<R>,
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    loop {
        let head = input.ahead();
        let missing = HEAD_MAX.saturating_sub(head.len());
        let header = format::read_header(format, head);
        match header {
            Err(Error::Truncated { .. }) if missing > 0 => {
                if !input.more(missing).map_err(Error::Read)? {
                    return header;
                }
            }
            header => return header,
        }
    }
}

type Unlocking<'a> = (&'a dyn Format, Box<dyn Header>, format::Unlocked);

/// Looks at the whole first frame, where there is one.
pub(crate) fn first_frame<R: Read>(
    input: &mut Lookahead<R>,
    frames: Box<dyn Frames>,
    offset: u64,
) -> Result<Option<&[u8]>, Error> {
    let mut walker = Walker::new(frames, offset);
    let lead = input.peek(walker.frames.lead()).map_err(Error::Read)?;
    let Some(len) = walker.next(lead)? else {
        return Ok(None);
    };
    let frame = input.peek(len).map_err(Error::Read)?;
    if frame.len() < len {
        walker.cut_short(frame.len())?;
    }
    Ok(Some(frame))
}

/// Ready to open one stream whose secret was found to be right.
pub struct Opening<R> {
    input: Lookahead<R>,
    format: &'static str,
    frames: Box<dyn Frames>,
    offset: u64,
    unlocked: format::Unlocked,
    jobs: NonZeroUsize,
    stop: Stop,
    meter: Meter,
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
    pub fn run(mut self, mut output: impl Write) -> Result<Opened, Error> {
        let totals = pipeline::open(
            &mut self.input,
            &mut output,
            self.frames,
            &*self.unlocked.codec,
            self.offset,
            &Run {
                jobs: self.jobs,
                stop: &self.stop,
                meter: &self.meter,
            },
        )?;
        output.flush().map_err(Error::Write)?;
        Ok(Opened {
            chunks: totals.chunks,
            plaintext_len: totals.written,
        })
    }
}
