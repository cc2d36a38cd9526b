//! Cutting what arrives into whole frames.

use super::slab::Chunk;
use crate::Error;
use crate::format::{ChunkId, Frames, Limits, Walker};

/// What comes behind the bytes that are there.
pub(super) enum Tail {
    /// More of them.
    More,
    /// Nothing.
    End,
    /// Nobody knows.
    Failed(Error),
}

/// What comes behind the frames cut so far.
enum Pending {
    /// Nothing was seen yet.
    Unread,
    /// A frame of this length.
    Frame(usize),
    /// Bytes that break the format's rules. What came before them is still good.
    Broken(Error),
    /// The end.
    End,
}

/// Cuts frames. It always has seen the lead of the next frame, or the end, before it gives one
/// out, and so knows which is the last.
pub(super) struct Splitter {
    walker: Walker,
    limits: Limits,
    pending: Pending,
    index: u64,
}

impl Splitter {
    /// The first frame starts at `offset`.
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

    /// Passes over `count` frames with this lead, all of them whole and none of them the last.
    pub fn pass_over(&mut self, lead: &[u8], count: u64) -> Result<(), Error> {
        for _ in 0..count {
            self.walker.next(lead)?;
        }
        self.index += count;
        Ok(())
    }

    /// How many bytes tell a frame's length.
    pub fn prefix_len(&self) -> usize {
        self.walker.frames.prefix_len()
    }

    /// How many bytes from the start of the next frame on are wanted, where that is known: the
    /// frame and the lead of the one behind it, but no more than it takes to see that the frame is
    /// too large.
    pub fn wanted(&self) -> Option<usize> {
        match self.pending {
            Pending::Frame(len) => {
                let refused = held(self.limits.memory).saturating_add(1);
                Some(refused.min(len + self.prefix_len()))
            }
            _ => None,
        }
    }

    /// How many bytes the input has from the start of the next frame on, or a few more, where that
    /// is known.
    pub fn rest(&self) -> Option<u64> {
        let body = self.limits.input_len?;
        Some(body.saturating_sub(self.walker.start))
    }

    /// Whether the last frame was given out.
    pub fn has_ended(&self) -> bool {
        matches!(self.pending, Pending::End)
    }

    /// Takes out the error that comes behind the frames given out so far.
    pub fn take_fault(&mut self) -> Option<Error> {
        match std::mem::replace(&mut self.pending, Pending::End) {
            Pending::Broken(error) => Some(error),
            pending => {
                self.pending = pending;
                None
            }
        }
    }

    /// Cuts `bytes`, which begin where the last call stopped, and gives out the whole frames in
    /// them. Returns how many bytes these take; the rest is wanted again, with more behind it.
    ///
    /// An error behind the frames stays here ([`take_fault`](Self::take_fault)), for they are good
    /// and go first.
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

    /// What the lead (all of it, or what there still is) announces.
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

    /// There are only `have` bytes of the announced frame.
    fn short_at_eof(&mut self, have: usize, tail: &mut Tail) -> Result<(), Error> {
        match tail {
            Tail::Failed(_) => Err(failure(tail)),
            _ => self.walker.short_at_eof(have),
        }
    }
}

/// A number of bytes in memory.
fn held(memory: u64) -> usize {
    usize::try_from(memory).unwrap_or(usize::MAX)
}

/// Takes the error out of a tail that has one.
fn failure(tail: &mut Tail) -> Error {
    match std::mem::replace(tail, Tail::End) {
        Tail::Failed(error) => error,
        _ => unreachable!("the callers have seen that it failed"),
    }
}
