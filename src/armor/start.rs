//! Restores a header in an armored file: replaces the lines that encode the header, and keeps all others, damaged or
//! not.

use crate::format::age::armor::{
    BEGIN, COLUMNS, LINE_BYTES, LINE_LEN, blank_len, decode_lines, encode_lines,
};
use crate::format::{Claim, Format, Header};
use base64::alphabet::STANDARD;

/// Bits of a character of base64.
const CHAR_BITS: usize = 6;

/// A new beginning of an armored file, and what it replaces.
///
/// Only the BEGIN line, the characters that encode the header, and the line ends between them change.
///
/// ```
/// use fetool::format::age::{Age, AgeIdentity, X25519Identity};
/// use fetool::{ArmoredStart, Open, Identity, PeekReader, Recipient, Seal, look_at_header, random};
/// use std::io::Read;
///
/// let identity = AgeIdentity::X25519(X25519Identity::generate(&random)?);
/// let (recipient, mut file) = (identity.recipient(), Vec::new());
/// let seal = Seal::new(Recipient::wrapping(&recipient)).format(&Age).armor(true);
/// seal.run(&b"for my eyes only"[..], &mut file)?;
///
/// // A copy of the header.
/// let mut input = PeekReader::new(&file[..]);
/// let (format, header) = look_at_header(None, &mut input)?;
/// let mut copy = vec![0; header.size()];
/// input.read_exact(&mut copy)?;
///
/// file[5..120].fill(0);
/// let start = ArmoredStart::candidates(format, &*header, &copy, &file).remove(0);
/// assert!(start.has_nonce);
/// let repaired = [&start.text, &file[start.old_len..]].concat();
/// Open::new(Identity::unwrapping(&identity)).run(&repaired[..], std::io::sink())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmoredStart {
    /// The new beginning of the file.
    pub text: Vec<u8>,
    /// The number of bytes of the file that it replaces.
    pub old_len: usize,
    /// Whether the file has the header's nonce at its position. The nonce is random, so no other file has it.
    pub has_nonce: bool,
    /// Whether the file is likely armored: it begins so, or most bytes behind the length of the header are characters
    /// of armor.
    pub is_likely: bool,
}

impl ArmoredStart {
    /// Returns the possible replacements for the header in a file that starts with `text`, the likeliest first. They
    /// differ in where the text of the old header ends. `bytes` are those of `header`. Returns nothing if the file is
    /// not armored, or ends inside the header.
    pub fn candidates(
        format: &dyn Format,
        header: &dyn Header,
        bytes: &[u8],
        text: &[u8],
    ) -> Vec<Self> {
        let is_armored = format.armored(text) == Claim::Yes;
        if !(is_armored || format.has_armor() && looks_armored(text)) {
            return Vec::new();
        }
        let is_likely = is_armored || is_mostly_armor(text, bytes.len());
        let new = NewText::of(header, bytes, text);
        let line_starts = text.iter().enumerate();
        let line_starts = line_starts.filter_map(|(at, &byte)| (byte == b'\n').then_some(at + 1));
        let likely = std::iter::once(new.tail);
        let with_nonce = likely
            .chain(line_starts.clone())
            .find(|&tail| new.has_nonce(tail));
        // Each line end of the old text may be one byte longer or shorter than in the new one.
        let moved = line_starts.map(|tail| (tail.abs_diff(new.tail), tail));
        let nearest = moved.filter(|(by, _)| *by <= new.lines).min();
        let nearest = nearest.map(|(_, tail)| tail);
        let mut tails: Vec<usize> = Vec::new();
        for tail in with_nonce.into_iter().chain(nearest).chain([new.tail]) {
            if !tails.contains(&tail) {
                tails.push(tail);
            }
        }
        let starts = tails.into_iter().filter_map(|tail| new.at(tail));
        starts.map(|start| Self { is_likely, ..start }).collect()
    }
}

/// The new text of a header, and the file for it.
struct NewText<'t> {
    /// The current file.
    old: &'t [u8],
    text: Vec<u8>,
    /// Where in `text` the line starts in which the header ends.
    tail: usize,
    /// The number of lines before it.
    lines: usize,
    /// Bits of its last character that belong to what follows the header.
    spare_bits: usize,
    /// The positions in `text` of the characters that encode only the nonce.
    nonce: Vec<usize>,
}

impl<'t> NewText<'t> {
    fn of(header: &dyn Header, bytes: &[u8], old: &'t [u8]) -> Self {
        let blank = blank_len(old);
        let blank = match old[blank..].starts_with(BEGIN.as_bytes()) {
            true => &old[..blank],
            false => &[],
        };
        let line_end = line_end(old);
        let mut text = [blank, BEGIN.as_bytes(), line_end].concat();
        let (body, line_len) = (text.len(), COLUMNS + line_end.len());

        let lines = bytes.len().div_ceil(LINE_BYTES);
        let mut padded = bytes.to_vec();
        padded.resize(lines * LINE_BYTES, 0);
        let mut encoded = vec![0; lines * LINE_LEN];
        encode_lines(&padded, &mut encoded);
        for line in encoded.chunks_exact(LINE_LEN) {
            text.extend(&line[..COLUMNS]);
            text.extend(line_end);
        }
        let at = |char: usize| body + char / COLUMNS * line_len + char % COLUMNS;
        let bits = 8 * bytes.len();
        let chars = bits.div_ceil(CHAR_BITS);
        text.truncate(at(chars));
        let nonce = header.describe().nonce().unwrap_or_default();
        let nonce = (8 * nonce.start).div_ceil(CHAR_BITS)..8 * nonce.end / CHAR_BITS;
        Self {
            old,
            tail: at(chars / COLUMNS * COLUMNS),
            lines: 1 + chars / COLUMNS,
            text,
            spare_bits: chars * CHAR_BITS - bits,
            nonce: nonce.map(at).collect(),
        }
    }

    /// Returns whether the file has the nonce, if the line in which the header ends starts at `tail`.
    fn has_nonce(&self, tail: usize) -> bool {
        let old = |at: usize| (at + tail).checked_sub(self.tail);
        let same = |&at: &usize| {
            let old = old(at).and_then(|at| self.old.get(at));
            old == Some(&self.text[at])
        };
        !self.nonce.is_empty() && self.nonce.iter().all(same)
    }

    /// Returns the replacement if the line in which the header ends starts at `tail`. Returns `None` if the file ends
    /// inside the header.
    fn at(&self, tail: usize) -> Option<ArmoredStart> {
        let mut text = self.text.clone();
        let old_len = tail + (text.len() - self.tail);
        let replaced = self.old.get(..old_len)?;
        if self.spare_bits > 0
            && let (Some(new), Some(old)) = (text.last_mut(), replaced.last())
        {
            // If the old character is invalid, its bits are lost.
            let spare = value(*old).unwrap_or(0) & ((1 << self.spare_bits) - 1);
            *new = char(value(*new).unwrap_or(0) | spare);
        }
        Some(ArmoredStart {
            text,
            old_len,
            has_nonce: self.has_nonce(tail),
            is_likely: true,
        })
    }
}

fn value(char: u8) -> Option<usize> {
    let alphabet = STANDARD.as_str().as_bytes();
    alphabet.iter().position(|&it| it == char)
}

fn char(value: usize) -> u8 {
    STANDARD.as_str().as_bytes()[value]
}

/// Returns the line end that most lines have.
fn line_end(text: &[u8]) -> &'static [u8] {
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    let with_cr = text.windows(2).filter(|two| two == b"\r\n").count();
    match 2 * with_cr > lines {
        true => b"\r\n",
        false => b"\n",
    }
}

/// Returns whether a file that starts with `head` looks like armor whose first line may be damaged: it has two
/// consecutive lines of 64 base64 characters. A stanza of a file without armor may have such lines as well, so a file
/// with other lines of a header is not armor.
pub(crate) fn looks_armored(head: &[u8]) -> bool {
    let has = |start: &[u8]| head.windows(start.len()).any(|bytes| bytes == start);
    if has(b"\n-> ") || has(b"\n--- ") {
        return false;
    }
    let is_whole = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut out = [0; LINE_BYTES];
        line.len() == COLUMNS && decode_lines(&[line, b"\n"].concat(), &mut out).1 == LINE_BYTES
    };
    let mut before = false;
    head.split(|&byte| byte == b'\n').any(|line| {
        let is_whole = is_whole(line);
        std::mem::replace(&mut before, is_whole) && is_whole
    })
}

/// Returns whether most bytes of a file behind its header are characters of armor. Of encrypted bytes, a quarter are.
pub(crate) fn is_mostly_armor(head: &[u8], header_len: usize) -> bool {
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte);
    let behind = head.get(header_len..).unwrap_or_default();
    2 * behind.iter().filter(|byte| is_char(**byte)).count() > behind.len()
}
