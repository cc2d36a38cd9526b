//! Layers: streams inside streams, all of them in one pass.
//!
//! A slab goes through all the layers in the hands of one worker, so that its bytes stay in that
//! core's cache. The chunks of a layer do not begin where those of its neighbour do, so every slab
//! leaves the beginning of a chunk behind in every layer, for the next slab; the [states](ordered_handoff) hand
//! these from worker to worker. That is all that has an order: sealing and opening have none.

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

/// The room before a layer's output in which the next layer puts what the slab before left.
pub(super) const ROOM: usize = 64 << 10;

/// How many bytes a slab should have.
///
/// Where layers nest, it goes through all of them at once and should fit into a core's cache; and
/// the first ones are smaller, so that short inputs too have one for every core.
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
        // Never where the room is what the layers make it.
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
    // Each layer needs a few bytes more than the one before: not a new buffer each time.
    slab.spare.reserve((ROOM + len).next_multiple_of(ROOM))
}

/// Makes the spare buffer, which was filled up to `end`, the buffer.
fn turn_over(slab: &mut Slab, end: usize) {
    std::mem::swap(&mut slab.buffer, &mut slab.spare);
    slab.output = ROOM..end;
}
