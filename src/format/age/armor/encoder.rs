//! Encoding a file as text.

use super::lines::encode_lines;
use super::{BEGIN, END, LINE_BYTES, LINE_LEN, make_room};
use crate::format::age::strict_base64::padded;
use crate::{Error, try_alloc};
use base64::Engine;

/// Encodes an armored file from pieces of any length.
#[derive(Clone, Debug, Default)]
pub struct ArmorEncoder {
    begun: bool,
    /// Less than a line.
    pending: Vec<u8>,
}

impl ArmorEncoder {
    /// Creates an encoder at the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the bytes behind the last whole line.
    pub fn part(&self) -> &[u8] {
        &self.pending
    }

    /// Continues behind other lines, with the first bytes of the next line.
    ///
    /// # Panics
    /// If they are a whole line.
    pub fn set_part(&mut self, part: &[u8]) {
        assert!(part.len() < LINE_BYTES, "part of a line");
        self.begun = true;
        self.pending.clear();
        self.pending.extend_from_slice(part);
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

fn append_lines(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let (start, len) = (out.len(), bytes.len() / LINE_BYTES * LINE_LEN);
    make_room(out, len)?;
    out.resize(start + len, 0);
    encode_lines(bytes, &mut out[start..]);
    Ok(())
}
