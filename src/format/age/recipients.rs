//! Recipients of any kind, and files of them.
//!
//! ```
//! use fetool::format::age::recipients::{AgeRecipient, PassedOver, RecipientList, parse};
//! use fetool::format::age::X25519Identity;
//!
//! let identity = X25519Identity::generate(&fetool::random)?;
//! let file = format!("# my team\n{}\n", identity.recipient());
//! let RecipientList { recipients, passed_over } = RecipientList::parse(file.as_bytes())?;
//! for PassedOver { line, kind } in &passed_over {
//!     println!("line {line}: a key of type {kind}");
//! }
//! assert_eq!(recipients, [AgeRecipient::X25519(identity.recipient().clone())]);
//! assert_eq!(parse(file.as_bytes())?, recipients);
//! # Ok::<(), fetool::Error>(())
//! ```

use super::lines::{Line, lines};
#[cfg(all(unix, feature = "age-plugin"))]
use super::plugin::PluginRecipient;
#[cfg(feature = "age-ssh")]
use super::ssh::{self, SshRecipient};
#[cfg(feature = "age-tag")]
use super::tag::TagRecipient;
use super::{HybridRecipient, Random, X25519Recipient};
use crate::{Error, FileKey, Hint, Stanza};
use std::fmt;
use std::str::FromStr;

/// A recipient, to whom files can be sealed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AgeRecipient {
    /// `age1…`
    X25519(X25519Recipient),
    /// `age1pq1…`
    Hybrid(HybridRecipient),
    /// `ssh-ed25519 …` or `ssh-rsa …`
    #[cfg(feature = "age-ssh")]
    Ssh(SshRecipient),
    /// `age1tag1…` or `age1tagpq1…`
    #[cfg(feature = "age-tag")]
    Tag(TagRecipient),
    /// `age1NAME1…`, or an identity of a plugin. [`PluginRecipients`](super::plugin::PluginRecipients)
    /// wraps for it, together with all others of the plugin.
    #[cfg(all(unix, feature = "age-plugin"))]
    Plugin(PluginRecipient),
}

const POST_QUANTUM: &[&str] = &["postquantum"];

impl AgeRecipient {
    /// Returns the labels. All recipients of a new file must have the same ones, so that none weakens
    /// what the others protect.
    pub fn labels(&self) -> &'static [&'static str] {
        match self {
            Self::X25519(_) => &[],
            Self::Hybrid(_) => POST_QUANTUM,
            #[cfg(feature = "age-ssh")]
            Self::Ssh(_) => &[],
            #[cfg(feature = "age-tag")]
            Self::Tag(recipient) if recipient.is_post_quantum() => POST_QUANTUM,
            #[cfg(feature = "age-tag")]
            Self::Tag(_) => &[],
            #[cfg(all(unix, feature = "age-plugin"))]
            Self::Plugin(_) => &[],
        }
    }

    /// Wraps the file key for this recipient.
    ///
    /// # Errors
    /// Those of `wrap` of the kinds of recipients; [`Error::Usage`] for a plugin's recipient.
    pub fn wrap(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        match self {
            Self::X25519(recipient) => recipient.wrap(file_key, random),
            Self::Hybrid(recipient) => recipient.wrap(file_key, random),
            #[cfg(feature = "age-ssh")]
            Self::Ssh(recipient) => recipient.wrap(file_key, random),
            #[cfg(feature = "age-tag")]
            Self::Tag(recipient) => recipient.wrap(file_key, random),
            #[cfg(all(unix, feature = "age-plugin"))]
            Self::Plugin(recipient) => Err(Error::usage(format!(
                "{} was not started for its recipient",
                recipient.name().program()
            ))),
        }
    }
}

impl FromStr for AgeRecipient {
    type Err = Error;

    /// # Errors
    /// [`Error::Usage`], which never contains any of the text: it may be a secret.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.starts_with("AGE-") {
            return Err(Error::usage_hint(
                "an identity was given as a recipient: it is secret, and nobody needs it to seal",
                "give its recipient, age1…",
            ));
        }
        #[cfg(feature = "age-ssh")]
        if ssh::is_ssh(text) {
            return text.parse().map(Self::Ssh);
        }
        #[cfg(not(feature = "age-ssh"))]
        if text.starts_with("ssh-") {
            return Err(super::Feature::Ssh.missing());
        }
        if text.starts_with("github:") {
            return Err(Error::usage_hint(
                "fetool downloads no recipients from GitHub",
                Hint::DownloadKeys,
            ));
        }
        // These take precedence over plugins of the same names.
        if text.starts_with("age1tag1") || text.starts_with("age1tagpq1") {
            #[cfg(feature = "age-tag")]
            return text.parse().map(Self::Tag);
            #[cfg(not(feature = "age-tag"))]
            return Err(super::Feature::Tag.missing());
        }
        if text.starts_with("age1pq1") {
            return text.parse().map(Self::Hybrid);
        }
        match text.strip_prefix("age1") {
            #[cfg(all(unix, feature = "age-plugin"))]
            Some(rest) if rest.contains('1') => text.parse().map(Self::Plugin),
            #[cfg(not(all(unix, feature = "age-plugin")))]
            Some(rest) if rest.contains('1') => Err(super::Feature::Plugin.missing()),
            Some(_) => text.parse().map(Self::X25519),
            None => Err(invalid("it does not begin with age1")),
        }
    }
}

impl fmt::Display for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X25519(recipient) => recipient.fmt(f),
            Self::Hybrid(recipient) => recipient.fmt(f),
            #[cfg(feature = "age-ssh")]
            Self::Ssh(recipient) => recipient.fmt(f),
            #[cfg(feature = "age-tag")]
            Self::Tag(recipient) => recipient.fmt(f),
            #[cfg(all(unix, feature = "age-plugin"))]
            Self::Plugin(recipient) => recipient.fmt(f),
        }
    }
}

/// Returns the error for text that is not a recipient, without any of the text.
pub(super) fn invalid(why: impl fmt::Display) -> Error {
    Error::usage(format!("invalid age recipient: {why}"))
}

/// A recipients file.
#[derive(Clone, Debug, Default)]
pub struct RecipientList {
    /// The recipients in order.
    pub recipients: Vec<AgeRecipient>,
    /// Lines with valid SSH keys of types to which nothing can be sealed.
    pub passed_over: Vec<PassedOver>,
}

/// A line of a recipients file with a valid SSH key to which nothing can be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The number of the line, from 1.
    pub line: usize,
    /// The type of the key, such as `ecdsa-sha2-nistp256`.
    pub kind: &'static str,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, kind } = self;
        write!(
            f,
            "line {line}: passed over an SSH key of type {kind}, which only signs"
        )
    }
}

/// Parses a recipients file like [`RecipientList::parse`], and returns only its recipients.
///
/// # Errors
/// Those of [`RecipientList::parse`].
pub fn parse(bytes: &[u8]) -> Result<Vec<AgeRecipient>, Error> {
    RecipientList::parse(bytes).map(|list| list.recipients)
}

impl RecipientList {
    /// Parses a recipients file: one recipient a line. Empty lines and comments that begin with `#` are ignored. SSH
    /// keys of types that only sign are skipped if there is another recipient, so a list of somebody's keys from a
    /// server can be used.
    ///
    /// # Errors
    /// [`Error::Usage`] with the number of the line, but never its text, which may be a secret.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut list = Self::default();
        for line in lines(bytes) {
            let Line { number, text } = line.map_err(Error::usage)?;
            #[cfg(feature = "age-ssh")]
            if let Some(key) = ssh::other_key(text) {
                list.passed_over.push(PassedOver {
                    line: number,
                    kind: key.0,
                });
                continue;
            }
            let recipient = text.parse().map_err(|error| in_line(number, error))?;
            list.recipients.push(recipient);
        }
        match (list.recipients.is_empty(), list.passed_over.first()) {
            (false, _) => Ok(list),
            #[cfg(feature = "age-ssh")]
            (true, Some(PassedOver { line, kind })) => {
                Err(in_line(*line, ssh::OtherKey(kind).refused()))
            }
            _ => Err(Error::usage("no recipient in the recipients file")),
        }
    }
}

fn in_line(number: usize, error: Error) -> Error {
    match error {
        Error::Usage { what, hint } => Error::Usage {
            what: format!("line {number}: {what}"),
            hint,
        },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "age15pdkj2g0svf67r5xtn858jyjee68gcwlm9q87gwgptnk752y9pzsq5v3zl";
    const TWO: &str = "age1rjnsl7zs6autjhwa2c62vut8vne0u62r60hnwlh67d9hs68wzayqjuqcj6";

    #[test]
    fn files_have_comments_and_any_line_end() {
        let text = format!("# team\n\n{ONE}\r\n#{TWO}\n\r\n{TWO}\n{ONE}");
        let parsed = parse(text.as_bytes()).unwrap();
        let shown: Vec<_> = parsed.iter().map(AgeRecipient::to_string).collect();
        assert_eq!(shown, [ONE, TWO, ONE]);
        assert_eq!(parsed[0], parsed[2]);
        assert_ne!(parsed[0], parsed[1]);
        assert!(parsed[0].labels().is_empty());
    }

    #[test]
    fn bad_lines_are_named_but_not_shown() {
        let secret = "AGE-SECRET-KEY-1KA6R6VYD39TNQEULDX29DM5V73TPDN8FZQW2R9V225GEJHGFDA7SCW8H0U";
        for (line, expected) in [
            (
                secret.to_owned(),
                "line 2: an identity was given as a recipient: it is secret, and nobody needs it to seal",
            ),
            (
                format!(" {ONE}"),
                "line 2: invalid age recipient: it does not begin with age1",
            ),
            (
                format!("{ONE} "),
                "line 2: invalid age recipient: invalid character",
            ),
            (
                format!("{ONE}q"),
                "line 2: invalid age recipient: wrong checksum: there is a typo in it",
            ),
            (
                ONE.to_uppercase(),
                "line 2: invalid age recipient: it does not begin with age1",
            ),
            (
                "age1pq1qqqqqqqq".to_owned(),
                "line 2: invalid age recipient: wrong checksum: there is a typo in it",
            ),
            #[cfg(all(unix, feature = "age-plugin"))]
            (
                "age1yubikey1qqqqqqqq".to_owned(),
                "line 2: invalid age recipient: wrong checksum: there is a typo in it",
            ),
            #[cfg(feature = "age-tag")]
            (
                "age1tag1qqqqqqqq".to_owned(),
                "line 2: invalid age recipient: wrong checksum: there is a typo in it",
            ),
            (
                "github:USER".to_owned(),
                "line 2: fetool downloads no recipients from GitHub",
            ),
            #[cfg(feature = "age-ssh")]
            (
                "ssh-ed25519 AAAA".to_owned(),
                "line 2: invalid SSH recipient: the key is damaged, or there is a typo in it",
            ),
            ("x".repeat(8193), "line 2 is longer than 8192 bytes"),
        ] {
            let error = parse(format!("{ONE}\n{line}\n").as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(matches!(error, Error::Usage { .. }));
        }
        let error = parse(b"# nobody\n\n").unwrap_err();
        assert_eq!(error.to_string(), "no recipient in the recipients file");
        let error = parse(b"#\n\xff\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2 is not UTF-8");
    }
}
