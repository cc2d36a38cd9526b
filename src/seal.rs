//! Sealing a stream.

use crate::aead::Algorithm;
use crate::armor::ArmorWriter;
use crate::format::age::armor::armored_len;
use crate::format::{self, Format, Layout, SealRequest};
use crate::kdf::Kdf;
#[cfg(feature = "test-hooks")]
use crate::pipeline::Tuning;
use crate::pipeline::{self, CancelToken, Meter, Run, RunOptions, SealJob, Totals};
use crate::positioned::{Positioned, ReadAt, WriteAt};
use crate::{Error, FileKey, Hint, Recipient};
use std::io::{Read, Write};
use std::num::NonZeroUsize;

/// Seals a stream: plaintext in, a sealed file out.
///
/// ```
/// use fetool::{Open, Seal, Sealed, Secret};
///
/// let key = Secret::key([7; 32]);
/// let mut sealed = Vec::new();
/// let Sealed { sealed_len, .. } = Seal::new(&key).run(&b"for my eyes only"[..], &mut sealed)?;
/// assert_eq!(sealed_len, sealed.len() as u64);
///
/// let mut opened = Vec::new();
/// Open::new(&key).run(&sealed[..], &mut opened)?;
/// assert_eq!(opened, b"for my eyes only");
/// # Ok::<(), fetool::Error>(())
/// ```
pub struct Seal<'a> {
    recipients: Vec<Recipient<'a>>,
    format: &'a dyn Format,
    size: Option<u64>,
    chunk_size: Option<u64>,
    algorithm: Option<Algorithm>,
    kdf: Option<Kdf>,
    layers: Option<u8>,
    work_factor: Option<u8>,
    armor: bool,
    options: RunOptions,
    random: &'a (dyn Fn(&mut [u8]) -> Result<(), Error> + Sync),
}

/// The result of sealing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Chunks in the file.
    pub chunks: u64,
    /// Length of the plaintext, in bytes.
    pub plaintext_len: u64,
    /// Length of the sealed file, in bytes.
    pub sealed_len: u64,
}

impl<'a> Seal<'a> {
    /// Creates the default settings: GFE, with 1 MiB chunks, on all cores.
    pub fn new(recipient: impl Into<Recipient<'a>>) -> Self {
        Self {
            recipients: vec![recipient.into()],
            format: &format::gfe::Gfe,
            size: None,
            chunk_size: None,
            algorithm: None,
            kdf: None,
            layers: None,
            work_factor: None,
            armor: false,
            options: RunOptions::new(),
            random: &crate::secret::random,
        }
    }

    /// Sets the format to write.
    pub fn format(mut self, format: &'a dyn Format) -> Self {
        self.format = format;
        self
    }

    /// Sets the plaintext's length in bytes, if known in advance. Some formats then store it, and an input of another
    /// length is an error.
    pub fn size(mut self, size: Option<u64>) -> Self {
        self.size = size;
        self
    }

    /// Sets the plaintext bytes of a chunk [default: the format's own].
    pub fn chunk_size(mut self, bytes: Option<u64>) -> Self {
        self.chunk_size = bytes;
        self
    }

    /// Adds a recipient, for formats with key slots or stanzas.
    pub fn add_recipient(mut self, recipient: impl Into<Recipient<'a>>) -> Self {
        self.recipients.push(recipient.into());
        self
    }

    /// Sets the AEAD [default: the format's own].
    pub fn algorithm(mut self, algorithm: Option<Algorithm>) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the key derivation, for formats that do it themselves [default: their own].
    pub fn kdf(mut self, kdf: Option<Kdf>) -> Self {
        self.kdf = kdf;
        self
    }

    /// Sets the number of layers, for formats with layers [default: their own].
    pub fn layers(mut self, layers: Option<u8>) -> Self {
        self.layers = layers;
        self
    }

    /// Sets scrypt's work factor for a passphrase, for formats that derive keys with it [default: their
    /// own].
    pub fn work_factor(mut self, factor: Option<u8>) -> Self {
        self.work_factor = factor;
        self
    }

    /// Writes text, for formats that have armor.
    pub fn armor(mut self, armor: bool) -> Self {
        self.armor = armor;
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

    /// Forces execution paths, for tests with short data.
    #[cfg(feature = "test-hooks")]
    #[doc(hidden)]
    pub fn tuning_for_tests(mut self, tuning: Tuning) -> Self {
        self.options.tuning = tuning;
        self
    }

    /// Sets the random numbers, for tests that need the same bytes twice. With anything but fresh random numbers,
    /// nonces repeat and the sealed files are not secure.
    #[cfg(feature = "test-hooks")]
    #[doc(hidden)]
    pub fn fixed_random_for_tests(
        mut self,
        random: &'a (dyn Fn(&mut [u8]) -> Result<(), Error> + Sync),
    ) -> Self {
        self.random = random;
        self
    }

    /// Checks the secret and all settings, before anything is read.
    ///
    /// # Errors
    /// [`Error::Secret`] if the secret is not one for this format, and [`Error::Usage`] if the format does not have a
    /// setting.
    pub fn start(self) -> Result<Sealing, Error> {
        if self.armor && !self.format.has_armor() {
            return Err(Error::usage_hint(
                format!("{} has no armor", self.format.title()),
                Hint::Formats(&[("text", "age")]),
            ));
        }
        if self.work_factor.is_some() && !self.format.has_recipients() {
            return Err(Error::usage(format!(
                "{} derives no key with scrypt, so it has no work factor",
                self.format.title()
            )));
        }
        let sealer = self.format.sealer(SealRequest {
            recipients: &self.recipients,
            size: self.size,
            chunk_size: self.chunk_size,
            algorithm: self.algorithm,
            kdf: self.kdf,
            layers: self.layers,
            work_factor: self.work_factor,
            random: self.random,
        })?;
        let frame = sealer.layout.frame() as u64;
        if frame > self.options.memory {
            return Err(Error::usage_hint(
                format!(
                    "chunks of {} bytes need more than the {} bytes of memory allowed",
                    sealer.layout.chunk, self.options.memory
                ),
                Hint::SmallerChunks,
            ));
        }
        Ok(Sealing {
            sealer,
            armor: self.armor,
            size: self.size,
            options: self.options,
        })
    }

    /// Seals all of `input` to `output`, and flushes it.
    ///
    /// # Errors
    /// Those of [`start`](Self::start) and of [`Sealing::run`].
    pub fn run(self, input: impl Read + Send, output: impl Write) -> Result<Sealed, Error> {
        self.start()?.run(input, output)
    }
}

/// Computes the lengths of sealed files from those of their plaintexts.
#[derive(Clone, Debug)]
pub struct SealedLen {
    header: u64,
    layout: Layout,
    /// The header length and the layout of each layer, from the inside out.
    layers: Vec<(u64, Layout)>,
    armor: bool,
}

impl SealedLen {
    /// Returns the length of a sealed file with this many bytes of plaintext, or `None` if it exceeds `u64`. The length
    /// can depend on whether the size is known, and whether the plaintext is empty: it holds for files that are started
    /// in the same way.
    pub fn of(&self, plaintext: u64) -> Option<u64> {
        let inside = self.layout.sealed_len(plaintext);
        let stream = self.layers.iter().fold(inside, |stream, (head, layout)| {
            layout.sealed_len(stream.saturating_add(*head))
        });
        let len = stream.checked_add(self.header)?;
        match self.armor {
            true => armored_len(len),
            false => Some(len),
        }
    }
}

/// Ready to seal one stream.
///
/// ```no_run
/// use fetool::{Positioned, Seal, SealedLen, Sealing, Secret};
/// use std::fs::File;
///
/// let (key, disk) = (Secret::key([7; 32]), File::open("disk.img")?);
/// let size = disk.metadata()?.len();
/// let sealing: Sealing = Seal::new(&key).size(Some(size)).start()?;
/// let len: SealedLen = sealing.sealed_len();
/// println!("{:?} bytes will be written", len.of(size));
///
/// let sealed = File::create_new("disk.img.gfe")?;
/// sealing.run_at(Positioned { file: &disk, position: 0 }, Positioned { file: &sealed, position: 0 })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Sealing {
    sealer: format::Sealer,
    armor: bool,
    size: Option<u64>,
    options: RunOptions,
}

impl Sealing {
    /// Returns how the plaintext is divided into chunks.
    pub fn layout(&self) -> Layout {
        self.sealer.layout
    }

    /// Returns the header's bytes, for a detached header.
    pub fn header(&self) -> &[u8] {
        &self.sealer.header
    }

    /// Returns the lengths of files that are sealed like this one.
    pub fn sealed_len(&self) -> SealedLen {
        let layers = self.sealer.layers.iter();
        SealedLen {
            header: self.sealer.header.len() as u64,
            layout: self.sealer.layout,
            layers: layers
                .map(|layer| (layer.head.len() as u64, layer.layout))
                .collect(),
            armor: self.armor,
        }
    }

    /// Returns the key of the file, for formats that wrap one for recipients. It opens the file, so that it can be
    /// verified without an identity.
    pub fn file_key(&self) -> Option<&FileKey> {
        self.sealer.file_key.as_ref()
    }

    /// Seals all of `input` to `output`, and flushes it.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::Write`]; [`Error::InputLength`] if the input does not have the announced size;
    /// [`Error::Stopped`]. The output is then not a whole file.
    ///
    /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) is an error like any other: a non-blocking input or output must
    /// do its own waiting.
    pub fn run(self, mut input: impl Read + Send, mut output: impl Write) -> Result<Sealed, Error> {
        match self.armor {
            true => self.armored(output, |text, job, run| {
                pipeline::seal_armored(&mut input, text, job, run)
            }),
            false => self.behind_header(&mut output, |output, job, run| {
                in_order(&mut input, output, job, run)
            }),
        }
    }

    /// Seals from file to file, like [`run`](Self::run). It is faster for large files of known [size](Seal::size),
    /// whose parts are read and written in any order.
    ///
    /// After an error, the output ends behind what was sealed before it, as with `run`. It should have nothing behind
    /// its position before.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_at(
        self,
        input: Positioned<'_, impl ReadAt>,
        output: Positioned<'_, impl WriteAt>,
    ) -> Result<Sealed, Error> {
        let Positioned { file, position } = input;
        let input = Positioned {
            file: file as &dyn ReadAt,
            position,
        };
        let Positioned { file, position } = output;
        let mut output = Positioned {
            file: file as &dyn WriteAt,
            position,
        };
        match self.armor {
            true => self.armored(output, |text, job, run| {
                pipeline::seal_armored_at(input, text, job, run)
            }),
            false => self.behind_header(&mut output, |output, job, run| {
                pipeline::seal_at(input, *output, job, run)
            }),
        }
    }

    pub(crate) fn stop(&self) -> CancelToken {
        self.options.stop.clone()
    }

    /// Seals all of `input` to `output` without the header, which the caller stores ([`header`](Self::header)).
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_detached(
        self,
        mut input: impl Read + Send,
        mut output: impl Write,
    ) -> Result<Sealed, Error> {
        self.payload(0, |job, run| in_order(&mut input, &mut output, job, run))
    }

    /// Writes header and payload as text.
    fn armored<W: Write>(
        self,
        output: W,
        seal: impl FnOnce(&mut ArmorWriter<W>, SealJob<'_>, &Run<'_>) -> Result<Totals, Error>,
    ) -> Result<Sealed, Error> {
        let mut text = ArmorWriter::new(output);
        let sealed = self.behind_header(&mut text, seal)?;
        let sealed_len = text.finish()?;
        Ok(Sealed {
            sealed_len,
            ..sealed
        })
    }

    /// Writes the header, and the payload behind it.
    fn behind_header<W: Write>(
        self,
        output: &mut W,
        seal: impl FnOnce(&mut W, SealJob<'_>, &Run<'_>) -> Result<Totals, Error>,
    ) -> Result<Sealed, Error> {
        output.write_all(self.header()).map_err(Error::Write)?;
        let offset = self.header().len() as u64;
        self.payload(offset, |job, run| seal(output, job, run))
    }

    /// Passes the payload through the pipeline. Its first frame is at `offset`.
    fn payload(
        self,
        offset: u64,
        seal: impl FnOnce(SealJob<'_>, &Run<'_>) -> Result<Totals, Error>,
    ) -> Result<Sealed, Error> {
        let job = SealJob {
            layout: self.sealer.layout,
            codec: &*self.sealer.codec,
            layers: self.sealer.layers,
            offset,
            done: 0,
            expected: self.size,
        };
        let totals = seal(job, &self.options.run())?;
        Ok(Sealed {
            chunks: totals.chunks,
            plaintext_len: totals.plaintext,
            sealed_len: offset + totals.written,
        })
    }
}

fn in_order(
    input: &mut (dyn Read + Send),
    output: &mut dyn Write,
    job: SealJob<'_>,
    run: &Run<'_>,
) -> Result<Totals, Error> {
    let totals = pipeline::seal(input, output, job, run)?;
    output.flush().map_err(Error::Write)?;
    Ok(totals)
}
