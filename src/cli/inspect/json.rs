//! A file's properties as JSON. Independent of the command, so that fuzzing can use it.

use fetool::format::{Field, KeyDerivation, PostQuantum, StanzaDescription};
use fetool::kdf::Derivation;
use fetool::{Inspected, Possible};
use serde::Serialize;
use std::path::Path;

/// Returns the object as one line, with its line end.
pub fn json_line(object: &impl Serialize) -> String {
    let mut line = serde_json::to_string(object).expect("strings and numbers have JSON");
    line.push('\n');
    line
}

/// Returns two hexadecimal digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the bytes of a path that is not UTF-8, which a JSON string cannot hold.
pub fn hex_of(path: &Path) -> Option<String> {
    let text = path.to_str().is_some();
    (!text).then(|| hex(path.as_os_str().as_encoded_bytes()))
}

/// Returns header fields with their offsets.
pub fn offsets(fields: &[Field]) -> impl Iterator<Item = (usize, &Field)> {
    fields.iter().scan(0, |offset, field| {
        let start = *offset;
        *offset += field.bytes.len();
        Some((start, field))
    })
}

/// The object of one file; documented in fetool-inspect(1).
#[derive(Default, Serialize)]
pub struct Json<'a> {
    path: &'a str,
    pub path_hex: Option<String>,
    format: Option<&'a str>,
    title: Option<&'a str>,
    version: Option<u32>,
    algorithm: Option<&'a str>,
    mode: Option<&'a str>,
    layers: Option<u8>,
    keys: Vec<JsonKey>,
    stanzas: Vec<JsonStanza>,
    post_quantum: Option<&'a str>,
    armored: Option<bool>,
    armor_size: Option<u64>,
    opened_stanzas: Option<&'a [usize]>,
    header_size: Option<u64>,
    chunk_size: Option<u64>,
    chunks: Option<u64>,
    plaintext_size: Option<u64>,
    sealed_size: Option<u64>,
    overhead: Option<u64>,
    declared_size: Option<u64>,
    length_protection: Option<&'a str>,
    end: Option<&'a str>,
    authenticated: Option<&'a str>,
    header: Vec<JsonField<'a>>,
    warnings: &'a [String],
    pub verified: Option<bool>,
    pub reading: Option<&'a str>,
    possible: Vec<JsonPossible<'a>>,
    pub fault: Option<JsonFault<'a>>,
}

/// How a key is derived from a secret.
#[derive(Default, Serialize)]
pub struct JsonKey {
    kdf: Option<&'static str>,
    /// In bytes.
    memory: Option<u64>,
    passes: Option<u32>,
    lanes: Option<u32>,
    iterations: Option<u32>,
    text: String,
}

impl JsonKey {
    pub fn new(derivation: &KeyDerivation) -> Self {
        let text = derivation.to_string();
        let KeyDerivation::Known(known) = *derivation else {
            return Self {
                text,
                ..Self::default()
            };
        };
        let (kdf, passes, lanes, iterations) = match known {
            Derivation::Argon2id { passes, lanes, .. } => {
                ("argon2id", Some(passes), Some(lanes), None)
            }
            Derivation::Balloon { .. } => ("balloon", Some(1), Some(1), None),
            Derivation::Pbkdf2 { iterations } => ("pbkdf2", None, None, Some(iterations)),
            Derivation::Scrypt { .. } => ("scrypt", Some(1), Some(1), None),
            Derivation::Sha256 => ("sha256", None, None, None),
        };
        Self {
            kdf: Some(kdf),
            memory: Some(known.memory()).filter(|bytes| *bytes > 0),
            passes,
            lanes,
            iterations,
            text,
        }
    }
}

/// A stanza of a file with recipients.
#[derive(Serialize)]
pub struct JsonStanza {
    stanza: usize,
    #[serde(rename = "type")]
    kind: String,
    args: Vec<String>,
    offset: u64,
    size: u64,
    text: String,
}

impl JsonStanza {
    pub fn new(number: usize, stanza: &StanzaDescription) -> Self {
        Self {
            stanza: number,
            kind: stanza.kind.clone(),
            args: stanza.args.clone(),
            offset: stanza.offset,
            size: stanza.len,
            text: stanza.meaning.clone(),
        }
    }
}

/// Whether only post-quantum recipients can open a file: a word for programs.
pub fn post_quantum(post_quantum: PostQuantum) -> &'static str {
    match post_quantum {
        PostQuantum::Yes => "yes",
        PostQuantum::No => "no",
        PostQuantum::Unknown => "unknown",
    }
}

#[derive(Serialize)]
pub struct JsonPossible<'a> {
    format: &'a str,
    title: &'a str,
    likely: bool,
    supporting: &'a [String],
    opposing: &'a [String],
}

impl<'a> JsonPossible<'a> {
    fn new(possible: &'a Possible) -> Self {
        Self {
            format: possible.format,
            title: possible.title,
            likely: possible.is_likely(),
            supporting: &possible.evidence.supporting,
            opposing: &possible.evidence.opposing,
        }
    }
}

#[derive(Serialize)]
pub struct JsonField<'a> {
    offset: usize,
    size: usize,
    hex: String,
    field: &'a str,
    meaning: &'a str,
}

#[derive(Serialize)]
pub struct JsonFault<'a> {
    pub status: u8,
    pub offset: Option<u64>,
    pub message: &'a str,
}

impl<'a> Json<'a> {
    /// Creates the object of a file of a known format.
    pub fn of(path: &'a str, inspected: &'a Inspected) -> Self {
        let description = &inspected.description;
        Self {
            path,
            format: Some(inspected.format),
            title: Some(inspected.title),
            version: description.version,
            algorithm: Some(description.algorithm),
            mode: description.mode,
            layers: description.layers,
            keys: description.derivations.iter().map(JsonKey::new).collect(),
            stanzas: description
                .stanzas
                .iter()
                .enumerate()
                .map(|(number, stanza)| JsonStanza::new(number, stanza))
                .collect(),
            post_quantum: description.post_quantum.map(post_quantum),
            armored: inspected.armored,
            armor_size: inspected.armored.map(|_| inspected.armor_len),
            opened_stanzas: Some(&inspected.opened[..]).filter(|opened| !opened.is_empty()),
            header_size: Some(inspected.header_len),
            chunk_size: inspected.chunk_size,
            chunks: Some(inspected.chunks),
            plaintext_size: Some(inspected.plaintext_len),
            sealed_size: inspected.sealed_len,
            overhead: inspected
                .sealed_len
                .and_then(|sealed| sealed.checked_sub(inspected.plaintext_len)),
            declared_size: description.declared_size,
            length_protection: Some(&description.length_protection),
            end: Some(description.end),
            authenticated: Some(&description.authenticated),
            header: offsets(&description.fields)
                .map(|(offset, field)| JsonField {
                    offset,
                    size: field.bytes.len(),
                    hex: hex(&field.bytes),
                    field: field.name,
                    meaning: &field.meaning,
                })
                .collect(),
            warnings: &description.warnings,
            fault: inspected.fault.as_ref().map(|fault| JsonFault {
                status: fault.status,
                offset: fault.offset,
                message: &fault.message,
            }),
            ..Self::default()
        }
    }

    /// Creates the object of a file that may have one of several formats, or none.
    pub fn possible(path: &'a str, possible: &'a [Possible]) -> Self {
        Self {
            path,
            possible: possible.iter().map(JsonPossible::new).collect(),
            ..Self::default()
        }
    }

    /// Returns the object and a line end.
    pub fn line(&self) -> String {
        json_line(self)
    }
}
