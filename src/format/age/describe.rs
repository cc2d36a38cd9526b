//! What a header shows without a key.

use super::scrypt;
use super::{AgeFileHeader, CHUNK_LEN};
use crate::aead::Algorithm;
use crate::format::{Description, Field, KeyDerivation, PostQuantum, StanzaDescription};
use crate::{Stanza, kdf::Derivation};

pub(super) fn describe(file: &AgeFileHeader) -> Description {
    let stanzas = &file.header.stanzas;
    Description {
        version: Some(1),
        algorithm: Algorithm::ChaCha20Poly1305.name(),
        chunk_size: Some(CHUNK_LEN as u64),
        declared_size: None,
        length_protection: "protected: the nonce of the last chunk marks it".to_owned(),
        end: "last-chunk",
        end_meaning: "the chunk that its nonce marks as the last".to_owned(),
        mode: None,
        layers: None,
        authenticated: "the whole header, by its MAC under the file key".to_owned(),
        derivations: stanzas.iter().filter_map(derivation).collect(),
        warnings: Vec::new(),
        fields: fields(file),
        stanzas: stanzas
            .iter()
            .zip(&file.header.spans)
            .map(|(stanza, span)| StanzaDescription {
                kind: stanza.kind.clone(),
                args: stanza.args.clone(),
                offset: span.start as u64,
                len: span.len() as u64,
                meaning: meaning(stanza),
            })
            .collect(),
        post_quantum: Some(post_quantum(stanzas)),
    }
}

fn derivation(stanza: &Stanza) -> Option<KeyDerivation> {
    let work_factor = scrypt::work_factor(stanza).ok()??;
    let work_factor = u8::try_from(work_factor).ok()?;
    Some(KeyDerivation::Known(Derivation::Scrypt { work_factor }))
}

/// Returns the meaning of a stanza's type.
fn meaning(stanza: &Stanza) -> String {
    match stanza.kind.as_str() {
        "X25519" => "for an age1… recipient, which the stanza does not identify".to_owned(),
        "mlkem768x25519" => {
            "for a post-quantum age1pq1… recipient, which the stanza does not identify".to_owned()
        }
        "scrypt" => match scrypt::work_factor(stanza) {
            Ok(Some(factor)) => format!("for a passphrase, work factor {factor}"),
            _ => "for a passphrase, malformed".to_owned(),
        },
        "p256tag" => tagged("for an age1tag1… recipient", stanza),
        "mlkem768p256tag" => tagged("for a post-quantum age1tagpq1… recipient", stanza),
        "ssh-ed25519" => tagged("for an SSH key of type ssh-ed25519", stanza),
        "ssh-rsa" => tagged("for an SSH key of type ssh-rsa", stanza),
        "piv-p256" => tagged("for a YubiKey (age-plugin-yubikey)", stanza),
        kind if kind.ends_with("-grease") => "for nobody: readers ignore it".to_owned(),
        _ => "of a type that fetool does not know, perhaps a plugin's".to_owned(),
    }
}

fn tagged(whom: &str, stanza: &Stanza) -> String {
    match stanza.args.first() {
        Some(tag) => format!("{whom} with the tag {tag}"),
        None => whom.to_owned(),
    }
}

/// Returns whether the file stays secret from somebody who keeps it until quantum computers exist.
fn post_quantum(stanzas: &[Stanza]) -> PostQuantum {
    let kinds = || stanzas.iter().map(|stanza| stanza.kind.as_str());
    let classic = ["X25519", "ssh-ed25519", "ssh-rsa", "p256tag", "piv-p256"];
    let quantum = ["mlkem768x25519", "mlkem768p256tag", "scrypt"];
    if kinds().any(|kind| classic.contains(&kind)) {
        PostQuantum::No
    } else if kinds().any(|kind| quantum.contains(&kind)) {
        PostQuantum::Yes
    } else {
        PostQuantum::Unknown
    }
}

fn fields(file: &AgeFileHeader) -> Vec<Field> {
    let bytes = file.header.bytes();
    let field = |bytes: &[u8], name, meaning: String| Field {
        bytes: bytes.to_vec(),
        name,
        meaning,
    };
    let spans = &file.header.spans;
    let first = spans.first().map_or(bytes.len(), |span| span.start);
    let last = spans.last().map_or(bytes.len(), |span| span.end);
    let mut fields = vec![field(
        &bytes[..first],
        "version line",
        "age, version 1".to_owned(),
    )];
    for (stanza, span) in file.header.stanzas.iter().zip(spans) {
        let meaning = format!("{}: {}", stanza.kind, meaning(stanza));
        fields.push(field(&bytes[span.clone()], "stanza", meaning));
    }
    fields.push(field(
        &bytes[last..],
        "MAC",
        "HMAC-SHA-256 of everything before it".to_owned(),
    ));
    let meaning = "the key of the chunks is derived from it and the file key";
    fields.push(field(&file.nonce, "nonce", meaning.to_owned()));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_classic_stanza_makes_a_file_classic() {
        for (kinds, expected) in [
            (&["X25519"][..], PostQuantum::No),
            (&["mlkem768x25519", "X25519"], PostQuantum::No),
            (&["mlkem768x25519", "grease"], PostQuantum::Yes),
            (&["scrypt"], PostQuantum::Yes),
            (&["grease"], PostQuantum::Unknown),
        ] {
            let stanza = |kind: &&str| Stanza {
                kind: (*kind).to_owned(),
                args: Vec::new(),
                body: Vec::new(),
            };
            let stanzas: Vec<_> = kinds.iter().map(stanza).collect();
            assert_eq!(post_quantum(&stanzas), expected, "{kinds:?}");
        }
    }
}
