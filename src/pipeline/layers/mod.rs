//! Layers: streams inside streams, all in one pass.
//!
//! One worker takes a slab through all layers, so that its bytes stay in that core's cache. The chunks of a layer are
//! not aligned with those of the next. So every slab leaves the beginning of a chunk behind in every layer, for the
//! next slab; the [states](ordered_handoff) hand these from worker to worker. Only that handoff is ordered: sealing and
//! opening are not.

#[cfg(not(fetool_model))]
mod open;
pub(super) mod ordered_handoff;
#[cfg(not(fetool_model))]
mod seal;

#[cfg(not(fetool_model))]
pub(super) use open::InnerLayers;
#[cfg(not(fetool_model))]
pub(super) use seal::OuterLayers;

use super::slab::{SLAB_TARGET, Slab};
use crate::Error;
use std::ops::Range;

/// The room before a layer's output, in which the next layer puts what the slab before left.
pub(super) const ROOM: usize = 64 << 10;

/// Returns the size to aim at for a slab.
///
/// A slab that goes through several layers should fit into a core's cache. The first ones are smaller, so that short
/// inputs too have one for every core.
pub(super) fn slab_target(layers: usize, number: u64) -> usize {
    match layers {
        0 => SLAB_TARGET,
        _ => (64 << 10) << (number / 4).min(3),
    }
}

/// Puts what the slab before left in front of the slab's output.
fn prepend(slab: &mut Slab, rest: &[u8]) -> Result<(), Error> {
    let Range { start, end } = slab.output;
    let room = rest.len();
    if start < room {
        // Never needed if the layers have made the room.
        slab.reserve(end - start + room)?;
        slab.buffer.copy_within(start..end, room);
        slab.output = room..end - start + room;
    }
    slab.output.start -= room;
    slab.buffer[slab.output.start..][..room].copy_from_slice(rest);
    Ok(())
}

/// Makes room in the spare buffer for `len` bytes of output behind [`ROOM`].
fn make_room(slab: &mut Slab, len: usize) -> Result<(), Error> {
    // Each layer needs a few bytes more than the one before: rounding up saves a new buffer each time.
    slab.spare.reserve((ROOM + len).next_multiple_of(ROOM))
}

/// Swaps the buffers: the spare one, filled up to `end`, becomes the buffer.
fn turn_over(slab: &mut Slab, end: usize) {
    std::mem::swap(&mut slab.buffer, &mut slab.spare);
    slab.output = ROOM..end;
}
