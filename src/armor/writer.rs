//! Writing armored files: encodes the bytes of a file as text.

use crate::Error;
use crate::format::age::armor::{ArmorEncoder, LINE_LEN};
use std::io::{self, Write};

/// Encodes what is written to it.
pub(crate) struct ArmorWriter<W> {
    output: W,
    encoder: ArmorEncoder,
    text: Vec<u8>,
    /// Bytes of text so far.
    written: u64,
}

impl<W: Write> ArmorWriter<W> {
    pub fn new(output: W) -> Self {
        Self {
            output,
            encoder: ArmorEncoder::new(),
            text: Vec::new(),
            written: 0,
        }
    }

    /// Returns the output of the text.
    pub fn output(&self) -> &W {
        &self.output
    }

    /// Returns the output of the text, for callers that write some of the text themselves ([`go_on`](Self::go_on)).
    pub fn output_mut(&mut self) -> &mut W {
        &mut self.output
    }

    /// Returns the bytes of an incomplete line, which are not written yet.
    pub fn part(&self) -> &[u8] {
        self.encoder.part()
    }

    /// Continues behind `text` bytes of text that somebody else wrote, and with the first bytes of a line, which are
    /// not written yet.
    pub fn go_on(&mut self, text: u64, part: &[u8]) {
        self.written += text;
        self.encoder.set_part(part);
    }

    /// Writes the end of a line, lines that are encoded already, and the beginning of another line. The lines are in
    /// `text`, behind room for one.
    pub fn write_parts(&mut self, head: &[u8], text: &mut [u8], tail: &[u8]) -> io::Result<()> {
        self.encoder.push(head, &mut self.text)?;
        let mut lines = &text[LINE_LEN..];
        if self.text.len() == LINE_LEN {
            // With one call.
            text[..LINE_LEN].copy_from_slice(&self.text);
            self.text.clear();
            lines = text;
        }
        self.put()?;
        self.output.write_all(lines)?;
        self.written += lines.len() as u64;
        self.encoder.push(tail, &mut self.text)?;
        self.put()
    }

    fn put(&mut self) -> io::Result<()> {
        self.output.write_all(&self.text)?;
        self.written += self.text.len() as u64;
        self.text.clear();
        Ok(())
    }

    /// Writes the end of the text, and flushes it. Returns the length of the text.
    pub fn finish(mut self) -> Result<u64, Error> {
        self.encoder.finish(&mut self.text)?;
        self.output.write_all(&self.text).map_err(Error::Write)?;
        self.output.flush().map_err(Error::Write)?;
        Ok(self.written + self.text.len() as u64)
    }
}

impl<W: Write> Write for ArmorWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.encoder.push(bytes, &mut self.text)?;
        self.put()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
