//! What is done to a file, and undone to compare: sealing and opening.

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

/// How a file becomes another one.
pub enum Operation<'a> {
    Seal {
        /// Makes what seals one file.
        builder: &'a (dyn Fn(&[SealFor]) -> Seal<'_> + Sync),
        recipients: &'a [SealFor],
        /// What opens the files again, besides secrets among the recipients.
        keys: Option<&'a Keys>,
        memory: u64,
        format: &'static dyn Format,
        /// Seals what is sealed already, too.
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
        /// Leaves blocks of zeros out.
        sparse: bool,
        /// Salvages damaged files, and what takes the place of what is lost.
        salvage: Option<Fill>,
    },
}

/// How one file is worked on.
pub struct Run<'a> {
    pub jobs: NonZeroUsize,
    pub stop: &'a CancelToken,
    pub meter: Meter,
    /// Receives each damaged part of a file that is salvaged.
    pub damaged: &'a dyn Fn(&Damage),
}

/// What was done to a file.
pub struct Done {
    /// Plaintext bytes.
    pub bytes: u64,
    pub warnings: Vec<String>,
    /// What opens the result, where no secret does that is at hand.
    pub file_key: Option<FileKey>,
    /// What of a damaged file was salvaged.
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

    /// The name of what a file becomes, where its own name is enough to tell that.
    pub fn target_by_name(&self, name: &OsStr) -> Option<OsString> {
        match self {
            Self::Seal { format, again, .. } => {
                (*again || !has_sealed_suffix(name)).then(|| with_suffix(name, format.suffix()))
            }
            Self::Open { format, .. } => without_any_suffix(name, *format).map(|(_, name)| name),
        }
    }

    /// The name of what a result was made from. `None` for all that could be something else, too.
    pub fn source_name(&self, name: &OsStr) -> Option<OsString> {
        match self {
            Self::Seal { format, .. } => without_suffix(name, format.suffix()),
            Self::Open { .. } => None,
        }
    }

    /// The name of what a file becomes.
    ///
    /// # Errors
    /// Why it becomes nothing.
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
                    // What its name says is not so. Formats without a magic number are not tried: that
                    // would derive keys for each damaged file.
                    let mut input = PeekReader::new(start_of(source));
                    fetool::look_at_header(None, &mut input).map_err(NoTarget::Damaged)?;
                }
                Ok(opened)
            }
        }
    }

    /// Whether a file with a sealed suffix is sealed already: it has a magic number, or, where what
    /// is made has none, the secret opens it. A name proves nothing.
    pub fn is_sealed(&self, name: &OsStr, source: &File) -> io::Result<bool> {
        let Self::Seal { format, .. } = self else {
            return Ok(true);
        };
        let of_this_format = without_suffix(name, format.suffix()).is_some();
        if is_marked(source)? || has_magic(*format) || !of_this_format {
            return is_marked(source);
        }
        let len = source.metadata()?.len();
        // Only where the format is not given is the first chunk sure to be authenticated.
        let Some(open) = self.opener(len, None) else {
            return Ok(false);
        };
        match open.format(None).start(start_of(source)) {
            Ok(_) => Ok(true),
            Err(Error::Read(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Makes the other file.
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

    /// How sealed files are opened: those to open, or those that were sealed. `None` where nothing is at
    /// hand that opens them.
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
                // As high as it was sealed with.
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

    /// Whether one is what the other was made from, and authentic.
    ///
    /// # Errors
    /// Where the sealed one does not open, with `file_key` if that is known.
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

    /// What the structure of a sealed file says.
    pub fn inspect(&self, sealed: &File) -> Result<Inspected, Error> {
        Inspect::new()
            .format(match self {
                Self::Seal { format, .. } => Some(*format as &dyn Format),
                Self::Open { format, .. } => format.map(|format| format as &dyn Format),
            })
            .run_seekable(sealed)
    }

    /// Whether the output is there and sound, as far as its structure tells.
    pub fn is_sound(&self, source: &File, output: &File) -> Result<bool, Error> {
        let (sealed, plain) = self.sides(source, output);
        let report = self.inspect(sealed);
        let len = plain.metadata().map_err(Error::Read)?.len();
        Ok(match report {
            Ok(report) => report.fault.is_none() && report.plaintext_len == len,
            // Nothing tells its format but the secret, which costs as much as opening it.
            Err(Error::UnknownFormat(_)) => {
                self.are_same(source, output, NonZeroUsize::MIN, None)?
            }
            Err(Error::Read(error)) => return Err(Error::Read(error)),
            Err(_) => false,
        })
    }

    /// The sealed one of two, and the other.
    pub fn sides<'f, T>(&self, source: &'f T, output: &'f T) -> (&'f T, &'f T) {
        match self {
            Self::Seal { .. } => (output, source),
            Self::Open { .. } => (source, output),
        }
    }
}

/// The format whose suffix a name has, or that one, and the name without it.
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

/// Why a file becomes nothing.
pub enum NoTarget {
    Skipped(Skip),
    /// Its name is that of a sealed file, and its content is not.
    Damaged(Error),
    Unreadable(io::Error),
}

impl From<io::Error> for NoTarget {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Whether a file has the magic number of any format.
pub fn is_marked(file: &File) -> io::Result<bool> {
    let head = head(file)?;
    Ok(FORMATS
        .iter()
        .any(|format| format.probe(&head) == Claim::Yes || format.armored(&head) == Claim::Yes))
}

/// Whether the files of a format have a magic number. Then nothing at all is the beginning of one.
pub fn has_magic(format: &dyn Format) -> bool {
    format.probe(&[]) == Claim::TooShort
}

/// The first bytes of a file.
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

/// A file from its beginning on, with a position of its own.
fn start_of(file: &File) -> Positioned<'_, File> {
    Positioned { file, position: 0 }
}

/// Takes what is opened, and compares it with a file.
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
