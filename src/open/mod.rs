//! Opening a sealed stream.

mod at;
mod opening;
mod range;

pub use at::OpenAt;
pub use opening::{Checked, Opened, Opening};
pub(crate) use opening::{Unlocked, fault};

use crate::Error;
use crate::format::{FORMATS, Format, KeyPolicy, Limits, NOTHING, Payload, Proof};
use crate::identify::{Found, Identified, Search, identify};
use crate::identity::Identity;
use crate::peek::PeekReader;
#[cfg(feature = "test-hooks")]
use crate::pipeline::Tuning;
use crate::pipeline::{CancelToken, Meter, RunOptions};
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
    /// ([`Header::leaves_hole`](crate::format::Header::leaves_hole)).
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
                Some(len) if len.checked_sub(offset) != Some(*body_len) => {
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
