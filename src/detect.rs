//! Format detection by the first bytes: by magic numbers, and without one by the evidence for and against each format.

use crate::Error;
use crate::error::{Evidence, Possible, Unknown};
use crate::format::{Claim, FORMATS, Format, HEAD_MAX, HEADER_MAX, Header};
use crate::peek::PeekReader;
use std::io::Read;

/// Finds the format that claims a file by its first bytes, at most [`HEAD_MAX`] of them. `None` if no
/// format has such a magic number.
fn by_magic<'a>(formats: &[&'a dyn Format], head: &[u8]) -> Result<Option<&'a dyn Format>, Error> {
    let claims = |wanted| {
        formats
            .iter()
            .copied()
            .find(|format| format.probe(head) == wanted)
    };
    if let Some(format) = claims(Claim::Yes) {
        return Ok(Some(format));
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
        None => damaged(formats, head).map_or(Ok(None), Err),
    }
}

/// Returns the error for a file that no format claims. It weighs the evidence, which is slow.
fn unclaimed(formats: &[&dyn Format], head: &[u8]) -> Error {
    Error::UnknownFormat(Box::new(possible(formats, head, None)))
}

/// Returns the error for a damaged file of a recognisable format.
fn damaged(formats: &[&dyn Format], head: &[u8]) -> Option<Error> {
    let what = formats.iter().find_map(|format| format.damage(head))?;
    Some(Error::malformed(0, what))
}

/// Decodes the header from the first bytes of a file, in the given format or in the one that claims them by its magic
/// number.
///
/// # Errors
/// [`Error::UnknownFormat`], [`Error::Truncated`] if `head` is empty or ends inside a magic number, and those of
/// [`Format::header`].
///
/// ```
/// use fetool::{Seal, Secret, read_header};
///
/// let mut sealed = Vec::new();
/// Seal::new(&Secret::key([7; 32])).run(&b"for my eyes only"[..], &mut sealed)?;
/// let (format, header) = read_header(None, &sealed)?;
/// assert_eq!((format.name(), header.size()), ("gfe", 24));
/// # Ok::<(), fetool::Error>(())
/// ```
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
    claimed(formats, format, head)?.ok_or_else(|| unclaimed(formats, head))
}

/// Decodes a header, unless no format claims it.
fn claimed<'a>(
    formats: &[&'a dyn Format],
    format: Option<&'a dyn Format>,
    head: &[u8],
) -> Result<Option<Claimed<'a>>, Error> {
    let format = match format {
        Some(format) => Some(format),
        None => by_magic(formats, head)?,
    };
    format
        .map(|format| Ok((format, format.header(head)?)))
        .transpose()
}

/// A format, and a header of it.
type Claimed<'a> = (&'a dyn Format, Box<dyn Header>);

/// Returns the formats that have armor.
pub(crate) fn with_armor<'a>(formats: &[&'a dyn Format]) -> Vec<&'a dyn Format> {
    let formats = formats.iter().copied();
    formats.filter(|format| format.has_armor()).collect()
}

/// Reads until it is known whether the input is armored, and decodes it from then on if it is.
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

/// Decodes the header of an input without consuming it, in the given format or in the one that claims it by its magic
/// number. Reads no more than necessary, and decodes armor.
///
/// # Errors
/// Those of [`read_header`], and [`Error::Read`].
///
/// ```
/// use fetool::{Open, PeekReader, Seal, Secret, look_at_header};
///
/// let key = Secret::key([7; 32]);
/// let mut sealed = Vec::new();
/// Seal::new(&key).run(&b"for my eyes only"[..], &mut sealed)?;
///
/// let mut input = PeekReader::new(&sealed[..]);
/// let (format, header) = look_at_header(None, &mut input)?;
/// assert_eq!(header.describe().algorithm, "AES-256-GCM");
///
/// // Still all there.
/// let opening = Open::new(&key).format(Some(format)).start_ahead(input);
/// opening.map_err(|(error, _)| error)?.run(std::io::sink())?;
/// # Ok::<(), fetool::Error>(())
/// ```
pub fn look_at_header<'a, R: Read>(
    format: Option<&'a dyn Format>,
    input: &mut PeekReader<R>,
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    peek_header(FORMATS, format, input).map_err(Error::root)
}

/// Reads no more of the input than its header needs: what follows may arrive much later.
pub(crate) fn peek_header<'a, R: Read>(
    formats: &[&'a dyn Format],
    format: Option<&'a dyn Format>,
    input: &mut PeekReader<R>,
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    if let Some(claimed) = peek_claimed_header(formats, format, input)? {
        return Ok(claimed);
    }
    Err(match input.is_armored() {
        true => unclaimed(&with_armor(formats), input.buffered()),
        false => unclaimed(formats, input.buffered()),
    })
}

/// The same. `None` if no format claims the input.
pub(crate) fn peek_claimed_header<'a, R: Read>(
    formats: &[&'a dyn Format],
    format: Option<&'a dyn Format>,
    input: &mut PeekReader<R>,
) -> Result<Option<Claimed<'a>>, Error> {
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
        let found = claimed(formats, format, head);
        let Err(error @ Error::Truncated { .. }) = found else {
            return found;
        };
        let missing = missing(formats, format, head, error)?;
        if !input.fill(missing).map_err(Error::Read)? {
            return claimed(formats, format, input.buffered());
        }
    }
}

/// Returns the length of the hole left by the header in a data file that begins with `start` and whose header is
/// detached.
pub(crate) fn hole(header: &dyn Header, start: &[u8]) -> u64 {
    let len = header.size();
    let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    if header.leaves_hole() && start.get(..len).is_some_and(zero) {
        len as u64
    } else {
        0
    }
}

/// Returns how many more bytes to read if the header is longer than `head`: at first what most headers need, then as
/// many again as there are, up to the limit.
///
/// # Errors
/// `truncated` if no header of the format is longer; [`Error::Malformed`] if a longer one is refused.
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
    let format = match format {
        Some(format) => format,
        None => by_magic(formats, head)?.ok_or_else(|| unclaimed(formats, head))?,
    };
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

/// Returns the possible formats of a file that starts with `head` and has `len` bytes, if known; `head` has fewer than
/// [`HEAD_MAX`] bytes only if the file does.
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

/// Sealed data looks like random bytes; most other data does not.
fn weigh_randomness(head: &[u8], evidence: &mut Evidence) {
    /// Random bytes stay far closer to their expected entropy than this, in bits.
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

/// Returns the entropy of the bytes' distribution, in bits per byte.
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

/// Returns the average [`entropy`] of `len` random bytes. It is less than 8, since few bytes cannot have 256 values
/// equally often.
fn entropy_of_random(len: usize) -> f64 {
    let n = len as f64;
    // The number of times that a value occurs has a binomial distribution, with probability 1/256.
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
