//! What is done to a file, and undone to compare: sealing and opening.

use super::place::{with_suffix, without_suffix};
use crate::cli::seal::{self, builder};
use fetool::format::{Claim, FORMATS, Format, HEAD_MAX, Limits};
use fetool::{At, Error, Inspect, Meter, Open, Secret, Stop};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;

/// How a file becomes another one.
pub enum Way<'a> {
    Seal {
        args: &'a seal::Args,
        secrets: &'a [Secret],
        format: &'static dyn Format,
        /// Seals what is sealed already, too.
        again: bool,
    },
    Open {
        secret: &'a Secret,
        format: Option<&'static dyn Format>,
        formats: &'static [&'static dyn Format],
        strict: bool,
        legacy_slots: bool,
        memory: u64,
    },
}

/// How one file is worked on.
pub struct Run<'a> {
    pub jobs: NonZeroUsize,
    pub stop: &'a Stop,
    pub meter: Meter,
}

/// What was done to a file.
pub struct Done {
    /// Plaintext bytes.
    pub bytes: u64,
    pub warnings: Vec<String>,
}

impl Way<'_> {
    pub fn plan(&self) -> &'static str {
        match self {
            Self::Seal { .. } => "seal",
            Self::Open { .. } => "open",
        }
    }

    pub fn done(&self) -> &'static str {
        match self {
            Self::Seal { .. } => "sealed",
            Self::Open { .. } => "opened",
        }
    }

    /// The name of what a file becomes.
    ///
    /// # Errors
    /// Why the file is passed over; or that it cannot be read.
    pub fn target(&self, name: &OsStr, source: &File) -> io::Result<Result<OsString, String>> {
        let sealed = sealed_as(name, source)?;
        Ok(match self {
            Self::Seal { again: false, .. } if sealed.is_some() => Err("sealed already".to_owned()),
            Self::Seal { format, .. } => Ok(with_suffix(name, format.suffix())),
            Self::Open { format, .. } => {
                let suffix = format.or(sealed).map(Format::suffix);
                suffix
                    .and_then(|suffix| without_suffix(name, suffix))
                    .ok_or_else(|| "not a sealed file with its suffix".to_owned())
            }
        })
    }

    /// Makes the other file.
    pub fn transfer(&self, source: &File, output: &File, run: Run<'_>) -> Result<Done, Error> {
        let len = source.metadata().map_err(Error::Read)?.len();
        match self {
            Self::Seal {
                args,
                secrets,
                format,
                ..
            } => {
                let sealed = builder(args, secrets, *format)
                    .size((len > 0).then_some(len))
                    .jobs(run.jobs)
                    .stop(run.stop)
                    .meter(run.meter)
                    .start()?
                    .run_at(start_of(source), start_of(output))?;
                Ok(Done {
                    bytes: sealed.plaintext_len,
                    warnings: Vec::new(),
                })
            }
            Self::Open { .. } => {
                let opening = self
                    .opener(len)
                    .jobs(run.jobs)
                    .stop(run.stop)
                    .meter(run.meter)
                    .start(start_of(source))?;
                let warnings = opening.warnings().to_vec();
                let opened = opening.run_at(start_of(source), start_of(output))?;
                Ok(Done {
                    bytes: opened.plaintext_len,
                    warnings,
                })
            }
        }
    }

    /// How sealed files are opened: those to open, or those that were sealed.
    fn opener(&self, len: u64) -> Open<'_> {
        let (secret, format, formats, strict, legacy, memory) = match self {
            Self::Seal {
                args,
                secrets,
                format,
                ..
            } => {
                let format: &'static dyn Format = *format;
                (
                    &secrets[0],
                    Some(format),
                    FORMATS,
                    false,
                    false,
                    args.max_memory,
                )
            }
            Self::Open {
                secret,
                format,
                formats,
                strict,
                legacy_slots,
                memory,
            } => (*secret, *format, *formats, *strict, *legacy_slots, *memory),
        };
        Open::new(secret)
            .among(formats)
            .format(format.map(|format| format as &dyn Format))
            .strict(strict)
            .legacy_slots(legacy)
            .limits(Limits {
                memory,
                body: Some(len),
            })
    }

    /// Whether one is what the other was made from, and authentic.
    ///
    /// # Errors
    /// Where the sealed one does not open.
    pub fn are_same(
        &self,
        source: &File,
        output: &File,
        jobs: NonZeroUsize,
    ) -> Result<bool, Error> {
        let (sealed, plain) = self.sides(source, output);
        let len = sealed.metadata().map_err(Error::Read)?.len();
        let mut compare = Compare {
            plain: start_of(plain),
            buffer: Vec::new(),
            differs: false,
        };
        let opened = self
            .opener(len)
            // Anyone can make a sealed file without a chunk, so it proves nothing about a plaintext.
            // One that was just sealed is known to be its own.
            .authenticated(matches!(self, Self::Open { .. }))
            .jobs(jobs)
            .start(start_of(sealed))
            .and_then(|opening| opening.run(&mut compare));
        if compare.differs {
            return Ok(false);
        }
        let len = opened?.plaintext_len;
        Ok(plain.metadata().map_err(Error::Read)?.len() == len)
    }

    /// Whether the output is there and sound, as far as its structure tells.
    pub fn is_sound(&self, source: &File, output: &File) -> Result<bool, Error> {
        let (sealed, plain) = self.sides(source, output);
        let report = Inspect::new()
            .format(match self {
                Self::Seal { format, .. } => Some(*format as &dyn Format),
                Self::Open { format, .. } => format.map(|format| format as &dyn Format),
            })
            .run_seekable(sealed);
        let len = plain.metadata().map_err(Error::Read)?.len();
        Ok(match report {
            Ok(report) => report.fault.is_none() && report.plaintext_len == len,
            // Nothing tells its format but the secret, which costs as much as opening it.
            Err(Error::UnknownFormat(_)) => self.are_same(source, output, NonZeroUsize::MIN)?,
            Err(Error::Read(error)) => return Err(Error::Read(error)),
            Err(_) => false,
        })
    }

    fn sides<'f>(&self, source: &'f File, output: &'f File) -> (&'f File, &'f File) {
        match self {
            Self::Seal { .. } => (output, source),
            Self::Open { .. } => (source, output),
        }
    }
}

/// The format that a file's content and suffix tell.
fn sealed_as(name: &OsStr, file: &File) -> io::Result<Option<&'static dyn Format>> {
    let ends = |suffix: &str| name.as_bytes().ends_with(suffix.as_bytes());
    if !FORMATS.iter().any(|format| ends(format.suffix())) {
        return Ok(None);
    }
    let mut head = Vec::new();
    start_of(file)
        .take(HEAD_MAX as u64)
        .read_to_end(&mut head)?;
    let len = Some(file.metadata()?.len());
    Ok(FORMATS.iter().copied().find(|format| {
        ends(format.suffix())
            && (format.claims(&head) == Claim::Yes || format.evidence(&head, len).is_ok())
    }))
}

/// A file from its beginning on, with a position of its own.
fn start_of(file: &File) -> At<'_, File> {
    At { file, position: 0 }
}

/// Takes what is opened, and compares it with a file.
struct Compare<'f> {
    plain: At<'f, File>,
    buffer: Vec<u8>,
    differs: bool,
}

impl Write for Compare<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.clear();
        (&mut self.plain)
            .take(bytes.len() as u64)
            .read_to_end(&mut self.buffer)?;
        if self.buffer != bytes {
            self.differs = true;
            return Err(io::Error::other("the files differ"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
