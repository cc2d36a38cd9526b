//! Everything that can go wrong, in one enum split by whose fault it is.
//!
//! Each error maps to one exit status ([`Error::status`]), so that a script can tell a wrong key
//! from a cut-off file without reading messages. What helps is a [`Hint`], in the words of this library:
//! it knows no options of a command. For bad files the messages contain the words that
//! the GFE document uses: `invalid chunk size`, `authentication failed`, `unexpected EOF`.

mod hint;
mod unknown;

pub use hint::Hint;
pub use unknown::{Evidence, Possible, Unknown};

use std::io;

/// What went wrong in sealing, opening or inspecting.
///
/// ```
/// use fetool::{Error, Evidence, Hint, Open, Possible, Seal, Secret, Setting, Unknown, plain};
///
/// let key = Secret::key([7; 32]);
/// match Open::new(&key).start(&b"an ordinary text"[..]).err() {
///     Some(Error::UnknownFormat(unknown)) => {
///         let Unknown { possible, .. } = *unknown;
///         for Possible { title, evidence: Evidence { supporting, opposing }, .. } in possible {
///             println!("{title}: {supporting:?}, but {opposing:?}");
///         }
///     }
///     Some(Error::Fixed { setting: Setting::Kdf, .. }) => println!("the format has one key derivation"),
///     Some(Error::Read(error)) => println!("cannot read: {}", plain(&error)),
///     other => println!("{other:?}"),
/// }
///
/// let error = Seal::new(&key).memory(1000).start().err();
/// assert!(matches!(error.as_ref().and_then(Error::hint), Some(Hint::SmallerChunks)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input could not be read.
    #[error("{}", Plain(.0))]
    Read(#[source] io::Error),

    /// The output could not be written, flushed or closed.
    #[error("{}", Plain(.0))]
    Write(#[source] io::Error),

    /// The input was not as long as announced: a file changed while it was read, or a wrong size
    /// was given for a stream. `found` is `None` where more than `expected` bytes were there.
    #[error("{}", length_message(*.expected, *.found))]
    InputLength {
        /// Bytes announced.
        expected: u64,
        /// Bytes found, when fewer.
        found: Option<u64>,
    },

    /// The system's random number generator failed.
    #[error("cannot read system randomness: {0}")]
    Random(getrandom::Error),

    /// The system has no memory for so many bytes.
    #[error("cannot allocate {0} bytes")]
    Memory(usize),

    /// The system has no thread for us.
    #[error("cannot start a thread: {}", Plain(.0))]
    Thread(#[source] io::Error),

    /// The caller asked for something that cannot be done.
    #[error("{what}")]
    Usage {
        /// What cannot be done.
        what: String,
        /// What to do instead.
        hint: Option<Hint>,
    },

    /// The caller chose what the format fixes.
    #[error("{what}")]
    Fixed {
        /// How the format fixes it.
        what: String,
        /// What was chosen.
        setting: Setting,
    },

    /// The secret does not have the shape that the format needs (it may still be the right one
    /// for another format).
    #[error("{what}")]
    Secret {
        /// What is wrong with it; never the secret itself.
        what: String,
        /// How to get a good one.
        hint: Option<Hint>,
    },

    /// A tag did not match: a wrong key, or data that was tampered with.
    #[error("{}", authentication_message(*.chunk, *.offset))]
    Authentication {
        /// The number of the chunk, from 0.
        chunk: u64,
        /// Where its frame starts in the sealed file, in bytes.
        offset: u64,
    },

    /// A tag did not match in a file whose key is known to be right: data that was tampered with.
    #[error("{}", tampered_message(*.chunk, *.offset))]
    Tampered {
        /// The number of the chunk, from 0.
        chunk: u64,
        /// Where its frame starts in the sealed file, in bytes.
        offset: u64,
    },

    /// Nothing in the file that was authenticated proves anything: it holds no chunk, or its tags can
    /// be made without the secret.
    #[error("{0}")]
    Unauthenticated(String),

    /// The additive nonce of GFE, which is refused unless the caller reads the file as
    /// [`GfeAdditive`](crate::format::gfe::GfeAdditive).
    #[error("{what}")]
    Refused {
        /// Why.
        what: String,
    },

    /// Several secrets were tried, and none opens the file: all are wrong, or the data was tampered
    /// with.
    #[error(
        "authentication failed: none of the {tried} keys opens the file, or it was tampered with"
    )]
    NoIdentity {
        /// How many were tried.
        tried: usize,
        /// Where the first frame starts in the sealed file, in bytes.
        offset: u64,
    },

    /// The file was sealed for recipients, and is for none of the identities that were tried.
    #[error("{}", no_match_message(*.tried))]
    NoMatch {
        /// How many were tried.
        tried: usize,
    },

    /// The file is for an identity that is encrypted, and the passphrase for that was wrong. The field says
    /// what was to be opened.
    #[error("wrong passphrase for the encrypted {0}")]
    WrongPassphrase(&'static str),

    /// A plugin of age failed, or is not there.
    #[error("{what}")]
    Plugin {
        /// Which one, and what is wrong; the text may be the plugin's.
        what: String,
        /// What to do about it.
        hint: Option<Hint>,
    },

    /// An identity opened the header's file key, and the header's MAC does not match it.
    #[error("authentication failed: the header was changed (bad MAC)")]
    HeaderMac,

    /// The passphrase's work factor in the file is higher than the caller allows. Nothing was computed.
    #[error("scrypt work factor {found} is higher than the maximum of {max}")]
    WorkFactor {
        /// The work factor in the file; `u64::MAX` stands for all that are higher.
        found: u64,
        /// The highest that is allowed.
        max: u8,
    },

    /// Deriving the key from the passphrase needs more memory than the caller allows.
    #[error(
        "scrypt work factor {work_factor} needs {needed} bytes of memory, the limit is {limit}"
    )]
    WorkFactorMemory {
        /// The work factor in the file.
        work_factor: u8,
        /// Bytes of memory it needs.
        needed: u64,
        /// Bytes that are allowed.
        limit: u64,
    },

    /// The text around an armored file breaks a rule of the armor.
    #[error("invalid armor: {what} (line {line})")]
    Armor {
        /// The number of the line, from 1.
        line: u64,
        /// Which rule.
        what: String,
    },

    /// No format that fetool knows, as far as can be told.
    #[error("not a sealed file of a known format{}", wrong_secret(.0))]
    UnknownFormat(Box<Unknown>),

    /// A known format in a version or variant that is not supported.
    #[error("{0}")]
    Unsupported(String),

    /// The format wraps no master key, so other secrets need a new file: the data is opened and sealed again.
    #[error("{0} wraps no master key, so its key cannot be changed without the data")]
    NoMasterKey(String),

    /// The bytes break a rule of their format.
    #[error("{what} (at offset {offset})")]
    Malformed {
        /// Where, in bytes from the start of the sealed file.
        offset: u64,
        /// Which rule.
        what: String,
    },

    /// Accepted with a warning normally, but strictness was asked for.
    #[error("{0}, refused in strict mode")]
    Strict(String),

    /// The secret opens only a key slot of a kind that no program writes, and that anybody can make
    /// who has an old file of the same secret and knows a piece of its plaintext.
    #[error(
        "the secret opens only a key slot with a hash of version 1 or 2, which no Dexios writes: it \
         may be forged from an old file of the same secret"
    )]
    LegacySlot,

    /// The sealed file ends too early.
    #[error("unexpected EOF: {what} (at offset {offset})")]
    Truncated {
        /// Where the file ends, in bytes from its start.
        offset: u64,
        /// What was still missing.
        what: String,
    },

    /// The work was stopped from outside through a [`CancelToken`](crate::CancelToken).
    #[error("stopped")]
    Stopped,

    /// A bug in fetool: one of its threads panicked.
    #[error("internal error: a {0} thread panicked; please report this")]
    Panic(&'static str),
}

/// What a caller chooses for a new file, and some formats fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// The plaintext bytes of a chunk.
    ChunkSize,
    /// The key derivation.
    Kdf,
}

/// The exit statuses of the command line, as the manual lists them.
///
/// ```
/// use fetool::status::{FORMAT, KEY, OK, SYSTEM, TRUNCATED, USAGE};
///
/// assert_eq!([OK, SYSTEM, USAGE, KEY, FORMAT, TRUNCATED], [0, 1, 2, 3, 4, 5]);
/// ```
pub mod status {
    /// All good.
    pub const OK: u8 = 0;
    /// Input, output or system.
    pub const SYSTEM: u8 = 1;
    /// Usage.
    pub const USAGE: u8 = 2;
    /// Wrong key, or data that was tampered with.
    pub const KEY: u8 = 3;
    /// Not a known file, malformed or unsupported.
    pub const FORMAT: u8 = 4;
    /// Truncated.
    pub const TRUNCATED: u8 = 5;
}

/// Keeps the error as the source, so that [`io::Error::downcast`] gives it back. An error of the
/// input or output keeps its own kind.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Read(inner) | Error::Write(inner) | Error::Thread(inner) => inner.kind(),
            Error::Memory(_) => io::ErrorKind::OutOfMemory,
            Error::Truncated { .. } => io::ErrorKind::UnexpectedEof,
            Error::Usage { .. } | Error::Fixed { .. } | Error::Secret { .. } => {
                io::ErrorKind::InvalidInput
            }
            Error::Random(_) | Error::Stopped | Error::Panic(_) => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

impl Error {
    /// Makes an [`Error::Usage`] without a hint.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage {
            what: what.into(),
            hint: None,
        }
    }

    /// Makes an [`Error::Usage`] that says what to do instead.
    pub fn usage_hint(what: impl Into<String>, hint: impl Into<Hint>) -> Self {
        Self::Usage {
            what: what.into(),
            hint: Some(hint.into()),
        }
    }

    pub(crate) fn malformed(offset: u64, what: impl Into<String>) -> Self {
        Self::Malformed {
            offset,
            what: what.into(),
        }
    }

    pub(crate) fn truncated(offset: u64, what: impl Into<String>) -> Self {
        Self::Truncated {
            offset,
            what: what.into(),
        }
    }

    /// The same about the file's structure at another offset.
    pub(crate) fn at(self, offset: u64) -> Self {
        match self {
            Self::Malformed { what, .. } => Self::Malformed { offset, what },
            Self::Truncated { what, .. } => Self::Truncated { offset, what },
            error => error,
        }
    }

    /// Returns the error of this library that an [`Error::Read`] or [`Error::Write`] carries, and any other
    /// error as it is. Such a one comes from a [`SealWriter`](crate::SealWriter) or an
    /// [`OpenReader`](crate::OpenReader) that is the output or input of another operation.
    #[must_use]
    pub fn root(self) -> Self {
        match self {
            Self::Read(inner) => inner.downcast::<Self>().map_or_else(Self::Read, Self::root),
            Self::Write(inner) => inner
                .downcast::<Self>()
                .map_or_else(Self::Write, Self::root),
            error => error,
        }
    }

    /// Returns the exit status that this error maps to, one of [`status`].
    pub fn status(&self) -> u8 {
        match self {
            Self::Read(_)
            | Self::Write(_)
            | Self::InputLength { .. }
            | Self::Random(_)
            | Self::Memory(_)
            | Self::Thread(_)
            | Self::Secret { .. }
            | Self::Plugin { .. }
            | Self::Stopped
            | Self::Panic(_) => status::SYSTEM,
            Self::Usage { .. } | Self::Fixed { .. } => status::USAGE,
            Self::Authentication { .. }
            | Self::Tampered { .. }
            | Self::NoIdentity { .. }
            | Self::NoMatch { .. }
            | Self::WrongPassphrase(_)
            | Self::HeaderMac
            | Self::Unauthenticated(_) => status::KEY,
            Self::UnknownFormat(_)
            | Self::Unsupported(_)
            | Self::NoMasterKey(_)
            | Self::Refused { .. }
            | Self::Malformed { .. }
            | Self::Armor { .. }
            | Self::WorkFactor { .. }
            | Self::WorkFactorMemory { .. }
            | Self::LegacySlot
            | Self::Strict(_) => status::FORMAT,
            Self::Truncated { .. } => status::TRUNCATED,
        }
    }

    /// Returns what the caller can do about it, if the kind of error does not say that by itself.
    pub fn hint(&self) -> Option<&Hint> {
        match self {
            Self::Usage { hint, .. } | Self::Secret { hint, .. } | Self::Plugin { hint, .. } => {
                hint.as_ref()
            }
            _ => None,
        }
    }

    /// Returns the offset in the sealed file at which its structure breaks, if that is known.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Authentication { offset, .. }
            | Self::Tampered { offset, .. }
            | Self::NoIdentity { offset, .. }
            | Self::Malformed { offset, .. }
            | Self::Truncated { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// Returns whether the reader of the output went away, which needs no message.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// An I/O error in the system's own words, without Rust's "(os error N)".
struct Plain<'a>(&'a io::Error);

impl std::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_string();
        let plain = text.split(" (os error").next().unwrap_or_default();
        let mut letters = plain.chars();
        match letters.next() {
            // Lowercase, but not acronyms.
            Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
                write!(f, "{}{}", first.to_lowercase(), letters.as_str())
            }
            _ => f.write_str(plain),
        }
    }
}

/// Returns an I/O error in lowercase and without Rust's "(os error N)", for messages.
pub fn plain(error: &io::Error) -> String {
    Plain(error).to_string()
}

fn length_message(expected: u64, found: Option<u64>) -> String {
    match found {
        Some(found) => {
            format!("the input ended after {found} bytes, but {expected} were announced")
        }
        None => format!("the input is longer than the {expected} bytes announced"),
    }
}

fn wrong_secret(unknown: &Unknown) -> String {
    match unknown.secrets {
        _ if !unknown.wrong_secret => String::new(),
        0 | 1 => ", or the wrong secret".to_owned(),
        secrets => format!(", or none of the {secrets} secrets opens it"),
    }
}

fn authentication_message(chunk: u64, offset: u64) -> String {
    if chunk == 0 {
        "authentication failed: wrong key, or the file was tampered with".to_owned()
    } else {
        tampered_message(chunk, offset)
    }
}

fn no_match_message(tried: usize) -> String {
    match tried {
        1 => "the identity matches none of the file's recipients".to_owned(),
        _ => format!("none of the {tried} identities matches any of the file's recipients"),
    }
}

fn tampered_message(chunk: u64, offset: u64) -> String {
    format!(
        "authentication failed in chunk {chunk} (at offset {offset}): the file was tampered with"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_are_plain_words() {
        let error = Error::Write(io::Error::from_raw_os_error(28));
        #[cfg(target_os = "linux")]
        assert_eq!(error.to_string(), "no space left on device");
        assert_eq!(error.status(), status::SYSTEM);
    }

    #[test]
    fn acronyms_keep_their_case() {
        assert_eq!(plain(&io::Error::other("TTY gone")), "TTY gone");
    }
}
