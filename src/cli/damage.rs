//! Damaged parts of files, in words.

use super::failure::say;
use fetool::{Damage, Salvaged};
use std::ops::Range;

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
