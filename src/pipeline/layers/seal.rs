//! The layers around the first, when sealing.

use super::relay::{Legs, Relay};
use super::{ROOM, make_room, prepend, turn_over};
use crate::Error;
use crate::format::{ChunkId, End, Layout, SealLayer};
use crate::memory::append;
use crate::pipeline::slab::Slab;

/// The layers around the first, when sealing.
pub struct Around {
    layers: Vec<SealLayer>,
    relays: Vec<Relay<Unsealed>>,
}

/// What a layer leaves from slab to slab.
pub struct Unsealed {
    rest: Vec<u8>,
    /// The number of the next chunk.
    index: u64,
    /// Where its frame starts in the layer's stream.
    offset: u64,
}

impl Around {
    /// From the inside out.
    pub fn new(layers: Vec<SealLayer>) -> Self {
        let relays = layers
            .iter()
            .map(|layer| {
                Relay::new(Unsealed {
                    // The stream that the layer seals begins with its header.
                    rest: layer.head.clone(),
                    index: 0,
                    offset: 0,
                })
            })
            .collect();
        Self { layers, relays }
    }

    /// Starts a slab's run; before anything can fail.
    pub fn legs(&self, slab: &Slab) -> Legs<'_, Unsealed> {
        Legs::new(&self.relays, slab.number)
    }

    /// Seals the slab's output in every layer.
    pub fn seal(&self, slab: &mut Slab, legs: Legs<'_, Unsealed>) -> Result<(), Error> {
        let sealed = self.seal_all(slab, legs);
        if sealed.is_err() {
            // What is sealed in some layers only is nothing to write.
            slab.output = 0..0;
        }
        sealed
    }

    fn seal_all(&self, slab: &mut Slab, mut legs: Legs<'_, Unsealed>) -> Result<(), Error> {
        for (i, layer) in self.layers.iter().enumerate() {
            let mut state = legs.take(i).ok_or(Error::Stopped)?;
            prepend(slab, &state.rest)?;
            let cut = state.cut(&layer.layout, slab)?;
            legs.pass(i, state);
            cut.seal(layer, slab)?;
            slab.frames = cut.chunks;
        }
        Ok(())
    }
}

impl Unsealed {
    /// Takes whole chunks of what the slab has, and at least one byte less than all, for the last
    /// chunk is known only at the end.
    fn cut(&mut self, layout: &Layout, slab: &Slab) -> Result<Cut, Error> {
        let bytes = &slab.buffer[slab.output.clone()];
        let taken = if slab.last {
            bytes.len()
        } else {
            bytes.len().saturating_sub(1) / layout.chunk * layout.chunk
        };
        let mut chunks = taken.div_ceil(layout.chunk);
        if slab.last && layout.end == End::Short && taken.is_multiple_of(layout.chunk) {
            chunks += 1;
        }
        let cut = Cut {
            taken,
            chunks,
            first: self.index,
            offset: self.offset,
        };
        self.rest.clear();
        append(&mut self.rest, &bytes[taken..])?;
        self.index += chunks as u64;
        self.offset += (taken + chunks * (layout.prefix + layout.suffix)) as u64;
        if self.index > layout.max_chunks {
            return Err(layout.too_many_chunks());
        }
        Ok(cut)
    }
}

/// The chunks of one layer in one slab.
struct Cut {
    /// Bytes in them.
    taken: usize,
    chunks: usize,
    /// The first one's number.
    first: u64,
    /// Where its frame starts in the layer's stream.
    offset: u64,
}

impl Cut {
    fn seal(&self, layer: &SealLayer, slab: &mut Slab) -> Result<(), Error> {
        let Layout {
            chunk,
            prefix,
            suffix,
            ..
        } = layer.layout;
        make_room(slab, self.taken + self.chunks * (prefix + suffix))?;
        let bytes = &slab.buffer[slab.output.start..][..self.taken];
        let mut end = ROOM;
        for i in 0..self.chunks {
            let plaintext = &bytes[i * chunk..self.taken.min((i + 1) * chunk)];
            let frame = end..end + prefix + plaintext.len() + suffix;
            let id = ChunkId {
                index: self.first + i as u64,
                last: slab.last && i + 1 == self.chunks,
                offset: self.offset + (frame.start - ROOM) as u64,
            };
            end = frame.end;
            layer
                .codec
                .seal_from(id, plaintext, prefix, &mut slab.spare[frame])?;
        }
        turn_over(slab, end);
        Ok(())
    }
}
