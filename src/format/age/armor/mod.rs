//! Armor: an age file as text, in lines of base64 between `BEGIN` and `END`.
//!
//! [`ArmorDecoder`] and [`ArmorEncoder`] take pieces of any length. [`decode_lines`] and [`encode_lines`] take whole
//! lines only, so several threads can share a file: three sealed chunks of age are 4097 whole lines.
//!
//! ```
//! use fetool::format::Claim;
//! use fetool::format::age::armor::{
//!     ArmorDecoder, ArmorEncoder, BEGIN, BLANK_MAX, COLUMNS, END, LINE_BYTES, LINE_LEN, armored_len, decode_lines,
//!     encode_lines, probe, text_damage,
//! };
//!
//! let mut text = Vec::new();
//! let mut encoder = ArmorEncoder::new();
//! encoder.push(&[1; 100], &mut text)?;
//! encoder.finish(&mut text)?;
//! assert!(text.starts_with(BEGIN.as_bytes()) && text.ends_with(format!("{END}\n").as_bytes()));
//! assert_eq!((probe(&text), armored_len(100)), (Claim::Yes, Some(text.len() as u64)));
//!
//! let mut bytes = Vec::new();
//! let mut decoder = ArmorDecoder::new();
//! decoder.push(&[b'\n'; BLANK_MAX], &mut bytes)?;
//! decoder.push(&text, &mut bytes)?;
//! decoder.finish()?;
//! assert_eq!(bytes, [1; 100]);
//!
//! // Lines alone.
//! let (mut line, mut decoded) = ([0; LINE_LEN], [0; LINE_BYTES]);
//! encode_lines(&bytes[..LINE_BYTES], &mut line);
//! assert_eq!(line[COLUMNS], b'\n');
//! assert_eq!(decode_lines(&line, &mut decoded), (LINE_LEN, LINE_BYTES));
//! assert_eq!(text_damage(&text), None);
//! # Ok::<(), fetool::Error>(())
//! ```

mod decoder;
mod encoder;
mod lines;
#[cfg(test)]
mod tests;

pub use decoder::ArmorDecoder;
pub use encoder::ArmorEncoder;
pub use lines::{decode_lines, encode_lines};

use super::header::MAGIC;
use crate::Error;
use crate::format::Claim;
use zeroize::Zeroizing;

/// The first line.
pub const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
/// The last line.
pub const END: &str = "-----END AGE ENCRYPTED FILE-----";
/// Characters of each line between them but the last, without the line end.
pub const COLUMNS: usize = 64;
/// The number of bytes that such a line encodes.
pub const LINE_BYTES: usize = COLUMNS / 4 * 3;
/// Bytes of such a line with the line feed that is written.
pub const LINE_LEN: usize = COLUMNS + 1;

/// The maximum number of whitespace bytes before the first line. Behind the last, there must be fewer.
pub const BLANK_MAX: usize = 1024;
/// Returns whether a file that starts with `head` is armored.
pub fn probe(head: &[u8]) -> Claim {
    let blank = blank_len(head);
    let rest = &head[blank..];
    let common = rest.len().min(BEGIN.len());
    match rest[..common] == BEGIN.as_bytes()[..common] {
        _ if blank > BLANK_MAX => Claim::No,
        true if common == BEGIN.len() => Claim::Yes,
        true => Claim::TooShort,
        false => Claim::No,
    }
}

/// The damage that `>` of Windows PowerShell does to text.
pub(super) const UTF_16: &str = "the file was changed to UTF-16, as PowerShell's > does";
/// The damage that it and other programs do.
pub(super) const BYTE_ORDER_MARK: &str = "a byte order mark was put in front, as PowerShell does";

/// Returns what a text tool did to a file that starts with `head`, if it is armored or binary age, in UTF-16 or behind
/// a byte order mark.
pub fn text_damage(head: &[u8]) -> Option<&'static str> {
    let begins = |text: &[u8]| text.starts_with(b"-----BEGIN AGE") || text.starts_with(MAGIC);
    if let Some(behind) = head.strip_prefix(b"\xEF\xBB\xBF") {
        return begins(behind).then_some(BYTE_ORDER_MARK);
    }
    // Both beginnings are ASCII, so half of the bytes are zero. More of them are not needed.
    let head = &head[..head.len().min(2 * MAGIC.len() + 2)];
    let is_utf_16 = |order| begins(&narrowed(head, order));
    [u16::from_le_bytes, u16::from_be_bytes]
        .into_iter()
        .any(is_utf_16)
        .then_some(UTF_16)
}

/// Returns UTF-16 text without its byte order mark as ASCII; other characters become 0xFF. The text may be that of an
/// identity file.
pub(super) fn narrowed(text: &[u8], order: fn([u8; 2]) -> u16) -> Zeroizing<Vec<u8>> {
    let units = text.chunks_exact(2).map(|unit| order([unit[0], unit[1]]));
    let units = units.skip_while(|&unit| unit == 0xFEFF);
    // Allocated at once: a vector that grows leaves copies behind.
    let mut ascii = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    ascii.extend(units.map(|unit| u8::try_from(unit).unwrap_or(0xFF)));
    ascii
}

/// Returns the length of a file of `len` bytes as text, or `None` if that exceeds `u64`.
pub fn armored_len(len: u64) -> Option<u64> {
    let (lines, rest) = (len / LINE_BYTES as u64, len % LINE_BYTES as u64);
    let last = match rest {
        0 => 0,
        rest => rest.div_ceil(3) * 4 + 1,
    };
    let around = (BEGIN.len() + END.len() + 2) as u64;
    lines
        .checked_mul(LINE_LEN as u64)?
        .checked_add(last + around)
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0B'
}

pub(crate) fn blank_len(text: &[u8]) -> usize {
    let end = text.iter().position(|&byte| !is_blank(byte));
    end.unwrap_or(text.len())
}

/// Makes room for `more` bytes, and possibly for later ones.
fn make_room(out: &mut Vec<u8>, more: usize) -> Result<(), Error> {
    let len = out.len();
    out.try_reserve(more)
        .map_err(|_| Error::Memory(len.saturating_add(more)))
}
