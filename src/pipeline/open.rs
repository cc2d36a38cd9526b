//! Opening: frames in, plaintext out.

use super::slab::{Chunk, SLAB_TARGET, Slab};
use super::{Produce, Run, Totals, Work, run};
use crate::Error;
use crate::format::{ChunkId, Frames, OpenChunk};
use std::io::{Read, Write};
use std::ops::Range;

/// Opens the frames of `input`, whose header of `offset` bytes was read already, to `output`.
pub(crate) fn open(
    input: &mut (dyn Read + Send),
    output: &mut dyn Write,
    frames: Box<dyn Frames>,
    codec: &dyn OpenChunk,
    offset: u64,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let collector = Collector {
        input,
        walker: Walker::new(frames, offset),
        ahead: Vec::new(),
        pending: Pending::Unread,
        index: 0,
    };
    run(collector, &Opening { codec }, output, options)
}

/// Keeps [`Frames`] and the offset in the file together.
pub(crate) struct Walker {
    pub frames: Box<dyn Frames>,
    /// Where the frame announced last starts, or the next one before any was.
    pub start: u64,
    /// Where the next frame starts.
    pub offset: u64,
}

impl Walker {
    pub fn new(frames: Box<dyn Frames>, offset: u64) -> Self {
        Self {
            frames,
            start: offset,
            offset,
        }
    }

    /// The next frame's length, from its lead.
    pub fn next(&mut self, lead: &[u8]) -> Result<Option<usize>, Error> {
        let len = self.frames.next(self.offset, lead)?;
        self.start = self.offset;
        self.offset += len.unwrap_or(0) as u64;
        Ok(len)
    }

    /// The file ended after `got` bytes of the frame announced last.
    pub fn cut_short(&mut self, got: usize) -> Result<(), Error> {
        self.frames.cut_short(self.start, got)?;
        self.offset = self.start + got as u64;
        Ok(())
    }
}

/// What comes behind the frames handed over so far.
enum Pending {
    /// Nothing was read yet.
    Unread,
    /// A frame of this length; its lead and perhaps more of it was read ahead.
    Frame(usize),
    /// Bytes that break the format's rules. What came before them is still good.
    Broken(Error),
    /// The end.
    End,
}

/// The producer: reads whole frames, several to a slab where they are small. It always has read
/// the lead of the next frame, or the end of the input, before it hands a frame over, and so knows
/// which is the last.
struct Collector<'a> {
    input: &'a mut (dyn Read + Send),
    walker: Walker,
    /// Bytes read behind the last slab's frames: the beginning of the pending frame.
    ahead: Vec<u8>,
    pending: Pending,
    index: u64,
}

impl Collector<'_> {
    /// What the lead (all of it, or what the input still had) announces.
    fn look(&mut self, lead: &[u8]) -> Pending {
        match self.walker.next(lead) {
            Ok(Some(len)) => Pending::Frame(len),
            Ok(None) => Pending::End,
            Err(error) => Pending::Broken(error),
        }
    }

    /// Reads the first frame's lead.
    fn start(&mut self, slab: &mut Slab) -> Result<(), Error> {
        let lead = self.walker.frames.lead();
        let (filled, read) = slab.fill(self.input, 0, lead, lead);
        read.map_err(Error::Read)?;
        self.ahead.extend_from_slice(&slab.buffer[..filled.to]);
        self.pending = self.look(&slab.buffer[..filled.to]);
        Ok(())
    }

    /// Puts the slab's bytes from `at` on, the beginning of a frame of `len` bytes, aside for the
    /// next slab.
    fn put_aside(&mut self, slab: &Slab, at: usize, filled: usize, len: usize) {
        self.ahead.extend_from_slice(&slab.buffer[at..filled]);
        self.pending = Pending::Frame(len);
    }

    /// An error behind the slab's chunks, if it has any: they are good, and go first.
    fn give_up(&mut self, slab: &Slab, error: Error) -> Result<bool, Error> {
        if slab.chunks.is_empty() {
            return Err(error);
        }
        self.pending = Pending::Broken(error);
        Ok(true)
    }

    /// Hands over a frame, behind which `pending` comes.
    fn take(&mut self, slab: &mut Slab, bytes: Range<usize>, offset: u64, pending: &Pending) {
        slab.chunks.push(Chunk {
            id: ChunkId {
                index: self.index,
                last: matches!(pending, Pending::End),
                offset,
            },
            bytes,
        });
        self.index += 1;
    }
}

impl Produce for Collector<'_> {
    fn fill(&mut self, slab: &mut Slab) -> Result<bool, Error> {
        if matches!(self.pending, Pending::Unread) {
            self.start(slab)?;
        }
        let mut len = match std::mem::replace(&mut self.pending, Pending::End) {
            Pending::Frame(len) => len,
            Pending::Broken(error) => return Err(error),
            Pending::End | Pending::Unread => return Ok(false),
        };
        let lead = self.walker.frames.lead();
        // Large frames come one to a slab, with the next one's lead and no more, so that hardly
        // anything is copied from slab to slab; small ones as many as fit. Either way at least
        // one whole frame and the next one's lead have room.
        let target = if len > SLAB_TARGET / 4 {
            len + lead
        } else {
            SLAB_TARGET
        };
        slab.reserve(self.ahead.len());
        slab.buffer[..self.ahead.len()].copy_from_slice(&self.ahead);
        let (filled, read) = slab.fill(self.input, self.ahead.len(), len + lead, target);
        self.ahead.clear();
        let mut failed = read.map_err(Error::Read).err();
        let more = !filled.ended && failed.is_none();
        let filled = filled.to;
        let mut at = 0;
        loop {
            let have = filled - at;
            if have < len + lead && more {
                self.put_aside(slab, at, filled, len);
                return Ok(true);
            }
            if have < len {
                if let Some(error) = failed {
                    return self.give_up(slab, error);
                }
                if let Err(error) = self.walker.cut_short(have) {
                    return self.give_up(slab, error);
                }
                len = have;
            }
            let (start, next) = (self.walker.start, at + len);
            let pending = match failed.take_if(|_| have < len + lead) {
                // What comes next is not known, but this frame is whole.
                Some(error) => Pending::Broken(error),
                None => self.look(&slab.buffer[next..filled.min(next + lead)]),
            };
            self.take(slab, at..next, start, &pending);
            at = next;
            match pending {
                Pending::Frame(next_len) => len = next_len,
                end => {
                    self.pending = end;
                    return Ok(true);
                }
            }
        }
    }
}

/// The workers' part.
struct Opening<'a> {
    codec: &'a dyn OpenChunk,
}

impl Work for Opening<'_> {
    fn work(&self, slab: &mut Slab) -> Result<u64, Error> {
        for chunk in &slab.chunks {
            let at = chunk.bytes.start;
            let inner = self
                .codec
                .open(chunk.id, &mut slab.buffer[chunk.bytes.clone()])?;
            let plaintext = at + inner.start..at + inner.end;
            if slab.output.is_empty() {
                // The first stays where it is, the others close up to it.
                slab.output = plaintext;
            } else {
                slab.buffer.copy_within(plaintext.clone(), slab.output.end);
                slab.output.end += plaintext.len();
            }
        }
        Ok(slab.output.len() as u64)
    }
}
