//! Splitting a stream into whole frames.

use super::slab::Chunk;
use crate::Error;
use crate::format::{ChunkId, Frames, Limits, Walker};

/// What follows the bytes that have arrived.
pub(super) enum Tail {
    /// More bytes.
    More,
    /// Nothing.
    End,
    /// Unknown: reading failed.
    Failed(Error),
}

/// What follows the frames split so far.
enum Pending {
    /// Nothing has been examined yet.
    Unread,
    /// A frame of this length.
    Frame(usize),
    /// Bytes that break the format's rules. The frames before them are good.
    Broken(Error),
    /// The end.
    End,
}

/// Splits frames. Before it returns a frame, it has seen the prefix of the next one, or the end, and so knows which is
/// the last.
pub(super) struct Splitter {
    walker: Walker,
    limits: Limits,
    pending: Pending,
    index: u64,
}

impl Splitter {
    /// Creates a splitter; the first frame is at `offset`.
    pub fn new(frames: Box<dyn Frames>, offset: u64, limits: Limits) -> Self {
        Self {
            walker: Walker::new(frames, offset),
            limits,
            pending: Pending::Unread,
            index: 0,
        }
    }

    /// Sets the number of the first chunk.
    pub fn from(self, index: u64) -> Self {
        Self { index, ..self }
    }

    /// Skips `count` frames with this prefix, all of them whole and none of them the last.
    pub fn pass_over(&mut self, lead: &[u8], count: u64) -> Result<(), Error> {
        for _ in 0..count {
            self.walker.next(lead)?;
        }
        self.index += count;
        Ok(())
    }

    /// Returns how many bytes show a frame's length.
    pub fn prefix_len(&self) -> usize {
        self.walker.frames.prefix_len()
    }

    /// Returns how many bytes are needed from the start of the next frame, if known: the frame and the prefix of the
    /// one behind it, but no more than it takes to see that the frame is too large.
    pub fn wanted(&self) -> Option<usize> {
        match self.pending {
            Pending::Frame(len) => {
                let refused = held(self.limits.memory).saturating_add(1);
                Some(refused.min(len + self.prefix_len()))
            }
            _ => None,
        }
    }

    /// Returns how many bytes the input has from the start of the next frame, or a few more, if known.
    pub fn rest(&self) -> Option<u64> {
        let body = self.limits.input_len?;
        Some(body.saturating_sub(self.walker.start))
    }

    /// Returns whether the last frame was returned.
    pub fn has_ended(&self) -> bool {
        matches!(self.pending, Pending::End)
    }

    /// Takes the error that follows the frames returned so far.
    pub fn take_fault(&mut self) -> Option<Error> {
        match std::mem::replace(&mut self.pending, Pending::End) {
            Pending::Broken(error) => Some(error),
            pending => {
                self.pending = pending;
                None
            }
        }
    }

    /// Splits `bytes`, which begin where the last call stopped, and returns the whole frames in `chunks`. Returns how
    /// many bytes these take; the next call must repeat the rest, with more behind it.
    ///
    /// An error behind the frames is kept for [`take_fault`](Self::take_fault): the frames are good, and go first.
    pub fn split(&mut self, bytes: &[u8], mut tail: Tail, chunks: &mut Vec<Chunk>) -> usize {
        let lead = self.prefix_len();
        let mut at = 0;
        if matches!(self.pending, Pending::Unread) {
            if bytes.len() < lead && matches!(tail, Tail::More) {
                return 0;
            }
            self.pending = self.look(bytes, lead, &mut tail);
        }
        while let Pending::Frame(mut len) = self.pending {
            let have = bytes.len() - at;
            if have.min(len) > held(self.limits.memory) {
                let error = self.walker.frames.too_large(self.limits.memory);
                self.pending = Pending::Broken(error);
                break;
            }
            if have < len + lead && matches!(tail, Tail::More) {
                break;
            }
            if have < len {
                if let Err(error) = self.short_at_eof(have, &mut tail) {
                    self.pending = Pending::Broken(error);
                    break;
                }
                len = have;
            }
            let start = self.walker.start;
            let next = at + len;
            self.pending = self.look(&bytes[next..], lead, &mut tail);
            chunks.push(Chunk {
                id: ChunkId {
                    index: self.index,
                    last: self.has_ended(),
                    offset: start,
                },
                bytes: at..next,
            });
            self.index += 1;
            at = next;
        }
        at
    }

    /// Examines a prefix: all of it, or what is left of the input.
    fn look(&mut self, bytes: &[u8], lead: usize, tail: &mut Tail) -> Pending {
        if bytes.len() < lead
            && let Tail::Failed(_) = tail
        {
            return Pending::Broken(failure(tail));
        }
        let next = self.walker.next(&bytes[..lead.min(bytes.len())]);
        match next.and_then(|len| {
            len.map_or(Ok(()), |len| self.walker.check_memory(len, &self.limits))?;
            Ok(len)
        }) {
            Ok(Some(len)) => Pending::Frame(len),
            Ok(None) => Pending::End,
            Err(error) => Pending::Broken(error),
        }
    }

    /// Handles an announced frame of which only `have` bytes exist.
    fn short_at_eof(&mut self, have: usize, tail: &mut Tail) -> Result<(), Error> {
        match tail {
            Tail::Failed(_) => Err(failure(tail)),
            _ => self.walker.short_at_eof(have),
        }
    }
}

/// Converts a number of bytes in memory.
fn held(memory: u64) -> usize {
    usize::try_from(memory).unwrap_or(usize::MAX)
}

/// Takes the error of a tail that has one.
fn failure(tail: &mut Tail) -> Error {
    match std::mem::replace(tail, Tail::End) {
        Tail::Failed(error) => error,
        _ => unreachable!("the callers have seen that it failed"),
    }
}
