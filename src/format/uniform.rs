//! The frames of a uniform geometry: the rules of [`Layout`] for a stream that is read.

use super::geometry::{BadEnd, End, Layout};
use super::{FRAME_MAX, Frames};
use crate::Error;

/// A [`Layout`], and the words for its stream in messages.
#[derive(Clone, Debug)]
pub struct Uniform {
    layout: Layout,
    /// The name of the stream, as the subject of a sentence.
    stream: String,
    /// The name of a chunk.
    chunk: &'static str,
    /// The maximum number of chunks in words, if it is not a plain number.
    max: Option<&'static str>,
}

impl Uniform {
    /// Creates the geometry of a stream that messages call `stream`, such as "the input".
    pub fn new(layout: Layout, stream: impl Into<String>) -> Self {
        Self {
            layout,
            stream: stream.into(),
            chunk: "chunk",
            max: None,
        }
    }

    /// Sets the name of a chunk in messages, and the maximum number of chunks in words.
    #[must_use]
    pub fn chunks_called(mut self, chunk: &'static str, max: Option<&'static str>) -> Self {
        (self.chunk, self.max) = (chunk, max);
        self
    }

    /// Returns the positions of its chunks.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Walks its frames, under the same rules.
    pub fn frames(&self) -> Box<dyn Frames> {
        self.frames_from(0)
    }

    /// Walks its frames from chunk `index` on.
    pub(crate) fn frames_from(&self, index: u64) -> Box<dyn Frames> {
        Box::new(UniformFrames {
            uniform: self.clone(),
            // The walk refuses a chunk that has no number.
            count: index.min(self.layout.max_chunks),
            ended: false,
        })
    }

    /// Returns the error for a stream with this end, whose first frame is at `start` of the file.
    pub fn error(&self, bad: BadEnd, start: u64) -> Error {
        let Self {
            layout,
            stream,
            chunk,
            max,
        } = self;
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
struct UniformFrames {
    uniform: Uniform,
    /// Frames announced so far.
    count: u64,
    /// Whether the file ended inside the last one.
    ended: bool,
}

impl Frames for UniformFrames {
    fn prefix_len(&self) -> usize {
        1
    }

    fn prefix_has_length(&self) -> bool {
        false
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        if lead.is_empty() {
            let complete = match self.uniform.layout.end {
                End::Any => true,
                End::Short => self.ended,
                End::Full => self.count > 0,
            };
            return match complete {
                true => Ok(None),
                false => Err(self.uniform.error(BadEnd::NoLastChunk { end: 0 }, offset)),
            };
        }
        if self.count == self.uniform.layout.max_chunks {
            return Err(self
                .uniform
                .error(BadEnd::TooManyChunks { offset: 0 }, offset));
        }
        self.count += 1;
        Ok(Some(self.uniform.layout.frame().min(FRAME_MAX)))
    }

    fn short_at_eof(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        let overhead = self.uniform.layout.overhead();
        let may_be_empty = match self.uniform.layout.end {
            End::Any => false,
            End::Short => true,
            End::Full => self.count == 1,
        };
        if got < overhead {
            return Err(self
                .uniform
                .error(BadEnd::InsideTag { end: got as u64 }, offset));
        }
        if got == overhead && !may_be_empty {
            return Err(self.uniform.error(BadEnd::EmptyChunk { offset: 0 }, offset));
        }
        self.ended = true;
        Ok(())
    }

    fn overhead(&self) -> usize {
        self.uniform.layout.overhead()
    }

    fn largest(&self) -> u64 {
        self.uniform.layout.frame() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(end: End) -> Uniform {
        let layout = Layout {
            chunk: 100,
            prefix: 0,
            suffix: 16,
            end,
            max_chunks: 3,
        };
        Uniform::new(layout, "the file")
    }

    #[test]
    fn frames_are_of_one_size_up_to_the_last_number() {
        let mut frames = uniform(End::Any).frames();
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

    /// Walking and counting agree for a stream of any length.
    #[test]
    fn a_walk_comes_to_what_is_counted() {
        for end in [End::Any, End::Short, End::Full] {
            for stored in 0..400 {
                let mut frames = uniform(end).frames();
                let mut walk = || -> Result<(u64, u64), Error> {
                    let (mut offset, mut chunks, mut plaintext) = (0, 0, 0);
                    loop {
                        let lead = &[0][..usize::from(offset < stored)];
                        let Some(len) = frames.next(offset, lead)? else {
                            return Ok((chunks, plaintext));
                        };
                        let got = (stored - offset).min(len as u64);
                        if got < len as u64 {
                            frames.short_at_eof(offset, got as usize)?;
                        }
                        chunks += 1;
                        plaintext += got - 16;
                        offset += got;
                    }
                };
                let walked = walk().map_err(|error| error.to_string());
                let uniform = uniform(end);
                let counted = uniform
                    .layout()
                    .count(stored)
                    .map(|count| (count.chunks, count.plaintext))
                    .map_err(|bad| uniform.error(bad, 0).to_string());
                assert_eq!(walked, counted, "{end:?}, {stored}");
            }
        }
    }
}
