//! Armor with damaged lines: a line that cannot be decoded becomes zeros, as many as a good line encodes bytes.
//! Decoding resumes at the next line.

use super::source::TextFault;
use crate::Error;
use crate::format::age::armor::{
    ArmorDecoder, BEGIN, BLANK_MAX, COLUMNS, END, LINE_BYTES, decode_lines,
};
use crate::positioned::{Positioned, ReadAt};
use std::io;
use std::ops::Range;

/// Bytes of text per read.
const PIECE: usize = 128 << 10;

/// Longer lines are split. No damaged armor has such lines.
const LINE_MAX: usize = 16 << 10;

/// The maximum number of damaged lines, which bounds the memory for them.
const FAULTS_MAX: usize = 1 << 16;
/// The maximum number of segments.
const SEGMENTS_MAX: usize = 4 * FAULTS_MAX;

/// The maximum number of lines that are decoded at a time.
const LINES: u64 = 1024;

/// Consecutive lines of the same kind.
struct Segment {
    /// Where it starts in the text.
    text: u64,
    /// Where it starts in the decoded data.
    position: u64,
    kind: Kind,
}

enum Kind {
    /// Good lines of 64 characters, all with the same line end.
    Lines { count: u64, line_len: u64 },
    /// Good characters in a line of another length.
    Odd { chars: u64, len: u64 },
    /// Characters that cannot be decoded.
    Lost { chars: u64, len: u64 },
}

impl Segment {
    /// Returns the number of bytes that it decodes to.
    fn len(&self) -> u64 {
        match self.kind {
            Kind::Lines { count, .. } => count * LINE_BYTES as u64,
            Kind::Odd { len, .. } | Kind::Lost { len, .. } => len,
        }
    }

    fn text_end(&self) -> u64 {
        self.text
            + match self.kind {
                Kind::Lines { count, line_len } => count * line_len,
                Kind::Odd { chars, .. } | Kind::Lost { chars, .. } => chars,
            }
    }
}

/// A damaged text, which is read as the data that it encodes.
pub(super) struct DamagedText<'a> {
    text: &'a dyn ReadAt,
    segments: Vec<Segment>,
    size: u64,
    /// The damaged lines. The caller takes and reports them.
    pub faults: Vec<TextFault>,
}

/// The number of bytes at the start of a file that show whether it is armored.
pub(super) const LOOKED_AT: usize = BLANK_MAX + BEGIN.len() + 4 * (COLUMNS + 2);

impl<'a> DamagedText<'a> {
    /// Scans the whole text to index its lines.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Armor`] if too many lines are damaged or differ from the others.
    pub fn new(text: &'a dyn ReadAt) -> Result<Self, Error> {
        let mut scan = Scan {
            out: Self {
                text,
                segments: Vec::new(),
                size: 0,
                faults: Vec::new(),
            },
            part: Part::Before,
            line: 1,
            short: None,
        };
        let (mut pending, mut start, mut position) = (Vec::new(), 0, 0);
        let mut room = vec![0; LINES as usize * LINE_BYTES];
        loop {
            let before = pending.len();
            pending.resize(before + PIECE, 0);
            let read = loop {
                match text.read_at(&mut pending[before..], position) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read.map_err(Error::Read)?,
                }
            };
            pending.truncate(before + read);
            position += read as u64;
            let mut taken = 0;
            loop {
                let text = &pending[taken..];
                let len = match scan.take_lines(text, start, &mut room)? {
                    0 => match next_line(text, read == 0) {
                        Some(line) => {
                            scan.take(&text[..line], start)?;
                            line
                        }
                        None => break,
                    },
                    lines => lines,
                };
                taken += len;
                start += len as u64;
            }
            pending.drain(..taken);
            if read == 0 {
                break;
            }
        }
        scan.end(position)?;
        Ok(scan.out)
    }

    fn segment(&self, position: u64) -> Option<&Segment> {
        let behind = self
            .segments
            .partition_point(|segment| segment.position <= position);
        self.segments[..behind].last()
    }

    /// Returns the offset in the text of the character that holds the first bits of a decoded byte.
    pub fn to_file(&self, position: u64) -> u64 {
        let Some(segment) = self.segment(position) else {
            return 0;
        };
        let within = position - segment.position;
        if within >= segment.len() {
            return segment.text_end();
        }
        let chars = |bytes: u64| bytes * 4 / 3;
        segment.text
            + match segment.kind {
                Kind::Lines { line_len, .. } => {
                    within / LINE_BYTES as u64 * line_len + chars(within % LINE_BYTES as u64)
                }
                Kind::Odd { chars: most, .. } | Kind::Lost { chars: most, .. } => {
                    chars(within).min(most)
                }
            }
    }

    fn read_text(&self, position: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len as usize]; // at most LINES lines
        let at = Positioned {
            file: self.text,
            position,
        };
        match at.read_all(&mut bytes)? {
            true => Ok(bytes),
            false => Err(changed()),
        }
    }
}

fn changed() -> io::Error {
    io::Error::other("the file changed while it was read")
}

impl ReadAt for DamagedText<'_> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let Some(segment) = self.segment(position) else {
            return Ok(0);
        };
        let within = position - segment.position;
        if within >= segment.len() || into.is_empty() {
            return Ok(0);
        }
        match segment.kind {
            Kind::Lines { count, line_len } => {
                let (line, within) = (within / LINE_BYTES as u64, within % LINE_BYTES as u64);
                // Whole lines are decoded in place.
                let whole = ((into.len() / LINE_BYTES) as u64)
                    .min(count - line)
                    .min(LINES);
                let mut bytes = [0; LINE_BYTES];
                let (lines, out) = match within {
                    0 if whole > 0 => (whole, &mut into[..whole as usize * LINE_BYTES]),
                    _ => (1, &mut bytes[..]),
                };
                let text = self.read_text(segment.text + line * line_len, lines * line_len)?;
                if decode_lines(&text, out) != (text.len(), out.len()) {
                    return Err(changed());
                }
                if within == 0 && whole > 0 {
                    return Ok(out.len());
                }
                bytes[within as usize..].read_at(into, 0)
            }
            Kind::Odd { chars, .. } => {
                let text = self.read_text(segment.text, chars)?;
                let bytes = decode(&text, 1, 0).map_err(|_| changed())?;
                bytes.read_at(into, within)
            }
            Kind::Lost { len, .. } => {
                let zeros = into.len().min((len - within) as usize);
                into[..zeros].fill(0);
                Ok(zeros)
            }
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// Returns the length of the next line with its line end, or of the next part of a line that is too long.
fn next_line(text: &[u8], ended: bool) -> Option<usize> {
    let near = &text[..text.len().min(LINE_MAX)];
    match near.iter().position(|&byte| byte == b'\n') {
        Some(end) => Some(end + 1),
        None if near.len() == LINE_MAX => Some(LINE_MAX),
        None => (ended && !text.is_empty()).then_some(text.len()),
    }
}

/// Returns whether a line is the END line, perhaps damaged.
fn looks_like_end(line: &[u8]) -> bool {
    line.starts_with(b"-----") || line.ends_with(b"-----")
}

/// Decodes the characters of one line.
fn decode(chars: &[u8], line: u64, offset: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    ArmorDecoder::at_line(line, offset).push(&[chars, b"\n"].concat(), &mut bytes)?;
    Ok(bytes)
}

/// The part of the text that the scan is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Before,
    Body,
    After,
    /// After data that follows the END line, which is reported once.
    Behind,
}

/// The scan of a text, line by line.
struct Scan<'a> {
    out: DamagedText<'a>,
    part: Part,
    /// The number of the next line, from 1.
    line: u64,
    /// A good short line, which only the END line can follow.
    short: Option<Short>,
}

struct Short {
    line: u64,
    text: Range<u64>,
    len: u64,
}

impl Scan<'_> {
    /// Takes the good lines at the start of `text` that have the same line end. Returns the length of them all.
    fn take_lines(&mut self, text: &[u8], start: u64, room: &mut [u8]) -> Result<usize, Error> {
        if self.part != Part::Body || self.short.is_some() {
            return Ok(0);
        }
        let line_end: &[u8] = match text.get(COLUMNS..) {
            Some([b'\n', ..]) => b"\n",
            Some([b'\r', b'\n', ..]) => b"\r\n",
            _ => return Ok(0),
        };
        let line_len = COLUMNS + line_end.len();
        let lines = text.chunks_exact(line_len).take(room.len() / LINE_BYTES);
        let alike = lines.take_while(|line| line.ends_with(line_end)).count();
        let (read, _) = decode_lines(&text[..alike * line_len], room);
        let count = (read / line_len) as u64;
        if count > 0 {
            self.whole_lines(start, count, line_len as u64)?;
            self.line += count;
        }
        Ok(read)
    }

    /// Takes a line with its line end. The line starts at offset `start`.
    fn take(&mut self, whole: &[u8], start: u64) -> Result<(), Error> {
        let text = whole.strip_suffix(b"\n").unwrap_or(whole);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let is_blank = text.trim_ascii().is_empty();
        let range = start..start + text.len() as u64;
        match self.part {
            Part::Before if text == BEGIN.as_bytes() => self.part = Part::Body,
            Part::Before if is_blank => {}
            Part::Before => {
                self.part = Part::Body;
                self.fault(
                    "the line is not the BEGIN line of an age file",
                    range.clone(),
                )?;
                if text.len() == COLUMNS && decode(text, self.line, start).is_ok() {
                    self.body(text, whole.len() - text.len(), range)?;
                }
            }
            Part::Body if text == END.as_bytes() => {
                self.settle(true)?;
                self.part = Part::After;
            }
            Part::Body => {
                self.settle(looks_like_end(text))?;
                self.body(text, whole.len() - text.len(), range)?;
            }
            Part::After if !is_blank => {
                self.part = Part::Behind;
                self.fault("there is data behind the END line", range)?;
            }
            Part::After | Part::Behind => {}
        }
        self.line += 1;
        Ok(())
    }

    fn body(&mut self, text: &[u8], line_end: usize, range: Range<u64>) -> Result<(), Error> {
        if text.is_empty() {
            return self.fault("the line is empty", range);
        }
        if looks_like_end(text) {
            self.part = Part::After;
            return self.fault("the line is not the END line of an age file", range);
        }
        if text.len() <= COLUMNS {
            match decode(text, self.line, range.start) {
                Ok(bytes) if bytes.len() == LINE_BYTES && line_end > 0 => {
                    self.whole_lines(range.start, 1, (COLUMNS + line_end) as u64)?;
                }
                Ok(bytes) => {
                    self.short = Some(Short {
                        line: self.line,
                        text: range,
                        len: bytes.len() as u64,
                    });
                }
                Err(error) => self.lost(error, range, LINE_BYTES as u64)?,
            }
            return Ok(());
        }
        self.long_line(text, range)
    }

    /// Takes a line of more than 64 characters: joined lines, or a line with trailing data.
    fn long_line(&mut self, text: &[u8], range: Range<u64>) -> Result<(), Error> {
        let mut start = range.start;
        self.fault("the line is longer than 64 characters", range)?;
        for chars in text.chunks(COLUMNS) {
            let end = start + chars.len() as u64;
            if chars.trim_ascii().is_empty() {
                break;
            }
            let kind = match decode(chars, self.line, start) {
                Ok(bytes) => Kind::Odd {
                    chars: chars.len() as u64,
                    len: bytes.len() as u64,
                },
                Err(_) => Kind::Lost {
                    chars: chars.len() as u64,
                    len: LINE_BYTES as u64,
                },
            };
            self.add(start, kind)?;
            start = end;
        }
        Ok(())
    }

    /// Accepts a pending short line if the END line follows it. Otherwise records it as damaged.
    fn settle(&mut self, is_end: bool) -> Result<(), Error> {
        let Some(short) = self.short.take() else {
            return Ok(());
        };
        if is_end {
            let chars = short.text.end - short.text.start;
            return self.add(
                short.text.start,
                Kind::Odd {
                    chars,
                    len: short.len,
                },
            );
        }
        let error = Error::Armor {
            line: short.line + 1,
            what: "no line but the END line can follow a short one".to_owned(),
        };
        self.lost(error, short.text, LINE_BYTES as u64)
    }

    fn whole_lines(&mut self, start: u64, more: u64, len: u64) -> Result<(), Error> {
        if let Some(segment) = self.out.segments.last_mut()
            && segment.text_end() == start
            && let Kind::Lines { count, line_len } = &mut segment.kind
            && *line_len == len
        {
            *count += more;
            self.out.size += more * LINE_BYTES as u64;
            return Ok(());
        }
        self.add(
            start,
            Kind::Lines {
                count: more,
                line_len: len,
            },
        )
    }

    fn add(&mut self, text: u64, kind: Kind) -> Result<(), Error> {
        if self.out.segments.len() == SEGMENTS_MAX {
            return Err(Error::Armor {
                line: self.line,
                what: "too many lines differ from the one before them".to_owned(),
            });
        }
        let segment = Segment {
            text,
            position: self.out.size,
            kind,
        };
        self.out.size += segment.len();
        self.out.segments.push(segment);
        Ok(())
    }

    fn lost(&mut self, error: Error, text: Range<u64>, len: u64) -> Result<(), Error> {
        self.note(error, text.clone())?;
        let chars = text.end - text.start;
        self.add(text.start, Kind::Lost { chars, len })
    }

    fn fault(&mut self, what: &str, text: Range<u64>) -> Result<(), Error> {
        let error = Error::Armor {
            line: self.line,
            what: what.to_owned(),
        };
        self.note(error, text)
    }

    fn note(&mut self, error: Error, text: Range<u64>) -> Result<(), Error> {
        if self.out.faults.len() == FAULTS_MAX {
            return Err(Error::Armor {
                line: self.line,
                what: format!("more than {FAULTS_MAX} lines are damaged"),
            });
        }
        self.out.faults.push(TextFault {
            position: self.out.size,
            text,
            error,
        });
        Ok(())
    }

    fn end(&mut self, text: u64) -> Result<(), Error> {
        self.settle(true)?;
        if matches!(self.part, Part::Before | Part::Body) {
            let error = Error::truncated(text, "the armor ends without its END line");
            self.note(error, text..text)?;
        }
        Ok(())
    }
}
