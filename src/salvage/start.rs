//! Finds how to read a damaged file: its header, its key, and the positions of its chunks. The first chunk may be
//! damaged, so other chunks can prove the key as well.

use super::chunks::Chunks;
use super::search::{Search, TRIAL};
use super::source::Source;
use super::{Damage, Window};
use crate::detect;
use crate::format::{
    ChunkMap, Format, HEAD_MAX, HEADER_MAX, Header, NOTHING, Payload, Proof, Untried,
};
use crate::identify::{TRIAL_MAX, identify};
use crate::identity::{Identity, try_each};
use crate::peek::PeekReader;
use crate::positioned::{Positioned, ReadAt};
use crate::{Error, Open};
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::AtomicBool;

/// A file whose header and key were found.
pub(super) struct Start {
    pub format: &'static str,
    pub payload: Payload,
    pub map: ChunkMap,
    /// The offset of its first frame.
    pub offset: u64,
    /// The damaged parts of its header.
    pub faults: Vec<Damage>,
}

/// A header that the file may have.
struct Candidate<'a> {
    format: &'a dyn Format,
    header: Box<dyn Header>,
    /// The possible offsets of the first frame, the likeliest first.
    offsets: Vec<u64>,
    memory: u64,
}

/// Returns the first `len` bytes, or all of a shorter input.
pub(super) fn head(input: &dyn ReadAt, len: usize) -> io::Result<Vec<u8>> {
    let mut start = PeekReader::new(Positioned {
        file: input,
        position: 0,
    });
    start.peek(len).map(<[u8]>::to_vec)
}

/// Finds the header and the key, proven by at least one chunk.
///
/// # Errors
/// Those of [`Open::start`] for a header or a key; [`Error::Usage`] and [`Error::Refused`] for files in which no
/// chunk can be authenticated by itself.
pub(super) fn start(open: &Open<'_>, source: &Source<'_>, window: Window) -> Result<Start, Error> {
    let candidates = candidates(open, source).map_err(|error| match error.root() {
        Error::UnknownFormat(unknown) => match source.first_fault() {
            // The text decodes to no known header, so the damaged line is the better message.
            Some(fault) => fault,
            None => Error::UnknownFormat(unknown),
        },
        error => error,
    })?;
    let only = candidates.len() == 1;
    let mut last = None;
    for candidate in candidates {
        let started = try_each(&open.identities, |identity| {
            match candidate.unlock(open, source, window, identity, only) {
                // Another identity may be of the kind that this format needs.
                Err(Error::Usage { what, hint }) if open.identities.len() > 1 => {
                    Err(Error::Secret { what, hint })
                }
                unlocked => unlocked,
            }
        });
        match started {
            Ok(start) => return Ok(start),
            // A file that is truncated in its first chunk has no chunk that proves the key.
            Err(error @ Error::Authentication { chunk: 0, .. })
                if only && open.detached.is_none() =>
            {
                last = Some((candidate.format.name(), error));
            }
            Err(error) if only => return Err(error),
            Err(error @ (Error::Read(_) | Error::Memory(_) | Error::Stopped)) => return Err(error),
            Err(error) => last = Some((candidate.format.name(), error)),
        }
    }
    // No format without a magic number fits, or no chunk is good. Opening the file normally gives the error to report.
    let mut input = PeekReader::new(Positioned {
        file: source as &dyn ReadAt,
        position: 0,
    });
    let found = identify(open.search(), &mut input)
        .and_then(|file| file.unlock(&open.identities, open.policy(), &mut input));
    match (found.map_err(Error::root), last) {
        (Err(error), Some((_, last))) if only && !matches!(error, Error::Truncated { .. }) => {
            Err(last)
        }
        (Err(error), _) => Err(error),
        (Ok(_), Some((_, error))) => Err(error),
        (Ok(_), None) => Err(Error::truncated(0, "the input is empty")),
    }
}

/// Returns the headers that a file may have: one, unless it has no magic number.
fn candidates<'a>(open: &Open<'a>, source: &Source<'_>) -> Result<Vec<Candidate<'a>>, Error> {
    let size = source.size().map_err(Error::Read)?;
    let mut input = PeekReader::new(Positioned {
        file: source as &dyn ReadAt,
        position: 0,
    });
    let in_armor = detect::with_armor(open.formats);
    let formats = match source.is_text() {
        true => &in_armor,
        false => open.formats,
    };
    let candidate = |format: &'a dyn Format, mut header: Box<dyn Header>, offsets, memory| {
        header.set_policy(open.policy());
        Candidate {
            format,
            header,
            offsets,
            memory,
        }
    };
    let memory = open.options.memory;
    if let Some(detached) = open.detached {
        let (format, header) = detect::read_header_among(formats, open.format, detached)?;
        let head = input.peek(HEADER_MAX).map_err(Error::Read)?.to_vec();
        let mut offsets = Vec::new();
        if detect::hole(&*header, &head) == 0 {
            // The file's own header may be damaged, or differ in length.
            if let Ok((_, own)) = detect::peek_header(formats, Some(format), &mut input) {
                offsets.push(own.size() as u64);
            }
            if let Some(behind) = behind_nonce(&*header, detached, &head) {
                offsets.push(behind as u64);
            }
            offsets.extend([header.size() as u64, 0]);
        } else {
            offsets.push(header.size() as u64);
        }
        let mut seen = BTreeSet::new();
        offsets.retain(|offset| *offset <= size && seen.insert(*offset));
        return Ok(vec![candidate(format, header, offsets, memory)]);
    }
    match detect::peek_header(formats, open.format, &mut input) {
        Ok((format, header)) => {
            let offset = header.size() as u64;
            Ok(vec![candidate(format, header, vec![offset], memory)])
        }
        Err(Error::UnknownFormat(unknown)) if open.format.is_none() => {
            let head = input.peek(HEAD_MAX).map_err(Error::Read)?;
            let mut candidates = Vec::new();
            for format in formats {
                if let Ok(header) = format.header(head) {
                    let offset = header.size() as u64;
                    let memory = memory.min(TRIAL_MAX);
                    candidates.push(candidate(*format, header, vec![offset], memory));
                }
            }
            match candidates.is_empty() {
                true => Err(Error::UnknownFormat(unknown)),
                false => Ok(candidates),
            }
        }
        Err(error) => Err(error),
    }
}

/// Finds the nonce of `header` in `head`, and returns where the file's own header ends according to it.
fn behind_nonce(header: &dyn Header, bytes: &[u8], head: &[u8]) -> Option<usize> {
    let nonce = header.describe().nonce()?;
    let behind = header.size().checked_sub(nonce.end)?;
    let nonce = bytes.get(nonce)?;
    let at = head.windows(nonce.len()).position(|it| it == nonce)?;
    Some(at + nonce.len() + behind)
}

impl Candidate<'_> {
    fn unlock(
        &self,
        open: &Open<'_>,
        source: &Source<'_>,
        window: Window,
        identity: &Identity<'_>,
        only: bool,
    ) -> Result<Start, Error> {
        let untried = self.header.unlock_untried(identity)?;
        if let Some(layers) = untried
            .iter()
            .map(|untried| untried.payload.layers.len())
            .max()
            && layers > 0
        {
            return Err(nested(layers + 1));
        }
        let end = source.size().map_err(Error::Read)?;
        let mut limits = open.file_limits();
        limits.memory = self.memory;
        let options = open.options.clone().memory(self.memory);
        let mut maps = Vec::new();
        for &offset in &self.offsets {
            let body = Positioned {
                file: source as &dyn ReadAt,
                position: offset,
            };
            let there = self.header.chunk_maps(&limits, body)?;
            maps.extend(there.into_iter().map(|map| (offset, map)));
        }
        let is_empty = |(offset, map): &(u64, ChunkMap)| {
            *offset >= end && matches!(map.frames_from(0).next(*offset, &[]), Ok(None))
        };
        let one_way = untried.len() == 1 && maps.len() == 1;
        let proven = one_way && untried[0].payload.key_proven && untried[0].fault.is_none();
        if proven || only && maps.iter().all(is_empty) {
            return self.started(
                open,
                source,
                untried.into_iter().next(),
                maps.into_iter().next(),
            );
        }
        // The likeliest geometry at each offset comes first, in place only.
        let likely = maps.iter().enumerate();
        let likely = likely.filter(|(at, map)| *at == 0 || maps[at - 1].0 != map.0);
        let all = maps.iter().enumerate().map(|way| (way, true));
        for ((at, (offset, map)), nearby) in likely.map(|way| (way, false)).chain(all) {
            let found = self.find_way(&untried, window, nearby && only, |way| Chunks {
                source,
                start: *offset,
                end,
                map,
                codec: &*way.payload.codec,
                options: &options,
                full_seen: AtomicBool::new(false),
            })?;
            if let Some(number) = found {
                let untried = untried.into_iter().nth(number);
                return self.started(open, source, untried, maps.into_iter().nth(at));
            }
        }
        let offset = self.offsets.first().copied().unwrap_or_default();
        // The file has no chunk, so it is truncated, and the key is not wrong.
        if let Some((_, map)) = maps.first()
            && offset >= end
        {
            map.frames_from(0).next(offset, &[])?;
        }
        Err(Error::Authentication { chunk: 0, offset })
    }

    /// Finds a reading of the file that opens a chunk, and returns its number.
    fn find_way<'c>(
        &self,
        untried: &'c [Untried],
        window: Window,
        nearby: bool,
        chunks: impl Fn(&'c Untried) -> Chunks<'c>,
    ) -> Result<Option<usize>, Error> {
        for moved in [false, true] {
            for (number, way) in untried.iter().enumerate() {
                let chunks = chunks(way);
                let mut search = Search::new(&chunks, chunks.first(), window);
                let numbered = !matches!(way.payload.proof, Proof::Forgeable(_));
                let opens = match (moved, way.first_decides) {
                    (false, true) => search.is_first_in_place()?,
                    (false, false) => search.is_any_in_place()?,
                    (true, _) if !nearby => false,
                    (true, only_first) if numbered => search
                        .nearby(TRIAL)?
                        .is_some_and(|found| !only_first || found.place.index == 0),
                    (true, _) => search.is_last_in_front_of_more()?,
                };
                if opens {
                    return Ok(Some(number));
                }
            }
        }
        Ok(None)
    }

    /// Refuses files that cannot be salvaged, and collects the damage of the header.
    fn started(
        &self,
        open: &Open<'_>,
        source: &Source<'_>,
        untried: Option<Untried>,
        map: Option<(u64, ChunkMap)>,
    ) -> Result<Start, Error> {
        let (Some(untried), Some((offset, map))) = (untried, map) else {
            return Err(Error::truncated(0, "the input ends inside the header"));
        };
        let mut payload = untried.payload;
        if matches!(payload.proof, Proof::WholeFile { .. } | Proof::AnyStart) {
            return Err(Error::Refused {
                what:
                    "additive nonce: only the whole file shows that no chunks are missing at the \
                       beginning, and this one may be damaged"
                        .to_owned(),
            });
        }
        if source.size().map_err(Error::Read)? <= offset && !payload.key_proven {
            payload.proof = Proof::Nothing;
            payload.warnings = vec![NOTHING.to_owned()];
        }
        if open.strict
            && let Some(warning) = payload.warnings.first()
        {
            return Err(Error::Strict(warning.clone()));
        }
        let header = |error| Damage {
            file: source.to_file(0)..source.to_file(offset),
            plaintext: 0..0,
            chunks: 0..0,
            error,
        };
        let mut faults: Vec<_> = untried.fault.map(header).into_iter().collect();
        if let Some(detached) = open.detached
            && offset > 0
        {
            let own = head(source, offset as usize).map_err(Error::Read)?;
            let given = &detached[..self.header.size().min(detached.len())];
            if own != given && own.iter().any(|byte| *byte != 0) {
                let what = "the file's own header is not the one that was given";
                faults.push(header(Error::malformed(source.to_file(0), what)));
            }
        }
        Ok(Start {
            format: self.format.name(),
            payload,
            map,
            offset,
            faults,
        })
    }
}

fn nested(layers: usize) -> Error {
    Error::usage(format!(
        "the file has {layers} layers: a damaged chunk of one layer moves all chunks of the layers inside, \
         so nothing behind it can be salvaged"
    ))
}
