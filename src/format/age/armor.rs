//! Armor: an age file as text, in lines of base64 between `BEGIN` and `END`.
//!
//! [`ArmorDecoder`] and [`ArmorEncoder`] take the bytes as they come, in pieces of any length.
//! [`decode_lines`] and [`encode_lines`] work on whole lines alone, so several threads can share a file:
//! three sealed chunks of age are 4097 whole lines.

use super::header::MAGIC;
use super::strict_base64::{decode, fault, padded, unpadded};
use crate::format::Claim;
use crate::{Error, try_alloc};
use base64::{DecodeError, Engine};

/// The first line.
pub const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
/// The last line.
pub const END: &str = "-----END AGE ENCRYPTED FILE-----";
/// Characters of each line between them but the last, without the line end.
pub const COLUMNS: usize = 64;
/// The bytes that such a line stands for.
pub const LINE_BYTES: usize = COLUMNS / 4 * 3;
/// Bytes of such a line with the line feed that is written.
pub const LINE_LEN: usize = COLUMNS + 1;

/// At most so many bytes of whitespace are accepted in front of the first line, and fewer behind the
/// last.
pub const BLANK_MAX: usize = 1024;
/// As many lines are decoded together.
const BATCH: usize = 64;

const NO_END: &str = "the armor ends without its END line";

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

/// What Windows PowerShell's `>` does to text.
pub(super) const UTF_16: &str = "the file was changed to UTF-16, as PowerShell's > does";
/// What it does too, and other programs.
pub(super) const BYTE_ORDER_MARK: &str = "a byte order mark was put in front, as PowerShell does";

/// Returns what a text tool did to a file that starts with `head`, if it is armored or binary age in
/// UTF-16 or behind a byte order mark.
pub fn text_damage(head: &[u8]) -> Option<&'static str> {
    let begins = |text: &[u8]| text.starts_with(b"-----BEGIN AGE") || text.starts_with(MAGIC);
    if let Some(behind) = head.strip_prefix(b"\xEF\xBB\xBF") {
        return begins(behind).then_some(BYTE_ORDER_MARK);
    }
    // Both beginnings are ASCII, so half of the bytes are zero, and more of them are not needed.
    let head = &head[..head.len().min(2 * MAGIC.len() + 2)];
    let is_utf_16 = |order| begins(&narrowed(head, order));
    [u16::from_le_bytes, u16::from_be_bytes]
        .into_iter()
        .any(is_utf_16)
        .then_some(UTF_16)
}

/// Returns UTF-16 text without its byte order mark, as ASCII: what is not ASCII becomes 0xFF.
pub(super) fn narrowed(text: &[u8], order: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = text.chunks_exact(2).map(|unit| order([unit[0], unit[1]]));
    let units = units.skip_while(|&unit| unit == 0xFEFF);
    units
        .map(|unit| u8::try_from(unit).unwrap_or(0xFF))
        .collect()
}

/// Returns the length of a file of `len` bytes as text, or `None` if that is beyond all numbers.
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

fn blank_len(text: &[u8]) -> usize {
    let end = text.iter().position(|&byte| !is_blank(byte));
    end.unwrap_or(text.len())
}

/// Decodes as many whole lines of 64 characters as `text` begins with and `out` has room for. Each ends
/// with LF or CR LF. Returns the lengths of the text that was decoded and of the bytes that came of it.
///
/// It stops before the first line that is anything else: the last one, the END line, one that is not there
/// to its end, or a wrong one. An [`ArmorDecoder`] says which.
pub fn decode_lines(text: &[u8], out: &mut [u8]) -> (usize, usize) {
    let engine = unpadded();
    let mut packed = [0; BATCH * COLUMNS];
    let (mut read, mut written) = (0, 0);
    loop {
        let room = BATCH.min((out.len() - written) / LINE_BYTES);
        let (mut lines, mut end) = (0, read);
        while lines < room
            && let Some((line, line_end)) = whole_line(&text[end..])
        {
            packed[lines * COLUMNS..][..COLUMNS].copy_from_slice(line);
            lines += 1;
            end += COLUMNS + line_end;
        }
        if lines == 0 {
            return (read, written);
        }
        let packed = &packed[..lines * COLUMNS];
        if decode(&engine, packed, &mut out[written..][..lines * LINE_BYTES]).is_err() {
            break;
        }
        written += lines * LINE_BYTES;
        read = end;
    }
    // One of these lines is wrong, and those before it are not.
    while let Some((line, line_end)) = whole_line(&text[read..])
        && decode(&engine, line, &mut out[written..][..LINE_BYTES]).is_ok()
    {
        written += LINE_BYTES;
        read += COLUMNS + line_end;
    }
    (read, written)
}

/// Returns the first 64 bytes and the length of the line end behind them.
fn whole_line(text: &[u8]) -> Option<(&[u8], usize)> {
    let (line, behind) = text.split_at_checked(COLUMNS)?;
    match behind {
        [b'\n', ..] => Some((line, 1)),
        [b'\r', b'\n', ..] => Some((line, 2)),
        _ => None,
    }
}

/// Encodes whole lines: `out` gets [`LINE_LEN`] bytes for each [`LINE_BYTES`] of `bytes`.
///
/// # Panics
/// If the lengths are others.
pub fn encode_lines(bytes: &[u8], out: &mut [u8]) {
    assert!(bytes.len().is_multiple_of(LINE_BYTES), "whole lines");
    assert_eq!(
        out.len(),
        bytes.len() / LINE_BYTES * LINE_LEN,
        "room for them"
    );
    let engine = unpadded();
    let mut packed = [0; BATCH * COLUMNS];
    let batches = out.chunks_mut(BATCH * LINE_LEN);
    for (bytes, out) in bytes.chunks(BATCH * LINE_BYTES).zip(batches) {
        let len = engine
            .encode_slice(bytes, &mut packed)
            .expect("it holds so many lines");
        let lines = packed[..len].chunks_exact(COLUMNS);
        for (line, out) in lines.zip(out.chunks_exact_mut(LINE_LEN)) {
            out[..COLUMNS].copy_from_slice(line);
            out[COLUMNS] = b'\n';
        }
    }
}

/// Where a decoder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Before the first line.
    Before,
    /// Between the first and the last line.
    Body,
    /// Behind a line that only the END line can follow.
    BodyEnd,
    /// Behind the END line.
    After,
}

/// Decodes an armored file from pieces of any length.
#[derive(Clone, Debug)]
pub struct ArmorDecoder {
    part: Part,
    /// The number of the line that begins or goes on, from 1.
    line: u64,
    /// What is there of that line.
    pending: Vec<u8>,
    /// Bytes of whitespace in front of the first line, or behind the last.
    blank: usize,
    /// Bytes of text so far.
    read: u64,
}

impl Default for ArmorDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ArmorDecoder {
    /// Begins in front of the first line.
    pub fn new() -> Self {
        Self {
            part: Part::Before,
            line: 1,
            pending: Vec::new(),
            blank: 0,
            read: 0,
        }
    }

    /// Begins in the middle, at the start of a line with this number (from 1) at this offset, behind lines
    /// that [`decode_lines`] decoded.
    pub fn at_line(line: u64, offset: u64) -> Self {
        Self {
            part: Part::Body,
            line,
            read: offset,
            ..Self::new()
        }
    }

    /// Returns the number of the line that begins or goes on here, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns whether a line of the body begins here, so that [`decode_lines`] can go on.
    pub fn is_at_body_line(&self) -> bool {
        self.part == Part::Body && self.pending.is_empty()
    }

    /// Decodes a piece of text, and appends what comes of it to `out`: all that is good in front of the
    /// error, if there is one.
    ///
    /// # Errors
    /// [`Error::Armor`] for the line that breaks a rule; [`Error::Memory`].
    pub fn push(&mut self, mut text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        while !text.is_empty() {
            let read = match self.part {
                Part::After => {
                    self.push_blank(text)?;
                    text.len()
                }
                Part::Body if self.pending.is_empty() => match self.push_lines(text, out)? {
                    0 => self.push_line(text, out)?,
                    read => read,
                },
                _ => self.push_line(text, out)?,
            };
            self.read += read as u64;
            text = &text[read..];
        }
        Ok(())
    }

    /// Ends the text.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the END line is missing.
    pub fn finish(mut self) -> Result<(), Error> {
        // The END line may lack its own end.
        let line = self.pending.strip_suffix(b"\r").unwrap_or(&self.pending);
        if matches!(self.part, Part::Body | Part::BodyEnd) && line == END.as_bytes() {
            self.part = Part::After;
        }
        match self.part {
            Part::After => Ok(()),
            Part::Body | Part::BodyEnd => Err(Error::truncated(self.read, NO_END)),
            Part::Before => Err(Error::truncated(self.read, "the armor has no BEGIN line")),
        }
    }

    fn error(&self, what: impl Into<String>) -> Error {
        Error::Armor {
            line: self.line,
            what: what.into(),
        }
    }

    fn push_blank(&mut self, text: &[u8]) -> Result<(), Error> {
        let blank = blank_len(text);
        let ends = text[..blank].iter().filter(|&&byte| byte == b'\n').count();
        self.line += ends as u64;
        self.blank += blank;
        if self.blank >= BLANK_MAX {
            return Err(self.error("too much whitespace behind the END line"));
        }
        match blank == text.len() {
            true => Ok(()),
            false => Err(self.error("there is data behind the END line")),
        }
    }

    fn push_lines(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
        let start = out.len();
        let room = text.len() / LINE_LEN * LINE_BYTES;
        make_room(out, room)?;
        out.resize(start + room, 0);
        let (read, written) = decode_lines(text, &mut out[start..]);
        out.truncate(start + written);
        self.line += (written / LINE_BYTES) as u64;
        Ok(read)
    }

    /// Takes the rest of a line, or as much as there is.
    fn push_line(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
        // Longer than any line that is right, with its end.
        let most = match self.part {
            Part::Before => BLANK_MAX + BEGIN.len() + 2,
            _ => COLUMNS + 2,
        };
        let near = &text[..text.len().min(most + 1 - self.pending.len())];
        let end = near.iter().position(|&byte| byte == b'\n');
        let read = end.map_or(near.len(), |end| end + 1);
        self.pending.extend_from_slice(&near[..read]);
        if end.is_none() {
            if self.pending.len() > most {
                return Err(match self.part {
                    Part::Before => self.not_begin(&self.pending),
                    _ => self.error("the line is longer than 64 characters"),
                });
            }
            return Ok(read);
        }
        let mut line = std::mem::take(&mut self.pending);
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        self.whole_line(text, line.len(), out)?;
        self.line += 1;
        line.clear();
        self.pending = line;
        Ok(read)
    }

    /// Takes a line without its end, which had `len` bytes with it.
    fn whole_line(&mut self, line: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        match self.part {
            Part::Before if line == BEGIN.as_bytes() => self.part = Part::Body,
            Part::Before if blank_len(line) == line.len() => {
                self.blank += len;
                if self.blank > BLANK_MAX {
                    return Err(self.error("too much whitespace in front of the BEGIN line"));
                }
            }
            Part::Before => return Err(self.not_begin(line)),
            _ if line == END.as_bytes() => {
                self.part = Part::After;
                self.blank = 0;
            }
            Part::Body => self.body_line(line, out)?,
            Part::BodyEnd => {
                return Err(self.error("no line but the END line can follow a short one"));
            }
            Part::After => return Err(self.error("there is data behind the END line")),
        }
        Ok(())
    }

    fn body_line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if line.is_empty() {
            return Err(self.error("the line is empty"));
        }
        if line.starts_with(b"-----") {
            return Err(self.error("the line is not the END line of an age file"));
        }
        if line.len() > COLUMNS {
            return Err(self.error("the line is longer than 64 characters"));
        }
        let mut bytes = [0; LINE_BYTES];
        let len = decode(&padded(), line, &mut bytes).map_err(|error| match error {
            DecodeError::InvalidByte(_, byte) if is_blank(byte) => {
                self.error("whitespace in a line of base64")
            }
            error => self.error(fault(&error)),
        })?;
        try_alloc::append(out, &bytes[..len])?;
        if len < LINE_BYTES {
            self.part = Part::BodyEnd;
        }
        Ok(())
    }

    /// Says what is wrong with a line that should be the first.
    fn not_begin(&self, line: &[u8]) -> Error {
        if self.line == 1
            && let Some(damage) = text_damage(line)
        {
            return self.error(damage);
        }
        let inner = line.trim_ascii();
        self.error(match inner == BEGIN.as_bytes() {
            true => "there is whitespace around the BEGIN line",
            false => "the line is not the BEGIN line of an age file",
        })
    }
}

/// Encodes an armored file from pieces of any length.
#[derive(Clone, Debug, Default)]
pub struct ArmorEncoder {
    begun: bool,
    /// Less than a line.
    pending: Vec<u8>,
}

impl ArmorEncoder {
    /// Begins a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `out` the lines that `bytes` fill.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.begin(out)?;
        if !self.pending.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(LINE_BYTES - self.pending.len()));
            self.pending.extend_from_slice(now);
            bytes = rest;
            if self.pending.len() < LINE_BYTES {
                return Ok(());
            }
            append_lines(&self.pending, out)?;
            self.pending.clear();
        }
        let (lines, rest) = bytes.split_at(bytes.len() / LINE_BYTES * LINE_BYTES);
        append_lines(lines, out)?;
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    /// Appends the rest and the END line.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.begin(out)?;
        if !self.pending.is_empty() {
            let line = padded().encode(&self.pending);
            try_alloc::append(out, line.as_bytes())?;
            try_alloc::append(out, b"\n")?;
        }
        try_alloc::append(out, END.as_bytes())?;
        try_alloc::append(out, b"\n")
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        if !std::mem::replace(&mut self.begun, true) {
            try_alloc::append(out, BEGIN.as_bytes())?;
            try_alloc::append(out, b"\n")?;
        }
        Ok(())
    }
}

/// Makes room for `more` bytes and perhaps for some of those that follow later.
fn make_room(out: &mut Vec<u8>, more: usize) -> Result<(), Error> {
    let len = out.len();
    out.try_reserve(more)
        .map_err(|_| Error::Memory(len.saturating_add(more)))
}

fn append_lines(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let (start, len) = (out.len(), bytes.len() / LINE_BYTES * LINE_LEN);
    make_room(out, len)?;
    out.resize(start + len, 0);
    encode_lines(bytes, &mut out[start..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
    }

    fn encoded(bytes: &[u8], cut: usize) -> Vec<u8> {
        let (mut encoder, mut text) = (ArmorEncoder::new(), Vec::new());
        for piece in bytes.chunks(cut) {
            encoder.push(piece, &mut text).unwrap();
        }
        encoder.finish(&mut text).unwrap();
        text
    }

    fn decoded(text: &[u8], cut: usize) -> Result<Vec<u8>, Error> {
        let (mut decoder, mut bytes) = (ArmorDecoder::new(), Vec::new());
        for piece in text.chunks(cut) {
            decoder.push(piece, &mut bytes)?;
        }
        decoder.finish()?;
        Ok(bytes)
    }

    #[test]
    fn every_length_and_cut_comes_back() {
        for len in (0..150).chain([3000, 48 * 200, 10_000]) {
            let bytes = bytes(len);
            let text = encoded(&bytes, usize::MAX);
            assert_eq!(armored_len(len as u64), Some(text.len() as u64), "{len}");
            let crlf = String::from_utf8(text.clone())
                .unwrap()
                .replace('\n', "\r\n");
            for cut in [1, 2, 47, 48, 63, 64, 65, 66, 1000, usize::MAX] {
                assert_eq!(encoded(&bytes, cut), text, "{len} {cut}");
                assert_eq!(decoded(&text, cut).unwrap(), bytes, "{len} {cut}");
                assert_eq!(decoded(crlf.as_bytes(), cut).unwrap(), bytes, "{len} {cut}");
            }
        }
        assert_eq!(armored_len(u64::MAX), None);
    }

    #[test]
    fn every_beginning_is_truncated() {
        let text = encoded(&bytes(200), 200);
        for len in 0..text.len() - 1 {
            let error = decoded(&text[..len], 7).unwrap_err();
            assert!(
                matches!(error, Error::Truncated { offset, .. } if offset == len as u64),
                "{len}: {error}"
            );
        }
        assert_eq!(decoded(&text[..text.len() - 1], 7).unwrap(), bytes(200));
    }

    #[test]
    fn lines_are_decoded_up_to_the_first_that_is_no_whole_one() {
        let bytes = bytes(48 * 150);
        let text = encoded(&bytes, usize::MAX);
        let lines = &text[BEGIN.len() + 1..];
        let mut out = vec![0; bytes.len() + 100];
        let all = (65 * 150, 48 * 150);
        assert_eq!(decode_lines(lines, &mut out), all);
        assert_eq!(out[..all.1], bytes);
        assert_eq!(
            decode_lines(lines, &mut out[..48 * 100 + 47]),
            (65 * 100, 48 * 100)
        );
        for bad in [b'=', b'\n', b'\r', b' ', b'-', 0xFF] {
            for line in [0, 1, 63, 64, 149] {
                for column in [0, 17, 63] {
                    let mut wrong = lines.to_vec();
                    wrong[line * 65 + column] = bad;
                    let found = decode_lines(&wrong, &mut out);
                    assert_eq!(found, (65 * line, 48 * line), "{bad} {line} {column}");
                    let mut decoder = ArmorDecoder::at_line(line as u64 + 2, 0);
                    let error = decoder
                        .push(&wrong[found.0..], &mut Vec::new())
                        .unwrap_err();
                    let said = line as u64 + 2;
                    assert!(
                        matches!(error, Error::Armor { line, .. } if line == said),
                        "{bad} {line} {column}: {error}"
                    );
                }
            }
        }
    }

    #[test]
    fn rules_that_are_broken_are_named() {
        let line = "A".repeat(64);
        let short = "QUFB";
        for (text, number, what) in [
            (
                format!("x\n{BEGIN}\n{END}\n"),
                1,
                "the line is not the BEGIN line of an age file",
            ),
            (
                format!("\n {BEGIN}\n{END}\n"),
                2,
                "there is whitespace around the BEGIN line",
            ),
            (
                format!("{BEGIN} \n{END}\n"),
                1,
                "there is whitespace around the BEGIN line",
            ),
            (
                format!("\u{feff}{BEGIN}\n{END}\n"),
                1,
                "a byte order mark was put in front, as PowerShell does",
            ),
            (
                "-----begin age encrypted file-----\n".to_owned(),
                1,
                "the line is not the BEGIN line of an age file",
            ),
            (
                format!("{}{BEGIN}\n", "\n".repeat(1025)),
                1025,
                "too much whitespace in front of the BEGIN line",
            ),
            (
                format!("{}{BEGIN}", " ".repeat(1100)),
                1,
                "the line is not the BEGIN line of an age file",
            ),
            (
                format!("{BEGIN}\n\n{line}\n{END}\n"),
                2,
                "the line is empty",
            ),
            (
                format!("{BEGIN}\n{line}\n\n{END}\n"),
                3,
                "the line is empty",
            ),
            (
                format!("{BEGIN}\n{short}\n\n{END}\n"),
                3,
                "no line but the END line can follow a short one",
            ),
            (
                format!("{BEGIN}\n{short}\n{line}\n{END}\n"),
                3,
                "no line but the END line can follow a short one",
            ),
            (
                format!("{BEGIN}\n{line}A\n{END}\n"),
                2,
                "the line is longer than 64 characters",
            ),
            (
                format!("{BEGIN}\n{line}{line}"),
                2,
                "the line is longer than 64 characters",
            ),
            (
                format!("{BEGIN}\n{line} \n{END}\n"),
                2,
                "the line is longer than 64 characters",
            ),
            (
                format!("{BEGIN}\n{short} \n{END}\n"),
                2,
                "whitespace in a line of base64",
            ),
            (
                format!("{BEGIN}\n {short}\n{END}\n"),
                2,
                "whitespace in a line of base64",
            ),
            (format!("{BEGIN}\nQUE\n{END}\n"), 2, "wrong base64 padding"),
            (
                format!("{BEGIN}\nQUF=\n{END}\n"),
                2,
                "base64 is not canonical: unused bits are not zero",
            ),
            (
                format!("{BEGIN}\nVersion: 1\n{END}\n"),
                2,
                "invalid base64 character",
            ),
            (
                format!("{BEGIN}\n{short}\n-----END PGP MESSAGE-----\n"),
                3,
                "no line but the END line can follow a short one",
            ),
            (
                format!("{BEGIN}\n{line}\n-----END PGP MESSAGE-----\n"),
                3,
                "the line is not the END line of an age file",
            ),
            (
                format!("{BEGIN}\n{line}\n{END} \n"),
                3,
                "the line is not the END line of an age file",
            ),
            (
                format!("{BEGIN}\n{line}\n{END}\n\nx"),
                5,
                "there is data behind the END line",
            ),
            (
                format!("{BEGIN}\n{END}\n{}", " ".repeat(1024)),
                3,
                "too much whitespace behind the END line",
            ),
        ] {
            for cut in [1, 10, usize::MAX] {
                let error = decoded(text.as_bytes(), cut).unwrap_err();
                let words = format!("invalid armor: {what} (line {number})");
                assert_eq!(error.to_string(), words, "{text:?}");
            }
        }
    }

    #[test]
    fn utf_16_is_named() {
        for (mark, bytes) in [
            (true, u16::to_le_bytes as fn(u16) -> [u8; 2]),
            (true, u16::to_be_bytes),
            (false, u16::to_le_bytes),
        ] {
            for beginning in [BEGIN, "age-encryption.org/v1"] {
                let text = format!("{}{beginning}\r\n", if mark { "\u{feff}" } else { "" });
                let damaged: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
                let words = "the file was changed to UTF-16, as PowerShell's > does";
                assert_eq!(text_damage(&damaged), Some(words));
                let error = decoded(&damaged, 5).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    format!("invalid armor: {words} (line 1)")
                );
            }
        }
        for good in [
            &b""[..],
            b"age-encryption.org/v1\n",
            BEGIN.as_bytes(),
            b"\xFF\xFE",
            b"\xEF\xBB\xBFtext",
        ] {
            assert_eq!(text_damage(good), None);
        }
    }

    #[test]
    fn armor_is_recognised_behind_whitespace() {
        for (head, claim) in [
            (BEGIN.to_owned(), Claim::Yes),
            (format!("\r\n \t\n{BEGIN}\n"), Claim::Yes),
            (format!("{}{BEGIN}", " ".repeat(1024)), Claim::Yes),
            (format!("{}{BEGIN}", " ".repeat(1025)), Claim::No),
            (String::new(), Claim::TooShort),
            ("\n\n-----BEGIN A".to_owned(), Claim::TooShort),
            ("-----BEGIN PGP MESSAGE-----".to_owned(), Claim::No),
        ] {
            assert_eq!(probe(head.as_bytes()), claim, "{head:?}");
        }
    }
}
