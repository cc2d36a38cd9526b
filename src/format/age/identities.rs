//! Identities of any kind, and files of them.
//!
//! ```
//! use fetool::format::age::identities::{AgeIdentity, FILE_MAX, KeyFile, parse};
//! use fetool::format::age::X25519Identity;
//!
//! let identity = X25519Identity::generate(&fetool::random)?;
//! let file = format!("# made today\n{}\n", *identity.encode());
//! assert!(file.len() <= FILE_MAX);
//! assert_eq!(KeyFile::of(file.as_bytes()), KeyFile::Identities);
//! assert_eq!(parse(file.as_bytes())?, [AgeIdentity::X25519(identity)]);
//! # Ok::<(), fetool::Error>(())
//! ```

use super::armor::{BYTE_ORDER_MARK, UTF_16, narrowed};
use super::header::MAGIC;
use super::lines::{Line, lines};
#[cfg(all(unix, feature = "age-plugin"))]
use super::plugin::PluginIdentity;
use super::{AgeRecipient, HybridIdentity, X25519Identity, hybrid, x25519};
use crate::Error;
use crate::FileKey;
use crate::Stanza;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

pub use super::lines::FILE_MAX;

/// An identity: it opens files that were sealed to its recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgeIdentity {
    /// `AGE-SECRET-KEY-1…`
    X25519(X25519Identity),
    /// `AGE-SECRET-KEY-PQ-1…`
    Hybrid(HybridIdentity),
    /// `AGE-PLUGIN-NAME-1…`. [`PluginIdentities`](super::plugin::PluginIdentities) unwraps with it, together
    /// with all others of the plugin.
    #[cfg(all(unix, feature = "age-plugin"))]
    Plugin(PluginIdentity),
}

impl AgeIdentity {
    /// Returns the public half. Only the plugin knows that of its identities, so for those the recipient contains the
    /// identity.
    pub fn recipient(&self) -> AgeRecipient {
        match self {
            Self::X25519(identity) => AgeRecipient::X25519(identity.recipient().clone()),
            Self::Hybrid(identity) => AgeRecipient::Hybrid(identity.recipient().clone()),
            #[cfg(all(unix, feature = "age-plugin"))]
            Self::Plugin(identity) => AgeRecipient::Plugin(identity.recipient()),
        }
    }

    /// Returns the identity as text.
    pub fn encode(&self) -> Zeroizing<String> {
        match self {
            Self::X25519(identity) => identity.encode(),
            Self::Hybrid(identity) => identity.encode(),
            #[cfg(all(unix, feature = "age-plugin"))]
            Self::Plugin(identity) => identity.encode(),
        }
    }

    /// Unwraps the file key from a stanza. Returns `None` if the stanza is of another type or for another
    /// recipient.
    ///
    /// # Errors
    /// [`Error::Malformed`] with offset 0 if the stanza breaks a rule of its type; [`Error::Secret`] for a
    /// plugin's identity.
    pub fn unwrap(&self, stanza: &Stanza) -> Result<Option<FileKey>, Error> {
        match self {
            Self::X25519(identity) => identity.unwrap(stanza),
            Self::Hybrid(identity) => identity.unwrap(stanza),
            #[cfg(all(unix, feature = "age-plugin"))]
            Self::Plugin(identity) => Err(secret(format!(
                "{} was not started for its identity",
                identity.name().program()
            ))),
        }
    }
}

impl FromStr for AgeIdentity {
    type Err = Error;

    /// # Errors
    /// [`Error::Secret`], which never contains any of the text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let is = |prefix: &str| {
            let rest = text.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.starts_with('1'))
        };
        if is(hybrid::IDENTITY_PREFIX) {
            return text.parse().map(Self::Hybrid);
        }
        if is(x25519::IDENTITY_PREFIX) {
            return text.parse().map(Self::X25519);
        }
        if text.starts_with("AGE-PLUGIN-") {
            #[cfg(all(unix, feature = "age-plugin"))]
            return text.parse().map(Self::Plugin);
            #[cfg(not(all(unix, feature = "age-plugin")))]
            return Err(super::Feature::Plugin.missing_for_identity());
        }
        if text.starts_with("age1") {
            return Err(secret(
                "a recipient was given as an identity: it only seals",
            ));
        }
        Err(invalid(
            "it does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1",
        ))
    }
}

/// Returns the error for text that is not an identity, without any of the text.
pub(super) fn invalid(why: impl fmt::Display) -> Error {
    secret(format!("invalid age identity: {why}"))
}

fn secret(what: impl Into<String>) -> Error {
    Error::Secret {
        what: what.into(),
        hint: None,
    }
}

/// Parses an identity file: one identity a line. Empty lines and comments that begin with `#` are ignored.
///
/// # Errors
/// [`Error::Secret`] with the number of the line, but never its text.
pub fn parse(bytes: &[u8]) -> Result<Vec<AgeIdentity>, Error> {
    let mut identities = Vec::new();
    for line in lines(bytes) {
        let Line { number, text } = line.map_err(secret)?;
        let identity = text.parse().map_err(|error| match error {
            Error::Secret { what, hint } => Error::Secret {
                what: format!("line {number}: {what}"),
                hint,
            },
            error => error,
        })?;
        identities.push(identity);
    }
    match identities.is_empty() {
        true => Err(secret("no identity in the identity file")),
        false => Ok(identities),
    }
}

/// The kinds of key files, recognised by their content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// An identity file for [`parse`].
    Identities,
    /// A recipients file for [`recipients::parse`](super::recipients::parse).
    Recipients,
    /// An age file, which should contain an identity file.
    Encrypted {
        /// Whether it is armored.
        armored: bool,
    },
    /// A key in PEM, such as those of OpenSSH.
    Pem,
    /// One of these, damaged by a text tool; the text says how.
    Damaged(&'static str),
    /// None of these: possibly a raw key.
    Other,
}

impl KeyFile {
    /// Returns the kind of a file that holds `bytes`. Only the beginning matters, up to the first line that is neither
    /// empty nor a comment. A raw key of random bytes is never taken for another kind.
    pub fn of(bytes: &[u8]) -> Self {
        let damaged = |inner: &[u8], how| match Self::undamaged(inner) {
            Self::Other => Self::Other,
            _ => Self::Damaged(how),
        };
        if let Some(inner) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
            return damaged(inner, BYTE_ORDER_MARK);
        }
        // If the file ends in the middle of a character, the rest is enough.
        let order = match bytes {
            [0xFF, 0xFE, ..] => u16::from_le_bytes,
            [0xFE, 0xFF, ..] => u16::from_be_bytes,
            _ => return Self::undamaged(bytes),
        };
        damaged(&narrowed(bytes, order), UTF_16)
    }

    fn undamaged(bytes: &[u8]) -> Self {
        if bytes.starts_with(MAGIC) {
            return Self::Encrypted { armored: false };
        }
        // Whatever the rest of the line is: the reader reports its errors.
        if bytes.starts_with(b"-----BEGIN AGE") {
            return Self::Encrypted { armored: true };
        }
        if bytes.starts_with(b"-----BEGIN ") {
            return Self::Pem;
        }
        let mut lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
        let starts = |prefix: &str| {
            let start = first.and_then(|line| line.get(..prefix.len()));
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        if ["AGE-SECRET-KEY-", "AGE-PLUGIN-"].into_iter().any(starts) {
            return Self::Identities;
        }
        // Includes types of SSH keys that are skipped, since servers list them.
        let kinds = [
            "age1",
            "ssh-ed25519 ",
            "ssh-rsa ",
            "ssh-dss ",
            "ecdsa-sha2-",
        ];
        let security_keys = ["sk-ssh-ed25519@", "sk-ecdsa-sha2-"];
        if kinds.into_iter().chain(security_keys).any(starts) {
            return Self::Recipients;
        }
        // The comments that age-keygen writes, without the identity.
        match bytes.starts_with(b"# created: ") || bytes.starts_with(b"# public key: ") {
            true => Self::Identities,
            false => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str =
        "AGE-SECRET-KEY-1KA6R6VYD39TNQEULDX29DM5V73TPDN8FZQW2R9V225GEJHGFDA7SCW8H0U";
    const PUBLIC: &str = "age15pdkj2g0svf67r5xtn858jyjee68gcwlm9q87gwgptnk752y9pzsq5v3zl";

    #[test]
    fn identities_come_back_as_text() {
        let random = &crate::random;
        for identity in [
            AgeIdentity::X25519(X25519Identity::generate(random).unwrap()),
            AgeIdentity::Hybrid(HybridIdentity::generate(random).unwrap()),
        ] {
            let parsed: AgeIdentity = identity.encode().parse().unwrap();
            assert_eq!(parsed, identity);
            assert_eq!(*parsed.encode(), *identity.encode());
            let recipient = identity.recipient();
            assert_eq!(
                recipient.to_string().parse::<AgeRecipient>().unwrap(),
                recipient
            );

            let file_key = FileKey::generate(random).unwrap();
            let stanza = recipient.wrap(&file_key, random).unwrap();
            let opened = parsed.unwrap(&stanza).unwrap().unwrap();
            assert_eq!(opened.as_bytes(), file_key.as_bytes());
            let other = match identity {
                AgeIdentity::X25519(_) => {
                    AgeIdentity::X25519(X25519Identity::generate(random).unwrap())
                }
                _ => AgeIdentity::Hybrid(HybridIdentity::generate(random).unwrap()),
            };
            assert!(other.unwrap(&stanza).unwrap().is_none());
        }
    }

    #[test]
    fn debug_shows_only_what_is_public() {
        let identity: AgeIdentity = SECRET.parse().unwrap();
        assert_eq!(
            format!("{identity:?}"),
            format!("X25519(X25519Identity(of {PUBLIC}))")
        );
    }

    #[test]
    fn bad_lines_are_named_but_not_shown() {
        for (line, expected) in [
            (
                format!(" {SECRET}"),
                "line 3: invalid age identity: it does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1",
            ),
            (
                SECRET.to_lowercase(),
                "line 3: invalid age identity: it does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1",
            ),
            (
                SECRET.replace("H0U", "H0V"),
                "line 3: invalid age identity: wrong checksum: there is a typo in it",
            ),
            (
                SECRET.replace("H0U", "h0u"),
                "line 3: invalid age identity: invalid character",
            ),
            (
                PUBLIC.to_owned(),
                "line 3: a recipient was given as an identity: it only seals",
            ),
            #[cfg(all(unix, feature = "age-plugin"))]
            (
                "AGE-PLUGIN-YUBIKEY-1QQ".to_owned(),
                "line 3: invalid age identity: wrong length",
            ),
        ] {
            let error = parse(format!("# key\n{SECRET}\r\n{line}\n").as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let error = parse(b"").unwrap_err();
        assert_eq!(error.to_string(), "no identity in the identity file");
    }

    #[test]
    fn what_powershell_writes_is_named() {
        let text = format!("\u{feff}# created: 2026-11-28T02:50:55Z\r\n{SECRET}\r\n");
        let damaged =
            |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for bytes in [damaged(u16::to_le_bytes), damaged(u16::to_be_bytes)] {
            assert_eq!(KeyFile::of(&bytes), KeyFile::Damaged(UTF_16));
        }
        assert_eq!(
            KeyFile::of(text.as_bytes()),
            KeyFile::Damaged(BYTE_ORDER_MARK)
        );
        assert_eq!(
            KeyFile::of(b"\xFF\xFEabcdefghijklmnopqrstuvwxyz1234"),
            KeyFile::Other
        );
    }

    #[test]
    fn files_are_told_by_their_content() {
        for (bytes, kind) in [
            (SECRET.as_bytes(), KeyFile::Identities),
            (b"\n# mine\n  age-secret-key-1", KeyFile::Identities),
            (b"# created: 2026-11-28T02:50:55Z\n", KeyFile::Identities),
            (b"AGE-PLUGIN-YUBIKEY-1Q", KeyFile::Identities),
            (PUBLIC.as_bytes(), KeyFile::Recipients),
            (b"# team\r\nssh-ed25519 AAAA", KeyFile::Recipients),
            (b"sk-ssh-ed25519@openssh.com AAAA", KeyFile::Recipients),
            (b"ecdsa-sha2-nistp256 AAAA", KeyFile::Recipients),
            (
                b"age-encryption.org/v1\n",
                KeyFile::Encrypted { armored: false },
            ),
            (
                b"-----BEGIN AGE ENCRYPTED FILE-----\n",
                KeyFile::Encrypted { armored: true },
            ),
            (b"-----BEGIN OPENSSH PRIVATE KEY-----\n", KeyFile::Pem),
            (b"", KeyFile::Other),
            (b"# nothing\n", KeyFile::Other),
            (b"#34567890123456789012345678901\n", KeyFile::Other),
            (
                b"f5b165224a58b791df6af1d8303e61cdc4bb86c3d1c427103c344c4189eb2f1e\n",
                KeyFile::Other,
            ),
        ] {
            assert_eq!(
                KeyFile::of(bytes),
                kind,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
