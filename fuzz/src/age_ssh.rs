//! SSH keys for age: key files, and public keys on a line. What is accepted seals and opens, and no error
//! has anything of the input.

#[cfg(not(feature = "age-ssh"))]
pub fn age_ssh(_: &[u8]) {}

#[cfg(feature = "age-ssh")]
pub use with_ssh::age_ssh;

#[cfg(feature = "age-ssh")]
mod with_ssh {
    use super::super::age_key_file::refused;
    use super::super::memory::bounded;
    use fetool::format::age::{SshIdentity, SshRecipient};
    use fetool::{Error, FileKey, status};

    pub fn age_ssh(input: &[u8]) {
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
