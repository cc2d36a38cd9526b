//! Whole lines, which threads can process independently.

use super::{COLUMNS, LINE_BYTES, LINE_LEN};
use crate::format::age::strict_base64::{decode, unpadded};
use base64::Engine;

/// This many lines are decoded together.
const BATCH: usize = 64;

/// Decodes the whole lines of 64 characters with which `text` begins, as many as `out` has room for. Each ends with LF
/// or CR LF. Returns the lengths of the text and of the decoded bytes.
///
/// It stops before the first other line: the last one, the END line, an incomplete or a wrong one. An
/// [`ArmorDecoder`](super::ArmorDecoder) says which.
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
    // One of these lines is wrong, but not those before it.
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
/// If the lengths do not match.
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
