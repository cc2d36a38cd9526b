//! The positions of single chunks, for callers that read a part of a file.

use super::{Count, Frames, Layout, Span, Uniform, Walker};
use crate::Error;
use std::cmp::Ordering;

/// Begins a walk at a chunk.
type Walk = Box<dyn Fn(u64) -> Box<dyn Frames> + Send + Sync>;

/// Reads a length field.
type FrameLen = fn(&[u8]) -> Option<usize>;

/// Computes the position of each chunk of a file, and checks what is read there against the format's rules.
///
/// A chunk that authenticates at its own number is the chunk that the file was sealed with. Its number gives the
/// position of its plaintext, because all chunks before it have one length.
///
/// ```
/// use fetool::format::{ChunkMap, End, Layout, Uniform};
///
/// let layout = Layout { chunk: 1000, prefix: 0, suffix: 16, end: End::Any, max_chunks: 1 << 32 };
/// let map = ChunkMap::new(Uniform::new(layout, "the input"));
/// let last = map.span(2, 2548).expect("there are three chunks");
/// assert_eq!((last.offset, last.frame, last.len), (2032, 516, 500));
/// assert!(map.is_last(2, 2548));
/// ```
pub struct ChunkMap {
    layout: Layout,
    /// Length of the plaintext, if the header declares it.
    declared: Option<u64>,
    /// The name of the stream in messages, and the messages about its end.
    uniform: Uniform,
    walk: Walk,
    frame_len: Option<FrameLen>,
}

impl ChunkMap {
    /// Maps a stream whose frames have no length fields.
    pub fn new(uniform: Uniform) -> Self {
        let walked = uniform.clone();
        Self {
            layout: *uniform.layout(),
            declared: None,
            uniform,
            walk: Box::new(move |index| walked.frames_from(index)),
            frame_len: None,
        }
    }

    /// Maps a stream with length fields, each of which must announce what the layout computes. `walk` starts at a chunk
    /// and checks them.
    pub fn with_lengths(
        layout: Layout,
        declared: Option<u64>,
        walk: impl Fn(u64) -> Box<dyn Frames> + Send + Sync + 'static,
    ) -> Self {
        Self {
            layout,
            declared,
            uniform: Uniform::new(layout, "the input"),
            walk: Box::new(walk),
            frame_len: None,
        }
    }

    /// Sets the function that reads the length field at the beginning of a frame, which is the layout's prefix. It
    /// returns the length of the whole frame, or `None` for an impossible field.
    #[must_use]
    pub fn frame_len(mut self, frame_len: fn(&[u8]) -> Option<usize>) -> Self {
        self.frame_len = Some(frame_len);
        self
    }

    /// Returns whether frames begin with their length.
    pub(crate) fn has_lengths(&self) -> bool {
        self.frame_len.is_some()
    }

    /// Returns the length that a frame's first bytes announce, if they have a length field.
    pub(crate) fn announced(&self, frame: &[u8]) -> Option<usize> {
        let field = frame.get(..self.layout.prefix)?;
        self.frame_len.and_then(|frame_len| frame_len(field))
    }

    /// Returns the length of the plaintext, if the header declares it.
    pub(crate) fn declared(&self) -> Option<u64> {
        self.declared
    }

    /// Returns how the plaintext is divided into chunks.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Walks the frames from chunk `index` on.
    pub fn frames_from(&self, index: u64) -> Box<dyn Frames> {
        (self.walk)(index)
    }

    /// Returns what a stream of `stored` bytes holds, all that follows its header, which ends at `start` of the file.
    /// Nothing of it is authenticated.
    ///
    /// # Errors
    /// [`Error::Truncated`] and [`Error::Malformed`] if no stream of this kind has that length.
    pub fn count(&self, stored: u64, start: u64) -> Result<Count, Error> {
        let Some(plaintext) = self.declared else {
            let count = self.layout.count(stored);
            return count.map_err(|bad| self.uniform.error(bad, start));
        };
        let whole = self.layout.sealed_len(plaintext);
        let frame = self.layout.frame() as u64;
        match stored.cmp(&whole) {
            Ordering::Equal => Ok(Count {
                chunks: self.layout.chunks(plaintext),
                plaintext,
            }),
            Ordering::Less if !stored.is_multiple_of(frame) => Err(Error::truncated(
                start + stored,
                "the input ends inside a chunk",
            )),
            Ordering::Less => {
                let there = stored / frame * self.layout.chunk as u64;
                Err(Error::truncated(
                    start + stored,
                    format!(
                        "{} of {plaintext} plaintext bytes are missing",
                        plaintext - there
                    ),
                ))
            }
            Ordering::Greater => Err(Error::malformed(start + whole, "data after the last chunk")),
        }
    }

    /// Returns how many bytes of plaintext are in whole chunks, also if the stream does not end correctly.
    pub fn whole(&self, stored: u64) -> u64 {
        match self.count(stored, 0) {
            Ok(count) => count.plaintext,
            Err(_) => {
                let (frame, chunk) = (self.layout.frame() as u64, self.layout.chunk as u64);
                let full = (stored / frame).min(self.layout.max_chunks);
                let there = full.saturating_mul(chunk);
                self.declared.map_or(there, |declared| {
                    if stored >= self.layout.sealed_len(declared) {
                        declared
                    } else {
                        there
                    }
                })
            }
        }
    }

    /// Returns the position of chunk `index` in a stream of `stored` bytes, or `None` if it is behind the end.
    pub fn span(&self, index: u64, stored: u64) -> Option<Span> {
        let body = self
            .declared
            .map_or(stored, |declared| self.layout.sealed_len(declared));
        let span = self.layout.span(index);
        let frame = body.checked_sub(span.offset)?.min(span.frame);
        (frame > 0).then(|| Span {
            frame,
            len: frame.saturating_sub(self.layout.overhead() as u64),
            ..span
        })
    }

    /// Returns whether chunk `index` is the last of a stream of `stored` bytes.
    pub fn is_last(&self, index: u64, stored: u64) -> bool {
        let chunks = match self.declared {
            Some(declared) => self.layout.chunks(declared),
            None => self.layout.count(stored).map_or(0, |count| count.chunks),
        };
        index.checked_add(1) == Some(chunks)
    }

    /// Returns whether a frame of `len` bytes can be that of chunk `index`.
    pub(crate) fn fits(&self, index: u64, len: usize) -> bool {
        match self.declared {
            // The length of the stream does not matter here.
            Some(_) => self
                .span(index, 0)
                .is_some_and(|span| span.frame == len as u64),
            None => len <= self.layout.frame(),
        }
    }

    /// Checks the structure of the frame of chunk `index`, which was read at `offset` of the file. `behind` follows it:
    /// as many bytes as the next frame's length takes, or fewer at the end.
    ///
    /// # Errors
    /// [`Error::Truncated`] and [`Error::Malformed`].
    pub(crate) fn check(
        &self,
        index: u64,
        offset: u64,
        frame: &[u8],
        behind: &[u8],
    ) -> Result<(), Error> {
        let frames = self.frames_from(index);
        let lead = frames.prefix_len().min(frame.len());
        let mut walker = Walker::new(frames, offset);
        let Some(len) = walker.next(&frame[..lead])? else {
            return Err(self.uneven(index, offset));
        };
        match len.cmp(&frame.len()) {
            Ordering::Equal => Ok(()),
            Ordering::Greater if behind.is_empty() => walker.short_at_eof(frame.len()),
            Ordering::Greater => Err(self.uneven(index, offset)),
            // The last chunk must be the end of the stream.
            Ordering::Less => {
                let rest = [&frame[len..], behind].concat();
                let lead = walker.frames.prefix_len().min(rest.len());
                walker.next(&rest[..lead])?;
                Err(self.uneven(index, offset))
            }
        }
    }

    /// Returns the error for a chunk of a wrong length.
    pub(crate) fn uneven(&self, index: u64, offset: u64) -> Error {
        Error::malformed(
            offset,
            format!(
                "chunk {index} is not as long as the first: a range can be read only in chunks of one \
                 length"
            ),
        )
    }
}
