//! Files and keys that the real age made.

use super::*;

/// The keys of files that age 1.3 made; SSH keys are not read.
fn keys_of(entry: &Value) -> Keys {
    let mut keys = Keys::default();
    for name in entry["opens_with"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let bytes = read(name);
        match KeyFile::of(&bytes) {
            KeyFile::Identities => keys.identities.extend(identities::parse(&bytes).unwrap()),
            KeyFile::Pem => assert!(name.starts_with("ssh_"), "{name}"),
            KeyFile::Other => {
                assert_eq!(name, "passphrase.txt");
                keys.passphrases.push(bytes.trim_ascii_end().to_vec());
            }
            kind => panic!("{name}: {kind:?}"),
        }
    }
    keys
}

#[test]
fn files_of_the_real_age_open() {
    let manifest: Value = serde_json::from_slice(&read("manifest.json")).unwrap();
    let entries = manifest.as_array().unwrap();
    assert_eq!(entries.len(), 25);
    let mut opened = 0;
    for entry in entries {
        let name = entry["file"].as_str().unwrap();
        let mut file = read(name);
        let is_armored = entry["armored"].as_bool().unwrap();
        if is_armored {
            let bytes = dearmored(&file, 100).unwrap();
            assert_eq!(armored(&bytes), file, "{name}");
            file = bytes;
        }
        let header = AgeHeader::decode(&file).unwrap();
        let found = open(&file, &keys_of(entry));
        let ssh_only = header
            .stanzas
            .iter()
            .all(|stanza| stanza.kind.starts_with("ssh-"));
        if ssh_only {
            assert_eq!(found.outcome, Outcome::NoMatch, "{name}");
            continue;
        }
        assert_eq!(found.outcome, Outcome::Success, "{name}");
        let len = entry["plaintext_len"].as_u64().unwrap() as usize;
        assert!(found.plaintext == pattern(len), "{name}");
        let mac_key = found.file_key.unwrap().mac_key();
        let bytes = AgeHeader::encode(&header.stanzas, &mac_key).unwrap();
        assert_eq!(header.bytes(), bytes, "{name}");
        opened += 1;
    }
    assert_eq!(opened, 22);
}

#[test]
fn key_files_of_the_real_age_are_read() {
    for (name, count) in [("x25519.key", 1), ("x25519b.key", 1), ("hybrid.key", 1)] {
        let bytes = read(name);
        assert_eq!(KeyFile::of(&bytes), KeyFile::Identities, "{name}");
        let parsed = identities::parse(&bytes).unwrap();
        assert_eq!(parsed.len(), count, "{name}");
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.ends_with(&format!("\n{}\n", *parsed[0].encode())),
            "{name}"
        );
        // age-keygen has the recipient in a comment.
        let told = text
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "));
        let recipient = parsed[0].recipient();
        assert_eq!(recipient.to_string(), told.unwrap(), "{name}");
        assert_eq!(
            recipients::parse(told.unwrap().as_bytes()).unwrap(),
            [recipient],
            "{name}"
        );
    }
    let encrypted = read("identities_encrypted.age");
    let KeyFile::Encrypted { armored } = KeyFile::of(&encrypted) else {
        panic!("it is an age file");
    };
    let file = match armored {
        true => dearmored(&encrypted, usize::MAX).unwrap(),
        false => encrypted,
    };
    let keys = Keys {
        passphrases: vec![read("passphrase.txt").trim_ascii_end().to_vec()],
        ..Keys::default()
    };
    let found = open(&file, &keys);
    assert_eq!(found.outcome, Outcome::Success);
    assert!(!identities::parse(&found.plaintext).unwrap().is_empty());
}

/// A file for recipients of both kinds opens with the identity of each, and of nobody else.
#[test]
fn what_is_wrapped_is_unwrapped() {
    let keys = ["x25519.key", "hybrid.key", "x25519b.key"].map(read);
    let [one, two, other] = keys.map(|bytes| identities::parse(&bytes).unwrap().remove(0));
    let file_key = FileKey::generate(&fetool::random).unwrap();
    let recipients: [AgeRecipient; 2] = [&one, &two].map(AgeIdentity::recipient);
    let wrap = |recipient: &AgeRecipient| recipient.wrap(&file_key, &fetool::random).unwrap();
    let stanzas: Vec<_> = recipients.iter().map(wrap).collect();
    let bytes = AgeHeader::encode(&stanzas, &file_key.mac_key()).unwrap();
    assert_eq!(bytes.len(), 22 + 98 + 1557 + 48);
    let header = AgeHeader::decode(&bytes).unwrap();
    for (index, identity) in [&one, &two].into_iter().enumerate() {
        let found = header.unlock(|stanza| identity.unwrap(stanza)).unwrap();
        let (stanza, key) = found.unwrap();
        assert_eq!((stanza, key.as_bytes()), (index, file_key.as_bytes()));
    }
    assert!(
        header
            .unlock(|stanza| other.unwrap(stanza))
            .unwrap()
            .is_none()
    );
    // Nothing of an earlier stanza is used again.
    assert_ne!(wrap(&recipients[0]), stanzas[0]);
    assert_ne!(wrap(&recipients[1]), stanzas[1]);
}
