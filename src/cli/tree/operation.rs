//! The operation on a file, and its reverse for comparing: sealing and opening.

use super::entry::{has_sealed_suffix, with_suffix, without_suffix};
use super::skip::Skip;
use super::task::Verb;
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::recipients::SealFor;
use crate::io::sparse::Sparse;
use crate::io::uncached::{BulkFile, is_bulk};
use fetool::format::{Claim, FORMATS, Format, HEAD_MAX, Limits};
use fetool::{
    CancelToken, Damage, Error, FileKey, Fill, Identity, Inspect, Inspected, Meter, Open,
    PeekReader, Positioned, ReadAt, Salvage, Salvaged, Seal, status,
};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

/// An operation that turns one file into another.
pub enum Operation<'a> {
    Seal {
        /// Returns the settings for sealing one file.
        builder: &'a (dyn Fn(&[SealFor]) -> Seal<'_> + Sync),
        recipients: &'a [SealFor],
        /// The keys that open the files again, besides secrets among the recipients.
        keys: Option<&'a Keys>,
        memory: u64,
        format: &'static dyn Format,
        /// Whether files that are sealed already are sealed again.
        again: bool,
    },
    Open {
        keys: &'a Keys,
        format: Option<&'static dyn Format>,
        formats: &'static [&'static dyn Format],
        strict: bool,
        legacy_slots: bool,
        max_work_factor: Option<u8>,
        memory: u64,
        /// Whether blocks of zeros become holes.
        sparse: bool,
        /// If set, salvages damaged files, and replaces what is lost with this.
        salvage: Option<Fill>,
    },
}

/// The options for one file.
pub struct Run<'a> {
    pub jobs: NonZeroUsize,
    pub stop: &'a CancelToken,
    pub meter: Meter,
    /// Receives each damaged part of a salvaged file.
    pub damaged: &'a dyn Fn(&Damage),
}

/// The result for a file.
pub struct Done {
    /// Plaintext bytes.
    pub bytes: u64,
    pub warnings: Vec<String>,
    /// The key that opens the result, if no available secret does.
    pub file_key: Option<FileKey>,
    /// What was salvaged of a damaged file.
    pub damaged: Option<Salvaged>,
}

impl Operation<'_> {
    pub fn verb(&self) -> Verb {
        match self {
            Self::Seal { .. } => Verb {
                plan: "seal",
                done: "sealed",
            },
            Self::Open { .. } => Verb {
                plan: "open",
                done: "opened",
            },
        }
    }

    /// Returns the name of the result, if the file's name is enough for that.
    pub fn target_by_name(&self, name: &OsStr) -> Option<OsString> {
        match self {
            Self::Seal { format, again, .. } => {
                (*again || !has_sealed_suffix(name)).then(|| with_suffix(name, format.suffix()))
            }
            Self::Open { format, .. } => without_any_suffix(name, *format).map(|(_, name)| name),
        }
    }

    /// Returns the name of the source of a result. `None` if it may be something else.
    pub fn source_name(&self, name: &OsStr) -> Option<OsString> {
        match self {
            Self::Seal { format, .. } => without_suffix(name, format.suffix()),
            Self::Open { .. } => None,
        }
    }

    /// Returns the name of the result.
    ///
    /// # Errors
    /// Why there is no result.
    pub fn target(&self, name: &OsStr, source: &File) -> Result<OsString, NoTarget> {
        match self {
            Self::Seal { format, again, .. } => {
                if !again && has_sealed_suffix(name) && self.is_sealed(name, source)? {
                    return Err(NoTarget::Skipped(Skip::Sealed));
                }
                Ok(with_suffix(name, format.suffix()))
            }
            Self::Open { format, .. } => {
                if !has_sealed_suffix(name) {
                    return Err(NoTarget::Skipped(Skip::NotSealed));
                }
                let opened = without_any_suffix(name, *format);
                let (of_suffix, opened) = opened.ok_or(NoTarget::Skipped(Skip::OtherFormat))?;
                if format.is_none() && has_magic(of_suffix) && !is_marked(source)? {
                    // The suffix is wrong. Formats without a magic number are not tried: that would derive keys for
                    // each damaged file.
                    let mut input = PeekReader::new(start_of(source));
                    fetool::look_at_header(None, &mut input).map_err(NoTarget::Damaged)?;
                }
                Ok(opened)
            }
        }
    }

    /// Returns whether a file with a suffix of sealed files is sealed: it has a magic number, or, if the written format
    /// has none, the secret opens it. A name proves nothing.
    pub fn is_sealed(&self, name: &OsStr, source: &File) -> io::Result<bool> {
        let Self::Seal { format, .. } = self else {
            return Ok(true);
        };
        let of_this_format = without_suffix(name, format.suffix()).is_some();
        if is_marked(source)? || has_magic(*format) || !of_this_format {
            return is_marked(source);
        }
        let len = source.metadata()?.len();
        // The first chunk is certainly authenticated only if the format is not given.
        let Some(open) = self.opener(len, None) else {
            return Ok(false);
        };
        match open.format(None).start(start_of(source)) {
            Ok(_) => Ok(true),
            Err(Error::Read(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Creates the other file.
    pub fn transfer(&self, source: &File, output: &File, run: Run<'_>) -> Result<Done, Error> {
        let len = source.metadata().map_err(Error::Read)?.len();
        let [source, output] = [source, output].map(|file| BulkFile::new(file, is_bulk(len)));
        match self {
            Self::Seal {
                builder,
                recipients,
                ..
            } => {
                let sealing = builder(recipients)
                    .size((len > 0).then_some(len))
                    .jobs(run.jobs)
                    .stop(run.stop)
                    .meter(run.meter)
                    .start()?;
                let file_key = sealing.file_key().cloned();
                let sealed = sealing.run_at(source.start(), output.start())?;
                Ok(Done {
                    file_key,
                    bytes: sealed.plaintext_len,
                    warnings: Vec::new(),
                    damaged: None,
                })
            }
            Self::Open {
                salvage, sparse, ..
            } => {
                let open = self
                    .opener(len, None)
                    .expect("there are keys to open with")
                    .jobs(run.jobs)
                    .stop(run.stop)
                    .meter(run.meter);
                if let Some(fill) = salvage {
                    let salvage = Salvage::new(open).fill(*fill);
                    let tell = |damage| (run.damaged)(&damage);
                    let salvaged = salvage.run(&source, output.start(), tell)?;
                    return Ok(Done {
                        file_key: None,
                        bytes: salvaged.plaintext_len,
                        warnings: salvaged.warnings.clone(),
                        damaged: (salvaged.status != status::OK).then_some(salvaged),
                    });
                }
                let opening = open.start(source.start())?;
                let warnings = opening.warnings().to_vec();
                let opened = match sparse {
                    true => {
                        let file = &Sparse(&output);
                        let position = 0;
                        opening.run_at(source.start(), Positioned { file, position })?
                    }
                    false => opening.run_at(source.start(), output.start())?,
                };
                if *sparse {
                    // It may end with a hole.
                    let end = opened.plaintext_len;
                    output.file().set_len(end).map_err(Error::Write)?;
                }
                Ok(Done {
                    file_key: None,
                    bytes: opened.plaintext_len,
                    warnings,
                    damaged: None,
                })
            }
        }
    }

    /// Returns the settings for opening sealed files: the sources, or the results of sealing. `None` if no available
    /// key opens them.
    fn opener<'o>(&'o self, len: u64, file_key: Option<&'o FileKey>) -> Option<Open<'o>> {
        let open = match (self, file_key) {
            (_, Some(key)) => Open::new(Identity::unwrapping(key)),
            (
                Self::Seal {
                    recipients, keys, ..
                },
                None,
            ) => match recipients.iter().find_map(SealFor::as_secret) {
                Some(secret) => Open::new(secret),
                None => (*keys)?.open(),
            },
            (Self::Open { keys, .. }, None) => keys.open(),
        };
        let open = match self {
            Self::Seal { format, memory, .. } => open
                .format(Some(*format))
                // The work factor may be as high as when sealing.
                .max_work_factor(Some(u8::MAX))
                .limits(Limits {
                    memory: *memory,
                    input_len: Some(len),
                }),
            Self::Open {
                format,
                formats,
                strict,
                legacy_slots,
                max_work_factor,
                memory,
                ..
            } => open
                .among(formats)
                .format(format.map(|format| format as &dyn Format))
                .strict(*strict)
                .legacy_slots(*legacy_slots)
                .max_work_factor(*max_work_factor)
                .limits(Limits {
                    memory: *memory,
                    input_len: Some(len),
                }),
        };
        Some(open)
    }

    /// Returns whether one file was made from the other, and is authentic.
    ///
    /// # Errors
    /// Also if the sealed one does not open, with `file_key` if known.
    pub fn are_same(
        &self,
        source: &File,
        output: &File,
        jobs: NonZeroUsize,
        file_key: Option<&FileKey>,
    ) -> Result<bool, Error> {
        let (sealed, plain) = self.sides(source, output);
        let len = sealed.metadata().map_err(Error::Read)?.len();
        let mut compare = Compare {
            plain: start_of(plain),
            buffer: Vec::new(),
            differs: false,
        };
        let Some(open) = self.opener(len, file_key) else {
            return Err(Error::usage(
                "the sealed file is there already, and nothing opens it here to compare it",
            ));
        };
        let opened = open
            // Anyone can make a sealed file without a chunk, so it proves nothing about a plaintext. One that this run
            // has just sealed is trusted.
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

    /// Inspects the structure of a sealed file.
    pub fn inspect(&self, sealed: &File) -> Result<Inspected, Error> {
        Inspect::new()
            .format(match self {
                Self::Seal { format, .. } => Some(*format as &dyn Format),
                Self::Open { format, .. } => format.map(|format| format as &dyn Format),
            })
            .run_seekable(sealed)
    }

    /// Returns whether the output exists and is intact, as far as its structure shows.
    pub fn is_sound(&self, source: &File, output: &File) -> Result<bool, Error> {
        let (sealed, plain) = self.sides(source, output);
        let report = self.inspect(sealed);
        let len = plain.metadata().map_err(Error::Read)?.len();
        Ok(match report {
            Ok(report) => report.fault.is_none() && report.plaintext_len == len,
            // Only the secret shows its format, which costs as much as opening it.
            Err(Error::UnknownFormat(_)) => {
                self.are_same(source, output, NonZeroUsize::MIN, None)?
            }
            Err(Error::Read(error)) => return Err(Error::Read(error)),
            Err(_) => false,
        })
    }

    /// Returns the sealed one of two files, and the other.
    pub fn sides<'f, T>(&self, source: &'f T, output: &'f T) -> (&'f T, &'f T) {
        match self {
            Self::Seal { .. } => (output, source),
            Self::Open { .. } => (source, output),
        }
    }
}

/// Returns the format whose suffix a name has, or the given one, and the name without the suffix.
fn without_any_suffix(
    name: &OsStr,
    format: Option<&'static dyn Format>,
) -> Option<(&'static dyn Format, OsString)> {
    let formats = FORMATS
        .iter()
        .filter(|it| format.is_none_or(|format| format.suffix() == it.suffix()));
    formats
        .copied()
        .find_map(|format| Some((format, without_suffix(name, format.suffix())?)))
}

/// Why a file has no result.
pub enum NoTarget {
    Skipped(Skip),
    /// Its name is that of a sealed file, but its content is not.
    Damaged(Error),
    Unreadable(io::Error),
}

impl From<io::Error> for NoTarget {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Returns whether a file has the magic number of any format.
pub fn is_marked(file: &File) -> io::Result<bool> {
    let head = head(file)?;
    Ok(FORMATS
        .iter()
        .any(|format| format.probe(&head) == Claim::Yes || format.armored(&head) == Claim::Yes))
}

/// Returns whether the files of a format have a magic number. Only then, no bytes at all can be its beginning.
pub fn has_magic(format: &dyn Format) -> bool {
    format.probe(&[]) == Claim::TooShort
}

/// Returns the first bytes of a file.
fn head(file: &File) -> io::Result<Vec<u8>> {
    // A vector that grows would take five reads.
    let mut head = vec![0; HEAD_MAX];
    let mut len = 0;
    while len < HEAD_MAX {
        match ReadAt::read_at(file, &mut head[len..], len as u64) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(len);
    Ok(head)
}

/// Returns a file from its beginning on, with a position of its own.
fn start_of(file: &File) -> Positioned<'_, File> {
    Positioned { file, position: 0 }
}

/// Compares what is opened with a file.
struct Compare<'f> {
    plain: Positioned<'f, File>,
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
