//! Frames of one length that carry none: ciphertext and tag, of which the last may be shorter. The
//! simplest way to store chunks, and one that cannot tell where the file should end.

use super::{FRAME_MAX, Frames};
use crate::Error;
use crate::aead::TAG_LEN;

/// Walks the frames.
pub(super) struct EvenFrames {
    /// Bytes of every frame but the last.
    frame: u64,
    /// No more frames than this can be numbered.
    max: u64,
    /// What messages call the stream.
    stream: String,
    count: u64,
}

impl EvenFrames {
    /// `chunk` is the plaintext in a frame, in bytes.
    pub fn new(chunk: u64, max: u64, stream: impl Into<String>) -> Self {
        Self {
            frame: chunk + TAG_LEN as u64,
            max,
            stream: stream.into(),
            count: 0,
        }
    }
}

impl Frames for EvenFrames {
    fn lead(&self) -> usize {
        1
    }

    fn lead_tells(&self) -> bool {
        false
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        if lead.is_empty() {
            return Ok(None);
        }
        if self.count == self.max {
            return Err(Error::malformed(
                offset,
                format!("{} has more than {} chunks", self.stream, self.max),
            ));
        }
        self.count += 1;
        Ok(Some(usize::try_from(self.frame).unwrap_or(FRAME_MAX)))
    }

    fn pass_over(&mut self, bytes: u64) -> Option<(u64, u64)> {
        let count = (bytes / self.frame).min(self.max - self.count);
        self.count += count;
        Some((count, self.frame))
    }

    fn cut_short(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        let end = offset + got as u64;
        match got {
            TAG_LEN => Err(Error::malformed(
                offset,
                format!("{} ends with an empty chunk", self.stream),
            )),
            ..TAG_LEN => Err(Error::truncated(
                end,
                format!("{} ends inside a chunk's tag", self.stream),
            )),
            _ => Ok(()),
        }
    }

    fn overhead(&self) -> usize {
        TAG_LEN
    }

    fn largest(&self) -> u64 {
        self.frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_of_one_size_up_to_the_last_number() {
        let mut frames = EvenFrames::new(100, 3, "the file");
        for offset in [12, 128, 244] {
            assert_eq!(frames.next(offset, &[0]).unwrap(), Some(116));
        }
        assert_eq!(frames.next(360, &[]).unwrap(), None);
        let error = frames.next(360, &[0]).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { offset: 360, .. }),
            "{error}"
        );
        let text = error.to_string();
        assert!(text.contains("the file has more than 3 chunks"), "{text}");
    }
}
