//! SSH keys as recipients and identities of age files.

mod key_files;
mod recipients_files;

use crate::common::pattern;
use fetool::format::age::{
    Age, AgeHeader, AgeRecipient, RecipientList, SshIdentity, SshRecipient, recipients,
};
use fetool::{Error, FileKey, Hint, Identity, Open, Recipient, Seal, Secret, UnwrapKey, status};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn read(folder: &str, name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    fs::read(path.join(folder).join(name)).unwrap()
}

fn vector(name: &str) -> Vec<u8> {
    read("age", name)
}

fn key(name: &str) -> Vec<u8> {
    read("age/keys", name)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// What asks for a passphrase, and how often it did.
fn asking(
    identity: SshIdentity,
    passphrase: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static,
) -> (SshIdentity, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let identity = identity.asking(move || {
        count.fetch_add(1, Ordering::SeqCst);
        passphrase()
    });
    (identity, asked)
}

fn swordfish() -> Result<Secret, Error> {
    Ok(Secret::passphrase("swordfish"))
}

fn open(file: &[u8], identity: &SshIdentity) -> Result<Vec<u8>, Error> {
    let mut plaintext = Vec::new();
    let opened = Open::new(Identity::unwrapping(identity)).run(file, &mut plaintext);
    opened.map(|_| plaintext)
}

fn seal(recipient: &SshRecipient) -> Vec<u8> {
    let recipient = AgeRecipient::Ssh(recipient.clone());
    let mut sealed = Vec::new();
    Seal::new(Recipient::wrapping(&recipient))
        .format(&Age)
        .run(&b"for a key of SSH"[..], &mut sealed)
        .unwrap();
    sealed
}

#[test]
fn files_of_the_real_age_open() {
    for (file, name) in [
        ("age_ssh_ed25519_1000.age", "ssh_ed25519"),
        ("age_ssh_rsa_1000.age", "ssh_rsa"),
        ("age_ssh_ed25519_passphrase_1000.age", "ssh_ed25519_pw"),
    ] {
        let identity = SshIdentity::parse(&vector(name)).unwrap();
        let encrypted = name.ends_with("_pw");
        assert_eq!(identity.is_encrypted(), encrypted, "{name}");
        let passphrase = || {
            let line = vector("passphrase.txt");
            Ok(Secret::passphrase(line.trim_ascii_end()))
        };
        let (identity, asked) = asking(identity, passphrase);
        for _ in 0..2 {
            assert!(
                open(&vector(file), &identity).unwrap() == pattern(1000),
                "{name}"
            );
        }
        assert_eq!(
            asked.load(Ordering::SeqCst),
            usize::from(encrypted),
            "{name}"
        );
        let public: SshRecipient = text(vector(&format!("{name}.pub")))
            .trim_end()
            .parse()
            .unwrap();
        assert_eq!(*identity.recipient(), public, "{name}");
    }
    // Among five recipients are both.
    for name in ["ssh_ed25519", "ssh_rsa"] {
        let identity = SshIdentity::parse(&vector(name)).unwrap();
        let file = vector("age_five_recipients_70000.age");
        assert!(open(&file, &identity).unwrap() == pattern(70_000), "{name}");
    }
}

#[test]
fn every_form_of_key_file_opens_what_is_sealed_to_it() {
    let public = |name: &str| -> SshRecipient {
        text(vector(&format!("ssh_{name}.pub")))
            .trim_end()
            .parse()
            .unwrap()
    };
    let mut count = 0;
    for (name, encrypted) in [
        ("ed25519_aes128-cbc", true),
        ("ed25519_aes128-ctr", true),
        ("ed25519_aes128-gcm", true),
        ("ed25519_aes192-ctr", true),
        ("ed25519_aes256-cbc", true),
        ("ed25519_aes256-gcm", true),
        ("ed25519_chacha20-poly1305", true),
        ("ed25519_pkcs8", false),
        ("ed25519_pkcs8_v2", false),
        ("rsa_aes256-ctr", true),
        ("rsa_pkcs1", false),
        ("rsa_pkcs8", false),
    ] {
        for windows in [false, true] {
            let mut file = text(key(name));
            if windows {
                file = file.replace('\n', "\r\n");
            }
            let identity = SshIdentity::parse(file.as_bytes());
            let identity = identity.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(identity.is_encrypted(), encrypted, "{name}");
            let recipient = public(name.split_once('_').unwrap().0);
            assert_eq!(*identity.recipient(), recipient, "{name}");
            let (identity, _) = asking(identity, swordfish);
            let sealed = seal(identity.recipient());
            assert_eq!(
                open(&sealed, &identity).unwrap(),
                b"for a key of SSH",
                "{name}"
            );
            count += 1;
        }
    }
    assert_eq!(count, 24);
}

#[test]
fn a_passphrase_is_asked_for_only_when_a_tag_matches() {
    let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
    let parse = |name: &str| SshIdentity::parse(&key(name)).unwrap();
    let (identity, asked) = asking(parse("ed25519_aes256-cbc"), swordfish);
    let wrap = |recipient: &SshRecipient| recipient.wrap(&file_key, &fetool::random).unwrap();
    let own = wrap(identity.recipient());
    let other = wrap(
        SshIdentity::parse(&vector("ssh_ed25519_pw"))
            .unwrap()
            .recipient(),
    );
    let rsa = wrap(parse("rsa_pkcs1").recipient());
    for _ in 0..2 {
        let found = identity.unwrap_key(&[other.clone(), rsa.clone()]).unwrap();
        assert!(found.is_none());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let found = identity
        .unwrap_key(&[other, rsa, own.clone()])
        .unwrap()
        .unwrap();
    assert_eq!(found.as_bytes(), b"YELLOW SUBMARINE");
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    // A wrong one is fatal, and not asked for again.
    let wrong = || Ok(Secret::passphrase("catfish"));
    for name in [
        "ed25519_aes256-cbc",
        "ed25519_aes128-gcm",
        "ed25519_chacha20-poly1305",
    ] {
        let (identity, asked) = asking(parse(name), wrong);
        for _ in 0..2 {
            let error = identity.unwrap_key(std::slice::from_ref(&own)).unwrap_err();
            assert_eq!(
                error.to_string(),
                "wrong passphrase for the encrypted SSH key",
                "{name}"
            );
            assert_eq!(error.status(), status::KEY);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{name}");
    }

    // Nobody to ask.
    let error = parse("ed25519_aes256-cbc").unwrap_key(&[own]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the SSH key is encrypted, and its passphrase is not known"
    );
}

#[test]
fn a_stanza_with_the_tag_must_open() {
    let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
    for name in ["ed25519_pkcs8", "rsa_pkcs8"] {
        let identity = SshIdentity::parse(&key(name)).unwrap();
        let kind = identity.recipient().kind();
        let stanza = identity
            .recipient()
            .wrap(&file_key, &fetool::random)
            .unwrap();
        assert_eq!(stanza.kind, kind);
        assert_eq!(stanza.args[0], identity.recipient().tag());
        assert_eq!(stanza.args[0].len(), 6);
        let refused = |change: fn(&mut fetool::Stanza)| {
            let mut stanza = stanza.clone();
            change(&mut stanza);
            let error = identity.unwrap_key(&[stanza]).unwrap_err();
            assert!(
                matches!(error, Error::Malformed { offset: 0, .. }),
                "{error:?}"
            );
            error.to_string()
        };
        let does_not_open = format!(
            "invalid {kind} stanza: it has the tag of the SSH key, but does not open with it (at offset 0)"
        );
        assert_eq!(refused(|stanza| stanza.body[0] ^= 1), does_not_open);
        assert_eq!(
            refused(|stanza| *stanza.body.last_mut().unwrap() ^= 1),
            does_not_open
        );
        refused(|stanza| stanza.args.clear());
        refused(|stanza| stanza.args.push("more".to_owned()));
        refused(|stanza| stanza.body.push(0));
        refused(|stanza| stanza.body.clear());
        if kind == "ssh-ed25519" {
            let low_order = refused(|stanza| stanza.args[1] = "A".repeat(43));
            assert!(
                low_order.contains("the share is a point of low order"),
                "{low_order}"
            );
            refused(|stanza| stanza.args[1].push('A'));
        }
        let mut foreign = stanza.clone();
        foreign.args[0] = "AAAAAA".to_owned();
        assert!(identity.unwrap_key(&[foreign]).unwrap().is_none());
        let mut foreign = stanza;
        foreign.kind.make_ascii_uppercase();
        assert!(identity.unwrap_key(&[foreign]).unwrap().is_none());
    }
    // Through a file, the error says where.
    let identity = SshIdentity::parse(&key("rsa_pkcs8")).unwrap();
    let mut stanza = identity
        .recipient()
        .wrap(&file_key, &fetool::random)
        .unwrap();
    stanza.body[7] ^= 1;
    let mut file = AgeHeader::encode(&[stanza], &file_key.mac_key()).unwrap();
    file.extend([0; 32]);
    let error = open(&file, &identity).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid ssh-rsa stanza: it has the tag of the SSH key, but does not open with it (at offset 22)"
    );
}
