//! `fetool rekey --list`.

use crate::cli::failure::{Failure, Subjects};
use crate::cli::inspect::{JsonKey, hex_of, json_line};
use crate::cli::work::{Source, print};
use fetool::format::HEAD_MAX;
use fetool::{Error, Stop, status};
use serde::Serialize;
use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

/// A file's object; documented in fetool-rekey(1).
#[derive(Serialize)]
struct Listed<'a> {
    path: Cow<'a, str>,
    path_hex: Option<String>,
    format: &'static str,
    version: Option<u32>,
    slots: Vec<Slot>,
}

#[derive(Serialize)]
struct Slot {
    slot: usize,
    #[serde(flatten)]
    key: JsonKey,
}

/// Prints the slots, without any secret.
pub fn run(source: &Source, json: bool) -> Result<(), Failure> {
    let subjects = Subjects {
        input: source.name(),
        ..Subjects::stdout()
    };
    let mut head = Vec::new();
    // It must live on: without it, reads of a pipe end.
    let stop = Stop::new();
    let mut input = source.open_sealed(&stop)?.take(HEAD_MAX as u64);
    input
        .read_to_end(&mut head)
        .map_err(|e| subjects.blame(&Error::Read(e)))?;
    let (format, header) = fetool::read_header(None, &head).map_err(|e| subjects.blame(&e))?;
    let description = header.describe();
    let derivations = description.derivations.iter().enumerate();
    if !header.has_slots() {
        return Err(Failure::usage("the file has no key slots")
            .with_status(status::FORMAT)
            .about(subjects.input)
            .hint(format!(
                "its key cannot be changed without the data; 'fetool rekey --reseal' does both ({})",
                format.title()
            )));
    }
    let text = if json {
        let path = match source {
            Source::Stdin => Path::new("-"),
            Source::Path(path) => path,
        };
        let slots = derivations.map(|(slot, derivation)| Slot {
            slot,
            key: JsonKey::new(derivation),
        });
        json_line(&Listed {
            path: path.to_string_lossy(),
            path_hex: hex_of(path),
            format: format.name(),
            version: description.version,
            slots: slots.collect(),
        })
    } else {
        let lines = derivations.map(|(slot, derivation)| format!("{slot}  {derivation}\n"));
        lines.collect::<String>()
    };
    print(text.as_bytes())
}
