//! The operation on a file, and its reverse for comparing: sealing and opening.

mod compare;
mod transfer;

pub use transfer::{Done, Run};

use super::entry::{has_sealed_suffix, with_suffix, without_suffix};
use super::skip::Skip;
use super::task::Verb;
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::recipients::SealFor;
use fetool::format::{Claim, FORMATS, Format, HEAD_MAX};
use fetool::{Error, Fill, PeekReader, Positioned, ReadAt, Seal};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;

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

    /// Returns the names of all files with this result, if their names are enough for that.
    pub fn sources_of(&self, target: &OsStr) -> Vec<OsString> {
        match self {
            Self::Seal { .. } => self.source_name(target).into_iter().collect(),
            Self::Open { format, .. } => {
                let suffixes = FORMATS.iter().map(|format| format.suffix());
                let wanted = |suffix: &&str| format.is_none_or(|it| it.suffix() == *suffix);
                suffixes
                    .filter(wanted)
                    .map(|suffix| with_suffix(target, suffix))
                    .collect()
            }
        }
    }

    /// Returns whether a file with the name of a result is something to work on itself.
    pub fn is_source(&self, name: &OsStr, file: &File) -> io::Result<bool> {
        match self {
            // A power cut can leave a result without content.
            Self::Seal { .. } => Ok(file.metadata()?.len() > 0 && !self.is_sealed(name, file)?),
            Self::Open { .. } => Ok(has_sealed_suffix(name)),
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
