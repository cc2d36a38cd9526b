//! Changing which secrets open a file, without touching its data.

use crate::Error;
use crate::armor::ArmorWriter;
use crate::format::{Change, FORMATS, KeyPolicy, Limits, RekeyRequest, Rekeyed};
use crate::identify::{Identified, Search, identify};
use crate::identity::{Identity, try_each};
use crate::kdf::Kdf;
use crate::peek::PeekReader;
use crate::pipeline::RunOptions;
use crate::try_alloc::zeros;
use std::io::{Read, Write};

/// Changes who can open a sealed file, by its key slots or stanzas: only its header changes.
///
/// ```
/// use fetool::format::{Change, Rekeyed, Which};
/// use fetool::format::age::{Age, AgeIdentity, X25519Identity};
/// use fetool::{Identity, Open, PeekReader, Recipient, Rekey, RunOptions, Seal, copy_behind, random};
///
/// let [mine, yours] = [(); 2].map(|()| X25519Identity::generate(&random).map(AgeIdentity::X25519));
/// let (mine, yours) = (mine?, yours?);
/// let mut sealed = Vec::new();
/// Seal::new(Recipient::wrapping(&mine.recipient())).format(&Age).run(&[1; 1000][..], &mut sealed)?;
///
/// let your_recipient = yours.recipient();
/// let rekey = Rekey::new(Identity::unwrapping(&mine), Change::Add(vec![Recipient::wrapping(&your_recipient)]));
/// let mut rekeyed = Vec::new();
/// let done: Rekeyed = rekey.run(&sealed[..], &mut rekeyed)?;
/// Open::new(Identity::unwrapping(&yours)).run(&rekeyed[..], std::io::sink())?;
///
/// let drop_yours = Change::Remove(Which::OpenedBy(vec![Identity::unwrapping(&yours)]));
/// let done_again = Rekey::new(Identity::unwrapping(&mine), drop_yours).header(&rekeyed[..])?;
/// assert_eq!((done.slots, done_again.slots), (2, 1));
///
/// // The same in two steps, for whoever writes the header to a place of its own.
/// let mut chunks = PeekReader::new(&sealed[done.old_len..]);
/// let mut again = Vec::new();
/// copy_behind(&done.header, &mut chunks, &mut again, &RunOptions::new())?;
/// assert_eq!(again, rekeyed);
/// # Ok::<(), fetool::Error>(())
/// ```
pub struct Rekey<'a> {
    identities: Vec<Identity<'a>>,
    change: Change<'a>,
    kdf: Option<Kdf>,
    work_factor: Option<u8>,
    max_work_factor: Option<u8>,
    options: RunOptions,
    legacy_slots: bool,
    random: &'a (dyn Fn(&mut [u8]) -> Result<(), Error> + Sync),
}

/// Copies data in pieces of this size.
const PIECE: usize = 1 << 20;

/// How many bytes `copy` may move before the token is checked again.
const COPIED_AT_ONCE: usize = 64 << 20;

impl<'a> Rekey<'a> {
    /// Creates a change of the secrets of a file that `old` opens.
    pub fn new(old: impl Into<Identity<'a>>, change: Change<'a>) -> Self {
        Self {
            identities: vec![old.into()],
            change,
            kdf: None,
            work_factor: None,
            max_work_factor: None,
            options: RunOptions::new(),
            legacy_slots: false,
            random: &crate::secret::random,
        }
    }

    /// Sets the options of the work: the memory for the first chunk, the token that cancels copying, and the meter that
    /// counts the bytes copied behind the header.
    pub fn run_options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Makes new keys cheap to derive, for tests. With anything but fresh random numbers, nonces repeat.
    #[cfg(feature = "test-hooks")]
    #[doc(hidden)]
    pub fn fixed_random_for_tests(
        mut self,
        random: &'a (dyn Fn(&mut [u8]) -> Result<(), Error> + Sync),
    ) -> Self {
        self.random = random;
        self
    }

    /// Adds an identity, which is tried if those before it do not open the file.
    pub fn add_identity(mut self, identity: impl Into<Identity<'a>>) -> Self {
        self.identities.push(identity.into());
        self
    }

    /// Sets the key derivation of a new secret [default: the format's own].
    pub fn kdf(mut self, kdf: Option<Kdf>) -> Self {
        self.kdf = kdf;
        self
    }

    /// Sets scrypt's work factor for a new passphrase, for formats that derive keys with it.
    pub fn work_factor(mut self, factor: Option<u8>) -> Self {
        self.work_factor = factor;
        self
    }

    /// Sets the maximum work factor of the file, like [`Open::max_work_factor`](crate::Open::max_work_factor).
    pub fn max_work_factor(mut self, max: Option<u8>) -> Self {
        self.max_work_factor = max;
        self
    }

    /// Accepts key slots that may be forged ([`Error::LegacySlot`]) for the old secret.
    pub fn legacy_slots(mut self, take: bool) -> Self {
        self.legacy_slots = take;
        self
    }

    /// Returns the new header for the file `input`. The first chunk, if there is one, is authenticated with the key
    /// that the old secret unwraps before anything is changed.
    ///
    /// # Errors
    /// [`Error::NoMasterKey`] if the format has none, [`Error::Authentication`] if the old secret opens nothing,
    /// [`Error::Usage`] if there is no free slot or no slot would be left; the errors of a header that cannot be
    /// decoded.
    pub fn header(&self, input: impl Read) -> Result<Rekeyed, Error> {
        self.look(&mut PeekReader::new(input)).map_err(Error::root)
    }

    /// Copies `input` to `output` with a new header.
    ///
    /// # Errors
    /// Those of [`header`](Self::header), before anything is written; [`Error::Read`] and
    /// [`Error::Write`].
    pub fn run(&self, input: impl Read, output: impl Write) -> Result<Rekeyed, Error> {
        self.run_ahead(&mut PeekReader::new(input), output)
    }

    /// Copies like [`run`](Self::run). After an error of [`header`](Self::header), `input` is unconsumed, to try
    /// another secret.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_ahead(
        &self,
        input: &mut PeekReader<impl Read>,
        output: impl Write,
    ) -> Result<Rekeyed, Error> {
        self.run_copying(input, output, |_, _, _| None)
    }

    /// Copies like [`run_ahead`](Self::run_ahead), with a faster way to copy data. `copy` moves at most this many bytes
    /// from the input's position to the output's, and returns their number. `None` means that it moved nothing; then
    /// the data is read and written, which also finds the end and every error.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_copying<R: Read, W: Write>(
        &self,
        input: &mut PeekReader<R>,
        mut output: W,
        copy: impl Fn(&mut R, &mut W, usize) -> Option<usize>,
    ) -> Result<Rekeyed, Error> {
        let rekeyed = self.look(input)?;
        input.consume(rekeyed.old_len);
        if input.is_armored() {
            let mut output = ArmorWriter::new(output);
            self.copy(&rekeyed, input, &mut output, |_, _, _| None)?;
            output.finish()?;
        } else {
            self.copy(&rekeyed, input, &mut output, copy)?;
        }
        Ok(rekeyed)
    }

    /// Writes the new header and what is behind the old one.
    fn copy<R: Read, W: Write>(
        &self,
        rekeyed: &Rekeyed,
        input: &mut PeekReader<R>,
        output: &mut W,
        copy: impl Fn(&mut R, &mut W, usize) -> Option<usize>,
    ) -> Result<(), Error> {
        output.write_all(&rekeyed.header).map_err(Error::Write)?;
        let mut piece = zeros(PIECE)?;
        loop {
            if self.options.stop.is_stopped() {
                return Err(Error::Stopped);
            }
            let direct = input.direct();
            if let Some(copied) = direct.and_then(|input| copy(input, output, COPIED_AT_ONCE)) {
                self.options.meter.add(copied as u64);
                continue;
            }
            match input.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => {
                    output.write_all(&piece[..read]).map_err(Error::Write)?;
                    self.options.meter.add(read as u64);
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::Read(e).root()),
            }
        }
        output.flush().map_err(Error::Write)
    }

    fn limits(&self) -> Limits {
        Limits {
            memory: self.options.memory,
            input_len: None,
        }
    }

    /// Creates the new header.
    fn look<R: Read>(&self, input: &mut PeekReader<R>) -> Result<Rekeyed, Error> {
        let policy = KeyPolicy {
            legacy_slots: self.legacy_slots,
            memory: self.options.memory,
            max_work_factor: self
                .max_work_factor
                .unwrap_or(KeyPolicy::default().max_work_factor),
        };
        let search = Search {
            formats: FORMATS,
            format: None,
            detached: None,
            limits: self.limits(),
        };
        let mut file = match identify(search, input)? {
            Identified::Sure(file) => file,
            // Such files cannot be changed, but the error depends on the format.
            possible => possible.unlock(&self.identities, policy, input)?.0,
        };
        file.header.set_policy(policy);
        let header = &file.header;
        // A detached header has nothing behind it.
        let size = header.size();
        let bare = input.peek(size + 1).map_err(Error::Read)?.len() <= size;
        let first = if header.tries_first_frame() && !bare {
            file.first_frame(input)?
        } else {
            None
        };
        try_each(&self.identities, |old| {
            let request = RekeyRequest {
                old,
                all: &self.identities,
                change: &self.change,
                kdf: self.kdf,
                work_factor: self.work_factor,
                random: self.random,
            };
            header.rekey(request, first)
        })
    }
}

/// Writes `header` and what `input` still has: its chunks, if the header was consumed. The output is armored if the
/// input is.
///
/// # Errors
/// [`Error::Read`], [`Error::Write`] and [`Error::Stopped`].
pub fn copy_behind(
    header: &[u8],
    input: &mut PeekReader<impl Read>,
    mut output: impl Write,
    options: &RunOptions,
) -> Result<(), Error> {
    if input.is_armored() {
        let mut output = ArmorWriter::new(output);
        copy(header, input, &mut output, options)?;
        output.finish()?;
        return Ok(());
    }
    copy(header, input, &mut output, options)
}

fn copy(
    header: &[u8],
    input: &mut PeekReader<impl Read>,
    output: &mut impl Write,
    options: &RunOptions,
) -> Result<(), Error> {
    output.write_all(header).map_err(Error::Write)?;
    let mut piece = zeros(PIECE)?;
    loop {
        if options.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                output.write_all(&piece[..read]).map_err(Error::Write)?;
                options.meter.add(read as u64);
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::Read(e).root()),
        }
    }
    output.flush().map_err(Error::Write)
}
