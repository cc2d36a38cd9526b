//! The run through a damaged file: good stretches go through the pipeline, and damaged chunks are processed one by one.

use super::chunks::{Chunks, Opened, Place, Scratch};
use super::search::{ALL, Search};
use super::source::TextFault;
use super::{Damage, Fill, Window};
use crate::Error;
use crate::format::{ChunkId, ChunkMap, Frames, Limits, OpenChunk};
use crate::pipeline::{self, CancelToken, OpenJob, Run as PipelineRun};
use crate::positioned::{Positioned, ReadAt};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// The number of zeros to write at once.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// The result of a run.
#[derive(Clone, Copy, Default)]
pub(super) struct Totals {
    /// Chunks that authenticated, and their plaintext bytes.
    pub chunks: u64,
    pub salvaged: u64,
    /// Damaged parts, and plaintext bytes that are known to be missing.
    pub damaged: u64,
    pub lost: u64,
    /// The status of the first damage; 0 if there is none.
    pub status: u8,
}

/// A run through the chunks of a file.
pub(super) struct Run<'r> {
    pub chunks: &'r Chunks<'r>,
    /// Whether a chunk shows its number.
    pub numbered: bool,
    pub window: Window,
    pub fill: Fill,
    pub output: &'r mut dyn Write,
    pub report: &'r mut dyn FnMut(Damage),
    /// The errors of the armor, in order.
    pub faults: VecDeque<TextFault>,
    pub totals: Totals,
    /// Cancels the current stretch.
    pub stretch: Arc<Mutex<CancelToken>>,
}

impl Run<'_> {
    /// Processes all chunks.
    ///
    /// # Errors
    /// The error of the first chunk, if none authenticates; those of reading and writing.
    pub fn all(&mut self) -> Result<(), Error> {
        let mut budget = ALL;
        let mut scratch = Scratch::default();
        let mut place = self.chunks.first();
        let (mut ended, mut lost_end) = (false, false);
        while !ended && place.position < self.chunks.end {
            self.good_stretch(&mut place)?;
            if let Some(opened) = self.chunks.open(place, &mut scratch)? {
                ended = self.take(&mut place, &opened, &scratch)?;
                continue;
            }
            let error = self.chunks.fault(place)?;
            let mut search = Search::new(self.chunks, place, self.window);
            let found = match self.numbered {
                true => search.anywhere(&mut budget)?,
                false => search.in_place()?,
            };
            let Some(found) = found else {
                if self.totals.chunks == 0 {
                    return Err(error);
                }
                self.lose_end(&mut place, error)?;
                lost_end = true;
                break;
            };
            if !found.place.is(place) {
                self.lose(&mut place, found.place, error)?;
            }
            if let Some(form) = found.form {
                let opened = self.chunks.open_as(place, form, &mut scratch)?;
                let opened = opened.ok_or_else(changed)?;
                ended = self.take(&mut place, &opened, &scratch)?;
            }
        }
        self.end(place, ended, lost_end)?;
        self.output.flush().map_err(Error::Write)
    }

    /// Opens consecutive chunks up to one that does not open, or that may be the last.
    fn good_stretch(&mut self, place: &mut Place) -> Result<(), Error> {
        let count = self.chunks.surely_full(*place);
        if count < 2 {
            return Ok(());
        }
        let options = self.chunks.options;
        // A stretch that ends early cancels its token.
        let stop = CancelToken::new();
        *self.stretch.lock().unwrap_or_else(PoisonError::into_inner) = stop.clone();
        if options.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        let frame = self.chunks.frame();
        let job = OpenJob {
            frames: Box::new(FullFrames {
                left: count,
                frame: frame as usize,
                overhead: self.chunks.overhead() as usize,
            }),
            first: place.index,
            offset: place.position,
            codec: &InStretch {
                codec: self.chunks.codec,
                map: self.chunks.map,
            },
            layers: Vec::new(),
            limits: Limits {
                memory: options.memory,
                input_len: Some(count * frame),
            },
        };
        let input = Positioned {
            file: self.chunks.source as &dyn ReadAt,
            position: place.position,
        };
        let mut output = Counting {
            output: &mut *self.output,
            written: 0,
        };
        let run = PipelineRun {
            stop: &stop,
            ..options.run()
        };
        let opened = pipeline::open(&mut input.take(count * frame), &mut output, job, &run);
        let good = output.written / self.chunks.chunk();
        let full_seen = &self.chunks.full_seen;
        full_seen.fetch_or(good > 0, Ordering::Relaxed);
        place.index += good;
        place.position += good * frame;
        place.plaintext += good * self.chunks.chunk();
        self.totals.chunks += good;
        self.totals.salvaged += good * self.chunks.chunk();
        match opened.map_err(Error::root) {
            Ok(_) | Err(Error::Authentication { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes a chunk, and returns whether it is the last.
    fn take(
        &mut self,
        place: &mut Place,
        opened: &Opened,
        scratch: &Scratch,
    ) -> Result<bool, Error> {
        if !opened.sound {
            self.report_length_field(*place)?;
        }
        let plaintext = scratch.plaintext(opened);
        self.output.write_all(plaintext).map_err(Error::Write)?;
        let ended = self.chunks.ends_with(*place, opened.form);
        place.index += 1;
        place.position += opened.form.len as u64;
        place.plaintext += plaintext.len() as u64;
        self.totals.chunks += 1;
        self.totals.salvaged += plaintext.len() as u64;
        self.chunks.options.meter.add(plaintext.len() as u64);
        Ok(ended)
    }

    /// Reports the wrong length field of a chunk that is good.
    fn report_length_field(&mut self, place: Place) -> Result<(), Error> {
        let source = self.chunks.source;
        let offset = source.to_file(place.position);
        let error = match self.chunks.fault(place)? {
            Error::Tampered { chunk, .. } => Error::malformed(
                offset,
                format!("the length field of chunk {chunk} is not the length of its frame"),
            ),
            error => error,
        };
        let field = self.chunks.map.layout().prefix as u64;
        self.tell(Damage {
            file: offset..source.to_file(place.position + field),
            plaintext: place.plaintext..place.plaintext,
            chunks: place.index..place.index,
            error,
        });
        Ok(())
    }

    /// Skips what lies between two positions.
    fn lose(&mut self, from: &mut Place, to: Place, error: Error) -> Result<(), Error> {
        self.report_lost(*from, to, error);
        self.fill(to.plaintext - from.plaintext)?;
        *from = to;
        Ok(())
    }

    /// Skips everything up to the end of the file, which holds as much plaintext as undamaged frames of that length.
    fn lose_end(&mut self, place: &mut Place, error: Error) -> Result<(), Error> {
        let (frame, overhead) = (self.chunks.frame(), self.chunks.overhead());
        let there = self.chunks.end - place.position;
        let (full, rest) = (there / frame, there % frame);
        let plaintext = full * self.chunks.chunk() + rest.saturating_sub(overhead);
        let to = Place {
            index: place.index + full + u64::from(rest > 0),
            position: self.chunks.end,
            plaintext: place.plaintext + plaintext.min(self.chunks.left(*place)),
            counted: false,
        };
        self.lose(place, to, error)
    }

    /// Reports what is missing or superfluous behind the last chunk.
    fn end(&mut self, place: Place, ended: bool, lost_end: bool) -> Result<(), Error> {
        let source = self.chunks.source;
        let declared = self.chunks.map.declared();
        if ended && place.position < self.chunks.end {
            let offset = source.to_file(place.position);
            let to = Place {
                position: self.chunks.end,
                ..place
            };
            self.report_lost(
                place,
                to,
                Error::malformed(offset, "data behind the last chunk"),
            );
        } else if !ended
            && (!lost_end || declared.is_some_and(|len| place.plaintext < len))
            && let Some(error) = self.chunks.missing_end(place)
        {
            if self.totals.chunks == 0 {
                return Err(error);
            }
            let layout = self.chunks.map.layout();
            let to = Place {
                index: declared.map_or(place.index, |len| layout.chunks(len).max(place.index)),
                position: place.position,
                plaintext: declared.unwrap_or(place.plaintext),
                counted: false,
            };
            self.report_lost(place, to, error);
        }
        self.report_faults_before(u64::MAX, place.plaintext);
        Ok(())
    }

    fn report_lost(&mut self, from: Place, to: Place, error: Error) {
        let source = self.chunks.source;
        self.report_faults_before(from.position, from.plaintext);
        let mut of_text = None;
        while let Some(fault) = self.next_fault_before(to.position) {
            of_text.get_or_insert(fault.error);
        }
        self.totals.lost += to.plaintext - from.plaintext;
        self.tell(Damage {
            file: source.to_file(from.position)..source.to_file(to.position),
            plaintext: from.plaintext..to.plaintext,
            chunks: from.index..to.index,
            error: of_text.unwrap_or(error),
        });
    }

    /// Reports damaged lines of armor that did not damage a chunk.
    fn report_faults_before(&mut self, position: u64, plaintext: u64) {
        while let Some(fault) = self.next_fault_before(position) {
            self.tell(Damage {
                file: fault.text,
                plaintext: plaintext..plaintext,
                chunks: 0..0,
                error: fault.error,
            });
        }
    }

    fn next_fault_before(&mut self, position: u64) -> Option<TextFault> {
        let next = self.faults.front()?;
        (next.position < position)
            .then(|| self.faults.pop_front())
            .flatten()
    }

    pub fn tell(&mut self, damage: Damage) {
        self.totals.damaged += 1;
        if self.totals.status == 0 {
            self.totals.status = damage.error.status();
        }
        (self.report)(damage);
    }

    /// Writes zeros, unless lost chunks are left out.
    fn fill(&mut self, mut len: u64) -> Result<(), Error> {
        while self.fill == Fill::Zeros && len > 0 {
            if self.chunks.options.stop.is_stopped() {
                return Err(Error::Stopped);
            }
            let zeros = &ZEROS[..len.min(ZEROS.len() as u64) as usize];
            self.output.write_all(zeros).map_err(Error::Write)?;
            len -= zeros.len() as u64;
        }
        Ok(())
    }
}

fn changed() -> Error {
    Error::Read(io::Error::other("the file changed while it was read"))
}

/// Consecutive frames of the same length.
struct FullFrames {
    left: u64,
    frame: usize,
    overhead: usize,
}

impl Frames for FullFrames {
    fn prefix_len(&self) -> usize {
        1
    }

    fn prefix_has_length(&self) -> bool {
        false
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        if lead.is_empty() {
            return Err(Error::truncated(offset, "the file got shorter meanwhile"));
        }
        self.left = left;
        Ok(Some(self.frame))
    }

    fn overhead(&self) -> usize {
        self.overhead
    }

    fn largest(&self) -> u64 {
        self.frame as u64
    }
}

/// The codec of the file, for frames none of which is the last. It refuses a frame with a wrong length field, which is
/// then processed alone and reported.
struct InStretch<'a> {
    codec: &'a dyn OpenChunk,
    map: &'a ChunkMap,
}

impl InStretch<'_> {
    fn check(&self, id: ChunkId, frame: &[u8]) -> Result<ChunkId, Error> {
        match !self.map.has_lengths() || self.map.announced(frame) == Some(frame.len()) {
            true => Ok(ChunkId { last: false, ..id }),
            false => Err(id.not_authentic()),
        }
    }
}

impl OpenChunk for InStretch<'_> {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        self.codec.open(self.check(id, frame)?, frame)
    }

    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        self.codec.open_from(self.check(id, frame)?, frame, room)
    }
}

/// Counts what is written.
struct Counting<'a> {
    output: &'a mut dyn Write,
    written: u64,
}

impl Write for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
