//! Text for terminals: the only place that decides which characters are safe.
//!
//! Control characters are commands to the terminal. Invisible ones change how the text around them looks: two names
//! that look alike may differ, and `gpj.exe` may be shown as `exe.jpg`. Names and messages escape both ([`quoted`]),
//! JSON writes both as `\u` escapes ([`json`]), and opened data with control characters is refused as binary
//! ([`TextOnly`]).

use std::io::{self, Write};

/// The effect of a character on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// It is shown as itself.
    Shown,
    /// It ends lines or columns, as text does: tab, line feed, form feed, carriage return.
    Layout,
    /// It is a command to the terminal.
    Control,
    /// It has no width, or changes the direction of others.
    Invisible,
}

/// Returns the effect of a character on a terminal.
fn effect(letter: char) -> Effect {
    match letter {
        '\t' | '\n' | '\x0c' | '\r' => Effect::Layout,
        // C0, DEL and C1: some terminals take U+009B for ESC [.
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => Effect::Control,
        // Unicode's Default_Ignorable_Code_Point, among them all bidirectional controls.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        // Line and paragraph separators, and interlinear annotations.
        | '\u{2028}'..='\u{2029}'
        | '\u{fff9}'..='\u{fffb}' => Effect::Invisible,
        _ => Effect::Shown,
    }
}

/// Returns a name or a message, with escapes for everything that a terminal does not show as itself. Bytes that are not
/// UTF-8 become `\x` and two digits.
pub fn quoted(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for part in bytes.utf8_chunks() {
        push_quoted(&mut shown, part.valid(), |_| false);
        for byte in part.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

/// Like [`quoted`], for a message of several lines, whose line ends stay.
pub fn quoted_lines(text: &str) -> String {
    let mut shown = String::new();
    push_quoted(&mut shown, text, |letter| letter == '\n');
    shown
}

fn push_quoted(shown: &mut String, text: &str, stays: impl Fn(char) -> bool) {
    for letter in text.chars() {
        if effect(letter) == Effect::Shown || stays(letter) {
            shown.push(letter);
        } else {
            shown.extend(letter.escape_default());
        }
    }
}

/// Returns the same JSON, with `\u` escapes for everything that a terminal does not show as itself. JSON has such
/// characters only in strings, so a program reads the same values.
pub fn json(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    for letter in line.chars() {
        match effect(letter) {
            Effect::Shown | Effect::Layout => safe.push(letter),
            Effect::Control | Effect::Invisible => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    safe
}

/// Passes text on, and fails at the first byte that is not text.
pub struct TextOnly<W> {
    output: W,
    /// The beginning of an incomplete character.
    pending: Vec<u8>,
}

/// Why a write was refused: the source of the I/O error.
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

    /// Ends the text, and returns the output.
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

/// Returns how many bytes are whole characters of a text; `None` if they are not text. Texts in many languages contain
/// invisible characters.
fn whole_characters(bytes: &[u8]) -> Option<usize> {
    let (text, whole) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, text.len()),
        Err(e) if e.error_len().is_none() => {
            let whole = e.valid_up_to();
            (std::str::from_utf8(&bytes[..whole]).ok()?, whole)
        }
        Err(_) => return None,
    };
    let commands = text.chars().any(|letter| effect(letter) == Effect::Control);
    (!commands).then_some(whole)
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
        let text = "\u{feff}Grüße,\tWelt €\r\n👩\u{200d}🚀 \u{2067}שלום\u{2069}\n".as_bytes();
        for cut in 0..=text.len() {
            let (head, tail) = text.split_at(cut);
            assert_eq!(shown(&[head, tail]).as_deref(), Some(text), "cut at {cut}");
        }
    }

    #[test]
    fn anything_else_does_not() {
        for bytes in [
            &b"\x1b[2J"[..],
            b"a\0b",
            b"\x7f",
            b"\xff\xfe",
            b"caf\xe9",
            "\u{9b}2J".as_bytes(),
            "\u{9d}0;title\u{9c}".as_bytes(),
            "\u{80}".as_bytes(),
        ] {
            assert_eq!(shown(&[bytes]), None, "{bytes:?}");
            let (head, tail) = bytes.split_at(1);
            assert_eq!(shown(&[head, tail]), None, "{bytes:?}");
        }
    }

    #[test]
    fn nothing_is_no_text_that_is_refused() {
        assert_eq!(shown(&[]), Some(vec![]));
    }

    #[test]
    fn names_cannot_command_the_terminal_or_deceive() {
        for (name, safe) in [
            (&b"a\x1b[2J\n\xff\xc3\xa9"[..], "a\\u{1b}[2J\\n\\xffé"),
            ("a\u{9b}2J\u{7f}".as_bytes(), "a\\u{9b}2J\\u{7f}"),
            ("a\u{202e}gpj.exe".as_bytes(), "a\\u{202e}gpj.exe"),
            (
                "\u{feff}a\u{200b}\u{2066}b".as_bytes(),
                "\\u{feff}a\\u{200b}\\u{2066}b",
            ),
            ("\u{e0041}".as_bytes(), "\\u{e0041}"),
            (
                "Grüße שלום e\u{301} \\".as_bytes(),
                "Grüße שלום e\u{301} \\",
            ),
        ] {
            assert_eq!(quoted(name), safe);
            // Safe characters stay as they are.
            assert_eq!(quoted(safe.as_bytes()), safe);
        }
        assert_eq!(quoted_lines("a\n\x1bb\r"), "a\n\\u{1b}b\\r");
    }

    #[test]
    fn json_is_safe_and_says_the_same() {
        let value: String = ('\0'..='\u{2fff}')
            .chain(['\u{feff}', '\u{e0041}', '👩'])
            .collect();
        let line = serde_json::to_string(&value).unwrap();
        let safe = json(&line);
        assert!(safe.chars().all(|letter| effect(letter) == Effect::Shown));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), value);
    }
}
