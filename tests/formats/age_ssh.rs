//! SSH keys as recipients and identities of age files.

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

#[test]
fn keys_that_open_nothing_are_refused() {
    let hint_old = &Hint::ConvertSshKey;
    let hint_other = &Hint::from(
        "give one of type ssh-ed25519 or ssh-rsa: all others, those of ssh-agent and of \
                      security keys (sk-) too, only sign",
    );
    let changed = |name: &str, from: &str, to: &str| {
        let file = text(vector(name));
        assert!(file.contains(from), "{name}");
        file.replace(from, to).into_bytes()
    };
    let lines = |name: &str| {
        text(vector(name))
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let swapped = {
        // The private half of one key behind the public half of another.
        let seed = lines("ssh_ed25519");
        changed("ssh_ed25519", &seed[3], &seed[3].to_lowercase())
    };
    for (name, file, what, hint) in [
        (
            "ecdsa",
            key("ecdsa"),
            "SSH key of a type that opens no files",
            Some(hint_other),
        ),
        (
            "rsa_1024",
            key("rsa_1024"),
            "invalid SSH key: an RSA key of fewer than 2048 bits is not safe",
            None,
        ),
        (
            "rsa_pkcs1_encrypted",
            key("rsa_pkcs1_encrypted"),
            "SSH key with an old kind of encryption, which is not supported",
            Some(hint_old),
        ),
        (
            "rsa_pkcs8_encrypted",
            key("rsa_pkcs8_encrypted"),
            "SSH key with an old kind of encryption, which is not supported",
            Some(hint_old),
        ),
        (
            "a public key",
            b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".to_vec(),
            "invalid SSH key: it is public, and only a private key opens files",
            None,
        ),
        (
            "EC",
            b"-----BEGIN EC PRIVATE KEY-----\n".to_vec(),
            "SSH key of a type that opens no files",
            Some(hint_other),
        ),
        (
            "something",
            b"-----BEGIN PGP MESSAGE-----\n".to_vec(),
            "invalid SSH key: it is PEM of a kind that has no SSH key",
            None,
        ),
        (
            "nothing",
            b"".to_vec(),
            "invalid SSH key: it does not begin with -----BEGIN",
            None,
        ),
        (
            "long",
            [key("rsa_pkcs1"), vec![b'\n'; 16 << 10]].concat(),
            "invalid SSH key: it is longer than 16384 bytes",
            None,
        ),
        (
            "bytes",
            [&b"-----BEGIN OPENSSH PRIVATE KEY-----\n\xFF"[..]].concat(),
            "invalid SSH key: it is not text",
            None,
        ),
        ("changed", swapped, "invalid SSH key: it is damaged", None),
    ] {
        let error = SshIdentity::parse(&file).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.hint()),
            (what, hint),
            "{name}"
        );
    }
}

/// OpenSSH's file format is simple enough to change a key in it.
#[test]
fn the_public_key_must_be_that_of_the_private_key() {
    use base64ct::{Base64, Encoding};
    let change = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let file = text(vector(name));
        let lines: Vec<_> = file.lines().collect();
        let mut bytes = Base64::decode_vec(&lines[1..lines.len() - 1].concat()).unwrap();
        change(&mut bytes);
        let encoded = Base64::encode_string(&bytes);
        let body: Vec<_> = encoded
            .as_bytes()
            .chunks(70)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let (first, last) = (lines[0], lines[lines.len() - 1]);
        let file = format!("{first}\n{}\n{last}\n", body.join("\n"));
        SshIdentity::parse(file.as_bytes())
    };
    for name in ["ssh_ed25519", "ssh_rsa", "ssh_ed25519_pw"] {
        assert!(change(name, &|_| {}).is_ok(), "{name}");
    }
    let last = |bytes: &[u8], word: &[u8]| {
        let found = bytes.windows(word.len()).rposition(|window| window == word);
        found.unwrap() + word.len()
    };
    // In front of the seed are the public key, and the length of both together.
    let error = change("ssh_ed25519", &|bytes| {
        let at = last(bytes, b"ssh-ed25519") + 36 + 4;
        bytes[at] ^= 1;
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH key: its public key is not that of its private key"
    );
    // The last byte of the modulus: in the private part, and in both.
    let error = change("ssh_rsa", &|bytes| {
        let at = last(bytes, b"ssh-rsa") + 4 + 256;
        bytes[at] ^= 2;
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH key: its public key is not that of its private key"
    );
    let error = change("ssh_rsa", &|bytes| {
        let first = bytes
            .windows(7)
            .position(|word| word == b"ssh-rsa")
            .unwrap()
            + 7;
        bytes[first + 7 + 4 + 256] ^= 2;
        let at = last(bytes, b"ssh-rsa") + 4 + 256;
        bytes[at] ^= 2;
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH key: the numbers of the RSA key do not fit together"
    );
    // The rounds of bcrypt are behind 16 bytes of salt.
    let error = change("ssh_ed25519_pw", &|bytes| {
        let at = last(bytes, b"bcrypt") + 4 + 4 + 16;
        bytes[at..at + 4].copy_from_slice(&[0, 0, 0x27, 0x11]);
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH key: its passphrase takes 10001 rounds of bcrypt, and at most 10000 are allowed"
    );
}

#[test]
fn recipients_are_read_with_any_comment() {
    for name in ["ssh_ed25519.pub", "ssh_rsa.pub"] {
        let line = text(vector(name)).trim_end().to_owned();
        let plain = line.strip_suffix(" vector").unwrap();
        let parsed: AgeRecipient = line.parse().unwrap();
        assert_eq!(parsed.to_string(), plain);
        for comment in [
            "",
            " ",
            " user@host",
            " a b  c",
            " ü",
            "\tx",
            "  two spaces",
        ] {
            let line = format!("{plain}{comment}");
            assert_eq!(line.parse::<AgeRecipient>().unwrap(), parsed, "{line}");
        }
        assert!(parsed.labels().is_empty());
        let (kind, wire) = plain.split_once(' ').unwrap();
        for (line, why) in [
            (
                format!("{kind}  {wire}"),
                "the key is damaged, or there is a typo in it",
            ),
            (
                kind.to_owned(),
                "it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one space between",
            ),
            (format!("{kind} {}", &wire[1..]), "the key is not in base64"),
            (
                format!("{kind} {}", &wire[4..]),
                "the key is damaged, or there is a typo in it",
            ),
            (
                format!("{kind} {wire}AAAA"),
                "the key is damaged, or there is a typo in it",
            ),
            (
                format!("ssh-foo {wire}"),
                "it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one space between",
            ),
        ] {
            let error = line.parse::<AgeRecipient>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("invalid SSH recipient: {why}"),
                "{line}"
            );
            assert_eq!(error.status(), status::USAGE);
        }
    }
    let rsa = text(vector("ssh_rsa.pub"));
    let wrong = rsa.replace("ssh-rsa ", "ssh-ed25519 ");
    let error = wrong.trim_end().parse::<AgeRecipient>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH recipient: the key is of another type than it says"
    );
    let small = text(key("rsa_1024.pub"));
    let error = small.trim_end().parse::<AgeRecipient>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH recipient: an RSA key of fewer than 2048 bits is not safe"
    );
}

#[test]
fn other_keys_are_passed_over_unless_they_are_alone() {
    let ecdsa = text(key("ecdsa.pub"));
    let ed25519 = text(vector("ssh_ed25519.pub"));
    let list = RecipientList::parse(format!("# keys\n{ecdsa}{ed25519}").as_bytes()).unwrap();
    assert_eq!(list.recipients, [ed25519.trim_end().parse().unwrap()]);
    let notes: Vec<_> = list.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        ["line 2: passed over an SSH key of type ecdsa-sha2-nistp256, which only signs"]
    );
    let parsed = recipients::parse(format!("{ed25519}{ecdsa}").as_bytes()).unwrap();
    assert_eq!(parsed, list.recipients);

    let what = "files cannot be sealed to an SSH key of type ecdsa-sha2-nistp256: it only signs";
    let hint = &Hint::from(
        "give a key of type ssh-ed25519 or ssh-rsa that is in a file: ssh-agent and security \
                keys (sk-) only sign, so no key of theirs opens a file",
    );
    let error = RecipientList::parse(format!("\n{ecdsa}").as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), format!("line 2: {what}"));
    assert_eq!(error.hint(), Some(hint));
    let error = ecdsa.trim_end().parse::<AgeRecipient>().unwrap_err();
    assert_eq!(error.to_string(), what);
    assert_eq!(error.hint(), Some(hint));

    // What only says that it is such a key is no key.
    let error = RecipientList::parse(format!("{ed25519}ecdsa-sha2-nistp256 AAAA\n").as_bytes());
    assert_eq!(
        error.unwrap_err().to_string(),
        "line 2: invalid SSH recipient: it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one \
         space between"
    );
}
