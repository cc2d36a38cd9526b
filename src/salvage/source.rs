//! The bytes of a damaged file, behind its armor if it has one.

use super::text::DamagedText;
use crate::Error;
use crate::positioned::ReadAt;
use std::io;
use std::ops::Range;

/// A damaged file, or the file that its text encodes.
pub(super) enum Source<'a> {
    Plain(&'a dyn ReadAt),
    Text(DamagedText<'a>),
}

/// An error in the armor.
pub(super) struct TextFault {
    /// Its position in the text, and in the encoded file.
    pub text: Range<u64>,
    pub position: u64,
    pub error: Error,
}

impl Source<'_> {
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Returns the position of a byte in the file itself.
    pub fn to_file(&self, position: u64) -> u64 {
        match self {
            Self::Plain(_) => position,
            Self::Text(text) => text.to_file(position),
        }
    }

    /// Returns the first error in a line of armor.
    pub fn first_fault(&self) -> Option<Error> {
        let Self::Text(text) = self else {
            return None;
        };
        text.faults.iter().find_map(|fault| match &fault.error {
            Error::Armor { line, what } => Some(Error::Armor {
                line: *line,
                what: what.clone(),
            }),
            _ => None,
        })
    }

    /// Returns the errors of the armor, in order.
    pub fn take_faults(&mut self) -> Vec<TextFault> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Text(text) => std::mem::take(&mut text.faults),
        }
    }
}

impl ReadAt for Source<'_> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read_at(into, position),
            Self::Text(text) => text.read_at(into, position),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => file.size(),
            Self::Text(text) => text.size(),
        }
    }
}
