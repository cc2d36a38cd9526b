//! A file's properties, as a table for people and as JSON for programs.

use super::json::{Json, JsonFault, hex, hex_of, offsets};
use crate::cli::columns::{hang, lines};
use crate::cli::failure::{Failure, Subjects, say};
use crate::io::terminal_safe;
use crate::size::exact;
use fetool::format::{Field, PostQuantum};
use fetool::{Inspected, Possible, status};
use std::fmt::Write;
use std::path::PathBuf;

/// In the table of header fields: the columns for a name, and for hex digits.
const COLUMNS: usize = 24;
/// With fewer columns, a meaning goes below its field.
const MEANING_MIN: usize = 16;

/// The properties of one file.
pub struct Report {
    pub path: PathBuf,
    pub subjects: Subjects,
    pub inspected: Result<Inspected, Failure>,
    /// The possible formats, if there is no magic number.
    pub possible: Vec<Possible>,
    pub verified: Option<bool>,
    pub reading: Option<String>,
}

impl Report {
    pub fn status(&self) -> u8 {
        match &self.inspected {
            Ok(inspected) => inspected.fault.as_ref().map_or(status::OK, |f| f.status),
            Err(_) if self.is_likely() => status::OK,
            Err(failure) => failure.status(),
        }
    }

    /// Returns whether one of the possible formats is likely.
    fn is_likely(&self) -> bool {
        self.possible.iter().any(Possible::is_likely)
    }

    /// Prints the fault on standard error.
    pub fn tell(&self) {
        match &self.inspected {
            Ok(inspected) => {
                if let Some(fault) = &inspected.fault {
                    say(Some(&self.subjects.input), &fault.message);
                }
            }
            Err(_) if self.is_likely() => {}
            Err(failure) => failure.print(),
        }
    }

    /// Returns one line of JSON.
    pub fn json(&self) -> String {
        let mut json;
        let path = self.path.to_string_lossy();
        match &self.inspected {
            Ok(inspected) => {
                json = Json::of(&path, inspected);
                json.verified = self.verified;
                json.reading = self.reading.as_deref();
            }
            Err(failure) => {
                json = Json::possible(&path, &self.possible);
                json.fault = (!self.is_likely()).then(|| JsonFault {
                    status: failure.status(),
                    offset: None,
                    message: failure.message(),
                });
            }
        }
        json.path_hex = hex_of(&self.path);
        terminal_safe::json(&json.line())
    }

    /// Returns the table in this many columns; nothing if the file has no known format.
    pub fn text(&self, width: Option<usize>) -> Option<String> {
        let inspected = match &self.inspected {
            Ok(inspected) => inspected,
            Err(_) if self.is_likely() => return Some(self.possible_text(width)),
            Err(_) => return None,
        };
        let description = &inspected.description;
        let mut text = format!("{}\n", self.subjects.input);
        let mut row = |name: &str, value: &str| {
            let _ = write!(text, "  {name:<11}");
            hang(&mut text, value, width);
        };
        let version = description
            .version
            .map(|version| format!(", version {version}"));
        row(
            "format",
            &format!("{}{}", inspected.title, version.unwrap_or_default()),
        );
        row("algorithm", description.algorithm);
        if let Some(mode) = description.mode {
            row("mode", mode);
        }
        if let Some(layers) = description.layers {
            row("layers", &layers.to_string());
        }
        for derivation in &description.derivations {
            row("key", &derivation.to_string());
        }
        if let Some(post_quantum) = description.post_quantum {
            row("quantum", quantum(post_quantum));
        }
        if !inspected.opened.is_empty() {
            let numbers = inspected.opened.iter().map(usize::to_string);
            let numbers = numbers.collect::<Vec<_>>().join(", ");
            row(
                "opens",
                &format!("stanza {numbers}, with the given identity"),
            );
        }
        if inspected.armored == Some(true) {
            let text = format!("armored text, which adds {}", exact(inspected.armor_len));
            row("armor", &text);
        }
        row("chunks", &chunks(inspected));
        row("plaintext", &exact(inspected.plaintext_len));
        if let Some(sealed) = inspected.sealed_len {
            row("sealed", &exact(sealed));
            row(
                "overhead",
                &exact(sealed.saturating_sub(inspected.plaintext_len)),
            );
        }
        row("length", &description.length_protection);
        row("end", &description.end_meaning);
        row("protected", &description.authenticated);
        match (self.verified, &self.reading) {
            (Some(true), Some(reading)) => row("verified", &format!("yes ({reading})")),
            (Some(_), _) => row("verified", "no"),
            (None, _) => row("verified", "not requested: this is what the file claims"),
        }
        for warning in &description.warnings {
            row("warning", warning);
        }
        if let Some(fault) = &inspected.fault {
            row("fault", &fault.message);
        }
        text += "  header\n";
        fields(&mut text, &description.fields, width);
        Some(text)
    }
}

impl Report {
    /// Returns the possible formats, with the evidence for and against each.
    fn possible_text(&self, width: Option<usize>) -> String {
        let mut text = format!(
            "{}\n  format     uncertain: there is no magic number; --verify with a secret identifies it\n",
            self.subjects.input
        );
        for possible in &self.possible {
            let _ = writeln!(
                text,
                "  {:<11}{} (--format {})",
                if possible.is_likely() {
                    "possible"
                } else {
                    "unlikely"
                },
                possible.title,
                possible.format
            );
            for (sign, evidence) in [
                ('+', &possible.evidence.supporting),
                ('-', &possible.evidence.opposing),
            ] {
                for line in evidence {
                    let _ = write!(text, "             {sign} ");
                    hang(&mut text, line, width);
                }
            }
        }
        text
    }
}

/// Appends the header's fields as a table. On a terminal that is too narrow, hex digits and meaning go below each
/// field's name.
fn fields(text: &mut String, fields: &[Field], width: Option<usize>) {
    let longest = |of: &dyn Fn(&Field) -> usize| fields.iter().map(of).max().unwrap_or(0);
    let (name_columns, hex_columns) = match width {
        None => (COLUMNS, COLUMNS),
        Some(_) => (
            longest(&|field| field.name.len()),
            longest(&|field| short_hex(&field.bytes).len()).min(COLUMNS),
        ),
    };
    let left = "    offset  size  ".len() + name_columns + 2;
    let right = left + hex_columns + 2;
    let is_narrow = width.is_some_and(|width| width <= right + MEANING_MIN);
    let _ = write!(text, "    offset  size  {:<name_columns$}", "field");
    match is_narrow {
        true => text.truncate(text.trim_end().len()),
        false => {
            let _ = write!(text, "  {:<hex_columns$}  meaning", "hex");
        }
    }
    text.push('\n');
    for (offset, field) in offsets(fields) {
        let (hex, size) = (short_hex(&field.bytes), field.bytes.len());
        let _ = write!(text, "    {offset:>6}  {size:>4}  ");
        if is_narrow {
            let _ = writeln!(text, "{}", field.name);
            for line in [&hex, &field.meaning] {
                text.push_str("          ");
                hang(text, line, width);
            }
            continue;
        }
        let _ = write!(text, "{:<name_columns$}  ", field.name);
        match width {
            Some(_) if hex.len() > hex_columns => {
                // The meaning begins below the last line of digits.
                let pieces = lines(&hex, hex_columns);
                text.push_str(&pieces.join(&format!("\n{:left$}", "")));
                let last = pieces.last().map_or(0, String::len);
                text.extend(std::iter::repeat_n(' ', hex_columns - last));
            }
            _ => {
                let _ = write!(text, "{hex:<hex_columns$}");
            }
        }
        text.push_str("  ");
        hang(text, &field.meaning, width);
    }
}

/// Returns whether a file stays secret once quantum computers exist.
fn quantum(post_quantum: PostQuantum) -> &'static str {
    match post_quantum {
        PostQuantum::Yes => "post-quantum",
        PostQuantum::No => "not post-quantum: a future quantum computer may open it",
        PostQuantum::Unknown => "unknown: no stanza is of a known type",
    }
}

fn chunks(inspected: &Inspected) -> String {
    match (inspected.chunks, inspected.chunk_size) {
        (0, Some(size)) => format!("0, of {} each", exact(size)),
        (0, None) => "0".to_owned(),
        (1, _) => "1".to_owned(),
        (chunks, Some(size)) => format!("{chunks}, the first of {}", exact(size)),
        (chunks, None) => chunks.to_string(),
    }
}

/// The maximum number of letters shown of a header's text.
const LETTERS: usize = COLUMNS - 1;
/// Fewer consecutive printable bytes can occur by chance.
const TEXT_MIN: usize = 16;

/// Returns hex digits for people, with zeros counted, and text as text.
fn short_hex(bytes: &[u8]) -> String {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n');
    if bytes.len() >= TEXT_MIN && bytes.iter().all(is_text) {
        let line = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let end = line.len().min(LETTERS);
        let more = if end < bytes.trim_ascii_end().len() {
            "~"
        } else {
            ""
        };
        return String::from_utf8_lossy(&line[..end]).into_owned() + more;
    }
    if bytes.len() > 12 && bytes.iter().all(|byte| *byte == 0) {
        format!("00 ({} times)", bytes.len())
    } else {
        hex(bytes)
    }
}
