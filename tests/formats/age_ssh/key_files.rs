//! Files of private keys that are refused.

use super::*;

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
