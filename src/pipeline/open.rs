//! Opening: frames in, plaintext out.

use super::layers::{Inside, slab_target};
use super::slab::Slab;
use super::split::{Splitter, Tail};
use super::{Produce, Run, Totals, Work, run};
use crate::Error;
use crate::format::{Frames, Limits, OpenChunk, OpenLayer};
use std::io::{Read, Write};

/// What is to be opened, behind its header.
pub(crate) struct Sealed<'a> {
    pub frames: Box<dyn Frames>,
    /// Where the first frame starts in the file.
    pub offset: u64,
    pub codec: &'a dyn OpenChunk,
    /// The streams inside, from the outside in.
    pub layers: Vec<Box<dyn OpenLayer>>,
    pub limits: Limits,
}

/// Opens the frames of `input`, whose header was read already, to `output`.
pub(crate) fn open(
    input: &mut (dyn Read + Send),
    output: &mut dyn Write,
    sealed: Sealed<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let largest = sealed.frames.largest();
    let layers = sealed.layers.len();
    let collector = Collector {
        input,
        splitter: Splitter::new(sealed.frames, sealed.offset, sealed.limits),
        ahead: Vec::new(),
        layers,
    };
    let worker = Opening {
        codec: sealed.codec,
        inside: Inside::new(sealed.layers, sealed.limits),
    };
    let options = if layers == 0 {
        *options
    } else {
        options.at_once()
    };
    run(collector, &worker, output, largest, &options)
}

/// The producer: reads whole frames, several to a slab where they are small.
struct Collector<'a> {
    input: &'a mut (dyn Read + Send),
    splitter: Splitter,
    /// Bytes read behind the last slab's frames: the beginning of the next.
    ahead: Vec<u8>,
    /// How many streams are inside.
    layers: usize,
}

impl Collector<'_> {
    /// Reads the first frame's lead.
    fn start(&mut self, slab: &mut Slab) -> Result<(), Error> {
        let lead = self.splitter.lead();
        let (filled, read) = slab.fill(self.input, 0, lead, lead);
        read.map_err(Error::Read)?;
        let tail = if filled.ended { Tail::End } else { Tail::More };
        self.cut(slab, filled.to, tail)
    }

    /// Cuts what the slab is filled with, and puts what is left of it aside for the next.
    fn cut(&mut self, slab: &mut Slab, filled: usize, tail: Tail) -> Result<(), Error> {
        let bytes = &slab.buffer[..filled];
        let taken = self.splitter.split(bytes, tail, &mut slab.chunks);
        self.ahead.extend_from_slice(&bytes[taken..]);
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
        // Large frames come one to a slab, with the next one's lead and no more, so that hardly
        // anything is copied from slab to slab; small ones as many as fit. Either way at least
        // one whole frame and the next one's lead have room.
        let target = match slab_target(self.layers, slab.number) {
            target if self.layers == 0 && wanted > target / 4 => wanted,
            target => target.max(wanted),
        };
        slab.reserve(self.ahead.len());
        slab.buffer[..self.ahead.len()].copy_from_slice(&self.ahead);
        let (filled, read) = slab.fill(self.input, self.ahead.len(), wanted, target);
        self.ahead.clear();
        let tail = match read {
            Err(error) => Tail::Failed(Error::Read(error)),
            Ok(()) if filled.ended => Tail::End,
            Ok(()) => Tail::More,
        };
        self.cut(slab, filled.to, tail)
    }
}

/// The workers' part.
struct Opening<'a> {
    codec: &'a dyn OpenChunk,
    inside: Inside,
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
                // The first stays where it is, the others close up to it.
                slab.output = plaintext;
            } else {
                slab.buffer.copy_within(plaintext.clone(), slab.output.end);
                slab.output.end += plaintext.len();
            }
        }
        Ok(())
    }
}

impl Work for Opening<'_> {
    fn work(&self, slab: &mut Slab) -> Result<u64, Error> {
        if self.inside.is_empty() {
            self.open_in_place(slab)?;
        } else {
            self.inside.open(slab, self.codec)?;
        }
        Ok(slab.output.len() as u64)
    }
}
