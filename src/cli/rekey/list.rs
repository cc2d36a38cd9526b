//! `fetool rekey --list`.

use crate::cli::failure::{Failure, Subjects};
use crate::cli::inspect::{JsonKey, JsonStanza, hex_of, json_line};
use crate::cli::work::{Source, print};
use crate::io::terminal_safe::quoted;
use fetool::{CancelToken, PeekReader, status};
use serde::Serialize;
use std::borrow::Cow;
use std::path::Path;

/// The object of a file; documented in fetool-rekey(1).
#[derive(Serialize)]
struct Listed<'a> {
    path: Cow<'a, str>,
    path_hex: Option<String>,
    format: &'static str,
    version: Option<u32>,
    slots: Vec<Slot>,
    stanzas: Vec<JsonStanza>,
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
    // It must stay alive: without it, reads of a pipe end.
    let stop = CancelToken::new();
    let mut input = PeekReader::new(source.open_sealed(&stop)?);
    let (format, header) =
        fetool::look_at_header(None, &mut input).map_err(|e| subjects.attribute(&e))?;
    let description = header.describe();
    let derivations = description.derivations.iter().enumerate();
    let stanzas = description.stanzas.iter().enumerate();
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
            slots: match format.has_recipients() {
                true => Vec::new(),
                false => slots.collect(),
            },
            stanzas: stanzas
                .map(|(number, stanza)| JsonStanza::new(number, stanza))
                .collect(),
        })
    } else {
        let lines = derivations.map(|(slot, derivation)| format!("{slot}  {derivation}\n"));
        let stanzas = stanzas.map(|(number, stanza)| {
            let kind = quoted(stanza.kind.as_bytes());
            format!("{number}  {kind}: {}\n", stanza.meaning)
        });
        match format.has_recipients() {
            true => stanzas.collect::<String>(),
            false => lines.collect::<String>(),
        }
    };
    print(text.as_bytes())
}
