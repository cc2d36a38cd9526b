//! Opening a sealed stream.

use crate::Error;
use crate::armor::UnarmorAt;
use crate::format::{FORMATS, Format, Header, KeyPolicy, Limits, NOTHING, Payload, Proof};
use crate::identify::{Found, Identified, Search, identify};
use crate::identity::Identity;
use crate::peek::PeekReader;
#[cfg(feature = "test-hooks")]
use crate::pipeline::Tuning;
use crate::pipeline::{self, CancelToken, Meter, OpenJob, Run, RunOptions, Totals};
use crate::positioned::{Positioned, ReadAt, WriteAt};
use std::io::{Read, Write};
use std::num::NonZeroUsize;

/// Opens a sealed stream: a sealed file in, plaintext out.
///
/// Every byte of the output is authenticated. An error in the middle of a file comes after the good chunks before it
/// were written. If the output must be whole, write to a temporary file.
///
/// ```
/// use fetool::{Checked, Error, Open, Opened, Opening, Seal, Secret, status};
///
/// let key = Secret::key([7; 32]);
/// let mut sealed = Vec::new();
/// Seal::new(&key).run(&b"for my eyes only"[..], &mut sealed)?;
///
/// let Checked { warnings, .. } = Open::new(&key).check(&sealed[..])?;
/// assert!(warnings.is_empty());
///
/// // The secret is tried before there is an output.
/// let opening: Opening<_> = Open::new(&key).start(&sealed[..])?;
/// let mut opened = Vec::new();
/// let Opened { plaintext_len, .. } = opening.run(&mut opened)?;
/// assert_eq!((plaintext_len, opened.as_slice()), (16, b"for my eyes only".as_slice()));
///
/// let error = Open::new(&Secret::key([8; 32])).start(&sealed[..]).err();
/// assert_eq!(error.map(|error| error.status()), Some(status::KEY));
/// # Ok::<(), Error>(())
/// ```
pub struct Open<'a> {
    pub(crate) identities: Vec<Identity<'a>>,
    pub(crate) formats: &'a [&'a dyn Format],
    pub(crate) format: Option<&'a dyn Format>,
    pub(crate) detached: Option<&'a [u8]>,
    pub(crate) strict: bool,
    legacy_slots: bool,
    max_work_factor: Option<u8>,
    authenticated: bool,
    pub(crate) input_len: Option<u64>,
    pub(crate) options: RunOptions,
}

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

impl<'a> Open<'a> {
    /// Creates the default settings: detects the format, accepts weak files with a warning, and uses all cores.
    pub fn new(identity: impl Into<Identity<'a>>) -> Self {
        Self {
            identities: vec![identity.into()],
            formats: FORMATS,
            format: None,
            detached: None,
            strict: false,
            legacy_slots: false,
            max_work_factor: None,
            authenticated: false,
            input_len: None,
            options: RunOptions::new(),
        }
    }

    /// Adds an identity, which is tried if those before it do not open the file.
    pub fn add_identity(mut self, identity: impl Into<Identity<'a>>) -> Self {
        self.identities.push(identity.into());
        self
    }

    /// Sets the format to read; `None` detects it.
    pub fn format(mut self, format: Option<&'a dyn Format>) -> Self {
        self.format = format;
        self
    }

    /// Sets the formats to detect [default: all of [`FORMATS`]].
    pub fn among(mut self, formats: &'a [&'a dyn Format]) -> Self {
        self.formats = formats;
        self
    }

    /// Sets a detached header. The input starts with the first chunk, or with a hole
    /// ([`Header::leaves_hole`]).
    pub fn detached_header(mut self, header: Option<&'a [u8]>) -> Self {
        self.detached = header;
        self
    }

    /// Refuses files that would be accepted with a warning ([`Opening::warnings`]).
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Accepts Dexios key slots that may be forged ([`Error::LegacySlot`]), with a warning.
    pub fn legacy_slots(mut self, take: bool) -> Self {
        self.legacy_slots = take;
        self
    }

    /// Sets the maximum work factor for a file with a passphrase; `None` for 22, like age. A work factor takes 2^factor
    /// KiB of memory, which [`memory`](Self::memory) limits as well.
    pub fn max_work_factor(mut self, max: Option<u8>) -> Self {
        self.max_work_factor = max;
        self
    }

    pub(crate) fn policy(&self) -> KeyPolicy {
        let default = KeyPolicy::default();
        KeyPolicy {
            legacy_slots: self.legacy_slots,
            max_work_factor: self.max_work_factor.unwrap_or(default.max_work_factor),
            memory: self.options.memory,
        }
    }

    /// Refuses a file in which nothing is authenticated, because it holds no chunk.
    pub fn authenticated(mut self, authenticated: bool) -> Self {
        self.authenticated = authenticated;
        self
    }

    /// Sets all options of the work at once.
    pub fn run_options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets how many bytes of memory chunks may take ([`RunOptions::memory`]).
    pub fn memory(mut self, bytes: u64) -> Self {
        self.options.memory = bytes;
        self
    }

    /// Sets the number of worker threads ([`RunOptions::jobs`]).
    pub fn jobs(mut self, jobs: impl Into<Option<NonZeroUsize>>) -> Self {
        self.options.jobs = jobs.into();
        self
    }

    /// Sets the token that cancels the work from another thread ([`RunOptions::stop`]).
    pub fn stop(mut self, stop: &CancelToken) -> Self {
        self.options.stop = stop.clone();
        self
    }

    /// Sets the meter that counts the plaintext bytes ([`RunOptions::meter`]).
    pub fn meter(mut self, meter: Meter) -> Self {
        self.options.meter = meter;
        self
    }

    /// Sets the length of the input in bytes, if known before reading. It may include the header.
    pub fn input_len(mut self, len: Option<u64>) -> Self {
        self.input_len = len;
        self
    }

    /// Sets [`memory`](Self::memory) and [`input_len`](Self::input_len) together.
    pub fn limits(self, limits: Limits) -> Self {
        self.memory(limits.memory).input_len(limits.input_len)
    }

    /// Forces execution paths, for tests with short data.
    #[cfg(feature = "test-hooks")]
    #[doc(hidden)]
    pub fn tuning_for_tests(mut self, tuning: Tuning) -> Self {
        self.options.tuning = tuning;
        self
    }

    /// Reads the header and the first chunk, and tries the secret on it, before there is any output.
    ///
    /// # Errors
    /// [`Error::Authentication`] for a wrong secret, [`Error::UnknownFormat`] and the errors of
    /// the formats' structure, [`Error::Strict`], [`Error::Read`].
    pub fn start<R: Read + Send>(self, input: R) -> Result<Opening<R>, Error> {
        let started = self.start_ahead(PeekReader::new(input));
        started.map_err(|(error, _)| error)
    }

    /// Starts like [`start`](Self::start), but an error returns the input unconsumed, to try another secret.
    ///
    /// # Errors
    /// Those of [`start`](Self::start).
    pub fn start_ahead<R: Read + Send>(
        self,
        mut input: PeekReader<R>,
    ) -> Result<Opening<R>, (Error, PeekReader<R>)> {
        let file = match self.unlock(&mut input) {
            Ok(file) => file,
            Err(error) => return Err((error, input)),
        };
        if let Some(len) = file.expected_len() {
            self.options.meter.expect(len);
        }
        Ok(Opening {
            input,
            file,
            options: self.options,
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
    /// Those of [`run`](Self::run), and [`Error::Unauthenticated`] if tags prove nothing.
    pub fn check(self, input: impl Read + Send) -> Result<Checked, Error> {
        self.authenticated(true).start(input)?.check()
    }

    /// Detects the format of `input` without consuming it: by its magic number, or else by trying the secret.
    ///
    /// # Errors
    /// [`Error::UnknownFormat`], the errors of a header that cannot be decoded, [`Error::Read`].
    pub fn detect<R: Read>(&self, input: &mut PeekReader<R>) -> Result<&'a dyn Format, Error> {
        match identify(self.search(), input)? {
            Identified::Sure(found) => Ok(found.format),
            possible => {
                let unlocked = possible.unlock(&self.identities, self.policy(), input);
                unlocked.map(|(found, _)| found.format)
            }
        }
    }

    pub(crate) fn search(&self) -> Search<'a> {
        Search {
            formats: self.formats,
            format: self.format,
            detached: self.detached,
            limits: self.file_limits(),
        }
    }

    /// Identifies the file, tries the identities, and checks that the file proves what the caller demands. Then the
    /// input is at the first frame; after an error, nothing of it is consumed.
    pub(crate) fn unlock<R: Read>(&self, input: &mut PeekReader<R>) -> Result<Unlocked, Error> {
        let unlocked = identify(self.search(), input)
            .and_then(|file| file.unlock(&self.identities, self.policy(), input))
            .and_then(|(found, payload)| self.accept(&found, &payload).map(|()| (found, payload)));
        // A cancelled input may report an error of its own.
        if self.options.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        let (found, payload) = unlocked.map_err(Error::root)?;
        input.consume(found.offset as usize);
        Ok(Unlocked {
            format: found.format.name(),
            header: found.header,
            offset: found.offset,
            payload,
            limits: self.file_limits(),
        })
    }

    /// Refuses a file that proves less than the caller demands, and warnings in strict mode.
    fn accept(&self, found: &Found<'_>, payload: &Payload) -> Result<(), Error> {
        self.demand_proof(&payload.proof, found.offset)?;
        match payload.warnings.first() {
            Some(warning) if self.strict => Err(Error::Strict(warning.clone())),
            _ => Ok(()),
        }
    }

    fn demand_proof(&self, proof: &Proof, offset: u64) -> Result<(), Error> {
        let refused = |why: &str| {
            Err(Error::Refused {
                what: format!("additive nonce: {why}, so chunks may be missing at the beginning"),
            })
        };
        match proof {
            Proof::Chunks | Proof::Forgeable(_) => Ok(()),
            Proof::Nothing if self.strict || self.authenticated => {
                Err(Error::Unauthenticated(NOTHING.to_owned()))
            }
            Proof::Nothing => Ok(()),
            Proof::AnyStart => refused("the file's length is not authenticated"),
            Proof::WholeFile { body_len } => match self.input_len {
                None => refused("the length of the input is not known"),
                Some(len) if len != body_len + offset => {
                    refused("the length of the input is not what the header declares")
                }
                Some(_) => Ok(()),
            },
        }
    }

    pub(crate) fn file_limits(&self) -> Limits {
        Limits {
            memory: self.options.memory,
            input_len: self.input_len,
        }
    }
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
    fn expected_len(&self) -> Option<u64> {
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
