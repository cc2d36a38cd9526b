//! Recipients of any kind, and files of them.

use super::lines::{Line, lines};
use super::{HybridRecipient, Random, X25519Recipient};
use crate::Error;
use crate::FileKey;
use crate::Stanza;
use std::fmt;
use std::str::FromStr;

/// Someone whom a file can be sealed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AgeRecipient {
    /// `age1…`
    X25519(X25519Recipient),
    /// `age1pq1…`
    Hybrid(HybridRecipient),
}

impl AgeRecipient {
    /// Returns the labels. All recipients of a new file must have the same ones, so that none weakens
    /// what the others protect.
    pub fn labels(&self) -> &'static [&'static str] {
        match self {
            Self::X25519(_) => &[],
            Self::Hybrid(_) => &["postquantum"],
        }
    }

    /// Wraps the file key for this recipient.
    ///
    /// # Errors
    /// As [`X25519Recipient::wrap`] and [`HybridRecipient::wrap`].
    pub fn wrap(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        match self {
            Self::X25519(recipient) => recipient.wrap(file_key, random),
            Self::Hybrid(recipient) => recipient.wrap(file_key, random),
        }
    }
}

impl FromStr for AgeRecipient {
    type Err = Error;

    /// # Errors
    /// [`Error::Usage`], which never has any of the text in it: it may be a secret.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.starts_with("AGE-") {
            return Err(Error::usage_hint(
                "an identity was given as a recipient: it is secret, and nobody needs it to seal",
                "give its recipient, age1…",
            ));
        }
        if text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-") {
            return Err(Error::usage("SSH recipients are not supported yet"));
        }
        if text.starts_with("age1tag1") || text.starts_with("age1tagpq1") {
            return Err(Error::usage(
                "recipients of hardware keys (age1tag1…, age1tagpq1…) are not supported yet",
            ));
        }
        if text.starts_with("age1pq1") {
            return text.parse().map(Self::Hybrid);
        }
        match text.strip_prefix("age1") {
            Some(rest) if rest.contains('1') => {
                Err(Error::usage("plugin recipients are not supported yet"))
            }
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
        }
    }
}

/// Returns the error for text that is no recipient, which never has any of it.
pub(super) fn invalid(why: impl fmt::Display) -> Error {
    Error::usage(format!("invalid age recipient: {why}"))
}

/// Parses a recipients file: one recipient a line, between comments that begin with `#` and empty lines.
///
/// # Errors
/// [`Error::Usage`] with the number of the line, but never its text, which may be a secret.
pub fn parse(bytes: &[u8]) -> Result<Vec<AgeRecipient>, Error> {
    let mut recipients = Vec::new();
    for line in lines(bytes) {
        let Line { number, text } = line.map_err(Error::usage)?;
        let recipient = text.parse().map_err(|error| match error {
            Error::Usage { what, hint } => Error::Usage {
                what: format!("line {number}: {what}"),
                hint,
            },
            error => error,
        })?;
        recipients.push(recipient);
    }
    match recipients.is_empty() {
        true => Err(Error::usage("no recipient in the recipients file")),
        false => Ok(recipients),
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
            (
                "age1yubikey1qqqqqqqq".to_owned(),
                "line 2: plugin recipients are not supported yet",
            ),
            (
                "age1tag1qqqq".to_owned(),
                "line 2: recipients of hardware keys (age1tag1…, age1tagpq1…) are not supported yet",
            ),
            (
                "ssh-ed25519 AAAA".to_owned(),
                "line 2: SSH recipients are not supported yet",
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
