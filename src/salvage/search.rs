//! Searches for the next chunk after a damaged one.
//!
//! The chunks after the damage may lie at their original positions, or a number of bytes before or after: the
//! *shift*. Each candidate costs one authentication of a frame, so the likely ones are tried first, and
//! their total is bounded.

mod last;

use super::Window;
use super::chunks::{Chunks, Form, Place, Scratch};
use crate::{Error, all_cores};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{iter, thread};

/// The number of following chunks that are tried at each shift.
const FOLLOWING: u64 = 3;
/// Shifts by up to this many whole frames, lost or duplicated, are tried first.
const FEW_FRAMES: i64 = 3;
/// The maximum shift in whole frames, which is tried next.
const FRAMES: i64 = 16;
/// The number of chunks that are tried at their original positions before shifts are.
const IN_PLACE: u64 = 64;
/// How far the number of a chunk can be from the one that the position of its length field suggests.
const NUMBERS: u64 = 16;
/// The same for the first [`FIRST_FIELDS`] fields: many chunks may be missing before them.
const MISSING: u64 = 4096;
/// More than one, since the first field may belong to a damaged frame.
const FIRST_FIELDS: usize = 3;
/// The number of bytes that are searched for length fields.
const FIELDS_SEARCHED: u64 = 64 << 20;
/// The maximum number of length fields that are tried.
const FIELDS: usize = 1024;
/// The maximum number of candidates in a batch, which threads try in parallel. The first batches are smaller.
const BATCH: usize = 256;
/// Batches with fewer bytes are tried without further threads.
const THREADS_FROM: u64 = 1 << 20;

/// The maximum number of bytes that one search authenticates.
const EACH: u64 = 32 << 30;
/// The same for all searches in one file. After that, chunks are found only at their original positions.
pub(super) const ALL: u64 = 256 << 30;
/// The same before a key counts as wrong, for each reading of the file.
pub(super) const TRIAL: u64 = 1 << 30;

/// The start of a search: a chunk that does not open.
#[derive(Clone, Copy)]
struct Origin<'s> {
    chunks: &'s Chunks<'s>,
    from: Place,
}

impl Origin<'_> {
    fn frame(self) -> i64 {
        self.chunks.frame() as i64 // at most FRAME_MAX
    }

    /// Returns how many bytes it costs at most to try a candidate: no more than there are.
    fn cost(self) -> u64 {
        let there = self.chunks.end.saturating_sub(self.from.position);
        self.chunks.frame().min(there).max(1)
    }

    /// Returns the place of chunk `index` at a shift, if it is between the start of the search and the end of the file.
    fn place(self, index: u64, shift: i64) -> Option<Place> {
        let further = index.checked_sub(self.from.index)?;
        let forward = further.checked_mul(self.chunks.frame())?;
        let position = self.from.position.checked_add(forward)?;
        self.place_at(index, position.checked_add_signed(shift)?)
    }

    fn place_at(self, index: u64, position: u64) -> Option<Place> {
        let further = index.checked_sub(self.from.index)?;
        let plaintext = further.checked_mul(self.chunks.chunk())?;
        let there = self.from.position..self.chunks.end;
        let place = Place {
            index,
            position,
            plaintext: self.from.plaintext.checked_add(plaintext)?,
            counted: further == 0 && self.from.counted,
        };
        (there.contains(&position) && !place.is(self.from)).then_some(place)
    }

    /// Returns the number of the first chunk that lies after the start of the search at this shift.
    fn first_at(self, shift: i64) -> u64 {
        let missing = shift.min(0).unsigned_abs().div_ceil(self.chunks.frame());
        self.from.index.saturating_add(missing)
    }

    /// Returns the places of the following chunks at each shift, `behind` chunks further on.
    fn shifted(
        self,
        shifts: impl Iterator<Item = i64>,
        behind: u64,
    ) -> impl Iterator<Item = Place> {
        shifts.flat_map(move |shift| {
            let first = self.first_at(shift).saturating_add(behind);
            let numbers = first..first.saturating_add(FOLLOWING);
            numbers.filter_map(move |index| self.place(index, shift))
        })
    }
}

/// A chunk that was found.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub place: Place,
    /// Its form, if its place does not determine it.
    pub form: Option<Form>,
}

impl From<Place> for Found {
    fn from(place: Place) -> Self {
        Self { place, form: None }
    }
}

/// A search for the next chunk.
pub(super) struct Search<'s> {
    origin: Origin<'s>,
    window: Window,
    /// The number of bytes that this search can still authenticate.
    left: u64,
    scratch: Scratch,
}

impl<'s> Search<'s> {
    pub fn new(chunks: &'s Chunks<'s>, from: Place, window: Window) -> Self {
        Self {
            origin: Origin { chunks, from },
            window,
            left: 0,
            scratch: Scratch::default(),
        }
    }

    /// Returns whether the chunk at the start of the search opens.
    ///
    /// # Errors
    /// Those of reading.
    pub fn is_first_in_place(&mut self) -> Result<bool, Error> {
        let Origin { chunks, from } = self.origin;
        Ok(chunks.open(from, &mut self.scratch)?.is_some())
    }

    /// Returns whether any chunk opens at its original position. Tries the first ones, a few others all over the
    /// file, and the first as the last with zeros or a copy after it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn is_any_in_place(&mut self) -> Result<bool, Error> {
        if self.is_first_in_place()? || self.first_in_place(1..IN_PLACE)?.is_some() {
            return Ok(true);
        }
        let spread = (0..)
            .map(|power| IN_PLACE << power)
            .take_while(|index| *index < 1 << 62);
        Ok(self.first_in_place(spread)?.is_some() || self.last_by_content()?.is_some())
    }

    /// Finds the next chunk at its original position, or the last chunk with other data after it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn in_place(&mut self) -> Result<Option<Found>, Error> {
        if let Some(place) = self.first_in_place(self.origin.from.index + 1..)? {
            return Ok(Some(place.into()));
        }
        self.left = TRIAL;
        self.last_in_front_of_more()
    }

    /// Finds the next chunk near the start of the search, at a cost of at most `budget` bytes.
    ///
    /// # Errors
    /// Those of reading.
    pub fn nearby(&mut self, budget: u64) -> Result<Option<Found>, Error> {
        self.left = budget;
        let frame = self.origin.frame();
        let index = self.origin.from.index;
        if let Some(place) = self.nearest()? {
            return Ok(Some(place.into()));
        }
        if let Some(found) = self.last_by_content()? {
            return Ok(Some(found));
        }
        let known = self.known_shift();
        let frames = (FEW_FRAMES + 1..=FRAMES).flat_map(|count| {
            let shift = count.saturating_mul(frame);
            [-shift, shift]
        });
        if let Some(place) = self.shifted(known.into_iter().chain(frames), 0)? {
            return Ok(Some(place.into()));
        }
        if let Some(place) = self.first_in_place(index + 1..index.saturating_add(IN_PLACE))? {
            return Ok(Some(place.into()));
        }
        let found = match self.origin.chunks.map.has_lengths() {
            true => self.by_fields()?,
            false => self.shifted(shifts(self.window), 0)?,
        };
        match found {
            Some(place) => Ok(Some(place.into())),
            None => self.last_by_length(),
        }
    }

    /// Finds the next chunk as [`nearby`](Self::nearby) does, and then anywhere further on. Subtracts the cost from
    /// `budget`.
    ///
    /// # Errors
    /// Those of reading.
    pub fn anywhere(&mut self, budget: &mut u64) -> Result<Option<Found>, Error> {
        let given = (*budget).min(EACH);
        let mut found = self.nearby(given)?;
        if found.is_none() {
            let numbers = self.origin.from.index.saturating_add(IN_PLACE)..;
            found = self.first_in_place(numbers)?.map(Found::from);
        }
        if found.is_none() {
            found = self.far()?.map(Found::from);
        }
        *budget -= given - self.left;
        Ok(found)
    }

    /// Tries the following chunks, lowest number first: in place, and shifted by a few whole frames.
    fn nearest(&mut self) -> Result<Option<Place>, Error> {
        let origin = self.origin;
        let frame = origin.frame();
        let shifts = iter::once(0).chain((1..=FEW_FRAMES).flat_map(|count| {
            let shift = count.saturating_mul(frame);
            [-shift, shift]
        }));
        let shifts: Vec<i64> = shifts.collect();
        let numbers = origin.from.index..=origin.from.index.saturating_add(FOLLOWING);
        let places = numbers
            .flat_map(|index| shifts.iter().map(move |shift| (index, *shift)))
            .filter_map(|(index, shift)| origin.place(index, shift));
        self.first_of(places)
    }

    /// Returns how many more bytes the file has after the start of the search than its header declares. Negative if
    /// bytes are missing, `None` if there is no difference.
    fn known_shift(&self) -> Option<i64> {
        let Origin { chunks, from } = self.origin;
        let layout = chunks.map.layout();
        let declared = chunks.map.declared()?;
        let whole = layout.sealed_len(declared);
        let before = layout.span(from.index).offset;
        let shift = i128::from(chunks.end - from.position) - i128::from(whole.checked_sub(before)?);
        i64::try_from(shift).ok().filter(|shift| *shift != 0)
    }

    /// Tries the following chunks at each shift, `behind` chunks further on.
    fn shifted(
        &mut self,
        shifts: impl Iterator<Item = i64>,
        behind: u64,
    ) -> Result<Option<Place>, Error> {
        let found = self.first_of(self.origin.shifted(shifts, behind))?;
        found.map(|place| self.walk_back(place)).transpose()
    }

    /// Tries chunks at their original positions. That is not charged to the budget: it costs no more than reading the
    /// file.
    fn first_in_place(
        &mut self,
        numbers: impl Iterator<Item = u64>,
    ) -> Result<Option<Place>, Error> {
        for index in numbers {
            let Some(place) = self.origin.place(index, 0) else {
                return Ok(None);
            };
            if self.origin.chunks.open(place, &mut self.scratch)?.is_some() {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Walks back from a found chunk, at the same shift, to the first one that opens.
    fn walk_back(&mut self, mut place: Place) -> Result<Place, Error> {
        let Origin { chunks, .. } = self.origin;
        while let Some(before) = place
            .position
            .checked_sub(chunks.frame())
            .and_then(|position| self.origin.place_at(place.index.checked_sub(1)?, position))
            && chunks.open(before, &mut self.scratch)?.is_some()
        {
            place = before;
        }
        Ok(place)
    }

    /// Tries each position that has the length field of a frame.
    fn by_fields(&mut self) -> Result<Option<Place>, Error> {
        const PIECE: u64 = 1 << 20;
        let Origin { chunks, from } = self.origin;
        let field = chunks.map.layout().prefix as u64;
        let end = chunks
            .end
            .min(from.position.saturating_add(FIELDS_SEARCHED));
        let (mut position, mut tried) = (from.position, 0);
        while position + field <= end {
            let mut bytes = vec![0; (end - position).min(PIECE + field - 1) as usize];
            chunks.read(position, &mut bytes)?;
            for (at, lead) in bytes.windows(field as usize).enumerate() {
                let at = position + at as u64;
                let Some(len) = chunks.map.announced(lead) else {
                    continue;
                };
                if len as u64 != chunks.frame() && at + len as u64 != chunks.end {
                    continue;
                }
                if let Some(place) = self.with_number(at, tried < FIRST_FIELDS)? {
                    return self.walk_back(place).map(Some);
                }
                tried += 1;
                if tried == FIELDS || self.left == 0 {
                    return Ok(None);
                }
            }
            position += PIECE;
        }
        Ok(None)
    }

    /// Finds the number of the chunk at a position. Starts from the number that it would have in place.
    fn with_number(&mut self, position: u64, is_first: bool) -> Result<Option<Place>, Error> {
        let origin = self.origin;
        let distance = position - origin.from.position;
        let in_place = origin.from.index + distance / origin.chunks.frame();
        let more = if is_first { MISSING } else { NUMBERS };
        let numbers = (0..more).flat_map(move |away| {
            let less = in_place.checked_sub(away).filter(|_| away > 0);
            [in_place.checked_add(away), less].into_iter().flatten()
        });
        let declared = origin.chunks.map.declared();
        let layout = origin.chunks.map.layout();
        let most = declared.map_or(layout.max_chunks, |len| layout.chunks(len));
        let numbers = numbers.filter(move |index| *index < most);
        self.first_of(numbers.filter_map(move |index| origin.place_at(index, position)))
    }

    /// Tries chunks at growing distances until the budget is used up.
    fn far(&mut self) -> Result<Option<Place>, Error> {
        let origin = self.origin;
        let mut behind = FOLLOWING;
        while self.left > 0
            && origin
                .place(origin.from.index.saturating_add(behind), 0)
                .is_some()
        {
            let found = match (self.known_shift(), origin.chunks.map.has_lengths()) {
                (None, true) => return Ok(None),
                (known, true) => self.shifted(known.into_iter(), behind)?,
                (_, false) => self.shifted(shifts(self.window), behind)?,
            };
            if found.is_some() {
                return Ok(found);
            }
            behind *= 2;
        }
        Ok(None)
    }

    /// Returns the first of the places whose chunk opens; `None` if none does or the budget is used up.
    fn first_of(
        &mut self,
        mut places: impl Iterator<Item = Place>,
    ) -> Result<Option<Place>, Error> {
        let mut size = 8;
        loop {
            let cost = self.origin.cost();
            let affordable = usize::try_from(self.left / cost).unwrap_or(usize::MAX);
            let batch: Vec<_> = places.by_ref().take(size.min(affordable)).collect();
            if batch.is_empty() {
                if affordable == 0 {
                    self.left = 0;
                }
                return Ok(None);
            }
            self.left -= cost * batch.len() as u64;
            if let Some(found) = self.first_of_batch(&batch)? {
                return Ok(Some(batch[found]));
            }
            size = BATCH.min(2 * size);
        }
    }

    fn first_of_batch(&mut self, batch: &[Place]) -> Result<Option<usize>, Error> {
        let (chunks, next) = (self.origin.chunks, AtomicUsize::new(0));
        let found = AtomicUsize::new(usize::MAX);
        let failed = Mutex::new(None);
        let work = |scratch: &mut Scratch| {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                // The first one counts, so all before a found one are tried.
                if at >= batch.len().min(found.load(Ordering::Relaxed)) {
                    return;
                }
                match chunks.open(batch[at], scratch) {
                    Ok(None) => {}
                    Ok(Some(_)) => drop(found.fetch_min(at, Ordering::Relaxed)),
                    Err(error) => {
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        failed.get_or_insert(error);
                        return;
                    }
                }
            }
        };
        let bytes = batch.len() as u64 * self.origin.cost();
        let most = chunks.options.memory / chunks.frame().max(1);
        let jobs = chunks.options.jobs.unwrap_or_else(all_cores).get();
        let threads = match bytes < THREADS_FROM {
            true => 0,
            false => (jobs as u64).min(most).saturating_sub(1),
        };
        thread::scope(|scope| {
            for _ in 0..threads {
                let helper = thread::Builder::new().name("search".to_owned());
                let spawned: io::Result<_> =
                    helper.spawn_scoped(scope, || work(&mut Scratch::default()));
                // Fewer threads do as well.
                if spawned.is_err() {
                    break;
                }
            }
            work(&mut self.scratch);
        });
        match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(Some(found.into_inner()).filter(|found| *found < batch.len())),
        }
    }
}

/// Returns every shift within the window, smallest first, and then larger ones in steps of a sector.
fn shifts(window: Window) -> impl Iterator<Item = i64> {
    let both = |shift: u64| [shift as i64, -(shift as i64)];
    let sectors =
        (window.bytes / Window::SECTOR + 1..=window.sectors).map(|count| count * Window::SECTOR);
    (1..=window.bytes).chain(sectors).flat_map(both)
}
