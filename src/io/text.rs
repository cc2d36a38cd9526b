//! Text for a terminal: opened data that is no text is refused, since its bytes would be commands
//! to the terminal.

use std::io::{self, Write};

/// Passes on text, and fails at the first byte that is none.
pub struct TextOnly<W> {
    output: W,
    /// The beginning of a character whose end has not come yet.
    pending: Vec<u8>,
}

/// Why a write was refused; the source of the I/O error that says so.
#[derive(Debug, thiserror::Error)]
#[error("the opened data is not text")]
pub struct NotText;

impl<W: Write> TextOnly<W> {
    pub fn new(output: W) -> Self {
        Self {
            output,
            pending: Vec::new(),
        }
    }

    /// The output, when the text has ended.
    pub fn finish(self) -> io::Result<W> {
        if self.pending.is_empty() {
            Ok(self.output)
        } else {
            Err(io::Error::other(NotText))
        }
    }
}

impl<W: Write> Write for TextOnly<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = std::mem::take(&mut self.pending);
        text.extend_from_slice(bytes);
        let whole = whole_characters(&text).ok_or_else(|| io::Error::other(NotText))?;
        self.output.write_all(&text[..whole])?;
        self.pending = text.split_off(whole);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// How many bytes are whole characters of a text; `None` when it is none.
fn whole_characters(bytes: &[u8]) -> Option<usize> {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(e) if e.error_len().is_none() => e.valid_up_to(),
        Err(_) => return None,
    };
    let control = |byte: &u8| byte.is_ascii_control() && !b"\t\n\r\x0c".contains(byte);
    (!bytes[..whole].iter().any(control)).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: &[&[u8]]) -> Option<Vec<u8>> {
        let mut output = TextOnly::new(Vec::new());
        for part in parts {
            output.write_all(part).ok()?;
        }
        output.finish().ok()
    }

    #[test]
    fn text_passes_wherever_it_is_cut() {
        let text = "Grüße,\tWelt €\r\n".as_bytes();
        for cut in 0..=text.len() {
            let (head, tail) = text.split_at(cut);
            assert_eq!(shown(&[head, tail]).as_deref(), Some(text), "cut at {cut}");
        }
    }

    #[test]
    fn anything_else_does_not() {
        for bytes in [&b"\x1b[2J"[..], b"a\0b", b"\x7f", b"\xff\xfe", b"caf\xe9"] {
            assert_eq!(shown(&[bytes]), None, "{bytes:?}");
        }
    }

    #[test]
    fn nothing_is_no_text_that_is_refused() {
        assert_eq!(shown(&[]), Some(vec![]));
    }
}
