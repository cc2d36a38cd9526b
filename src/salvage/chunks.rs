//! Single chunks of a damaged file: bytes count as a chunk only if they authenticate as the chunk with their number.

use crate::Error;
use crate::format::{ChunkId, ChunkMap, End, OpenChunk, Walker};
use crate::pipeline::RunOptions;
use crate::positioned::{Positioned, ReadAt};
use crate::salvage::source::Source;
use crate::try_alloc::zeros;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroizing;

/// The chunks of a file, under one key and one geometry.
pub(super) struct Chunks<'a> {
    pub source: &'a Source<'a>,
    /// The offset of the first frame if nothing was lost before it, and the end of the file.
    pub start: u64,
    pub end: u64,
    pub map: &'a ChunkMap,
    pub codec: &'a dyn OpenChunk,
    pub options: &'a RunOptions,
    /// Whether a chunk of full length has authenticated.
    pub full_seen: AtomicBool,
}

/// A possible position of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub index: u64,
    /// The offset of its frame in the source.
    pub position: u64,
    /// Plaintext bytes before it.
    pub plaintext: u64,
    /// Whether these were counted, and not computed from the chunk's number.
    pub counted: bool,
}

impl Place {
    /// Returns whether both are the same chunk at the same position.
    pub fn is(self, other: Self) -> bool {
        (self.index, self.position) == (other.index, other.position)
    }
}

/// A possible form of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub len: usize,
    pub last: bool,
}

/// A chunk that authenticated; its plaintext is in the scratch space.
#[derive(Clone)]
pub(super) struct Opened {
    pub form: Form,
    pub plaintext: Range<usize>,
    /// Whether the frame's length field is right.
    pub sound: bool,
}

/// A reused buffer for a frame.
#[derive(Default)]
pub(super) struct Scratch(Zeroizing<Vec<u8>>);

impl Scratch {
    /// Returns room for `len` bytes.
    fn room(&mut self, len: usize) -> Result<&mut [u8], Error> {
        if self.0.len() < len {
            self.0 = Zeroizing::new(zeros(len)?);
        }
        Ok(&mut self.0[..len])
    }

    pub fn plaintext(&self, opened: &Opened) -> &[u8] {
        &self.0[opened.plaintext.clone()]
    }
}

impl Chunks<'_> {
    pub fn frame(&self) -> u64 {
        self.map.layout().frame() as u64
    }

    pub fn chunk(&self) -> u64 {
        self.map.layout().chunk as u64
    }

    pub fn overhead(&self) -> u64 {
        self.map.layout().overhead() as u64
    }

    /// Returns the position of the first chunk if nothing was lost before it.
    pub fn first(&self) -> Place {
        Place {
            index: 0,
            position: self.start,
            plaintext: 0,
            counted: true,
        }
    }

    /// Reads at a position, and fails if the file has become shorter.
    pub fn read(&self, position: u64, into: &mut [u8]) -> Result<(), Error> {
        let at = Positioned {
            file: self.source as &dyn ReadAt,
            position,
        };
        match at
            .read_all(into)
            .map_err(|error| Error::Read(error).root())?
        {
            true => Ok(()),
            false => Err(Error::truncated(
                self.source.to_file(position),
                "the file got shorter meanwhile",
            )),
        }
    }

    /// Returns the first bytes of a frame, which may announce its length.
    fn lead(&self, position: u64) -> Result<Vec<u8>, Error> {
        let there = self.end.saturating_sub(position);
        let mut lead = vec![0; there.min(self.map.layout().prefix as u64) as usize];
        self.read(position, &mut lead)?;
        Ok(lead)
    }

    /// Returns the possible forms of a frame at a position, the likeliest first.
    fn forms(&self, place: Place, lead: &[u8]) -> Vec<Form> {
        let layout = self.map.layout();
        let there = self.end.saturating_sub(place.position);
        let (full, left) = (self.frame(), self.left(place));
        let announced = self.map.announced(lead).map(|len| len as u64);
        let may_be_full = layout.end == End::Full;
        let candidates = [
            announced.map(|len| (len, len < full)),
            // The end of the file is tried as the last chunk before any other.
            (may_be_full && there == full).then_some((full, true)),
            Some((full, false)),
            may_be_full.then_some((full, true)),
            (left < self.chunk()).then(|| (left + self.overhead(), true)),
            (there < full).then_some((there, true)),
        ];
        let mut forms = Vec::new();
        for (len, last) in candidates.into_iter().flatten() {
            if let Some(form) = self.form(place, len, last)
                && left > 0
                && !forms.contains(&form)
            {
                forms.push(form);
            }
        }
        forms
    }

    /// Opens the frame at a position in one form; `None` if it does not authenticate.
    pub fn open_as(
        &self,
        place: Place,
        form: Form,
        scratch: &mut Scratch,
    ) -> Result<Option<Opened>, Error> {
        if self.options.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        if form.len as u64 > self.options.memory {
            let frames = self.map.frames_from(place.index);
            return Err(frames.too_large(self.options.memory));
        }
        let frame = scratch.room(form.len)?;
        self.read(place.position, frame)?;
        let sound = !self.map.has_lengths() || self.map.announced(frame) == Some(form.len);
        let id = ChunkId {
            index: place.index,
            last: form.last,
            offset: place.position,
        };
        match self.codec.open(id, frame) {
            Ok(plaintext) => {
                if form.len as u64 == self.frame() {
                    self.full_seen.store(true, Ordering::Relaxed);
                }
                Ok(Some(Opened {
                    form,
                    plaintext,
                    sound,
                }))
            }
            Err(Error::Authentication { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the frame at a position in any form.
    pub fn open(&self, place: Place, scratch: &mut Scratch) -> Result<Option<Opened>, Error> {
        let lead = self.lead(place.position)?;
        for form in self.forms(place, &lead) {
            if let Some(opened) = self.open_as(place, form, scratch)? {
                return Ok(Some(opened));
            }
        }
        Ok(None)
    }

    /// Opens the frame at a position as a last one of `len` bytes.
    pub fn open_last(
        &self,
        place: Place,
        len: u64,
        scratch: &mut Scratch,
    ) -> Result<Option<Opened>, Error> {
        let form = self.form(place, len, true);
        form.map_or(Ok(None), |form| self.open_as(place, form, scratch))
    }

    /// Returns a possible form of the frame at a position.
    fn form(&self, place: Place, len: u64, last: bool) -> Option<Form> {
        let layout = self.map.layout();
        let may_be_empty = match layout.end {
            End::Any => false,
            End::Short => true,
            End::Full => place.index == 0,
        };
        let plaintext = len.checked_sub(self.overhead())?;
        let form = Form {
            len: usize::try_from(len).ok()?,
            last,
        };
        let there = self.end.saturating_sub(place.position);
        let left = self.left(place);
        let fits = len <= there && plaintext <= left;
        // The position of a shorter chunk behind a gap depends on a length that the chunk does not show.
        let is_certain = match (self.map.declared(), layout.end) {
            (Some(_), _) => plaintext == left,
            (None, End::Short | End::Full) => true,
            (None, End::Any) => {
                let in_place = layout.span(place.index).offset;
                let ends = !self.map.has_lengths() || len == there;
                let is_in_place = place.position.checked_sub(self.start) == Some(in_place);
                ends && (is_in_place || self.full_seen.load(Ordering::Relaxed))
            }
        };
        let uniform = len == self.frame() || is_certain;
        (fits
            && (place.counted || uniform)
            && (plaintext > 0 || may_be_empty)
            && place.index < layout.max_chunks)
            .then_some(form)
    }

    /// Returns how many full frames, each followed by another one, fit behind a position.
    pub fn surely_full(&self, place: Place) -> u64 {
        let there = self.end.saturating_sub(place.position);
        let by_length = there.saturating_sub(1) / self.frame();
        let by_size = self.left(place).saturating_sub(1) / self.chunk();
        let by_number = self.map.layout().max_chunks.saturating_sub(place.index);
        by_length.min(by_size).min(by_number)
    }

    /// Returns how much of the plaintext is left, if the header declares its length.
    pub fn left(&self, place: Place) -> u64 {
        let declared = self.map.declared();
        declared.map_or(u64::MAX, |declared| {
            declared.saturating_sub(place.plaintext)
        })
    }

    /// Returns the error that the format's rules give for the frame at a position, which does not authenticate, or for
    /// the end of the file there.
    pub fn fault(&self, place: Place) -> Result<Error, Error> {
        let frames = self.map.frames_from(place.index);
        let mut lead = vec![
            0;
            self.end
                .saturating_sub(place.position)
                .min(frames.prefix_len() as u64) as usize
        ];
        self.read(place.position, &mut lead)?;
        let offset = self.source.to_file(place.position);
        let mut walker = Walker::new(frames, offset);
        let there = self.end.saturating_sub(place.position);
        Ok(match walker.next(&lead) {
            Err(error) => error,
            Ok(None) => Error::malformed(offset, "data behind the last chunk"),
            Ok(Some(len)) => {
                let cut = match (len as u64) > there {
                    true => walker.short_at_eof(there as usize),
                    false => Ok(()),
                };
                cut.err().unwrap_or(Error::Tampered {
                    chunk: place.index,
                    offset,
                })
            }
        })
    }

    /// Returns what is missing at the end of a file whose next chunk would be at `place`, and whose last one was not
    /// found; `None` if the format does not show that.
    pub fn missing_end(&self, place: Place) -> Option<Error> {
        let offset = self.source.to_file(place.position);
        let complete = self.map.frames_from(place.index).next(offset, &[]);
        complete.err().or_else(|| {
            let unnoticed = self.map.layout().end == End::Any;
            (!unnoticed).then(|| Error::truncated(offset, "the file ends without its last chunk"))
        })
    }

    /// Returns whether the stream ends with a chunk of this form at this place.
    pub fn ends_with(&self, place: Place, form: Form) -> bool {
        let after = place.plaintext + (form.len as u64 - self.overhead());
        match (self.map.declared(), self.map.layout().end) {
            (Some(declared), _) => after >= declared,
            // With length fields, any chunk can be short.
            (None, End::Any) => !self.map.has_lengths() && (form.len as u64) < self.frame(),
            (None, End::Short | End::Full) => form.last,
        }
    }
}
