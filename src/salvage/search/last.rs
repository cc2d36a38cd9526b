//! Finds a last chunk with other data after it. The end of the file does not show the length of such a chunk.

use super::{Found, Origin, Search, TRIAL};
use crate::Error;
use crate::try_alloc::zeros;

/// If zeros follow the last chunk, this many of them may belong to its tag.
const TAG_ZEROS: u64 = 4;

impl Search<'_> {
    /// Returns whether the chunk at the start of the search opens as the last one, with other data after it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn is_last_in_front_of_more(&mut self) -> Result<bool, Error> {
        self.left = TRIAL;
        Ok(self.last_in_front_of_more()?.is_some())
    }

    /// Finds a last chunk with other data after it, at the start of the search.
    pub(super) fn last_in_front_of_more(&mut self) -> Result<Option<Found>, Error> {
        match self.last_by_content()? {
            None => self.last_by_length(),
            found => Ok(found),
        }
    }

    /// Finds a last chunk with zeros or a copy of itself after it. That is not charged to the budget: it takes a few
    /// attempts.
    pub(super) fn last_by_content(&mut self) -> Result<Option<Found>, Error> {
        let Some(most) = self.longest_last() else {
            return Ok(None);
        };
        let Origin { chunks, from } = self.origin;
        let there = chunks.end - from.position;
        let twice = (there.is_multiple_of(2) && there / 2 <= most).then_some(there / 2);
        // Disks and recovery programs pad files with zeros, and the tag itself may end with some.
        let filled = self.end_of_data(most)?;
        let filled = filled..=most.min(filled.saturating_add(TAG_ZEROS));
        for len in twice.into_iter().chain(filled) {
            if let Some(found) = self.last_of(len)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Finds a last chunk with a few other bytes after it, by trying every length.
    pub(super) fn last_by_length(&mut self) -> Result<Option<Found>, Error> {
        let Some(most) = self.longest_last() else {
            return Ok(None);
        };
        let Origin { chunks, from } = self.origin;
        let least = (chunks.end - from.position).saturating_sub(self.window.bytes);
        for len in (least..=most).rev() {
            let Some(left) = self.left.checked_sub(len) else {
                break;
            };
            self.left = left;
            if let Some(found) = self.last_of(len)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns the maximum length of the frame of a last chunk with other data after it. Only for formats in which the
    /// end of the file determines that length.
    fn longest_last(&self) -> Option<u64> {
        let Origin { chunks, from } = self.origin;
        let by_end = !chunks.map.has_lengths() && chunks.map.declared().is_none();
        let there = chunks.end.checked_sub(from.position)?;
        by_end.then(|| there.min(chunks.frame()).saturating_sub(1))
    }

    /// Tries the chunk at the start of the search as the last, with a frame of this length.
    fn last_of(&mut self, len: u64) -> Result<Option<Found>, Error> {
        let Origin { chunks, from } = self.origin;
        let opened = chunks.open_last(from, len, &mut self.scratch)?;
        Ok(opened.map(|opened| Found {
            place: from,
            form: Some(opened.form),
        }))
    }

    /// Returns the length of the first `of` bytes of the search without their trailing zeros.
    fn end_of_data(&mut self, of: u64) -> Result<u64, Error> {
        let Origin { chunks, from } = self.origin;
        let mut bytes = zeros(of as usize)?; // less than a frame
        chunks.read(from.position, &mut bytes)?;
        let last = bytes.iter().rposition(|&byte| byte != 0);
        Ok(last.map_or(0, |last| last as u64 + 1))
    }
}
