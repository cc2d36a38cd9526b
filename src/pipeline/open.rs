//! Opening: frames in, plaintext out.

use super::layers::{InnerLayers, slab_target};
use super::parallel_io::UniformSpan;
use super::slab::{Chunk, Slab};
use super::split::{Splitter, Tail};
use super::{Produce, Run, Totals, Work, run};
use crate::Error;
use crate::format::{ChunkId, Frames, Geometry, Limits, OpenChunk, OpenLayer, Walker};
use crate::positioned::{Positioned, ReadAt, WriteAt};
use crate::try_alloc::append;
use std::io::{Read, Write};

/// What to open, behind the header.
pub(crate) struct OpenJob<'a> {
    pub frames: Box<dyn Frames>,
    /// The number of the first chunk, and the offset of its frame in the file.
    pub first: u64,
    pub offset: u64,
    pub codec: &'a dyn OpenChunk,
    /// The streams inside, from the outside in.
    pub layers: Vec<Box<dyn OpenLayer>>,
    pub limits: Limits,
}

/// Opens the frames of `input` to `output`. The header has been read already.
pub(crate) fn open(
    input: &mut (dyn Read + Send),
    output: &mut dyn Write,
    sealed: OpenJob<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    go_on(input, output, sealed, &Even::default(), options)
}

/// Opens one file to another. If it is large, workers read and write at many positions at once. The input is at its
/// first frame; `geometry` is that of the frames in `sealed`. `rest` returns a reader from a position on, for
/// everything else.
pub(crate) fn open_at<'a>(
    mut input: Positioned<'a, dyn ReadAt + 'a>,
    mut output: Positioned<'_, dyn WriteAt + '_>,
    sealed: OpenJob<'_>,
    geometry: Geometry,
    rest: &dyn Fn(u64) -> Box<dyn Read + Send + 'a>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let mut even = if sealed.layers.is_empty() {
        Even::find(geometry, input, &sealed, options.tuning.batch)
    } else {
        Even::default()
    };
    if even.count * (even.len as u64) < options.tuning.parallel_io_min.max(1) {
        even.count = 0;
    }
    let middle = even.open(input, output, &sealed, options)?;
    even.count = middle.chunks;
    input.position += even.count * even.len as u64;
    output.position += middle.written;
    let mut rest = rest(input.position);
    Ok(middle.plus(go_on(&mut rest, &mut output, sealed, &even, options)?))
}

/// Opens what follows the frames that were opened already.
fn go_on(
    input: &mut (dyn Read + Send),
    mut output: &mut dyn Write,
    sealed: OpenJob<'_>,
    done: &Even,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let largest = sealed.frames.largest();
    let layers = sealed.layers.len();
    let body = sealed.limits.input_len;
    let mut splitter =
        Splitter::new(sealed.frames, sealed.offset, sealed.limits).from(sealed.first);
    splitter.pass_over(&done.lead, done.count)?;
    let collector = Collector {
        input,
        splitter,
        ahead: Vec::new(),
        layers,
    };
    let worker = Opening {
        codec: sealed.codec,
        inside: InnerLayers::new(sealed.layers, sealed.offset, sealed.limits),
    };
    let options = if layers == 0 {
        options.with_len(body)
    } else {
        options.at_once()
    };
    run(collector, &worker, &mut output, largest, &options)
}

/// Frames at the beginning of a file that all look like the first one.
#[derive(Default)]
struct Even {
    count: u64,
    /// Bytes of each.
    len: usize,
    lead: Vec<u8>,
    /// Whether their prefixes are equal, and not only their lengths.
    tells: bool,
    per_slab: usize,
    /// Bytes behind them.
    behind: u64,
}

impl Even {
    /// Returns how many frames there are if all look like the first one: whole slabs of them, each followed by the
    /// prefix of one more frame. A uniform geometry computes that. Otherwise the format checks every frame in order;
    /// the prefixes themselves are checked when they are read.
    fn find(
        geometry: Geometry,
        input: Positioned<'_, dyn ReadAt + '_>,
        sealed: &OpenJob<'_>,
        batch: usize,
    ) -> Self {
        let (layout, frames) = match geometry {
            Geometry::Uniform(uniform) => (Some(*uniform.layout()), uniform.frames()),
            Geometry::Sequential(frames) => (None, frames),
        };
        let mut lead = vec![0; frames.prefix_len()];
        let tells = frames.prefix_has_length();
        let mut walker = Walker::new(frames, sealed.offset);
        // If this fails, the ordinary way fails too, and reports it.
        let (Ok(true), Ok(there)) = (input.read_all(&mut lead), input.file.size()) else {
            return Self::default();
        };
        let Ok(Some(len)) = walker.next(&lead) else {
            return Self::default();
        };
        let body = there.saturating_sub(input.position);
        if len < lead.len() || len as u64 > sealed.limits.memory {
            return Self::default();
        }
        let most = body.saturating_sub(lead.len() as u64) / len as u64;
        let mut count = 0;
        match layout {
            // The chunk behind them has a number too.
            Some(layout) => count = most.min(layout.max_chunks.saturating_sub(1)),
            None => {
                while count < most && matches!(walker.next(&lead), Ok(Some(next)) if next == len) {
                    count += 1;
                }
            }
        }
        let per_slab = (batch / len).max(1);
        count -= count % per_slab as u64;
        Self {
            behind: body - count * len as u64,
            count,
            len,
            lead,
            tells,
            per_slab,
        }
    }

    /// Lays out the frames of a slab, which the prefix of one more frame follows.
    fn lay_out(&self, slab: &mut Slab, offset: u64) -> bool {
        let lead = |at: usize| &slab.buffer[at..at + self.lead.len()];
        let mut starts = (0..=self.per_slab).map(|i| i * self.len);
        if self.tells && !starts.all(|at| lead(at) == self.lead) {
            return false;
        }
        let first = slab.number * self.per_slab as u64;
        slab.chunks.extend((0..self.per_slab).map(|i| Chunk {
            id: ChunkId {
                index: first + i as u64,
                last: false,
                offset: offset + (first + i as u64) * self.len as u64,
            },
            bytes: i * self.len..(i + 1) * self.len,
        }));
        true
    }

    fn open(
        &self,
        input: Positioned<'_, dyn ReadAt + '_>,
        output: Positioned<'_, dyn WriteAt + '_>,
        sealed: &OpenJob<'_>,
        options: &Run<'_>,
    ) -> Result<Totals, Error> {
        if self.count == 0 {
            return Ok(Totals::default());
        }
        let worker = Opening {
            codec: sealed.codec,
            inside: InnerLayers::new(Vec::new(), sealed.offset, sealed.limits),
        };
        let overhead = sealed.frames.overhead();
        let slab_out = self.per_slab * self.len.saturating_sub(overhead);
        let frames_behind = self.behind.div_ceil(self.len as u64);
        let offset = sealed.offset;
        let middle = UniformSpan {
            input,
            output,
            slabs: self.count / self.per_slab as u64,
            slab_in: self.per_slab * self.len,
            slab_out,
            rest: self.behind.saturating_sub(frames_behind * overhead as u64),
            ahead: self.lead.len(),
            start: 0,
            lay_out: &|slab| self.lay_out(slab, offset),
            text: None,
            worker: &worker,
        };
        let slabs = middle.run(options)?;
        Ok(Totals {
            chunks: slabs * self.per_slab as u64,
            plaintext: slabs * slab_out as u64,
            written: slabs * slab_out as u64,
        })
    }
}

/// The producer: reads whole frames. Small ones share a slab.
struct Collector<'a> {
    input: &'a mut (dyn Read + Send),
    splitter: Splitter,
    /// Bytes read behind the last slab's frames: the start of the next slab.
    ahead: Vec<u8>,
    /// How many streams are inside.
    layers: usize,
}

impl Collector<'_> {
    /// Reads the prefix of the first frame.
    fn start(&mut self, slab: &mut Slab) -> Result<(), Error> {
        let lead = self.splitter.prefix_len();
        let (filled, read) = slab.fill(self.input, 0, lead, lead, None);
        read?;
        let tail = if filled.ended { Tail::End } else { Tail::More };
        self.cut(slab, filled.to, tail)
    }

    /// Splits the filled part of the slab into frames, and keeps the rest for the next slab.
    fn cut(&mut self, slab: &mut Slab, filled: usize, tail: Tail) -> Result<(), Error> {
        let bytes = &slab.buffer[..filled];
        let taken = self.splitter.split(bytes, tail, &mut slab.chunks);
        append(&mut self.ahead, &bytes[taken..])?;
        slab.last = self.splitter.has_ended();
        if slab.chunks.is_empty()
            && let Some(error) = self.splitter.take_fault()
        {
            return Err(error);
        }
        Ok(())
    }
}

impl Produce for Collector<'_> {
    fn fill(&mut self, slab: &mut Slab) -> Result<(), Error> {
        if let Some(error) = self.splitter.take_fault() {
            return Err(error);
        }
        if self.splitter.wanted().is_none() {
            self.start(slab)?;
        }
        let Some(wanted) = self.splitter.wanted() else {
            return Ok(());
        };
        // A large frame has a slab for itself, with the prefix of the next one and no more, so that hardly anything is
        // copied from slab to slab. Small ones share a slab. Either way, one whole frame and the next prefix have room.
        let target = match slab_target(self.layers, slab.number) {
            target if self.layers == 0 && wanted > target / 4 => wanted,
            target => target.max(wanted),
        };
        slab.reserve(self.ahead.len())?;
        slab.buffer[..self.ahead.len()].copy_from_slice(&self.ahead);
        let had = self.ahead.len();
        let (filled, read) = slab.fill(self.input, had, wanted, target, self.splitter.rest());
        self.ahead.clear();
        let tail = match read {
            Err(error) => Tail::Failed(error),
            Ok(()) if filled.ended => Tail::End,
            Ok(()) => Tail::More,
        };
        self.cut(slab, filled.to, tail)
    }
}

/// The workers' part.
struct Opening<'a> {
    codec: &'a dyn OpenChunk,
    inside: InnerLayers,
}

impl Opening<'_> {
    /// Opens the slab's frames in place.
    fn open_in_place(&self, slab: &mut Slab) -> Result<(), Error> {
        for chunk in &slab.chunks {
            let at = chunk.bytes.start;
            let inner = self
                .codec
                .open(chunk.id, &mut slab.buffer[chunk.bytes.clone()])?;
            let plaintext = at + inner.start..at + inner.end;
            if slab.output.is_empty() {
                // The first stays in place, and the others move up to it.
                slab.output = plaintext;
            } else {
                slab.buffer.copy_within(plaintext.clone(), slab.output.end);
                slab.output.end += plaintext.len();
            }
        }
        Ok(())
    }

    /// Opens the slab's frames one by one into the spare buffer, and moves the plaintext together in the first: a frame
    /// that does not open stays intact, and is examined again.
    fn open_beside(&self, slab: &mut Slab) -> Result<(), Error> {
        let start = slab.chunks.first().map_or(0, |chunk| chunk.bytes.start);
        slab.output = start..start;
        for chunk in &slab.chunks {
            slab.spare.reserve(chunk.bytes.len())?;
            let frame = &slab.buffer[chunk.bytes.clone()];
            let room = &mut slab.spare[..frame.len()];
            let (plaintext, fault) = match self.codec.open_from(chunk.id, frame, room) {
                Ok(plaintext) => (plaintext, Ok(())),
                Err(error) => match self.codec.open_as_other(chunk.id, frame, room) {
                    Some((plaintext, fault)) => (plaintext, Err(fault)),
                    None => return Err(error),
                },
            };
            let end = slab.output.end + plaintext.len();
            slab.buffer[slab.output.end..end].copy_from_slice(&slab.spare[plaintext]);
            slab.output.end = end;
            fault?;
        }
        Ok(())
    }
}

impl Work for Opening<'_> {
    fn work(&self, slab: &mut Slab) -> Result<u64, Error> {
        if self.inside.is_empty() && self.codec.looks_again() {
            self.open_beside(slab)?;
        } else if self.inside.is_empty() {
            self.open_in_place(slab)?;
        } else {
            self.inside.open(slab, self.codec)?;
        }
        Ok(slab.output.len() as u64)
    }
}
