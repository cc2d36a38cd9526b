//! The chunk size of a damaged file. The header of a stream has it; other files have it only in their length fields,
//! the first of which may be damaged.

use super::frames::GfeFrames;
use super::{CHUNK_DEFAULT, CHUNK_MAX, MAX_CHUNKS, PREFIX_LEN, Size};
use crate::aead::TAG_LEN;
use crate::format::{ChunkMap, End, Layout};
use crate::positioned::{Positioned, ReadAt};
use crate::{Error, try_alloc};
use std::cmp::Reverse;
use std::collections::BTreeMap;

const OVERHEAD: u64 = (PREFIX_LEN + TAG_LEN) as u64;

/// Bytes behind the header that are searched for length fields: two frames of the maximum length, and the field behind
/// them.
const SEARCHED: u64 = 2 * (CHUNK_MAX + OVERHEAD) + PREFIX_LEN as u64;

/// The maximum number of chunk sizes that the search keeps and returns.
const NOTED: usize = 4096;
const RETURNED: usize = 16;

/// Returns the positions of the chunks, if all but the last have `chunk` bytes.
pub(super) fn map(size: Size, chunk: u64) -> ChunkMap {
    let (end, declared) = match size {
        Size::Stream { .. } => (End::Short, None),
        Size::Known(declared) => (End::Any, Some(declared)),
        Size::Unknown => (End::Any, None),
    };
    let layout = Layout {
        chunk: (chunk as usize).max(1), // at most CHUNK_MAX
        prefix: PREFIX_LEN,
        suffix: TAG_LEN,
        end,
        max_chunks: MAX_CHUNKS,
    };
    let walk = move |index| Box::new(GfeFrames::behind(size, index, chunk)) as Box<_>;
    ChunkMap::with_lengths(layout, declared, walk).frame_len(frame_len)
}

/// Returns possible positions of the chunks, the likeliest first. `body` begins with the first frame.
pub(super) fn maps(
    size: Size,
    body: Positioned<'_, dyn ReadAt + '_>,
) -> Result<Vec<ChunkMap>, Error> {
    let chunks = match size {
        Size::Stream { chunk } => vec![chunk],
        _ => chunk_sizes(size, body)?,
    };
    Ok(chunks.into_iter().map(|chunk| map(size, chunk)).collect())
}

/// Returns the length of the frame with this length field.
fn frame_len(field: &[u8]) -> Option<usize> {
    let field = u64::from(u32::from_be_bytes(field.try_into().ok()?));
    let plaintext = field.checked_sub(TAG_LEN as u64)?;
    (plaintext <= CHUNK_MAX).then_some((plaintext + OVERHEAD) as usize)
}

fn chunk_sizes(size: Size, body: Positioned<'_, dyn ReadAt + '_>) -> Result<Vec<u64>, Error> {
    let stored = body.size().map_err(Error::Read)?;
    // The usual case: the first two fields are equal, or the only chunk ends the file.
    if let Some(frame) = field_at(body, stored, 0)?
        && frame > OVERHEAD
        && (frame == stored || field_at(body, stored, frame)? == Some(frame))
    {
        return Ok(vec![frame - OVERHEAD]);
    }
    let mut bytes = try_alloc::zeros(stored.min(SEARCHED) as usize)?;
    read_all(body, &mut bytes)?;
    let field = |at: usize| bytes.get(at..)?.get(..PREFIX_LEN).and_then(frame_len);
    let mut evidence: BTreeMap<u64, u32> = BTreeMap::new();
    let mut note = |chunk: u64, weight: u32| {
        if (1..=CHUNK_MAX).contains(&chunk)
            && (evidence.len() < NOTED || evidence.contains_key(&chunk))
        {
            *evidence.entry(chunk).or_default() += weight;
        }
    };
    note(CHUNK_DEFAULT, 1);
    if let Size::Known(size) = size {
        note(size, if stored == size + OVERHEAD { 3 } else { 1 });
    }
    for at in 0..bytes.len().saturating_sub(PREFIX_LEN) {
        let Some(frame) = field(at).filter(|frame| *frame as u64 > OVERHEAD) else {
            continue;
        };
        let plaintext = frame as u64 - OVERHEAD;
        let repeated = field(at + frame) == Some(frame);
        // Or the last frame follows.
        let ends = |next: usize| next < frame && (at + frame + next) as u64 == stored;
        let followed = repeated || field(at + frame).is_some_and(ends);
        let at_end = (at + frame) as u64 == stored;
        if at == 0 || at.is_multiple_of(frame) && !at_end || followed {
            note(plaintext, if followed { 3 } else { 1 + u32::from(at == 0) });
        }
        if let Size::Known(size) = size
            && let Some(chunk) = chunk_before_last(at as u64, plaintext, size)
        {
            note(chunk, if at_end { 3 } else { 2 });
        }
    }
    let mut chunks: Vec<_> = evidence.into_iter().collect();
    chunks.sort_by_key(|(_, weight)| Reverse(*weight));
    chunks.truncate(RETURNED);
    Ok(chunks.into_iter().map(|(chunk, _)| chunk).collect())
}

/// Returns the length of the frame whose length field is at a position; `None` if no frame has it, or the
/// file ends there.
fn field_at(
    body: Positioned<'_, dyn ReadAt + '_>,
    stored: u64,
    position: u64,
) -> Result<Option<u64>, Error> {
    let mut field = [0; PREFIX_LEN];
    if stored.saturating_sub(position) < field.len() as u64 {
        return Ok(None);
    }
    read_all(body.moved(position), &mut field)?;
    Ok(frame_len(&field).map(|frame| frame as u64))
}

fn read_all(body: Positioned<'_, dyn ReadAt + '_>, into: &mut [u8]) -> Result<(), Error> {
    match body.read_all(into).map_err(Error::Read)? {
        true => Ok(()),
        false => Err(Error::truncated(
            body.position,
            "the file got shorter meanwhile",
        )),
    }
}

/// Returns the chunk size of a file whose last frame is at `at` and holds `last` of `size` bytes.
fn chunk_before_last(at: u64, last: u64, size: u64) -> Option<u64> {
    let before = size.checked_sub(last)?;
    let overheads = at.checked_sub(before)?;
    let chunks = (overheads / OVERHEAD).max(1);
    let whole = overheads == chunks * OVERHEAD && before.is_multiple_of(chunks);
    (whole && before / chunks >= last).then_some(before / chunks)
}
