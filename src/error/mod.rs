//! All errors in one enum, grouped by exit status.
//!
//! Each error maps to one exit status ([`Error::status`]), so that a script can tell a wrong key from a truncated file
//! without reading messages. A [`Hint`] says what to do, in the terms of this library, which knows no options of a
//! command. For bad files, the messages contain the words of the GFE document: `invalid chunk size`, `authentication
//! failed`, `unexpected EOF`.

mod hint;
mod unknown;

pub use hint::Hint;
pub use unknown::{Evidence, Possible, Unknown};

use std::io;

/// An error in sealing, opening or inspecting.
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

    /// The input did not have the announced length: a file changed while it was read, or a stream was announced with a
    /// wrong size. `found` is `None` if there were more than `expected` bytes.
    #[error("{}", length_message(*.expected, *.found))]
    InputLength {
        /// Bytes announced.
        expected: u64,
        /// Bytes found, if fewer.
        found: Option<u64>,
    },

    /// The system's random number generator failed.
    #[error("cannot read system randomness: {0}")]
    Random(getrandom::Error),

    /// The system cannot allocate this many bytes.
    #[error("cannot allocate {0} bytes")]
    Memory(usize),

    /// The system cannot start a thread.
    #[error("cannot start a thread: {}", Plain(.0))]
    Thread(#[source] io::Error),

    /// The caller requested something impossible.
    #[error("{what}")]
    Usage {
        /// What is impossible.
        what: String,
        /// What to do instead.
        hint: Option<Hint>,
    },

    /// The caller chose something that the format fixes.
    #[error("{what}")]
    Fixed {
        /// The value that the format fixes.
        what: String,
        /// The setting.
        setting: Setting,
    },

    /// The secret is not of the kind that the format needs (it may still be right for another format).
    #[error("{what}")]
    Secret {
        /// What is wrong with it; this never contains the secret.
        what: String,
        /// How to get a valid one.
        hint: Option<Hint>,
    },

    /// A tag did not match: a wrong key, or data that was tampered with.
    #[error("{}", authentication_message(*.chunk, *.offset))]
    Authentication {
        /// The number of the chunk, from 0.
        chunk: u64,
        /// The offset of its frame in the sealed file, in bytes.
        offset: u64,
    },

    /// A tag did not match in a file whose key is known to be right: data that was tampered with.
    #[error("{}", tampered_message(*.chunk, *.offset))]
    Tampered {
        /// The number of the chunk, from 0.
        chunk: u64,
        /// The offset of its frame in the sealed file, in bytes.
        offset: u64,
    },

    /// Authentication proves nothing for this file: it holds no chunk, or its tags can be made without the secret.
    #[error("{0}")]
    Unauthenticated(String),

    /// The additive nonce of GFE, which is refused unless the caller reads the file as
    /// [`GfeAdditive`](crate::format::gfe::GfeAdditive).
    #[error("{what}")]
    Refused {
        /// The reason.
        what: String,
    },

    /// Several secrets were tried, and none opens the file: all are wrong, or the data was tampered with.
    #[error(
        "authentication failed: none of the {tried} keys opens the file, or it was tampered with"
    )]
    NoIdentity {
        /// How many were tried.
        tried: usize,
        /// The offset of the first frame in the sealed file, in bytes.
        offset: u64,
    },

    /// The file was sealed for recipients, and none of the identities that were tried belongs to one of them.
    #[error("{}", no_match_message(*.tried))]
    NoMatch {
        /// How many were tried.
        tried: usize,
    },

    /// The file is for an encrypted identity, and the passphrase of that identity was wrong. The field names what was
    /// to be opened.
    #[error("wrong passphrase for the encrypted {0}")]
    WrongPassphrase(&'static str),

    /// An age plugin failed, or is not installed.
    #[error("{what}")]
    Plugin {
        /// The plugin, and its error; the text may be the plugin's.
        what: String,
        /// What to do about it.
        hint: Option<Hint>,
    },

    /// An identity opened the file key, but the header's MAC does not match it.
    #[error("authentication failed: the header was changed (bad MAC)")]
    HeaderMac,

    /// The work factor in the file is higher than the caller allows. Nothing was computed.
    #[error("scrypt work factor {found} is higher than the maximum of {max}")]
    WorkFactor {
        /// The work factor in the file; `u64::MAX` stands for all higher ones.
        found: u64,
        /// The maximum.
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
        /// The limit in bytes.
        limit: u64,
    },

    /// The text of an armored file breaks a rule of armor.
    #[error("invalid armor: {what} (line {line})")]
    Armor {
        /// The number of the line, from 1.
        line: u64,
        /// The rule.
        what: String,
    },

    /// The file has no format that fetool knows, as far as can be detected.
    #[error("not a sealed file of a known format{}", wrong_secret(.0))]
    UnknownFormat(Box<Unknown>),

    /// A known format in a version or variant that is not supported.
    #[error("{0}")]
    Unsupported(String),

    /// The format wraps no master key, so new secrets need a new file: open the data and seal it again.
    #[error("{0} wraps no master key, so its key cannot be changed without the data")]
    NoMasterKey(String),

    /// The bytes break a rule of their format.
    #[error("{what} (at offset {offset})")]
    Malformed {
        /// The offset in bytes from the start of the sealed file.
        offset: u64,
        /// The rule.
        what: String,
    },

    /// Normally accepted with a warning, but the caller chose strict mode.
    #[error("{0}, refused in strict mode")]
    Strict(String),

    /// The secret opens only a key slot of a kind that no program writes. Anybody who has an old file of the same
    /// secret and knows a piece of its plaintext can make one.
    #[error(
        "the secret opens only a key slot with a hash of version 1 or 2, which no Dexios writes: it \
         may be forged from an old file of the same secret"
    )]
    LegacySlot,

    /// The sealed file ends too early.
    #[error("unexpected EOF: {what} (at offset {offset})")]
    Truncated {
        /// The length of the file in bytes.
        offset: u64,
        /// What is missing.
        what: String,
    },

    /// The work was cancelled through a [`CancelToken`](crate::CancelToken).
    #[error("stopped")]
    Stopped,

    /// A bug in fetool: one of its threads panicked.
    #[error("internal error: a {0} thread panicked; please report this")]
    Panic(&'static str),
}

/// A setting for a new file that some formats fix.
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
    /// Success.
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

/// Keeps the error as the source, so that [`io::Error::downcast`] returns it. An error of the input or output keeps its
/// own kind.
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
    /// Creates an [`Error::Usage`] without a hint.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage {
            what: what.into(),
            hint: None,
        }
    }

    /// Creates an [`Error::Usage`] with a hint.
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

    /// Returns the same error of the file's structure, at another offset.
    pub(crate) fn at(self, offset: u64) -> Self {
        match self {
            Self::Malformed { what, .. } => Self::Malformed { offset, what },
            Self::Truncated { what, .. } => Self::Truncated { offset, what },
            error => error,
        }
    }

    /// Returns the error of this library inside an [`Error::Read`] or [`Error::Write`], and any other error unchanged.
    /// Such an error comes from a [`SealWriter`](crate::SealWriter) or an [`OpenReader`](crate::OpenReader) that is the
    /// output or input of another operation.
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

    /// Returns what the caller can do about it, unless the kind of error already says that.
    pub fn hint(&self) -> Option<&Hint> {
        match self {
            Self::Usage { hint, .. } | Self::Secret { hint, .. } | Self::Plugin { hint, .. } => {
                hint.as_ref()
            }
            _ => None,
        }
    }

    /// Returns the offset in the sealed file at which its structure breaks, if known.
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

    /// Returns whether the reader of the output has gone, which needs no message.
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
            // Lowercase, except acronyms.
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
