//! Writing armored files: the bytes of a file in, text out.

use crate::Error;
use crate::format::age::armor::ArmorEncoder;
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
