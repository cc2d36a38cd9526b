//! The layers around the first, when sealing.

use super::ordered_handoff::{OrderedState, SlabTurn};
use super::{ROOM, make_room, prepend, turn_over};
use crate::Error;
use crate::format::{ChunkId, Layout, SealLayer};
use crate::pipeline::slab::Slab;
use crate::try_alloc::append;

/// The layers around the first, when sealing.
pub struct OuterLayers {
    layers: Vec<SealLayer>,
    states: Vec<OrderedState<Unsealed>>,
}

/// What a layer keeps from one slab to the next.
pub struct Unsealed {
    rest: Vec<u8>,
    /// The number of the next chunk.
    index: u64,
    /// The offset of its frame in the layer's stream.
    offset: u64,
}

impl OuterLayers {
    /// From the inside out. The first frame of the outermost layer is at `offset` of the file.
    pub fn new(layers: Vec<SealLayer>, offset: u64) -> Self {
        // The plaintext of a layer begins with the header of the stream inside it.
        let offsets = layers.iter().skip(1).map(|around| around.head.len() as u64);
        let states = layers
            .iter()
            .zip(offsets.chain([offset]))
            .map(|(layer, offset)| {
                OrderedState::new(Unsealed {
                    rest: layer.head.clone(),
                    index: 0,
                    offset,
                })
            })
            .collect();
        Self { layers, states }
    }

    /// Starts the turn of a slab. Must be called before anything can fail.
    pub fn turn(&self, slab: &Slab) -> SlabTurn<'_, Unsealed> {
        SlabTurn::new(&self.states, slab.number)
    }

    /// Seals the slab's output in every layer.
    pub fn seal(&self, slab: &mut Slab, turn: SlabTurn<'_, Unsealed>) -> Result<(), Error> {
        let sealed = self.seal_all(slab, turn);
        if sealed.is_err() {
            // What only some layers have sealed is not written.
            slab.output = 0..0;
        }
        sealed
    }

    fn seal_all(&self, slab: &mut Slab, mut turn: SlabTurn<'_, Unsealed>) -> Result<(), Error> {
        for (i, layer) in self.layers.iter().enumerate() {
            let mut state = turn.take(i).ok_or(Error::Stopped)?;
            prepend(slab, &state.rest)?;
            let cut = state.cut(&layer.layout, slab)?;
            turn.pass(i, state);
            cut.seal(layer, slab)?;
            slab.frames = cut.chunks;
        }
        Ok(())
    }
}

impl Unsealed {
    /// Takes whole chunks of the slab's bytes, and leaves at least one byte: only the end shows which chunk is the
    /// last.
    fn cut(&mut self, layout: &Layout, slab: &Slab) -> Result<Cut, Error> {
        let bytes = &slab.buffer[slab.output.clone()];
        let chunks = layout.cut(bytes.len(), slab.last, self.index);
        let taken = match slab.last {
            true => bytes.len(),
            false => chunks * layout.chunk,
        };
        let cut = Cut {
            taken,
            chunks,
            first: self.index,
            offset: self.offset,
        };
        self.rest.clear();
        append(&mut self.rest, &bytes[taken..])?;
        self.index += chunks as u64;
        self.offset += (taken + chunks * layout.overhead()) as u64;
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
    /// The number of the first chunk.
    first: u64,
    /// The offset of its frame in the layer's stream.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{End, SealChunk};

    fn layout(end: End) -> Layout {
        Layout {
            chunk: 10,
            prefix: 3,
            suffix: 16,
            end,
            max_chunks: 5,
        }
    }

    /// Makes a slab whose bytes show their positions.
    fn slab(len: usize, last: bool) -> Slab {
        let mut slab = Slab {
            last,
            ..Slab::default()
        };
        slab.reserve(ROOM + len).unwrap();
        for (i, byte) in slab.buffer[ROOM..].iter_mut().enumerate() {
            *byte = i as u8;
        }
        slab.output = ROOM..ROOM + len;
        slab
    }

    fn left(index: u64) -> Unsealed {
        Unsealed {
            rest: vec![0xFF; 7],
            index,
            offset: 100,
        }
    }

    #[test]
    fn a_cut_takes_whole_chunks_and_leaves_a_byte_unless_it_is_the_last() {
        // Each case: bytes available, bytes taken, and the number of chunks.
        let middle = [
            (0, 0, 0),
            (1, 0, 0),
            (10, 0, 0),
            (11, 10, 1),
            (20, 10, 1),
            (21, 20, 2),
        ];
        let last = [(0, 0, 0), (1, 1, 1), (10, 10, 1), (11, 11, 2), (20, 20, 2)];
        let short = [(0, 0, 1), (1, 1, 1), (10, 10, 2), (11, 11, 2), (20, 20, 3)];
        for (end, is_last, cases) in [
            (End::Any, false, &middle[..]),
            (End::Short, false, &middle),
            (End::Any, true, &last),
            (End::Short, true, &short),
        ] {
            for &(len, taken, chunks) in cases {
                let mut state = left(2);
                let cut = state.cut(&layout(end), &slab(len, is_last)).unwrap();
                let what = format!("{len} bytes, {end:?}, last: {is_last}");
                assert_eq!((cut.taken, cut.chunks), (taken, chunks), "{what}");
                assert_eq!((cut.first, cut.offset), (2, 100), "{what}");
                let rest: Vec<u8> = (taken..len).map(|i| i as u8).collect();
                assert_eq!(state.rest, rest, "{what}");
                assert_eq!(state.index, 2 + chunks as u64, "{what}");
                assert_eq!(state.offset, (100 + taken + 19 * chunks) as u64, "{what}");
            }
        }
    }

    /// Seals by copying.
    struct Plain;

    impl SealChunk for Plain {
        fn seal(&self, _id: ChunkId, _frame: &mut [u8]) -> Result<(), Error> {
            Ok(())
        }
    }

    /// Overhead that is larger than the plaintext.
    #[test]
    fn there_is_room_for_what_every_chunk_adds() {
        let layer = SealLayer {
            head: Vec::new(),
            layout: layout(End::Any),
            codec: Box::new(Plain),
        };
        let mut slab = slab(60_000, true);
        let cut = Cut {
            taken: 60_000,
            chunks: 6000,
            first: 0,
            offset: 0,
        };
        cut.seal(&layer, &mut slab).unwrap();
        assert_eq!(slab.output, ROOM..ROOM + 60_000 + 6000 * 19);
    }

    #[test]
    fn no_more_chunks_than_the_layer_can_number() {
        let full = slab(20, true);
        assert!(left(3).cut(&layout(End::Any), &full).is_ok());
        let error = left(4).cut(&layout(End::Any), &full).err().unwrap();
        assert!(error.to_string().contains("more than 5 chunks"), "{error}");
    }
}
