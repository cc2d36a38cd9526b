//! The bytes of a damaged file, behind its armor if it has one.

use super::text::DamagedText;
use crate::Error;
use crate::positioned::ReadAt;
use std::io;
use std::ops::Range;

/// A damaged file, or what its text stands for.
pub(super) enum Source<'a> {
    Plain(&'a dyn ReadAt),
    Text(DamagedText<'a>),
}

/// Something that is wrong with the armor.
pub(super) struct TextFault {
    /// Where, in the text and in what it stands for.
    pub text: Range<u64>,
    pub position: u64,
    pub error: Error,
}

impl Source<'_> {
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Returns where a byte lies in the file itself.
    pub fn to_file(&self, position: u64) -> u64 {
        match self {
            Self::Plain(_) => position,
            Self::Text(text) => text.to_file(position),
        }
    }

    /// Returns the first fault of a line of armor.
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

    /// Returns what is wrong with the armor, in its order.
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
