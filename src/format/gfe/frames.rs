//! The structure of a file behind its header.

use super::{CHUNK_MAX, MAX_CHUNKS, PREFIX_LEN, Size};
use crate::Error;
use crate::aead::TAG_LEN;
use crate::format::Frames;

/// The structure of a GFE file behind its header.
pub(super) struct GfeFrames {
    size: Size,
    /// Frames announced so far.
    count: u64,
    /// Plaintext bytes announced so far.
    plaintext: u64,
    /// Whether a short chunk was announced: a self-ending stream must end behind it.
    ended: bool,
}

impl GfeFrames {
    pub fn new(size: Size) -> Self {
        Self {
            size,
            count: 0,
            plaintext: 0,
            ended: false,
        }
    }

    /// Starts behind `count` chunks of `chunk` bytes each.
    pub fn behind(size: Size, count: u64, chunk: u64) -> Self {
        let before = count.saturating_mul(chunk);
        Self {
            count: count.min(MAX_CHUNKS),
            plaintext: match size {
                Size::Known(size) => before.min(size),
                _ => before,
            },
            ..Self::new(size)
        }
    }

    fn complete(&self) -> bool {
        match self.size {
            Size::Known(size) => self.plaintext == size,
            Size::Unknown => true,
            Size::Stream { .. } => self.ended,
        }
    }

    fn end(&self, offset: u64) -> Result<Option<usize>, Error> {
        if self.complete() {
            return Ok(None);
        }
        let missing = match self.size {
            Size::Known(size) => format!(
                "{} of {size} plaintext bytes are missing",
                size - self.plaintext
            ),
            _ => "the stream's last chunk is missing".to_owned(),
        };
        Err(Error::truncated(offset, missing))
    }

    /// Checks a length field and returns how much plaintext it announces.
    fn announced(&self, offset: u64, field: u32) -> Result<u64, Error> {
        let invalid = |why: &str| {
            Err(Error::malformed(
                offset,
                format!("invalid chunk size {field}: {why}"),
            ))
        };
        let Some(plaintext) = u64::from(field).checked_sub(TAG_LEN as u64) else {
            return invalid("shorter than its tag");
        };
        if plaintext > CHUNK_MAX {
            return invalid("more than 10 MiB and a tag");
        }
        match self.size {
            Size::Stream { chunk } if plaintext > chunk => {
                invalid("longer than the stream's other chunks")
            }
            Size::Stream { .. } => Ok(plaintext),
            _ if plaintext == 0 => invalid("an empty chunk"),
            // `plaintext` so far is never more than the size, see below.
            Size::Known(size) if plaintext > size - self.plaintext => {
                invalid("the chunks hold more than the header declares")
            }
            _ => Ok(plaintext),
        }
    }
}

impl Frames for GfeFrames {
    fn prefix_len(&self) -> usize {
        PREFIX_LEN
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        if lead.is_empty() {
            return self.end(offset);
        }
        if self.complete() && self.size != Size::Unknown {
            return Err(Error::malformed(offset, "data after the last chunk"));
        }
        let Some(field) = lead.first_chunk::<PREFIX_LEN>() else {
            return Err(Error::truncated(
                offset + lead.len() as u64,
                "the input ends inside a chunk's length field",
            ));
        };
        if self.count == MAX_CHUNKS {
            return Err(Error::malformed(offset, "more than 2^32 chunks"));
        }
        let plaintext = self.announced(offset, u32::from_be_bytes(*field))?;
        if let Size::Stream { chunk } = self.size {
            self.ended = plaintext < chunk;
        }
        let len = PREFIX_LEN + plaintext as usize + TAG_LEN;
        self.count += 1;
        // 2³² chunks of 10 MiB are far below 2⁶⁴ bytes.
        self.plaintext += plaintext;
        Ok(Some(len))
    }

    fn overhead(&self) -> usize {
        PREFIX_LEN + TAG_LEN
    }

    fn largest(&self) -> u64 {
        let chunk = match self.size {
            Size::Stream { chunk } => chunk,
            _ => CHUNK_MAX,
        };
        chunk + self.overhead() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_chunks_than_have_a_number() {
        let mut frames = GfeFrames::new(Size::Unknown);
        frames.count = MAX_CHUNKS - 1;
        let lead = 17_u32.to_be_bytes();
        assert_eq!(frames.next(20, &lead).unwrap(), Some(PREFIX_LEN + 17));
        let error = frames.next(41, &lead).unwrap_err();
        assert!(matches!(error, Error::Malformed { offset: 41, .. }));
        let text = error.to_string();
        assert!(text.contains("more than 2^32 chunks"), "{text}");
        assert_eq!(frames.next(41, &[]).unwrap(), None);
    }
}
