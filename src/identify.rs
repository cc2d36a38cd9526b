//! From a sealed file to its key, in stages:
//!
//! ```text
//! peek ──► identify ──► unlock ──► payload ──► pipeline
//! ```
//!
//! A [`PeekReader`] keeps what is examined, so nothing of the input is consumed. [`identify`] decodes the header in the
//! requested format, or in the one that claims the file by its magic number. If none does, it finds the possible
//! formats without a magic number. [`Identified::unlock`] tries the identities on the header and the first frame, in
//! each of these formats if there are several. Its result goes to the pipeline: as a stream (`open`), at positions
//! (`open::at`) or as a range (`open::range`).

use crate::Error;
use crate::detect::{hole, peek_claimed_header, read_header_among};
use crate::error::Unknown;
use crate::format::{
    Format, HEAD_MAX, Header, KeyDerivation, KeyPolicy, Limits, NOTHING, Payload, Proof, Walker,
};
use crate::identity::{Identity, try_each};
use crate::kdf::Derivation;
use crate::peek::PeekReader;
use std::io::Read;

/// The maximum of a file to hold in memory while detecting its format. A format whose first chunk is longer is not
/// detected by trying.
pub(crate) const TRIAL_MAX: u64 = 64 << 20;

/// What a caller knows of a file in advance.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    /// The formats to detect,
    pub formats: &'a [&'a dyn Format],
    /// unless the caller chose one.
    pub format: Option<&'a dyn Format>,
    /// The header, if it is detached.
    pub detached: Option<&'a [u8]>,
    pub limits: Limits,
}

/// A file with a header of one format.
pub(crate) struct Found<'a> {
    pub format: &'a dyn Format,
    pub header: Box<dyn Header>,
    /// The offset of the first frame in the input.
    pub offset: u64,
    limits: Limits,
}

/// The format of a file.
pub(crate) enum Identified<'a> {
    /// It has the magic number of this format, or the caller chose it.
    Sure(Found<'a>),
    /// Only an identity can show which of these it is.
    Possible {
        candidates: Vec<Found<'a>>,
        /// The excluded formats.
        unknown: Unknown,
    },
}

/// Detects the format of an input, and decodes its header. Reads no more than necessary.
///
/// # Errors
/// [`Error::UnknownFormat`], those of a header that cannot be decoded, [`Error::Read`].
pub(crate) fn identify<'a, R: Read>(
    search: Search<'a>,
    input: &mut PeekReader<R>,
) -> Result<Identified<'a>, Error> {
    let Search {
        formats,
        format,
        detached,
        limits,
    } = search;
    let claimed = match detached {
        Some(head) => Some(read_header_among(formats, format, head)?),
        None => peek_claimed_header(formats, format, input)?,
    };
    let Some((format, header)) = claimed else {
        return possible(formats, input, &limits);
    };
    let offset = match detached {
        Some(_) => hole(&*header, input.peek(header.size()).map_err(Error::Read)?),
        None => header.size() as u64,
    };
    Ok(Identified::Sure(Found {
        format,
        header,
        offset,
        limits,
    }))
}

/// Returns the possible formats without a magic number.
fn possible<'a, R: Read>(
    formats: &[&'a dyn Format],
    input: &mut PeekReader<R>,
    limits: &Limits,
) -> Result<Identified<'a>, Error> {
    let head = input.peek(HEAD_MAX).map_err(Error::Read)?;
    // If the file has no more bytes than these, its length is known.
    let all = (head.len() < HEAD_MAX).then_some(head.len() as u64);
    let limits = Limits {
        memory: limits.memory.min(TRIAL_MAX),
        input_len: all.or(limits.input_len),
    };
    let mut unknown = Unknown::default();
    let mut candidates = Vec::new();
    for format in formats.iter().copied() {
        let header = format.evidence(head, limits.input_len).and_then(|_| {
            let header = format.header(head);
            header.map_err(|error| error.to_string())
        });
        match header {
            Ok(header) => candidates.push(Found {
                format,
                offset: header.size() as u64,
                header,
                limits,
            }),
            Err(why) => unknown.ruled_out.push((format.name(), why)),
        }
    }
    // First those that need least of the input, which may arrive slowly.
    candidates.sort_by_key(|found| found.header.frames(&limits).largest());
    Ok(Identified::Possible {
        candidates,
        unknown,
    })
}

impl<'a> Identified<'a> {
    /// Unlocks the file with the first identity that fits. If only that shows the format, it is the first format that
    /// an identity fits.
    ///
    /// # Errors
    /// Those of [`Header::unlock`]; [`Error::UnknownFormat`] if no identity shows the format; [`Error::Read`] and
    /// [`Error::Memory`].
    pub fn unlock<R: Read>(
        self,
        identities: &[Identity<'_>],
        policy: KeyPolicy,
        input: &mut PeekReader<R>,
    ) -> Result<(Found<'a>, Payload), Error> {
        let (candidates, mut unknown) = match self {
            Self::Sure(mut found) => {
                found.header.set_policy(policy);
                let payload = found.unlock(identities, input)?;
                return Ok((found, payload));
            }
            Self::Possible {
                candidates,
                unknown,
            } => (candidates, unknown),
        };
        unknown.secrets = identities.len();
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by_key(|index| candidates[*index].trial_cost());
        let mut candidates: Vec<_> = candidates.into_iter().map(Some).collect();
        let mut ruled_out = Vec::new();
        for index in order {
            let found = candidates[index].take().expect("each is tried once");
            let why = match found.try_on(identities, input)? {
                Trial::Unlocked(payload) => return Ok((found, payload)),
                Trial::NothingToTry => "possible, but too short to verify".to_owned(),
                Trial::Refused(Error::Authentication { .. }) => {
                    unknown.wrong_secret = true;
                    "the first chunk does not authenticate with this secret".to_owned()
                }
                Trial::Refused(Error::NoIdentity { tried, .. }) => {
                    unknown.wrong_secret = true;
                    format!("the first chunk does not authenticate with any of {tried} secrets")
                }
                Trial::Refused(error) => error.to_string(),
            };
            ruled_out.push((index, (found.format.name(), why)));
        }
        // Not in the order of the trials, which depends on the file's length.
        ruled_out.sort_by_key(|(index, _)| *index);
        unknown
            .ruled_out
            .extend(ruled_out.into_iter().map(|(_, why)| why));
        Err(Error::UnknownFormat(Box::new(unknown)))
    }
}

/// The result of trying identities on a file of a possible format.
enum Trial {
    Unlocked(Payload),
    /// There is no chunk.
    NothingToTry,
    Refused(Error),
}

impl Found<'_> {
    /// Reads the whole first frame without consuming it; `None` if there is none.
    ///
    /// # Errors
    /// Those of the format's structure, and [`Error::Read`].
    pub fn first_frame<'i, R: Read>(
        &self,
        input: &'i mut PeekReader<R>,
    ) -> Result<Option<&'i [u8]>, Error> {
        let start = self.offset as usize;
        let mut walker = Walker::new(self.header.frames(&self.limits), self.offset);
        let lead = start + walker.frames.prefix_len();
        let lead = input.peek(lead).map_err(Error::Read)?;
        let Some(len) = walker.next(lead.get(start..).unwrap_or_default())? else {
            return Ok(None);
        };
        walker.check_memory(len, &self.limits)?;
        let most = usize::try_from(self.limits.memory).unwrap_or(usize::MAX);
        // One byte more than allowed shows that there is more.
        let wanted = start + len.min(most.saturating_add(1));
        let seen = input.peek(wanted).map_err(Error::Read)?;
        let frame = seen.get(start..).unwrap_or_default();
        if frame.len() > most {
            return Err(walker.frames.too_large(self.limits.memory));
        }
        if frame.len() < len {
            walker.short_at_eof(frame.len())?;
        }
        Ok(Some(frame))
    }

    /// Returns what trying an identity costs, as a number of bytes to authenticate. If the whole input is at
    /// hand, a key derivation counts: many small files take one each. If not, no candidate waits for
    /// more of the input than it needs.
    fn trial_cost(&self) -> u64 {
        /// In the time of the fastest derivation.
        const DERIVATION: u64 = 2 << 20;
        let largest = self.header.frames(&self.limits).largest();
        let Some(len) = self.limits.input_len else {
            return largest;
        };
        let derivations = self.header.describe().derivations;
        let is_fast = derivations
            .iter()
            .all(|it| matches!(it, KeyDerivation::Known(Derivation::Sha256)));
        let derivation = if is_fast { 0 } else { DERIVATION };
        largest.min(len).saturating_add(derivation)
    }

    /// Returns whether the input ends with the header, and the format has files without a chunk.
    fn is_empty<R: Read>(&self, input: &mut PeekReader<R>) -> Result<bool, Error> {
        let behind = input.peek(self.offset as usize + 1);
        let nothing = behind.map_err(Error::Read)?.len() as u64 <= self.offset;
        let mut frames = self.header.frames(&self.limits);
        Ok(nothing && matches!(frames.next(self.offset, &[]), Ok(None)))
    }

    fn unlock<R: Read>(
        &self,
        identities: &[Identity<'_>],
        input: &mut PeekReader<R>,
    ) -> Result<Payload, Error> {
        let (first, empty) = if self.header.tries_first_frame() {
            let first = self.first_frame(input)?;
            (first, first.is_none())
        } else {
            (None, self.is_empty(input)?)
        };
        let mut payload = self.try_each(identities, first)?;
        // Inner layers have headers, which are then missing.
        if empty && payload.layers.is_empty() {
            payload.proof = Proof::Nothing;
            payload.warnings = vec![NOTHING.to_owned()];
        }
        Ok(payload)
    }

    /// # Errors
    /// Those that do not concern the file's bytes: [`Error::Read`], [`Error::Memory`] and [`Error::Thread`].
    fn try_on<R: Read>(
        &self,
        identities: &[Identity<'_>],
        input: &mut PeekReader<R>,
    ) -> Result<Trial, Error> {
        let frames = self.header.frames(&self.limits);
        if self.limits.input_len.is_none() && frames.largest() > self.limits.memory {
            return Ok(Trial::Refused(frames.too_large(self.limits.memory)));
        }
        let first = match self.first_frame(input) {
            Ok(None) => return Ok(Trial::NothingToTry),
            first => first,
        };
        match first.and_then(|first| self.try_each(identities, first)) {
            Ok(payload) => Ok(Trial::Unlocked(payload)),
            Err(error @ (Error::Read(_) | Error::Memory(_) | Error::Thread(_))) => Err(error),
            Err(error) => Ok(Trial::Refused(error)),
        }
    }

    /// Unlocks the header with the first identity that fits.
    fn try_each(
        &self,
        identities: &[Identity<'_>],
        first: Option<&[u8]>,
    ) -> Result<Payload, Error> {
        let payload = try_each(identities, |identity| {
            match self.header.unlock(identity, first) {
                // Another identity may have what this format needs.
                Err(Error::Usage { what, hint }) if identities.len() > 1 => {
                    Err(Error::Secret { what, hint })
                }
                unlocked => unlocked,
            }
        });
        // Formats do not know whether the header is detached.
        let offset = self.offset;
        payload.map_err(|error| match error {
            Error::Authentication { chunk: 0, .. } => Error::Authentication { chunk: 0, offset },
            Error::NoIdentity { tried, .. } => Error::NoIdentity { tried, offset },
            error => error,
        })
    }
}
