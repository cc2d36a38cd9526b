//! The file formats: one module each, behind one trait, and the list of them.
//!
//! A format module is a pure codec. It decodes from slices and encodes to vectors, and uses no files, threads or
//! terminals. Its parts:
//!
//! - [`Format`]: recognises the first bytes of a file, decodes the header, makes a [`Sealer`].
//! - [`Header`]: a decoded header; describes itself, and with an identity gives the [`Payload`].
//! - [`Frames`]: walks the frames of the stored chunks from their first bytes alone. So opening, which reads the
//!   frames, and inspecting, which skips them, follow the same rules.
//! - [`SealChunk`] and [`OpenChunk`]: the AEAD work on one chunk in place, from any thread.
//! - [`SealLayer`] and [`OpenLayer`]: for formats that nest whole streams.
//!
//! A *chunk* is a piece of plaintext that is sealed by itself. Its *frame* is what is stored: an optional prefix, the
//! ciphertext, and the tag. To add a format, write a module with these parts and add it to [`FORMATS`].
#![doc = include_str!("example.md")]

pub mod age;
mod chunk_map;
pub mod dexios;
mod geometry;
pub mod gfe;
pub mod gocrypt;
mod opening;
pub mod parallel_encryptor;
mod sealing;
mod uniform;
mod walker;

pub use crate::chunk_id::ChunkId;
pub use crate::error::Evidence;
pub use chunk_map::ChunkMap;
pub use geometry::{BadEnd, Count, End, Geometry, Layout, Span};
pub(crate) use opening::NOTHING;
pub use opening::{
    FirstChunk, Frames, Header, KeyPolicy, Limits, OpenChunk, OpenLayer, OpenedLayer, Payload,
    Proof, Untried,
};
pub use sealing::{SealChunk, SealLayer, SealRequest, Sealer};
pub use uniform::Uniform;
pub(crate) use walker::Walker;

use crate::aead::Algorithm;
use crate::kdf::{Derivation, Kdf};
use crate::{Error, Identity, Recipient, Unknown};
use std::fmt;
use std::ops::Range;

/// Every format, in the order in which they are tried.
///
/// ```
/// use fetool::format::{FORMATS, HEAD_MAX, HEADER_MAX, by_name};
///
/// let names: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
/// assert_eq!(names, ["gfe", "dexios", "gocrypt", "gocrypt-v1", "parallel-encryptor", "age"]);
/// let age = by_name("age").expect("it is one of them");
/// assert_eq!((age.header_max(), HEAD_MAX), (HEADER_MAX, 512));
/// ```
pub static FORMATS: &[&dyn Format] = &[
    &gfe::Gfe,
    &dexios::Dexios,
    &gocrypt::GoCrypt,
    &gocrypt::GoCryptV1,
    &parallel_encryptor::ParallelEncryptor,
    &age::Age,
];

/// The maximum length of any header: 1 MiB.
pub const HEADER_MAX: usize = 1 << 20;

/// This many bytes from the start of a file are enough to identify its format, and hold most headers.
pub const HEAD_MAX: usize = 512;

/// Longer than any frame that fits into memory, with room to add to it.
pub(crate) const FRAME_MAX: usize = usize::MAX >> 1;

/// The number of files after which a key whose nonces have 64 random bits should be replaced. Then two files share a
/// nonce with a probability of 2^-33; NIST SP 800-38D allows 2^-32.
pub const FILES_A_KEY: u64 = 1 << 16;

/// Returns the warning for more files than that.
pub(crate) fn many_files(files: u64) -> Option<String> {
    (files > FILES_A_KEY).then(|| {
        format!(
            "{files} files under one key, whose nonces have 64 random bits: above {FILES_A_KEY} \
             files, take a new key. If two files get the same nonce, anyone can compute the XOR of \
             their contents and forge files under this key"
        )
    })
}

/// The files that one run seals, as far as it matters for [`weaknesses`](Format::weaknesses).
///
/// ```
/// use fetool::format::gfe::Gfe;
/// use fetool::format::{FILES_A_KEY, Format, NewFiles};
///
/// let few = NewFiles { files: FILES_A_KEY, ..NewFiles::default() };
/// assert!(Gfe.weaknesses(&few).is_empty());
/// let many = NewFiles { files: FILES_A_KEY + 1, ..few };
/// assert_eq!(Gfe.weaknesses(&many).len(), 1);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NewFiles {
    /// How many there are.
    pub files: u64,
    /// Length of the longest plaintext in bytes, if known.
    pub len: Option<u64>,
    /// The number of layers, if the caller chose one.
    pub layers: Option<u8>,
    /// The key derivation, if the caller chose one.
    pub kdf: Option<Kdf>,
}

/// Finds a format by its name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// Returns why a file that is shorter than the header is not of a format.
pub(crate) fn shorter_than(header: usize) -> String {
    format!("it is shorter than the header of {header} bytes")
}

/// Returns the error for a file without the magic number of the format that the caller chose.
pub(crate) fn not_this(format: &dyn Format) -> Error {
    let why = "it does not begin with the magic number".to_owned();
    Error::UnknownFormat(Box::new(Unknown {
        ruled_out: vec![(format.name(), why)],
        ..Unknown::default()
    }))
}

/// Whether the first bytes of a file belong to a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// They have its magic number.
    Yes,
    /// They are the beginning of its magic number, and more bytes are needed.
    TooShort,
    /// Not this format.
    No,
}

/// A file format: how to start reading a file, and how to write one.
pub trait Format: Send + Sync {
    /// Returns the name on the command line, in lowercase.
    fn name(&self) -> &'static str;

    /// Returns the name for people, with the program that made the format.
    fn title(&self) -> &'static str;

    /// Returns the suffix of sealed files, with the dot.
    fn suffix(&self) -> &'static str;

    /// Returns whether its files say how a key is derived from a secret, so that a passphrase needs no separate salt.
    fn derives_keys(&self) -> bool {
        false
    }

    /// Returns whether its files can be for recipients with public keys.
    fn has_recipients(&self) -> bool {
        false
    }

    /// Returns the AEADs for new files, the default first. Formats that are only read have none.
    fn algorithms(&self) -> &'static [Algorithm];

    /// Returns the default number of layers of new files, for formats with layers.
    fn default_layers(&self) -> Option<u8> {
        None
    }

    /// Returns the key derivations, with the parameters that the format fixes. If there are several, each has the
    /// format's name for it.
    fn derivations(&self) -> Vec<(Option<&'static str>, Derivation)> {
        Vec::new()
    }

    /// Returns whether it can be written. Old formats are only read.
    fn can_seal(&self) -> bool {
        !self.algorithms().is_empty()
    }

    /// Returns the format that replaces one that is only read.
    fn successor(&self) -> Option<&'static dyn Format> {
        None
    }

    /// Returns the same format, accepting an additive nonce in any file, for formats that have one.
    fn with_additive_nonce(&self) -> Option<&'static dyn Format> {
        None
    }

    /// Tells whether a file that starts with `head` is of this format, by its magic number.
    fn probe(&self, head: &[u8]) -> Claim;

    /// Returns whether its files can be written as text.
    fn has_armor(&self) -> bool {
        false
    }

    /// Tells whether a file that starts with `head` is text around a file of this format.
    fn armored(&self, head: &[u8]) -> Claim {
        let _ = head;
        Claim::No
    }

    /// Returns what happened to a damaged file that is no longer of this format, if that can be seen.
    fn damage(&self, head: &[u8]) -> Option<&'static str> {
        let _ = head;
        None
    }

    /// Returns the evidence for and against a file of `len` bytes (if known) that starts with `head`, at most
    /// [`HEAD_MAX`] bytes. For formats without a magic number.
    ///
    /// # Errors
    /// The reason why it cannot be of this format, to follow the format's name and a colon.
    fn evidence(&self, head: &[u8], len: Option<u64>) -> Result<Evidence, String> {
        let _ = (head, len);
        Err("it does not begin with the magic number".to_owned())
    }

    /// Returns what `new` files under one secret would not protect, although users may expect it: one line each.
    fn weaknesses(&self, new: &NewFiles) -> Vec<String> {
        let _ = new;
        Vec::new()
    }

    /// Returns the maximum length of a header, up to [`HEADER_MAX`]. More than [`HEAD_MAX`] bytes are read only if
    /// [`header`](Self::header) says that those are too few.
    fn header_max(&self) -> usize {
        HEAD_MAX
    }

    /// Decodes the header from the first bytes of a file. If they are too few, the error is [`Error::Truncated`], and
    /// the caller tries again with more bytes, up to [`header_max`](Self::header_max).
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Unsupported`] or [`Error::Truncated`].
    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error>;

    /// Creates the header and the chunk codec of a new file.
    ///
    /// # Errors
    /// [`Error::Secret`] if the secret is not one for this format, and [`Error::Usage`] if the request cannot be met.
    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error>;
}

/// A change of the secrets that open a file.
pub struct RekeyRequest<'a> {
    /// The identity that opens it.
    pub old: &'a Identity<'a>,
    /// All identities of the caller, including those that were tried before.
    pub all: &'a [Identity<'a>],
    /// What to do.
    pub change: &'a Change<'a>,
    /// The key derivation for a new secret; `None` for the format's default.
    pub kdf: Option<Kdf>,
    /// The work factor of scrypt for a new passphrase, for formats that have it.
    pub work_factor: Option<u8>,
    /// The source of salts and nonces.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<(), Error>,
}

/// A change of the key slots or stanzas.
pub enum Change<'a> {
    /// These recipients replace the identity that opens the file.
    Replace(Vec<Recipient<'a>>),
    /// These recipients are added.
    Add(Vec<Recipient<'a>>),
    /// One or more slots are removed.
    Remove(Which<'a>),
}

/// The key slots or stanzas to remove.
pub enum Which<'a> {
    /// Those that the identity opens with which the file was opened.
    Old,
    /// Those that any of these identities opens.
    OpenedBy(Vec<Identity<'a>>),
    /// The one with this number, from 0.
    Number(usize),
}

/// A header with changed slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// Its bytes.
    pub header: Vec<u8>,
    /// The number of bytes of the old header that it replaces.
    pub old_len: usize,
    /// The number of used slots.
    pub slots: usize,
    /// The number of earlier slots that the identity still opens.
    pub old_opens: usize,
}

/// What a header shows without a key.
///
/// ```
/// use fetool::format::age::{Age, AgeRecipient, X25519Identity};
/// use fetool::format::{Description, Field, KeyDerivation, PostQuantum, StanzaDescription};
/// use fetool::{Inspect, Recipient, Seal};
///
/// let identity = X25519Identity::generate(&fetool::random)?;
/// let recipient = AgeRecipient::X25519(identity.recipient().clone());
/// let mut sealed = Vec::new();
/// Seal::new(Recipient::wrapping(&recipient)).format(&Age).run(&b"for my eyes only"[..], &mut sealed)?;
///
/// let Description { fields, stanzas, derivations, post_quantum, .. } =
///     Inspect::new().run(&sealed[..])?.description;
/// for Field { name, bytes, meaning } in &fields {
///     println!("{name}: {} bytes, {meaning}", bytes.len());
/// }
/// for StanzaDescription { kind, meaning, .. } in &stanzas {
///     println!("{kind}: {meaning}");
/// }
/// assert_eq!(post_quantum, Some(PostQuantum::No));
/// let derivations: Vec<KeyDerivation> = derivations;
/// assert!(derivations.is_empty(), "it has no passphrase");
/// # Ok::<(), fetool::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Description {
    /// The format's version number, if it has one.
    pub version: Option<u32>,
    /// The AEAD.
    pub algorithm: &'static str,
    /// Plaintext bytes in a chunk, if the header has that.
    pub chunk_size: Option<u64>,
    /// The plaintext's length, if the header has it.
    pub declared_size: Option<u64>,
    /// How the plaintext's length is protected, for people.
    pub length_protection: String,
    /// How the end of the file is recognised: a word for programs.
    pub end: &'static str,
    /// The same for people.
    pub end_meaning: String,
    /// How the data is sealed, if the format has several ways: a word for programs.
    pub mode: Option<&'static str>,
    /// The number of nested streams, if the format has layers.
    pub layers: Option<u8>,
    /// Which bytes of the header are authenticated, for people.
    pub authenticated: String,
    /// How keys are derived, if the header has that: once for each key slot, or once.
    pub derivations: Vec<KeyDerivation>,
    /// What the file does not protect, one line each.
    pub warnings: Vec<String>,
    /// The header's bytes, field by field, in order and without gaps.
    pub fields: Vec<Field>,
    /// The stanzas, for formats with recipients.
    pub stanzas: Vec<StanzaDescription>,
    /// Whether only post-quantum recipients can open it, for formats with recipients.
    pub post_quantum: Option<PostQuantum>,
}

impl Description {
    /// Returns where the nonce is in the header under which the data is sealed. No other file has the same,
    /// and no rekey changes it.
    pub fn nonce(&self) -> Option<Range<usize>> {
        let mut start = 0;
        self.fields.iter().find_map(|field| {
            let span = start..start + field.bytes.len();
            start = span.end;
            (field.name.ends_with("nonce") && !span.is_empty()).then_some(span)
        })
    }
}

/// One stanza of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaDescription {
    /// The recipient's type.
    pub kind: String,
    /// The arguments behind the type.
    pub args: Vec<String>,
    /// Its offset in the file, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
    /// Whom it is for, as far as that can be known.
    pub meaning: String,
}

/// Whether a file stays secret once quantum computers exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostQuantum {
    /// All stanzas of known types are post-quantum.
    Yes,
    /// At least one stanza of a known type is not.
    No,
    /// No stanza is of a known type.
    Unknown,
}

/// How a key is derived from a secret, according to a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDerivation {
    /// With this function.
    Known(Derivation),
    /// With an unknown function, which has this number. No secret opens the slot.
    Unknown(u8),
}

impl fmt::Display for KeyDerivation {
    /// Name and real cost, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(derivation) => derivation.fmt(f),
            Self::Unknown(code) => write!(f, "unknown hash {code:#04x}: no secret opens this slot"),
        }
    }
}

/// One field of a header.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its name.
    pub name: &'static str,
    /// The meaning of the bytes.
    pub meaning: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_files_under_one_key_are_told() {
        let told = |format: &dyn Format, files| {
            let said = format.weaknesses(&NewFiles {
                files,
                ..NewFiles::default()
            });
            let about_files = said.into_iter().filter(|words| words.contains("files"));
            about_files.collect::<Vec<_>>()
        };
        for format in FORMATS {
            assert!(told(*format, FILES_A_KEY).is_empty(), "{}", format.name());
            let behind: &[&str] = match format.name() {
                "gfe" | "parallel-encryptor" => &[
                    "65537 files under one key, whose nonces have 64 random bits: above 65536 files, \
                     take a new key. If two files get the same nonce, anyone can compute the XOR of \
                     their contents and forge files under this key",
                ],
                _ => &[],
            };
            assert_eq!(told(*format, FILES_A_KEY + 1), behind, "{}", format.name());
        }
    }
}
