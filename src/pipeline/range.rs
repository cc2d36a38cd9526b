//! Opening a range: some consecutive chunks, of which only the plaintext in the range is written.

use super::open::{OpenJob, open};
use super::{Run, Totals};
use crate::Error;
use crate::format::{ChunkId, ChunkMap, Frames, Limits, OpenChunk};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Which chunk is the last of the file.
#[derive(Clone, Copy)]
pub(crate) enum Ends {
    /// This one; `None` if it is not in the range. The input may end behind the range.
    At(Option<u64>),
    /// The one behind which the input ends.
    WithInput,
}

/// A range of plaintext, and the chunks that hold it.
pub(crate) struct RangeJob<'a> {
    pub map: Arc<ChunkMap>,
    pub codec: &'a dyn OpenChunk,
    /// The offset of the file's first frame.
    pub offset: u64,
    /// The start of the range, in the plaintext of the whole file.
    pub start: u64,
    /// The end of the range; `None` for the end of the plaintext. An empty range has one chunk.
    pub end: Option<u64>,
    pub ends: Ends,
    pub limits: Limits,
}

/// The result of a range.
#[derive(Clone, Copy)]
pub(crate) struct RangeTotals {
    /// Bytes that were written.
    pub written: u64,
    /// The end of the last chunk that was opened, in the plaintext of the whole file.
    pub opened_to: u64,
}

impl RangeJob<'_> {
    /// Returns the numbers of the chunks; `None` stands for the last chunk of the file.
    fn chunks(&self) -> (u64, Option<u64>) {
        let layout = self.map.layout();
        let (first, _) = layout.locate(self.start);
        let behind = self.end.map(|end| match end > self.start {
            true => layout.locate(end - 1).0 + 1,
            false => first + 1,
        });
        (first, behind)
    }

    /// Returns the bytes of the frames, counted from the file's first frame.
    pub fn frames(&self) -> Range<u64> {
        let (first, behind) = self.chunks();
        let offset = |index| self.map.layout().span(index).offset;
        offset(first)..behind.map_or(u64::MAX, offset)
    }
}

/// Opens a range. The input is at the range's first frame.
///
/// # Errors
/// As those of opening the file. Nothing is written for what the range has behind the end of the plaintext.
pub(crate) fn open_range(
    input: &mut (dyn Read + Send),
    output: &mut dyn Write,
    job: &RangeJob<'_>,
    run: &Run<'_>,
) -> Result<RangeTotals, Error> {
    let (first, behind) = job.chunks();
    let chunks = behind.map_or(0, |behind| behind - first);
    let chunk = job.map.layout().chunk as u64;
    run.meter.expect(chunks.saturating_mul(chunk));
    let span = job.map.layout().span(first);
    let ended = Arc::new(AtomicBool::new(false));
    let sealed = OpenJob {
        frames: Box::new(RangeFrames {
            frames: job.map.frames_from(first),
            map: job.map.clone(),
            next: first,
            behind,
            ends: job.ends,
            ended: ended.clone(),
        }),
        first,
        offset: job.offset.saturating_add(span.offset),
        codec: &RangeCodec {
            codec: job.codec,
            ends: job.ends,
            ended: &ended,
        },
        layers: Vec::new(),
        limits: job.limits,
    };
    let mut part = Part {
        output,
        skip: job.start - span.plaintext,
        left: job.end.map_or(u64::MAX, |end| end - job.start),
        written: 0,
    };
    let Totals { plaintext, .. } = open(input, &mut part, sealed, run)?;
    part.output.flush().map_err(Error::Write)?;
    Ok(RangeTotals {
        written: part.written,
        opened_to: span.plaintext + plaintext,
    })
}

/// The frames of a range, under the rules of the whole file.
struct RangeFrames {
    frames: Box<dyn Frames>,
    map: Arc<ChunkMap>,
    /// The number of the next chunk, and of the first one behind the range.
    next: u64,
    behind: Option<u64>,
    ends: Ends,
    /// The file has ended.
    ended: Arc<AtomicBool>,
}

impl Frames for RangeFrames {
    fn prefix_len(&self) -> usize {
        self.frames.prefix_len()
    }

    fn prefix_has_length(&self) -> bool {
        self.frames.prefix_has_length()
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        if self.behind == Some(self.next) {
            if lead.is_empty() && matches!(self.frames.next(offset, lead), Ok(None)) {
                self.ended.store(true, Ordering::Release);
            }
            return Ok(None);
        }
        let Some(len) = self.frames.next(offset, lead)? else {
            if matches!(self.ends, Ends::At(_)) {
                return Err(Error::truncated(offset, "the file got shorter meanwhile"));
            }
            self.ended.store(true, Ordering::Release);
            return Ok(None);
        };
        if !self.map.fits(self.next, len) {
            return Err(self.map.uneven(self.next, offset));
        }
        self.next += 1;
        Ok(Some(len))
    }

    fn short_at_eof(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        self.frames.short_at_eof(offset, got)
    }

    fn overhead(&self) -> usize {
        self.frames.overhead()
    }

    fn largest(&self) -> u64 {
        self.frames.largest()
    }

    fn too_large(&self, memory: u64) -> Error {
        self.frames.too_large(memory)
    }
}

/// The codec of the file. The last chunk of the range need not be the last of the file.
struct RangeCodec<'a> {
    codec: &'a dyn OpenChunk,
    ends: Ends,
    ended: &'a AtomicBool,
}

impl RangeCodec<'_> {
    fn in_file(&self, id: ChunkId) -> ChunkId {
        let last = match self.ends {
            Ends::At(last) => last == Some(id.index),
            // A chunk is passed on once it is known what follows it.
            Ends::WithInput => id.last && self.ended.load(Ordering::Acquire),
        };
        ChunkId { last, ..id }
    }
}

impl OpenChunk for RangeCodec<'_> {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        self.codec.open(self.in_file(id), frame)
    }

    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        self.codec.open_from(self.in_file(id), frame, room)
    }

    fn looks_again(&self) -> bool {
        self.codec.looks_again()
    }

    fn open_as_other(
        &self,
        id: ChunkId,
        frame: &[u8],
        room: &mut [u8],
    ) -> Option<(Range<usize>, Error)> {
        self.codec.open_as_other(self.in_file(id), frame, room)
    }
}

/// Writes a part of what it receives, and drops the rest.
struct Part<'a> {
    output: &'a mut dyn Write,
    /// Bytes still to come before the part, and in it.
    skip: u64,
    left: u64,
    written: u64,
}

impl Write for Part<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.skip.min(bytes.len() as u64) as usize;
        let part = &bytes[before..];
        let part = &part[..self.left.min(part.len() as u64) as usize];
        self.output.write_all(part)?;
        self.skip -= before as u64;
        self.left -= part.len() as u64;
        self.written += part.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
