//! SSH keys for age: key files, and public keys on a line. What is accepted seals and opens, and no error
//! has anything of the input. An input that begins with a byte below 3 is what such a file has in it, as bytes.

#[cfg(not(feature = "age-ssh"))]
pub fn age_ssh(_: &[u8]) {}

#[cfg(feature = "age-ssh")]
pub use with_ssh::age_ssh;

#[cfg(feature = "age-ssh")]
mod with_ssh {
    use super::super::age_key_file::refused;
    use super::super::memory::bounded;
    use base64ct::{Base64, Encoding};
    use fetool::format::age::{SshIdentity, SshRecipient};
    use fetool::{Error, FileKey, status};

    /// The kinds of PEM, and the length of their lines.
    const KINDS: [(&str, usize); 3] = [
        ("OPENSSH PRIVATE KEY", 70),
        ("RSA PRIVATE KEY", 64),
        ("PRIVATE KEY", 64),
    ];

    pub fn age_ssh(input: &[u8]) {
        let pem = match input.split_first() {
            Some((&kind, bytes)) if usize::from(kind) < KINDS.len() => pem(kind.into(), bytes),
            _ => input.to_vec(),
        };
        let input = &pem[..];
        match bounded(input, || SshIdentity::parse(input)) {
            Ok(identity) => key_file(&identity),
            Err(error) => refused(&error, status::SYSTEM, &[input]),
        }
        if let Ok(text) = std::str::from_utf8(input) {
            match bounded(input, || text.parse::<SshRecipient>()) {
                Ok(recipient) => line(&recipient),
                Err(error) => refused(&error, status::USAGE, &[input]),
            }
        }
    }

    fn pem(kind: usize, bytes: &[u8]) -> Vec<u8> {
        let (label, columns) = KINDS[kind];
        let mut pem = format!("-----BEGIN {label}-----\n").into_bytes();
        for line in Base64::encode_string(bytes).as_bytes().chunks(columns) {
            pem.extend_from_slice(line);
            pem.push(b'\n');
        }
        pem.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
        pem
    }

    fn key_file(identity: &SshIdentity) {
        line(identity.recipient());
        if identity.is_encrypted() {
            return;
        }
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        let stanza = identity.recipient().wrap(&file_key, &fetool::random);
        let opened = identity.unwrap(&stanza.unwrap()).unwrap().unwrap();
        assert_eq!(opened.as_bytes(), file_key.as_bytes());
    }

    fn line(recipient: &SshRecipient) {
        let text = recipient.to_string();
        assert_eq!(text.parse::<SshRecipient>().unwrap(), *recipient);
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        match recipient.wrap(&file_key, &fetool::random) {
            Ok(stanza) => {
                assert_eq!(stanza.kind, recipient.kind());
                assert_eq!(stanza.args[0], recipient.tag());
            }
            // A point of low order.
            Err(Error::Usage { .. }) => assert_eq!(recipient.kind(), "ssh-ed25519"),
            Err(error) => panic!("{error:?}"),
        }
    }
}
