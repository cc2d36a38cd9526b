//! Reading armored files at positions: decodes only the lines that are needed.
//!
//! The position in the text can be computed from that in the file if all lines are alike: 64 characters each, and
//! either LF or CR LF throughout. Every line that is read is checked for that.

use super::reader::Unarmor;
use crate::format::age::armor::{
    ArmorDecoder, BEGIN, BLANK_MAX, COLUMNS, END, LINE_BYTES, decode_lines,
};
use crate::positioned::{Positioned, ReadAt};
use crate::{Error, Hint};
use std::io::{self, Read};

/// Lines that are decoded together.
const LINES: u64 = 1024;

/// A text of lines that are all alike, and the file that it encodes.
pub(crate) struct UnarmorAt<R> {
    text: R,
    /// The position of the first line behind the BEGIN line, and its number.
    start: u64,
    line: u64,
    /// Bytes of a line, with its end.
    line_len: u64,
    /// The number of lines that are read when needed.
    lines: u64,
    /// The decoded lines behind them, up to the END line.
    tail: Vec<u8>,
}

impl<R: ReadAt> UnarmorAt<R> {
    /// Reads the beginning and the end of a text that is known to begin with a BEGIN line.
    ///
    /// # Errors
    /// [`Error::Armor`] and [`Error::Truncated`] if a line at the end is wrong or missing,
    /// [`Error::Usage`] if the lines are not alike, [`Error::Read`].
    pub fn new(text: R) -> Result<Self, Error> {
        let size = text.size().map_err(Error::Read)?;
        let head = read(&text, 0, size.min((BLANK_MAX + BEGIN.len() + 2) as u64))?;
        let mut windows = head.windows(BEGIN.len());
        let begin = windows
            .position(|text| text == BEGIN.as_bytes())
            .ok_or_else(not_alike)?;
        let behind = &head[begin + BEGIN.len()..];
        let line_end = match behind {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return Err(not_alike()),
        };
        let start = (begin + BEGIN.len() + line_end) as u64;
        let before = head[..begin].iter().filter(|&&byte| byte == b'\n').count();
        let line_len = (COLUMNS + line_end) as u64;
        // The maximum that can follow the last whole line.
        let end = BLANK_MAX as u64 + END.len() as u64 + 2 * line_len;
        let mut this = Self {
            start,
            line: before as u64 + 2,
            line_len,
            lines: (size - start).saturating_sub(end) / line_len,
            tail: Vec::new(),
            text,
        };
        let at = this.position(this.lines);
        let tail = this.lines_from(this.lines, size - at)?;
        let mut decoder = ArmorDecoder::at_line(this.line + this.lines, at);
        decoder.push(&tail, &mut this.tail)?;
        decoder.finish()?;
        Ok(this)
    }

    /// Returns the position of a line in the text.
    fn position(&self, line: u64) -> u64 {
        self.start + line * self.line_len
    }

    /// Returns a reader from this position on. It checks line after line, as if it had read everything before.
    pub fn read_from(&self, position: u64) -> UnarmorFrom<'_> {
        let line = (position / LINE_BYTES as u64).min(self.lines);
        let start = self.position(line);
        UnarmorFrom {
            text: Positioned {
                file: &self.text,
                position: start,
            },
            unarmor: Unarmor::at_line(self.line + line, start),
            before: position - line * LINE_BYTES as u64,
        }
    }

    /// Reads `len` bytes of text from a line on, and checks that a line starts there.
    fn lines_from(&self, line: u64, len: u64) -> Result<Vec<u8>, Error> {
        let mut text = read(&self.text, self.position(line) - 1, len + 1)?;
        match text.remove(0) {
            b'\n' => Ok(text),
            _ => Err(not_alike()),
        }
    }

    /// Decodes lines into `out`, as many as it has room for.
    fn decode(&self, line: u64, out: &mut [u8]) -> Result<(), Error> {
        let lines = (out.len() / LINE_BYTES) as u64;
        let text = self.lines_from(line, lines * self.line_len)?;
        if decode_lines(&text, out) == (text.len(), out.len()) {
            return Ok(());
        }
        // The decoder reports the error, unless only the line ends differ.
        let mut decoder = ArmorDecoder::at_line(self.line + line, self.position(line));
        decoder.push(&text, &mut Vec::new())?;
        Err(not_alike())
    }
}

/// Reads what a text encodes from the middle on.
pub(crate) struct UnarmorFrom<'a> {
    text: Positioned<'a, dyn ReadAt + 'a>,
    unarmor: Unarmor,
    /// Bytes before the position, which are skipped.
    before: u64,
}

impl Read for UnarmorFrom<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.before > 0 {
            let mut unwanted = [0; LINE_BYTES];
            let len = self.before.min(LINE_BYTES as u64) as usize;
            match self.unarmor.read(&mut self.text, &mut unwanted[..len])? {
                0 => return Ok(0),
                read => self.before -= read as u64,
            }
        }
        self.unarmor.read(&mut self.text, into)
    }
}

impl<R: ReadAt> ReadAt for UnarmorAt<R> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let (line, within) = (
            position / LINE_BYTES as u64,
            (position % LINE_BYTES as u64) as usize,
        );
        if line >= self.lines {
            let before = self.lines * LINE_BYTES as u64;
            return self.tail.read_at(into, position - before);
        }
        let whole = (into.len() / LINE_BYTES) as u64;
        if within == 0 && whole > 0 {
            let lines = whole.min(LINES).min(self.lines - line) as usize;
            self.decode(line, &mut into[..lines * LINE_BYTES])?;
            return Ok(lines * LINE_BYTES);
        }
        let mut bytes = [0; LINE_BYTES];
        self.decode(line, &mut bytes)?;
        bytes[within..].read_at(into, 0)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.lines * LINE_BYTES as u64 + self.tail.len() as u64)
    }
}

/// Reads a few bytes, all of which must exist.
fn read(text: &dyn ReadAt, position: u64, len: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; len as usize]; // at most LINES lines, or the end
    let at = Positioned {
        file: text,
        position,
    };
    match at.read_all(&mut bytes).map_err(Error::Read)? {
        true => Ok(bytes),
        false => Err(Error::truncated(position, "the file got shorter meanwhile")),
    }
}

fn not_alike() -> Error {
    Error::usage_hint(
        "the armor's lines are not all of one length with one kind of line end, so no position in them \
         can be computed",
        Hint::Stream,
    )
}
