//! Reading armored files: decodes text to the file that it encodes.

use crate::Error;
use crate::format::age::armor::ArmorDecoder;
use std::io::{self, Read};

/// Text that is decoded together, in bytes.
const PIECE: usize = 128 << 10;

/// Decodes the text of an input.
pub(crate) struct Unarmor {
    /// `None` once the text has ended, or is invalid.
    decoder: Option<ArmorDecoder>,
    text: Vec<u8>,
    decoded: Vec<u8>,
    /// Bytes of `decoded` that were read already.
    taken: usize,
    /// Returned once everything before it was read.
    fault: Option<Error>,
}

impl Unarmor {
    /// Starts with text that was read already.
    pub fn new(text: &[u8]) -> Self {
        let mut unarmor = Self {
            decoder: Some(ArmorDecoder::new()),
            text: vec![0; PIECE],
            decoded: Vec::new(),
            taken: 0,
            fault: None,
        };
        unarmor.push(text);
        unarmor
    }

    /// Starts in the middle, at a line with this number and position in the text.
    pub fn at_line(line: u64, position: u64) -> Self {
        Self {
            decoder: Some(ArmorDecoder::at_line(line, position)),
            ..Self::new(&[])
        }
    }

    fn push(&mut self, text: &[u8]) {
        if let Some(decoder) = &mut self.decoder
            && let Err(error) = decoder.push(text, &mut self.decoded)
        {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: Error) {
        self.fault = Some(error);
        self.decoder = None;
    }

    /// Reads what the text of `input` encodes.
    pub fn read(&mut self, input: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.decoded.len() {
            self.decoded.clear();
            self.taken = 0;
            if let Some(fault) = self.fault.take() {
                return Err(fault.into());
            }
            if self.decoder.is_none() {
                return Ok(0);
            }
            let mut text = std::mem::take(&mut self.text);
            let read = input.read(&mut text);
            if let Ok(read @ 1..) = read {
                self.push(&text[..read]);
            }
            self.text = text;
            if read? == 0
                && let Some(decoder) = self.decoder.take()
                && let Err(error) = decoder.finish()
            {
                self.fail(error);
            }
        }
        let ahead = &self.decoded[self.taken..];
        let len = ahead.len().min(into.len());
        into[..len].copy_from_slice(&ahead[..len]);
        self.taken += len;
        Ok(len)
    }
}
