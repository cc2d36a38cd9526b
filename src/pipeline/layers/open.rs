//! The layers inside the first, when opening.

use super::ordered_handoff::{OrderedState, SlabTurn};
use super::{ROOM, make_room, prepend, turn_over};
use crate::Error;
use crate::format::{ChunkId, Limits, OpenChunk, OpenLayer};
use crate::pipeline::slab::{Chunk, Slab};
use crate::pipeline::split::{Splitter, Tail};
use crate::try_alloc::append;
use std::ops::Range;
use std::sync::Arc;

/// The layers inside the first, when opening.
pub struct InnerLayers {
    layers: Vec<Box<dyn OpenLayer>>,
    states: Vec<OrderedState<Unopened>>,
    limits: Limits,
}

/// What a layer keeps from one slab to the next.
#[derive(Default)]
struct Unopened {
    rest: Vec<u8>,
    /// The origin of the rest.
    place: Place,
    /// What follows its header, once the header is complete.
    body: Option<(Splitter, Arc<dyn OpenChunk>)>,
}

/// The origin of bytes: a chunk of the outermost layer, the only one that has a position in the file.
#[derive(Clone, Copy, Default)]
struct Place {
    chunk: u64,
    offset: u64,
}

impl Place {
    /// Attributes the error to this origin.
    fn attribute(self, error: Error) -> Error {
        let Self { chunk, offset } = self;
        match error {
            Error::Authentication { .. } => Error::Authentication { chunk, offset },
            error => error.at(offset),
        }
    }
}

/// A frame in a slab's buffer.
struct Frame {
    id: ChunkId,
    bytes: Range<usize>,
    place: Place,
}

/// What was opened of one layer in one slab.
struct Opened {
    /// The start of each piece in the buffer, and its origin.
    places: Vec<(usize, Place)>,
    /// The error behind them.
    fault: Option<Error>,
}

impl InnerLayers {
    /// From the outside in. The first frame of the outermost layer is at `offset` of the file.
    pub fn new(layers: Vec<Box<dyn OpenLayer>>, offset: u64, limits: Limits) -> Self {
        let states = layers.iter().map(|_| {
            OrderedState::new(Unopened {
                place: Place { chunk: 0, offset },
                ..Unopened::default()
            })
        });
        Self {
            states: states.collect(),
            layers,
            limits,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Opens the slab's chunks with the outermost layer's `codec`, and all layers inside.
    ///
    /// If one layer fails, what came before goes on through the others: its plaintext is good, and an error found there
    /// comes earlier in the data.
    pub fn open(&self, slab: &mut Slab, codec: &dyn OpenChunk) -> Result<(), Error> {
        // Before anything can fail.
        let mut turn = SlabTurn::new(&self.states, slab.number);
        let outermost = |chunk: &Chunk| Frame {
            id: chunk.id,
            bytes: chunk.bytes.clone(),
            place: Place {
                chunk: chunk.id.index,
                offset: chunk.id.offset,
            },
        };
        let frames = slab.chunks.iter().map(outermost).collect();
        let mut opened = open_frames(slab, frames, codec);
        for (i, layer) in self.layers.iter().enumerate() {
            let Some(mut state) = turn.take(i) else {
                // An earlier slab has failed, and its error is the one to report. What only some layers have opened is
                // not written.
                slab.output = 0..0;
                return Err(Error::Stopped);
            };
            let cut = state.cut(&**layer, slab, opened, &self.limits);
            let codec = state.body.as_ref().map(|(_, codec)| codec.clone());
            if cut.fault.is_none() {
                turn.pass(i, state);
            }
            opened = match codec {
                Some(codec) => open_frames(slab, cut.frames, &*codec),
                // Its header is not complete yet.
                None => nothing(slab, None),
            };
            opened.fault = opened.fault.or(cut.fault);
        }
        opened.fault.map_or(Ok(()), Err)
    }
}

/// The frames of one layer in one slab.
struct Cut {
    frames: Vec<Frame>,
    /// The error behind them.
    fault: Option<Error>,
}

impl Unopened {
    /// Splits the slab's output, behind what the slab before left, into frames.
    fn cut(
        &mut self,
        layer: &dyn OpenLayer,
        slab: &mut Slab,
        opened: Opened,
        limits: &Limits,
    ) -> Cut {
        let Opened { mut places, fault } = opened;
        if let Err(error) = prepend(slab, &self.rest) {
            return Cut {
                frames: Vec::new(),
                fault: Some(error),
            };
        }
        places.insert(0, (slab.output.start, self.place));
        let place = |at: usize| {
            let behind = places.partition_point(|(start, _)| *start <= at);
            places[behind.max(1) - 1].1
        };
        let ended = slab.last && fault.is_none();
        let start = slab.output.start;
        let bytes = &slab.buffer[slab.output.clone()];
        let mut chunks = Vec::new();
        let (taken, found) = match self.split(layer, bytes, ended, limits, &mut chunks) {
            Ok(taken) => {
                let fault = self.body.as_mut().and_then(|(body, _)| body.take_fault());
                (taken, fault)
            }
            Err(error) => (0, Some(error)),
        };
        self.rest.clear();
        let kept = append(&mut self.rest, &bytes[taken..]);
        self.place = place(start + taken);
        let frames = chunks.into_iter().map(|chunk| Frame {
            id: chunk.id,
            bytes: start + chunk.bytes.start..start + chunk.bytes.end,
            place: place(start + chunk.bytes.start),
        });
        Cut {
            frames: frames.collect(),
            fault: found
                .map(|error| self.place.attribute(error))
                .or(fault)
                .or(kept.err()),
        }
    }

    /// Returns how many of the bytes were used.
    fn split(
        &mut self,
        layer: &dyn OpenLayer,
        bytes: &[u8],
        ended: bool,
        limits: &Limits,
        chunks: &mut Vec<Chunk>,
    ) -> Result<usize, Error> {
        let mut header = 0;
        if self.body.is_none() {
            if bytes.len() < layer.size() && !ended {
                return Ok(0);
            }
            header = layer.size().min(bytes.len());
            let (frames, codec) = layer.unlock(&bytes[..header], limits)?;
            let splitter = Splitter::new(frames, header as u64, *limits);
            self.body = Some((splitter, codec.into()));
        }
        let Some((body, _)) = &mut self.body else {
            return Ok(0);
        };
        let tail = if ended { Tail::End } else { Tail::More };
        let taken = body.split(&bytes[header..], tail, chunks);
        for chunk in chunks {
            chunk.bytes = header + chunk.bytes.start..header + chunk.bytes.end;
        }
        Ok(header + taken)
    }
}

/// Opens frames from the buffer into the spare one, up to the first bad one, and swaps the two.
fn open_frames(slab: &mut Slab, frames: Vec<Frame>, codec: &dyn OpenChunk) -> Opened {
    let room = frames.iter().map(|frame| frame.bytes.len()).sum();
    if let Err(error) = make_room(slab, room) {
        return nothing(slab, Some(error));
    }
    let mut places = Vec::with_capacity(frames.len() + 1);
    let mut fault = None;
    let mut end = ROOM;
    for Frame { id, bytes, place } in frames {
        let room = end..end + bytes.len();
        match codec.open_from(id, &slab.buffer[bytes], &mut slab.spare[room.clone()]) {
            Ok(plaintext) => {
                if plaintext.start > 0 {
                    let there = room.start + plaintext.start..room.start + plaintext.end;
                    slab.spare.copy_within(there, end);
                }
                places.push((end, place));
                end += plaintext.len();
            }
            Err(error) => {
                fault = Some(place.attribute(error));
                break;
            }
        }
    }
    turn_over(slab, end);
    Opened { places, fault }
}

/// Leaves the slab without output.
fn nothing(slab: &mut Slab, fault: Option<Error>) -> Opened {
    slab.output = 0..0;
    Opened {
        places: Vec::new(),
        fault,
    }
}
