//! Decoding text to the file that it encodes.

use super::lines::decode_lines;
use super::{BEGIN, BLANK_MAX, COLUMNS, END, LINE_BYTES, LINE_LEN};
use super::{blank_len, is_blank, make_room, text_damage};
use crate::format::age::strict_base64::{decode, fault, padded};
use crate::{Error, try_alloc};
use base64::DecodeError;

const NO_END: &str = "the armor ends without its END line";

/// The position of a decoder in the text.
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
    /// The number of the current line, from 1.
    line: u64,
    /// The bytes of that line that have arrived.
    pending: Vec<u8>,
    /// Bytes of whitespace before the first line, or behind the last.
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
    /// Creates a decoder that expects the first line.
    pub fn new() -> Self {
        Self {
            part: Part::Before,
            line: 1,
            pending: Vec::new(),
            blank: 0,
            read: 0,
        }
    }

    /// Creates a decoder that continues at the start of a line, with this number (from 1) and offset, behind lines that
    /// [`decode_lines`] decoded.
    pub fn at_line(line: u64, offset: u64) -> Self {
        Self {
            part: Part::Body,
            line,
            read: offset,
            ..Self::new()
        }
    }

    /// Returns the number of the current line, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns whether a line of the body begins here, so that [`decode_lines`] can continue.
    pub fn is_at_body_line(&self) -> bool {
        self.part == Part::Body && self.pending.is_empty()
    }

    /// Decodes a piece of text, and appends the result to `out`. After an error, `out` has everything before the error.
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
        // The END line may lack its line end.
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

    /// Takes the rest of a line, or as much of it as has arrived.
    fn push_line(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<usize, Error> {
        // Longer than any correct line with its end.
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

    /// Takes a line without its end; with it, the line has `len` bytes.
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

    /// Returns the error for a line that should be the first.
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
