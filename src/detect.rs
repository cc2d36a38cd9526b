//! Telling formats apart: by their magic numbers; where there is none, by what a secret opens; and
//! without a secret, by what speaks for and against each.

use crate::Error;
use crate::error::Evidence;
use crate::error::{Possible, Unknown};
use crate::format::{
    Claim, FORMATS, Format, Frames, HEAD_MAX, HEADER_MAX, Header, Limits, Payload, Walker,
};
use crate::identity::{Identity, try_each};
use crate::peek::PeekReader;
use std::io::Read;

/// How much of a file may be held in memory to find out its format. A format whose first chunk is
/// longer than this is not found by trying.
const TRIAL_MAX: u64 = 64 << 20;

/// A format, the header that it read, and what its secret unlocked.
pub(crate) type Found<'a> = (&'a dyn Format, Box<dyn Header>, Payload);

/// Finds the format that claims a file by its first bytes, at most [`HEAD_MAX`] of them.
fn by_magic<'a>(formats: &[&'a dyn Format], head: &[u8]) -> Result<&'a dyn Format, Error> {
    let claims = |wanted| {
        formats
            .iter()
            .copied()
            .find(|format| format.probe(head) == wanted)
    };
    if let Some(format) = claims(Claim::Yes) {
        return Ok(format);
    }
    let end = head.len() as u64;
    if head.is_empty() {
        return Err(Error::truncated(end, "the input is empty"));
    }
    match claims(Claim::TooShort) {
        Some(format) => Err(Error::truncated(
            end,
            format!(
                "the input ends inside the magic number of {}",
                format.title()
            ),
        )),
        None => Err(damaged(formats, head)
            .unwrap_or_else(|| Error::UnknownFormat(Box::new(possible(formats, head, None))))),
    }
}

/// Says what happened to a file that was of a format once, where that can be seen.
fn damaged(formats: &[&dyn Format], head: &[u8]) -> Option<Error> {
    let what = formats.iter().find_map(|format| format.damage(head))?;
    Some(Error::malformed(0, what))
}

/// Decodes the header from the first bytes of a file, of the given format or of the one that claims
/// them by its magic number.
///
/// # Errors
/// [`Error::UnknownFormat`], [`Error::Truncated`] where `head` is empty or ends inside a magic
/// number, and those of [`Format::header`].
pub fn read_header<'a>(
    format: Option<&'a dyn Format>,
    head: &[u8],
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    read_header_among(FORMATS, format, head)
}

pub(crate) fn read_header_among<'a>(
    formats: &[&'a dyn Format],
    format: Option<&'a dyn Format>,
    head: &[u8],
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    let format = match format {
        Some(format) => format,
        None => by_magic(formats, head)?,
    };
    Ok((format, format.header(head)?))
}

/// The formats that armor can be around.
pub(crate) fn with_armor<'a>(formats: &[&'a dyn Format]) -> Vec<&'a dyn Format> {
    let formats = formats.iter().copied();
    formats.filter(|format| format.has_armor()).collect()
}

/// Reads on until it is known whether the input is armored, and decodes it from then on if it is.
fn unarmor<R: Read>(
    formats: &[&dyn Format],
    format: Option<&dyn Format>,
    input: &mut PeekReader<R>,
) -> Result<(), Error> {
    let chosen = format.as_slice();
    let formats = if format.is_some() { chosen } else { formats };
    while !input.is_armored() {
        let head = input.buffered();
        let armored = |claim| formats.iter().any(|format| format.armored(head) == claim);
        if armored(Claim::Yes) {
            input.unarmor();
            break;
        }
        let may_be = !head.is_empty() && armored(Claim::TooShort);
        if !may_be || !input.fill(HEAD_MAX).map_err(Error::Read)? {
            break;
        }
    }
    Ok(())
}

/// Decodes the header of an input, of which nothing is taken, of the given format or of the one that
/// claims it by its magic number. Reads no more than that needs, and looks into armor.
///
/// # Errors
/// As [`read_header`], and [`Error::Read`].
pub fn look_at_header<'a, R: Read>(
    format: Option<&'a dyn Format>,
    input: &mut PeekReader<R>,
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    peek_header(FORMATS, format, input).map_err(Error::root)
}

/// Reads no more of the input than its header needs: what follows may come much later.
pub(crate) fn peek_header<'a, R: Read>(
    formats: &[&'a dyn Format],
    format: Option<&'a dyn Format>,
    input: &mut PeekReader<R>,
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    loop {
        unarmor(formats, format, input)?;
        let head = input.buffered();
        let in_armor: Vec<&'a dyn Format>;
        let formats = match input.is_armored() {
            true => {
                in_armor = with_armor(formats);
                &in_armor
            }
            false => formats,
        };
        let found = read_header_among(formats, format, head);
        let Err(error @ Error::Truncated { .. }) = found else {
            return found;
        };
        let missing = missing(formats, format, head, error)?;
        if !input.fill(missing).map_err(Error::Read)? {
            return read_header_among(formats, format, input.buffered());
        }
    }
}

/// Length of the hole where the header was, in a data file that begins with `start` and whose header
/// is kept apart.
pub(crate) fn hole(header: &dyn Header, start: &[u8]) -> u64 {
    let len = header.size();
    let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    if header.leaves_hole() && start.get(..len).is_some_and(zero) {
        len as u64
    } else {
        0
    }
}

/// How many bytes more to look at, where the header is longer than `head`: what formats mostly need at
/// first, and then as many again as there are, up to the bound.
///
/// # Errors
/// `truncated` where no header of the format is longer; [`Error::Malformed`] where a longer one is refused.
pub(crate) fn missing(
    formats: &[&dyn Format],
    format: Option<&dyn Format>,
    head: &[u8],
    truncated: Error,
) -> Result<usize, Error> {
    let have = head.len();
    if have < HEAD_MAX {
        return Ok(HEAD_MAX - have);
    }
    let format = format.map_or_else(|| by_magic(formats, head), Ok)?;
    let most = format.header_max().min(HEADER_MAX);
    if have < most {
        return Ok(have.min(most - have));
    }
    Err(match most {
        ..=HEAD_MAX => truncated,
        _ => Error::malformed(
            most as u64,
            format!("the header has more than {most} bytes"),
        ),
    })
}

/// Looks at the whole first frame, which starts at `offset` of the file and `ahead` bytes further on
/// in the input; `None` where there is none.
pub(crate) fn first_frame<'i, R: Read>(
    input: &'i mut PeekReader<R>,
    ahead: usize,
    frames: Box<dyn Frames>,
    offset: u64,
    limits: &Limits,
) -> Result<Option<&'i [u8]>, Error> {
    let mut walker = Walker::new(frames, offset);
    let lead = ahead + walker.frames.prefix_len();
    let lead = input.peek(lead).map_err(Error::Read)?;
    let Some(len) = walker.next(lead.get(ahead..).unwrap_or_default())? else {
        return Ok(None);
    };
    walker.check_memory(len, limits)?;
    let most = usize::try_from(limits.memory).unwrap_or(usize::MAX);
    // One byte more than allowed shows that there is more.
    let wanted = ahead + len.min(most.saturating_add(1));
    let seen = input.peek(wanted).map_err(Error::Read)?;
    let frame = seen.get(ahead..).unwrap_or_default();
    if frame.len() > most {
        return Err(walker.frames.too_large(limits.memory));
    }
    if frame.len() < len {
        walker.short_at_eof(frame.len())?;
    }
    Ok(Some(frame))
}

/// Finds the format without a magic number whose first chunk the secret opens.
///
/// # Errors
/// [`Error::UnknownFormat`] when there is none; [`Error::Read`] and [`Error::Memory`].
pub(crate) fn by_secret<'a, R: Read>(
    formats: &[&'a dyn Format],
    identities: &[Identity<'_>],
    input: &mut PeekReader<R>,
    limits: &Limits,
) -> Result<Found<'a>, Error> {
    let head = input.peek(HEAD_MAX).map_err(Error::Read)?;
    let len = whole_len(head).or(limits.input_len);
    let limits = Limits {
        memory: limits.memory.min(TRIAL_MAX),
        input_len: len,
    };
    let mut unknown = Unknown {
        secrets: identities.len(),
        ..Unknown::default()
    };
    let mut candidates = Vec::new();
    for format in formats.iter().copied() {
        let header = format.evidence(head, len).and_then(|_| {
            let header = format.header(head);
            header.map_err(|error| error.to_string())
        });
        match header {
            Ok(header) => candidates.push((format, header)),
            Err(why) => unknown.ruled_out.push((format.name(), why)),
        }
    }
    // Those first that need least of the input, which may come slowly.
    candidates.sort_by_key(|(_, header)| header.frames(&limits).largest());
    for (format, header) in candidates {
        let ahead = header.size();
        let frames = header.frames(&limits);
        if limits.input_len.is_none() && frames.largest() > limits.memory {
            let why = frames.too_large(limits.memory).to_string();
            unknown.ruled_out.push((format.name(), why));
            continue;
        }
        let first = match first_frame(input, ahead, frames, ahead as u64, &limits) {
            Err(error @ (Error::Read(_) | Error::Memory(_))) => return Err(error),
            first => first,
        };
        let why = match first {
            Ok(None) => "possible, but too short to verify".to_owned(),
            Ok(first) => match unlock(identities, &*header, first) {
                Ok(unlocked) => return Ok((format, header, unlocked)),
                Err(Error::Authentication { .. }) => {
                    unknown.wrong_secret = true;
                    "the first chunk does not authenticate with this secret".to_owned()
                }
                Err(Error::NoIdentity { tried, .. }) => {
                    unknown.wrong_secret = true;
                    format!("the first chunk does not authenticate with any of {tried} secrets")
                }
                Err(error @ Error::Memory(_)) => return Err(error),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        unknown.ruled_out.push((format.name(), why));
    }
    Err(Error::UnknownFormat(Box::new(unknown)))
}

/// Unlocks a header with the first identity that fits.
pub(crate) fn unlock(
    identities: &[Identity<'_>],
    header: &dyn Header,
    first: Option<&[u8]>,
) -> Result<Payload, Error> {
    try_each(identities, |identity| {
        match header.unlock(identity, first) {
            // Another one may have what this format needs.
            Err(Error::Usage { what, hint }) if identities.len() > 1 => {
                Err(Error::Secret { what, hint })
            }
            unlocked => unlocked,
        }
    })
}

/// Where the first bytes are all bytes, how many there are.
fn whole_len(head: &[u8]) -> Option<u64> {
    (head.len() < HEAD_MAX).then_some(head.len() as u64)
}

/// What a file may be that starts with `head` and has `len` bytes, where that is known; `head` has
/// fewer than [`HEAD_MAX`] bytes only where that is all.
pub(crate) fn possible(formats: &[&dyn Format], head: &[u8], len: Option<u64>) -> Unknown {
    let mut unknown = Unknown::default();
    for format in formats {
        match format.evidence(head, len) {
            Ok(mut evidence) => {
                weigh_randomness(head, &mut evidence);
                unknown.possible.push(Possible {
                    format: format.name(),
                    title: format.title(),
                    evidence,
                });
            }
            Err(why) => unknown.ruled_out.push((format.name(), why)),
        }
    }
    unknown
}

/// Sealed data cannot be told from random bytes; most other data can.
fn weigh_randomness(head: &[u8], evidence: &mut Evidence) {
    /// Random bytes stay far closer to what is expected of them than this, in bits.
    const SLACK: f64 = 0.5;
    let (found, expected) = (entropy(head), entropy_of_random(head.len()));
    let measured = format!(
        "{found:.1} bits of entropy a byte in the first {}, where random ones have {expected:.1}",
        head.len()
    );
    if found < expected - SLACK {
        evidence.opposing.push(measured);
    } else {
        evidence.supporting.push(measured);
    }
}

/// The entropy of the bytes' distribution, in bits a byte.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let shares = counts.iter().filter(|count| **count > 0).map(|count| {
        let share = f64::from(*count) / bytes.len() as f64;
        -share * share.log2()
    });
    shares.sum()
}

/// What [`entropy`] is for `len` random bytes, on average: less than 8, for few bytes cannot have
/// 256 values equally often.
fn entropy_of_random(len: usize) -> f64 {
    let n = len as f64;
    // How often one value comes is distributed binomially, with a share of 1 in 256.
    let mut chance = (255.0f64 / 256.0).powf(n);
    let mut sum = 0.0;
    for k in 1..=len {
        let k = k as f64;
        chance *= (n - k + 1.0) / k / 255.0;
        let share = k / n;
        sum += chance * -share * share.log2();
    }
    256.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_counts_bits() {
        assert_eq!(entropy(&[7; 100]), 0.0);
        let every: Vec<u8> = (0..=255).collect();
        assert!((entropy(&every) - 8.0).abs() < 1e-9);
    }

    #[test]
    fn random_bytes_have_the_entropy_of_random_bytes() {
        for len in [12, 41, 57, 200, HEAD_MAX] {
            let expected = entropy_of_random(len);
            let mut mean = 0.0;
            for _ in 0..200 {
                let mut bytes = vec![0; len];
                crate::random(&mut bytes).unwrap();
                mean += entropy(&bytes) / 200.0;
            }
            assert!((mean - expected).abs() < 0.05, "{len}: {mean}, {expected}");
        }
    }

    #[test]
    fn text_is_not_taken_for_random() {
        let text = include_bytes!("detect.rs");
        let mut evidence = Evidence::default();
        weigh_randomness(&text[..HEAD_MAX], &mut evidence);
        assert!(evidence.supporting.is_empty());
        assert_eq!(evidence.opposing.len(), 1);
    }
}
