//! The frames of a uniform geometry: the rules of [`Layout`] for a stream that is read, and not only
//! counted.

use super::geometry::{BadEnd, End, Layout};
use super::{FRAME_MAX, Frames};
use crate::Error;

/// What messages call a stream and its parts.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// The stream, as the subject of a sentence.
    pub stream: String,
    /// A chunk.
    pub chunk: &'static str,
    /// The most chunks that it can have, where that is no plain number.
    pub max: Option<&'static str>,
}

impl Words {
    pub fn of(stream: impl Into<String>) -> Self {
        Self {
            stream: stream.into(),
            chunk: "chunk",
            max: None,
        }
    }

    /// What is wrong with the end of a stream of this geometry whose first frame starts at `start` of
    /// the file.
    pub fn error(&self, bad: BadEnd, layout: &Layout, start: u64) -> Error {
        let Self { stream, chunk, max } = self;
        match bad {
            BadEnd::NoLastChunk { end } => {
                Error::truncated(start + end, format!("the last {chunk} is missing"))
            }
            BadEnd::InsideTag { end } => {
                Error::truncated(start + end, format!("{stream} ends inside a {chunk}'s tag"))
            }
            BadEnd::EmptyChunk { offset } => Error::malformed(
                start + offset,
                format!("{stream} ends with an empty {chunk}"),
            ),
            BadEnd::TooManyChunks { offset } => Error::malformed(
                start + offset,
                match max {
                    Some(max) => format!("more than {max} {chunk}s"),
                    None => format!("{stream} has more than {} {chunk}s", layout.max_chunks),
                },
            ),
        }
    }
}

/// Walks the frames of a uniform geometry.
pub(super) struct UniformFrames {
    layout: Layout,
    words: Words,
    /// Frames announced so far.
    count: u64,
    /// The last one was cut short by the end of the file.
    ended: bool,
}

impl UniformFrames {
    pub fn new(layout: Layout, words: Words) -> Self {
        Self {
            layout,
            words,
            count: 0,
            ended: false,
        }
    }

    /// What is wrong at `offset` of the file, with so many bytes behind all full frames before.
    fn error(&self, bad: BadEnd, offset: u64) -> Error {
        self.words.error(bad, &self.layout, offset)
    }
}

impl Frames for UniformFrames {
    fn lead(&self) -> usize {
        1
    }

    fn lead_tells(&self) -> bool {
        false
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        if lead.is_empty() {
            let complete = match self.layout.end {
                End::Any => true,
                End::Short => self.ended,
                End::Full => self.count > 0,
            };
            return match complete {
                true => Ok(None),
                false => Err(self.error(BadEnd::NoLastChunk { end: 0 }, offset)),
            };
        }
        if self.count == self.layout.max_chunks {
            return Err(self.error(BadEnd::TooManyChunks { offset: 0 }, offset));
        }
        self.count += 1;
        Ok(Some(self.layout.frame().min(FRAME_MAX)))
    }

    fn cut_short(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        let overhead = self.layout.overhead();
        let may_be_empty = match self.layout.end {
            End::Any => false,
            End::Short => true,
            End::Full => self.count == 1,
        };
        if got < overhead {
            return Err(self.error(BadEnd::InsideTag { end: got as u64 }, offset));
        }
        if got == overhead && !may_be_empty {
            return Err(self.error(BadEnd::EmptyChunk { offset: 0 }, offset));
        }
        self.ended = true;
        Ok(())
    }

    fn overhead(&self) -> usize {
        self.layout.overhead()
    }

    fn largest(&self) -> u64 {
        self.layout.frame() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(end: End) -> UniformFrames {
        let layout = Layout {
            chunk: 100,
            prefix: 0,
            suffix: 16,
            end,
            max_chunks: 3,
        };
        UniformFrames::new(layout, Words::of("the file"))
    }

    #[test]
    fn frames_are_of_one_size_up_to_the_last_number() {
        let mut frames = frames(End::Any);
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

    /// Walked or counted, a stream of any length is the same.
    #[test]
    fn a_walk_comes_to_what_is_counted() {
        for end in [End::Any, End::Short, End::Full] {
            for stored in 0..400 {
                let mut frames = frames(end);
                let walked = || -> Result<(u64, u64), Error> {
                    let (mut offset, mut chunks, mut plaintext) = (0, 0, 0);
                    loop {
                        let lead = &[0][..usize::from(offset < stored)];
                        let Some(len) = frames.next(offset, lead)? else {
                            return Ok((chunks, plaintext));
                        };
                        let got = (stored - offset).min(len as u64);
                        if got < len as u64 {
                            frames.cut_short(offset, got as usize)?;
                        }
                        chunks += 1;
                        plaintext += got - 16;
                        offset += got;
                    }
                };
                let mut walked = walked;
                let walked = walked().map_err(|error| error.to_string());
                let layout = super::tests::frames(end).layout;
                let counted = layout
                    .count(stored)
                    .map(|count| (count.chunks, count.plaintext))
                    .map_err(|bad| Words::of("the file").error(bad, &layout, 0).to_string());
                assert_eq!(walked, counted, "{end:?}, {stored}");
            }
        }
    }
}
