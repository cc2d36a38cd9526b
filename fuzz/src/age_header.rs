//! Headers of age: decoded and encoded again they are the same bytes, every beginning is truncated, and
//! no stanza makes an identity panic.

use super::memory::bounded;
use fetool::format::HEADER_MAX;
use fetool::format::age::{AgeHeader, AgeIdentity, ScryptLimits, scrypt};
use fetool::{Error, FileKey, Secret};
use std::sync::LazyLock;

/// Identities with secrets that anybody may know.
static IDENTITIES: LazyLock<Vec<AgeIdentity>> = LazyLock::new(|| {
    let texts = [
        include_str!("../../tests/vectors/age/x25519.key"),
        include_str!("../../tests/vectors/age/hybrid.key"),
    ];
    let lines = texts.iter().flat_map(|text| text.lines().last());
    lines.map(|text| text.parse().expect("a key")).collect()
});

pub fn age_header(input: &[u8]) {
    let header = match bounded(input, || AgeHeader::decode(input)) {
        Ok(header) => header,
        Err(Error::Truncated { offset, .. }) => {
            assert_eq!(offset, input.len() as u64);
            return assert!(input.len() < HEADER_MAX);
        }
        Err(Error::Malformed { offset, .. }) => return assert!(offset <= input.len() as u64),
        Err(Error::Unsupported(_)) => return,
        Err(error) => panic!("{error:?}"),
    };
    assert_eq!(header.bytes(), &input[..header.len()]);
    let key = FileKey::from_bytes(b"YELLOW SUBMARINE").mac_key();
    let again = AgeHeader::encode(&header.stanzas, &key).expect("it was read");
    let authenticated = header.authenticated();
    assert_eq!(again[..authenticated.len()], *authenticated);
    for end in (1..8).map(|eighths| header.len() * eighths / 8) {
        let cut = AgeHeader::decode(&input[..end]);
        assert!(matches!(cut, Err(Error::Truncated { .. })), "{cut:?}");
    }
    for identity in IDENTITIES.iter() {
        unlock(&header, header.unlock(|stanza| identity.unwrap(stanza)));
    }
    let cheap = ScryptLimits {
        work_factor: 4,
        memory: u64::MAX,
    };
    unlock(
        &header,
        header.unlock(|stanza| scrypt::unwrap(&Secret::passphrase("hunter2"), cheap, stanza)),
    );
}

fn unlock(header: &AgeHeader, unlocked: Result<Option<(usize, FileKey)>, Error>) {
    match unlocked {
        Ok(Some((stanza, _))) => assert!(stanza < header.stanzas.len()),
        Ok(None) | Err(Error::HeaderMac | Error::WorkFactor { .. }) => {}
        Err(Error::Malformed { offset, .. }) => {
            let mut spans = header.spans.iter();
            assert!(spans.any(|span| span.start as u64 == offset));
        }
        Err(error) => panic!("{error:?}"),
    }
}
