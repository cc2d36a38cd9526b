use super::*;

fn stanza(kind: &str, args: &[&str], body: usize) -> Stanza {
    Stanza {
        kind: kind.to_owned(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        body: (0..body).map(|i| i as u8).collect(),
    }
}

fn example() -> (Vec<Stanza>, Vec<u8>) {
    let stanzas = vec![
        stanza("X25519", &["argument", "!~"], 32),
        stanza("empty", &[], 0),
        stanza("whole-line", &["1"], 48),
        stanza("long", &["1", "2", "3"], 147),
    ];
    let bytes = AgeHeader::encode(&stanzas, &Key::of(&[7; 32])).unwrap();
    (stanzas, bytes)
}

#[test]
fn what_is_encoded_is_decoded() {
    let (stanzas, bytes) = example();
    let behind = [&bytes[..], b"anything"].concat();
    let header = AgeHeader::decode(&behind).unwrap();
    assert_eq!(header.stanzas, stanzas);
    assert_eq!(header.bytes(), bytes);
    header.verify(&Key::of(&[7; 32])).unwrap();
    let error = header.verify(&Key::of(&[8; 32])).unwrap_err();
    assert!(matches!(error, Error::HeaderMac));
    let mut at = FIRST_LINE.len() + 1;
    for (span, stanza) in header.spans.iter().zip(&stanzas) {
        assert_eq!(span.start, at);
        let mut text = Vec::new();
        stanza.encode(&mut text);
        assert_eq!(&bytes[span.clone()], text);
        at = span.end;
    }
    assert_eq!(header.len(), at + LAST_LINE_LEN);
}

#[test]
fn every_beginning_is_truncated() {
    let (_, bytes) = example();
    for len in 0..bytes.len() {
        let error = AgeHeader::decode(&bytes[..len]).unwrap_err();
        assert!(
            matches!(error, Error::Truncated { offset, .. } if offset == len as u64),
            "{len}: {error}"
        );
    }
}

#[test]
fn a_changed_byte_never_passes_the_mac() {
    let (_, bytes) = example();
    for at in 0..bytes.len() {
        for change in [1, 0x20, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            if let Ok(header) = AgeHeader::decode(&changed) {
                assert!(header.verify(&Key::of(&[7; 32])).is_err(), "{at}");
            }
        }
    }
}

#[test]
fn rules_that_are_broken_are_named() {
    let mac = "A".repeat(43);
    let long = "A".repeat(65);
    for (text, offset, what) in [
        (
            "age-encryption.org/v1\r\n",
            21,
            "the first line ends with CR LF: the file was changed as if it were text, as PowerShell does",
        ),
        ("hello\n", 0, "the first line is not that of an age file"),
        (
            "age-encryption.org/v1\n-> a  b\n",
            27,
            "empty stanza argument",
        ),
        (
            "age-encryption.org/v1\n-> a \n",
            27,
            "empty stanza argument",
        ),
        ("age-encryption.org/v1\n-> a  ", 27, "empty stanza argument"),
        ("age-encryption.org/v1\n-> \n", 25, "empty stanza argument"),
        (
            "age-encryption.org/v1\n-> a\r\n",
            26,
            "carriage return in a stanza",
        ),
        (
            "age-encryption.org/v1\n-> ä\n",
            25,
            "invalid character in a stanza argument",
        ),
        (
            "age-encryption.org/v1\n->a\n",
            22,
            "neither a stanza nor the MAC begins here",
        ),
        (
            "age-encryption.org/v1\n-> a\n--- ",
            27,
            "a stanza ends without a short body line",
        ),
        (
            "age-encryption.org/v1\n-> a\nAB\n",
            27,
            "base64 is not canonical: unused bits are not zero",
        ),
        (
            "age-encryption.org/v1\n-> a\nAAAAA\n",
            27,
            "impossible length of base64",
        ),
        (
            "age-encryption.org/v1\n-> a\nAA=",
            29,
            "invalid character in a stanza body",
        ),
        (
            "age-encryption.org/v1\n-> a\nAA\nAA",
            30,
            "neither a stanza nor the MAC begins here",
        ),
        (
            &format!("age-encryption.org/v1\n-> a\n{long}"),
            91,
            "stanza body line is longer than 64 characters",
        ),
        (
            &format!("age-encryption.org/v1\n--- {mac}\n"),
            22,
            "the header has no stanza",
        ),
        (
            &format!("age-encryption.org/v1\n-> a\n\n---{mac}\n"),
            31,
            "no space in front of the MAC",
        ),
        (
            &format!("age-encryption.org/v1\n-> a\n\n--- {mac} "),
            75,
            "the line of the MAC does not end behind it",
        ),
        (
            &format!("age-encryption.org/v1\n-> a\n\n--- {}B\n", "A".repeat(42)),
            32,
            "the MAC is not canonical base64",
        ),
        (
            "age-encryption.org/v1\n-> scrypt\n\n-> a\n\n",
            33,
            "a scrypt stanza is not the only stanza",
        ),
        (
            "age-encryption.org/v1\n-> a\n\n-> scrypt\n\n",
            28,
            "a scrypt stanza is not the only stanza",
        ),
    ] {
        let error = AgeHeader::decode(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { .. }),
            "{text:?}: {error}"
        );
        assert_eq!(
            error.to_string(),
            format!("{what} (at offset {offset})"),
            "{text:?}"
        );
    }
}

#[test]
fn other_versions_are_unsupported() {
    for (text, words) in [
        (
            "age-encryption.org/v2\n",
            "unsupported version v2 of age: only version v1 is known",
        ),
        (
            "age-encryption.org/v1234567890123456",
            "unsupported version of age: only version v1 is known",
        ),
        (
            "age-encryption.org/v1 \n",
            "unsupported version of age: only version v1 is known",
        ),
        (
            "age-encryption.org/\x1b[",
            "unsupported version of age: only version v1 is known",
        ),
    ] {
        let error = AgeHeader::decode(text.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)), "{text:?}");
        assert_eq!(error.to_string(), words, "{text:?}");
    }
}

#[test]
fn a_header_is_bounded() {
    let line = format!("{}\n", "A".repeat(64));
    let body = line.repeat(HEADER_MAX / line.len() + 1);
    let text = format!("age-encryption.org/v1\n-> a\n{body}");
    let error = AgeHeader::decode(text.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the header has more than 1048576 bytes");
    let error = AgeHeader::decode(&text.as_bytes()[..HEADER_MAX - 1]).unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");
    let many = vec![stanza("a", &[], HEADER_MAX / 2); 2];
    let error = AgeHeader::encode(&many, &Key::default()).unwrap_err();
    assert!(
        error.to_string().starts_with("too many recipients: "),
        "{error}"
    );
}

#[test]
fn what_could_not_be_read_is_not_written() {
    let key = Key::default();
    for stanzas in [
        vec![],
        vec![stanza("", &[], 0)],
        vec![stanza("a", &["b c"], 0)],
        vec![stanza("a", &["b\n"], 0)],
        vec![stanza("scrypt", &[], 0), stanza("a", &[], 0)],
    ] {
        let error = AgeHeader::encode(&stanzas, &key).unwrap_err();
        assert!(matches!(error, Error::Usage { .. }), "{error}");
    }
}
