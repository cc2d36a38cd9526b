//! The positions of the chunks of a stream.
//!
//! All that need them ask here: sealing, opening, work from file to file, `inspect`. If all frames of a stream but the
//! last have the same length, it is [`Geometry::Uniform`], and every question is answered without reading it. If each
//! frame announces its own length, the frames must be walked ([`Geometry::Sequential`]).

use super::{Frames, Uniform};
use crate::{Error, Hint};

/// How the last chunk of a stream differs from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last chunk may be full. Empty plaintext has no chunk.
    Any,
    /// The last chunk is always shorter than the others, and can be empty: so it marks the end of the stream.
    Short,
    /// The last chunk may be full. It is empty only if the whole plaintext is, and then is the only chunk. So there is
    /// always one.
    Full,
}

/// The positions of the chunks of a stream, behind its header.
pub enum Geometry {
    /// Computed: all frames but the last have one length.
    Uniform(Uniform),
    /// Read: the frames must be walked from the first to the last.
    Sequential(Box<dyn Frames>),
}

/// Divides plaintext into chunks and says how they are stored: a uniform geometry.
///
/// ```
/// use fetool::format::{BadEnd, Count, End, Layout, Span};
///
/// let layout = Layout { chunk: 1000, prefix: 0, suffix: 16, end: End::Any, max_chunks: 1 << 32 };
/// assert_eq!(layout.sealed_len(2500), 2548);
/// assert_eq!(layout.count(2548), Ok(Count { chunks: 3, plaintext: 2500 }));
/// assert_eq!(layout.count(1020), Err(BadEnd::InsideTag { end: 1020 }));
///
/// let (chunk, place) = layout.locate(2001);
/// let Span { offset, frame, .. } = layout.span(chunk);
/// assert_eq!((chunk, place, offset, frame), (2, 1, 2032, 1016));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Plaintext bytes in every chunk but the last; at least 1.
    pub chunk: usize,
    /// Stored bytes before the ciphertext.
    pub prefix: usize,
    /// Stored bytes behind the ciphertext, the tag among them.
    pub suffix: usize,
    /// How the last chunk differs.
    pub end: End,
    /// The maximum number of chunks: with more, nonces would repeat.
    pub max_chunks: u64,
}

/// One chunk, and its position. Offsets count from the beginning of the first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The chunk's number, from 0.
    pub index: u64,
    /// The offset of its frame.
    pub offset: u64,
    /// Stored bytes.
    pub frame: u64,
    /// The offset of its plaintext in the whole plaintext.
    pub plaintext: u64,
    /// Plaintext bytes.
    pub len: u64,
}

/// The content of a stream of some length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The number of chunks, including the last.
    pub chunks: u64,
    /// Plaintext bytes in them.
    pub plaintext: u64,
}

/// Why no stream of a geometry has some length. Offsets count from the beginning of the first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadEnd {
    /// The stream ends where its last chunk should begin.
    NoLastChunk {
        /// The end of the stream.
        end: u64,
    },
    /// The stream ends inside a chunk's overhead.
    InsideTag {
        /// The end of the stream.
        end: u64,
    },
    /// The last chunk is empty, and must not be.
    EmptyChunk {
        /// The offset of its frame.
        offset: u64,
    },
    /// There are more chunks than can be numbered.
    TooManyChunks {
        /// The offset of the first chunk without a number.
        offset: u64,
    },
}

impl Layout {
    /// Returns the stored bytes of a chunk that are not plaintext.
    pub fn overhead(&self) -> usize {
        self.prefix + self.suffix
    }

    /// Returns the stored bytes of a full chunk.
    pub fn frame(&self) -> usize {
        self.overhead() + self.chunk
    }

    /// Returns the position of chunk `index`, if it is full.
    pub fn span(&self, index: u64) -> Span {
        let (frame, len) = (self.frame() as u64, self.chunk as u64);
        Span {
            index,
            offset: index.saturating_mul(frame),
            frame,
            plaintext: index.saturating_mul(len),
            len,
        }
    }

    /// Returns the chunk that holds the plaintext byte at `position`, and the byte's offset in it.
    pub fn locate(&self, position: u64) -> (u64, usize) {
        let chunk = self.chunk as u64;
        (position / chunk, (position % chunk) as usize)
    }

    /// Returns the number of chunks for `plaintext` bytes.
    pub fn chunks(&self, plaintext: u64) -> u64 {
        let chunk = self.chunk as u64;
        match self.end {
            End::Any => plaintext.div_ceil(chunk),
            End::Short => plaintext / chunk + 1,
            End::Full => plaintext.div_ceil(chunk).max(1),
        }
    }

    /// Returns the number of stored bytes for `plaintext` bytes.
    pub fn sealed_len(&self, plaintext: u64) -> u64 {
        let overhead = self
            .chunks(plaintext)
            .saturating_mul(self.overhead() as u64);
        plaintext.saturating_add(overhead)
    }

    /// Returns what a stream of `stored` bytes holds, all that follows its header.
    ///
    /// # Errors
    /// The reason why no stream of this geometry has that length.
    pub fn count(&self, stored: u64) -> Result<Count, BadEnd> {
        let (frame, overhead) = (self.frame() as u64, self.overhead() as u64);
        let (full, rest) = (stored / frame, stored % frame);
        if full > self.max_chunks || full == self.max_chunks && rest > 0 {
            let offset = self.max_chunks * frame;
            return Err(BadEnd::TooManyChunks { offset });
        }
        if (1..overhead).contains(&rest) {
            return Err(BadEnd::InsideTag { end: stored });
        }
        let empty = rest == overhead;
        match self.end {
            End::Any if empty => Err(BadEnd::EmptyChunk {
                offset: stored - rest,
            }),
            End::Full if empty && full > 0 => Err(BadEnd::EmptyChunk {
                offset: stored - rest,
            }),
            End::Short if rest == 0 => Err(BadEnd::NoLastChunk { end: stored }),
            End::Full if stored == 0 => Err(BadEnd::NoLastChunk { end: stored }),
            _ => {
                let chunks = full + u64::from(rest > 0);
                Ok(Count {
                    chunks,
                    plaintext: stored - chunks * overhead,
                })
            }
        }
    }

    /// Returns how many chunks the first `got` bytes of plaintext make: whole ones only, unless the plaintext `ended`
    /// there. `before` chunks came before them.
    ///
    /// If the plaintext goes on, at least one byte is left: only the end shows which chunk is the last.
    pub(crate) fn cut(&self, got: usize, ended: bool, before: u64) -> usize {
        if !ended {
            return got.saturating_sub(1) / self.chunk;
        }
        match self.end {
            End::Any => got.div_ceil(self.chunk),
            End::Short => got / self.chunk + 1,
            End::Full if before == 0 => got.div_ceil(self.chunk).max(1),
            End::Full => got.div_ceil(self.chunk),
        }
    }

    pub(crate) fn too_many_chunks(&self) -> Error {
        Error::usage_hint(
            format!(
                "the input needs more than {} chunks, and the format numbers no more",
                self.max_chunks
            ),
            Hint::LargerChunks,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [End; 3] = [End::Any, End::Short, End::Full];

    fn layout(end: End) -> Layout {
        Layout {
            chunk: 10,
            prefix: 2,
            suffix: 3,
            end,
            max_chunks: 4,
        }
    }

    #[test]
    fn what_is_sealed_is_counted_again() {
        for end in ENDS {
            let layout = layout(end);
            for plaintext in 0..40 {
                let chunks = layout.chunks(plaintext);
                if chunks > 4 {
                    continue;
                }
                let count = Count { chunks, plaintext };
                let stored = layout.sealed_len(plaintext);
                assert_eq!(layout.count(stored), Ok(count), "{end:?}, {plaintext}");
            }
        }
    }

    /// Every length is that of one plaintext, or of none.
    #[test]
    fn every_other_length_is_refused_and_says_why() {
        for end in ENDS {
            let layout = layout(end);
            let lengths: Vec<u64> = (0..41).map(|len| layout.sealed_len(len)).collect();
            for stored in 0..=61 {
                let counted = layout.count(stored);
                let some = lengths.contains(&stored);
                let too_many = stored > 60 || stored == 60 && end == End::Short;
                assert_eq!(
                    counted.is_ok(),
                    some && !too_many,
                    "{end:?}, {stored}: {counted:?}"
                );
            }
            assert_eq!(
                layout.count(61),
                Err(BadEnd::TooManyChunks { offset: 60 }),
                "{end:?}"
            );
            assert_eq!(layout.count(34), Err(BadEnd::InsideTag { end: 34 }));
        }
        assert_eq!(
            layout(End::Any).count(35),
            Err(BadEnd::EmptyChunk { offset: 30 })
        );
        assert_eq!(
            layout(End::Any).count(5),
            Err(BadEnd::EmptyChunk { offset: 0 })
        );
        assert_eq!(
            layout(End::Full).count(35),
            Err(BadEnd::EmptyChunk { offset: 30 })
        );
        let empty = Count {
            chunks: 1,
            plaintext: 0,
        };
        assert_eq!(layout(End::Full).count(5), Ok(empty));
        assert_eq!(
            layout(End::Full).count(0),
            Err(BadEnd::NoLastChunk { end: 0 })
        );
        assert_eq!(
            layout(End::Short).count(30),
            Err(BadEnd::NoLastChunk { end: 30 })
        );
        assert_eq!(layout(End::Any).count(0), Ok(Count::default()));
    }

    #[test]
    fn a_position_lies_in_the_chunk_that_covers_it() {
        let layout = layout(End::Any);
        for position in 0..50 {
            let (index, within) = layout.locate(position);
            let span = layout.span(index);
            assert_eq!(span.plaintext + within as u64, position);
            assert!((within as u64) < span.len);
            assert_eq!((span.offset, span.frame), (index * 15, 15));
        }
    }

    #[test]
    fn plaintext_is_cut_as_it_is_counted() {
        for end in ENDS {
            let layout = layout(end);
            for got in 0..45 {
                assert_eq!(
                    layout.cut(got, true, 0) as u64,
                    layout.chunks(got as u64),
                    "{end:?}, {got}"
                );
                let kept = got - layout.cut(got, false, 0) * 10;
                assert!(got == 0 || (1..=10).contains(&kept), "{end:?}, {got}");
            }
        }
        assert_eq!(layout(End::Full).cut(0, true, 1), 0);
        assert_eq!(layout(End::Full).cut(0, true, 0), 1);
    }
}
