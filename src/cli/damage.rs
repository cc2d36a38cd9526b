//! Damaged parts of files, in words and as JSON.

use super::failure::say;
use super::inspect::{hex_of, json_line};
use crate::io::terminal_safe;
use fetool::{Damage, Salvaged};
use serde::Serialize;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

/// Prints a damaged part.
pub fn tell(input: &str, damage: &Damage) {
    let bytes = |range: &Range<u64>| match range.end - range.start {
        1 => format!("byte {}", range.start),
        _ => format!("bytes {}-{}", range.start, range.end - 1),
    };
    let file = match damage.file.is_empty() {
        true => format!("at byte {} of the file", damage.file.start),
        false => format!("{} of the file", bytes(&damage.file)),
    };
    let plaintext = match damage.plaintext.is_empty() {
        true => "no byte of the plaintext".to_owned(),
        false => format!("{} of the plaintext", bytes(&damage.plaintext)),
    };
    let error = &damage.error;
    say(
        Some(input),
        &format!("damaged: {file}, {plaintext}: {error}"),
    );
}

/// Returns how much was salvaged, and how much was not.
pub fn summary(salvaged: &Salvaged) -> String {
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    format!(
        "salvaged {} byte{}, lost {} in {} damaged part{}",
        salvaged.plaintext_len,
        plural(salvaged.plaintext_len),
        salvaged.lost,
        salvaged.damaged,
        plural(salvaged.damaged),
    )
}

/// A damaged part's object; documented in fetool-open(1).
#[derive(Serialize)]
struct DamageJson<'a> {
    path: Cow<'a, str>,
    path_hex: Option<String>,
    offset: u64,
    length: u64,
    plaintext_offset: u64,
    plaintext_length: u64,
    chunk: u64,
    chunks: u64,
    status: u8,
    reason: String,
}

/// Returns a damaged part of a file as an object of JSON in a line.
pub fn json(path: &Path, damage: &Damage) -> String {
    let line = json_line(&DamageJson {
        path: path.to_string_lossy(),
        path_hex: hex_of(path),
        offset: damage.file.start,
        length: damage.file.end - damage.file.start,
        plaintext_offset: damage.plaintext.start,
        plaintext_length: damage.plaintext.end - damage.plaintext.start,
        chunk: damage.chunks.start,
        chunks: damage.chunks.end - damage.chunks.start,
        status: damage.error.status(),
        reason: damage.error.to_string(),
    });
    terminal_safe::json(&line).to_string()
}
