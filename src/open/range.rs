//! Opening a range of an input that can only be read in order.

use super::at::{in_plaintext, open_or_explain};
use super::{Opening, fault};
use crate::Error;
use crate::format::{ChunkId, ChunkMap};
use crate::peek::PeekReader;
use crate::pipeline::{Ends, RangeJob, open_range};
use crate::try_alloc::zeros;
use std::io::{Read, Write};
use std::sync::Arc;

/// Bytes that are skipped at a time, at least.
const PIECE: usize = 1 << 20;

impl<R: Read + Send> Opening<R> {
    /// Opens the plaintext from `start` to `end`, or to its end, to `output`, and flushes that. Returns the number of
    /// bytes written.
    ///
    /// The input is skipped up to the first necessary chunk, without authenticating it, and is read no further than the
    /// range needs. For an input that can be read at any position, prefer [`Open::start_at`](crate::Open::start_at).
    ///
    /// # Errors
    /// [`Error::Usage`] with the reason if the positions of the file's chunks cannot be computed, or if the plaintext
    /// ends before; [`Error::Refused`]; and those of [`run`](Self::run).
    pub fn run_range(
        mut self,
        start: u64,
        end: Option<u64>,
        mut output: impl Write,
    ) -> Result<u64, Error> {
        let end = end.map(|end| end.max(start));
        let map = Arc::new(self.file.chunk_map(&mut self.input)?);
        let (first, _) = map.layout().locate(start);
        let frame = map.layout().frame();
        if first > 0 && frame as u64 > self.file.limits.memory {
            return Err(map.frames_from(0).too_large(self.file.limits.memory));
        }
        let passed = pass_over(&mut self.input, frame, first);
        // A cancelled input may report an error of its own.
        if self.options.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        if let Some(passed) = passed? {
            let len = self.passed_len(&map, passed)?;
            return in_plaintext(start, end.unwrap_or(start), len).map(|()| 0);
        }
        let key_proven = self.file.payload.key_proven;
        let job = RangeJob {
            map,
            codec: &*self.file.payload.codec,
            offset: self.file.offset,
            start,
            end,
            ends: Ends::WithInput,
            limits: self.file.limits,
        };
        let run = self.options.run();
        let done = open_range(&mut self.input, &mut output, &job, &run);
        let done = done.map_err(|error| fault(error, key_proven))?;
        // A range that was not opened to its end exceeds the plaintext.
        in_plaintext(start, end.unwrap_or(start), done.opened_to)?;
        Ok(done.written)
    }

    /// Returns the length of a plaintext all of whose chunks were skipped, after opening the last one as the last.
    fn passed_len(&self, map: &ChunkMap, passed: Passed) -> Result<u64, Error> {
        let count = map.count(passed.stored, self.file.offset)?;
        let Some(index) = count.chunks.checked_sub(1) else {
            return Ok(count.plaintext);
        };
        let id = ChunkId {
            index,
            last: true,
            offset: self.file.offset + map.layout().span(index).offset,
        };
        map.check(index, id.offset, &passed.last, &[])?;
        let mut room = zeros(passed.last.len())?;
        open_or_explain(&*self.file.payload.codec, id, &passed.last, &mut room)?;
        Ok(count.plaintext)
    }
}

/// An input that ended while it was skipped.
struct Passed {
    /// The number of bytes it had.
    stored: u64,
    /// Its last frame; empty if it has none.
    last: Vec<u8>,
}

/// Skips `count` frames of the same length, or returns what there was if nothing follows them.
fn pass_over<R: Read>(
    input: &mut PeekReader<R>,
    frame: usize,
    count: u64,
) -> Result<Option<Passed>, Error> {
    if count == 0 {
        return Ok(None);
    }
    // Whole frames, so that the last one is in one piece, which is kept until more follows.
    let most = (PIECE / frame).max(1) as u64;
    let mut piece = Vec::new();
    let (mut before, mut passed) = (0, 0);
    while goes_on(input)? {
        if passed == count {
            return Ok(None);
        }
        let now = most.min(count - passed);
        before = passed * frame as u64;
        piece.clear();
        // The buffer grows with the bytes that arrive.
        let mut input = input.take(now.saturating_mul(frame as u64));
        let read = input.read_to_end(&mut piece);
        read.map_err(|error| Error::Read(error).root())?;
        passed += now;
    }
    let stored = before + piece.len() as u64;
    let last = piece.len().saturating_sub(1) / frame * frame;
    Ok(Some(Passed {
        stored,
        last: piece.split_off(last),
    }))
}

fn goes_on<R: Read>(input: &mut PeekReader<R>) -> Result<bool, Error> {
    let next = input.peek(1).map_err(|error| Error::Read(error).root())?;
    Ok(!next.is_empty())
}
