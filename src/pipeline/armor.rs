//! Armor: the workers encode what they seal.
//!
//! The header has any length, so a slab can begin and end in the middle of a line. Its worker encodes the whole lines.
//! A line that lies in two slabs is encoded by whoever has both parts: the ordered writer, or, from file to file, the
//! later of the two workers.

use super::slab::{Slab, SlabText};
use super::stages::{Sink, Work};
use super::sync::{Mutex, PoisonError};
use crate::Error;
use crate::armor::{ArmorWriter, LINE_BYTES, LINE_LEN, armored_len, encode_lines};
use crate::positioned::{Positioned, WriteAt};
use std::collections::HashMap;
use std::io::{self, Write};

/// Bytes of a slab that is encoded: it and its text fit into a core's cache together.
pub(super) const SLAB: usize = 448 << 10;

/// A worker whose output is encoded.
pub(super) struct Encoding<'a>(pub &'a dyn Work);

impl Work for Encoding<'_> {
    fn work(&self, slab: &mut Slab) -> Result<u64, Error> {
        let worked = self.0.work(slab);
        encode(slab)?;
        worked
    }
}

/// Encodes the whole lines of a slab's output into its spare buffer, behind the room for one line.
fn encode(slab: &mut Slab) -> Result<(), Error> {
    let Some(first) = slab.chunks.first() else {
        return Ok(());
    };
    let begun = (first.id.offset % LINE_BYTES as u64) as usize;
    let len = slab.output.len();
    let head = len.min((LINE_BYTES - begun) % LINE_BYTES);
    let tail = (len - head) % LINE_BYTES;
    let whole = slab.output.start + head..slab.output.end - tail;
    let lines = whole.len() / LINE_BYTES * LINE_LEN;
    slab.spare.reserve(LINE_LEN + lines)?;
    encode_lines(
        &slab.buffer[whole.clone()],
        &mut slab.spare[LINE_LEN..][..lines],
    );
    slab.text = Some(SlabText {
        head: slab.output.start..whole.start,
        lines,
        tail: whole.end..slab.output.end,
    });
    Ok(())
}

/// Writes the text of the slabs in order.
pub(super) struct TextSink<'a, W>(pub &'a mut ArmorWriter<W>);

impl<W: Write> Sink for TextSink<'_, W> {
    fn put(&mut self, slab: &mut Slab) -> io::Result<()> {
        let Some(SlabText { head, lines, tail }) = slab.text.take() else {
            return Ok(());
        };
        self.0.write_parts(
            &slab.buffer[head],
            &mut slab.spare[..LINE_LEN + lines],
            &slab.buffer[tail],
        )
    }
}

/// Returns the number of frames in a slab from file to file. The slab about fits into a core's cache, and its frames
/// make whole lines.
pub(super) fn per_slab(batch: usize, frame: usize) -> usize {
    let whole = (1..=LINE_BYTES).find(|frames| (frames * frame).is_multiple_of(LINE_BYTES));
    let whole = whole.unwrap_or(LINE_BYTES);
    (batch.min(SLAB) / frame / whole).max(1) * whole
}

/// Writes the text of slabs from file to file, in any order. All slabs have the same length, which makes whole lines:
/// so the lines that lie in two slabs are one slab's text apart.
pub(super) struct TextSpan<'a> {
    /// The start of the line in which the first slab begins.
    output: Positioned<'a, dyn WriteAt + 'a>,
    /// Bytes of text from the beginning of one slab to that of the next.
    slab_text: usize,
    /// The parts that have arrived of the line between a slab and the one before it, by the slab's number.
    parts: Mutex<HashMap<u64, [Vec<u8>; 2]>>,
}

impl<'a> TextSpan<'a> {
    /// Starts behind what `before` has written, with slabs of `sealed` bytes.
    pub fn new(before: &ArmorWriter<Positioned<'a, dyn WriteAt + 'a>>, sealed: usize) -> Self {
        let parts = HashMap::from([(0, [before.part().to_vec(), Vec::new()])]);
        Self {
            output: *before.output(),
            slab_text: sealed / LINE_BYTES * LINE_LEN,
            parts: Mutex::new(parts),
        }
    }

    /// Returns the distance between the starts of two slabs, in bytes of text.
    pub fn slab_text(&self) -> usize {
        self.slab_text
    }

    /// Returns the length of the text behind the slabs, with `rest` bytes and the END line.
    pub fn len_of(&self, rest: u64) -> u64 {
        // At most one line too many, for the lines that lie in two slabs.
        armored_len(rest + LINE_BYTES as u64).unwrap_or(u64::MAX)
    }

    /// Writes the text of one slab.
    pub fn put(&self, slab: &Slab) -> io::Result<()> {
        let Some(SlabText { head, lines, tail }) = &slab.text else {
            return Ok(());
        };
        let (head, tail) = (&slab.buffer[head.clone()], &slab.buffer[tail.clone()]);
        let line = if head.is_empty() { 0 } else { LINE_LEN };
        let text = &slab.spare[LINE_LEN..][..*lines];
        let mut output = self.at(slab.number).moved(line as u64);
        output.write_all(text)?;
        self.put_part(slab.number, 1, head)?;
        self.put_part(slab.number + 1, 0, tail)
    }

    /// Returns the position of a slab's text, including the line that begins in the slab before.
    fn at(&self, number: u64) -> Positioned<'a, dyn WriteAt + 'a> {
        self.output.moved(number * self.slab_text as u64)
    }

    /// Stores a part of the line between a slab and the one before it, and writes the line once it has both parts.
    fn put_part(&self, number: u64, part: usize, bytes: &[u8]) -> io::Result<()> {
        let whole = {
            let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
            let both = parts.entry(number).or_default();
            both[part] = bytes.to_vec();
            match both[0].len() + both[1].len() {
                LINE_BYTES => parts.remove(&number),
                _ => None,
            }
        };
        let Some(parts) = whole else {
            return Ok(());
        };
        let mut line = [0; LINE_LEN];
        encode_lines(&parts.concat(), &mut line);
        self.at(number).write_all(&line)
    }

    /// Lets `writer` continue behind the first `slabs`.
    pub fn go_on(self, slabs: u64, writer: &mut ArmorWriter<Positioned<'a, dyn WriteAt + 'a>>) {
        let parts = self.parts.into_inner();
        let mut parts = parts.unwrap_or_else(PoisonError::into_inner);
        let [part, _] = parts.remove(&slabs).unwrap_or_default();
        let text = slabs * self.slab_text as u64;
        writer.output_mut().position += text;
        writer.go_on(text, &part);
    }
}
