//! The file formats: one module each, behind one trait, and the list of them.
//!
//! A format module is a pure codec. It decodes from slices and encodes to vectors, and knows
//! nothing of files, threads or terminals. Its parts:
//!
//! - [`Format`]: recognises a head of bytes, decodes the header, makes a [`Sealer`].
//! - [`Header`]: a decoded header; describes itself, and with an identity gives the [`Payload`].
//! - [`Frames`]: walks the frames of the stored chunks from their first bytes alone, so that the
//!   same rules of structure serve opening (which reads the frames) and inspecting (which skips
//!   over them).
//! - [`SealChunk`] and [`OpenChunk`]: the AEAD work on one chunk in place, from any thread.
//! - [`SealLayer`] and [`OpenLayer`], for formats that seal whole streams over and over.
//!
//! A *chunk* is a piece of plaintext that is sealed by itself; its *frame* is how it is stored:
//! perhaps a prefix, the ciphertext, the tag. To add a format, write a module with these and put
//! it in [`FORMATS`].
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

/// No header may be longer than this, whatever its format: 1 MiB.
pub const HEADER_MAX: usize = 1 << 20;

/// At most this many bytes from the start of a file decide its format, and hold the header of most.
pub const HEAD_MAX: usize = 512;

/// Longer than any frame that can be held in memory, and with room to add to it.
pub(crate) const FRAME_MAX: usize = usize::MAX >> 1;

/// No more files should be sealed under one key whose nonces have 64 random bits. After so many, two
/// of them share a nonce with a probability of 2^-33; NIST SP 800-38D allows 2^-32.
pub const FILES_A_KEY: u64 = 1 << 16;

/// The weakness of more files than that.
pub(crate) fn many_files(files: u64) -> Option<String> {
    (files > FILES_A_KEY).then(|| {
        format!(
            "{files} files under one key, whose nonces have 64 random bits: above {FILES_A_KEY} \
             files, take a new key. If two files get the same nonce, anyone can compute the XOR of \
             their contents and forge files under this key"
        )
    })
}

/// The files that one run seals, as far as they matter for what they do not protect.
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
    /// Length of the longest plaintext in bytes, where it is known already.
    pub len: Option<u64>,
    /// The number of layers, where one was asked for.
    pub layers: Option<u8>,
    /// The key derivation, where one was asked for.
    pub kdf: Option<Kdf>,
}

/// Finds a format by its name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// Why a file without a whole header is not of a format, for its evidence.
pub(crate) fn shorter_than(header: usize) -> String {
    format!("it is shorter than the header of {header} bytes")
}

/// What a format says to a file that it was told to read, and that has not its magic number.
pub(crate) fn not_this(format: &dyn Format) -> Error {
    let why = "it does not begin with the magic number".to_owned();
    Error::UnknownFormat(Box::new(Unknown {
        ruled_out: vec![(format.name(), why)],
        ..Unknown::default()
    }))
}

/// What a format says to the first bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// They carry its magic number.
    Yes,
    /// They are the beginning of its magic number, and there are no more of them yet.
    TooShort,
    /// Not this format.
    No,
}

/// A file format: where to start reading one, and how to write one.
pub trait Format: Send + Sync {
    /// Returns the name on the command line, in lowercase.
    fn name(&self) -> &'static str;

    /// Returns the name for people, with the program that made the format.
    fn title(&self) -> &'static str;

    /// Returns the suffix of sealed files, with the dot.
    fn suffix(&self) -> &'static str;

    /// Returns whether its files say how a secret becomes a key, so that a passphrase needs no salt beside
    /// them.
    fn derives_keys(&self) -> bool {
        false
    }

    /// Returns whether its files can be for recipients with public keys.
    fn has_recipients(&self) -> bool {
        false
    }

    /// Returns the AEADs that new files can be sealed with, the default first. None for formats that are
    /// only read.
    fn algorithms(&self) -> &'static [Algorithm];

    /// Returns how many layers new files have by default, for formats with layers.
    fn default_layers(&self) -> Option<u8> {
        None
    }

    /// Returns the key derivations, with the parameters that the format fixes; each with the format's name
    /// for it, if it has several.
    fn derivations(&self) -> Vec<(Option<&'static str>, Derivation)> {
        Vec::new()
    }

    /// Returns whether it can be written. Old formats are only read.
    fn can_seal(&self) -> bool {
        !self.algorithms().is_empty()
    }

    /// Returns the format that new files have instead, for formats that are only read.
    fn successor(&self) -> Option<&'static dyn Format> {
        None
    }

    /// Returns the same format with its additive nonce read in any file, for formats that have one.
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

    /// Returns what happened to a file of this format that is none any more, where that can be seen.
    fn damage(&self, head: &[u8]) -> Option<&'static str> {
        let _ = head;
        None
    }

    /// Returns the evidence for and against a file of `len` bytes (if that is known) that starts with
    /// `head`, at most [`HEAD_MAX`] of them. For formats without a magic number.
    ///
    /// # Errors
    /// Why it cannot be of this format, to follow the format's name and a colon.
    fn evidence(&self, head: &[u8], len: Option<u64>) -> Result<Evidence, String> {
        let _ = (head, len);
        Err("it does not begin with the magic number".to_owned())
    }

    /// Returns what `new` files under one secret would not protect although people may expect it, a
    /// line each.
    fn weaknesses(&self, new: &NewFiles) -> Vec<String> {
        let _ = new;
        Vec::new()
    }

    /// Returns the most bytes that a header may have, up to [`HEADER_MAX`]. More than [`HEAD_MAX`] are
    /// looked at only where [`header`](Self::header) says that those are too few.
    fn header_max(&self) -> usize {
        HEAD_MAX
    }

    /// Decodes the header from the first bytes of a file: perhaps fewer than it needs. Then it is
    /// truncated; where more bytes come, up to [`header_max`](Self::header_max), they are tried again.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Unsupported`] or [`Error::Truncated`].
    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error>;

    /// Makes the header and the chunk codec of a new file.
    ///
    /// # Errors
    /// [`Error::Secret`] when the secret has not the shape that the format needs, and
    /// [`Error::Usage`] when the request cannot be met.
    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error>;
}

/// A change of the secrets that open a file.
pub struct RekeyRequest<'a> {
    /// What opens it.
    pub old: &'a Identity<'a>,
    /// All identities of the caller, those that were tried before it among them.
    pub all: &'a [Identity<'a>],
    /// What to do.
    pub change: &'a Change<'a>,
    /// Which key derivation a new secret gets; `None` for the format's default.
    pub kdf: Option<Kdf>,
    /// The work factor of scrypt for a new passphrase, for formats that have it.
    pub work_factor: Option<u8>,
    /// The source of salts and nonces.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<(), Error>,
}

/// What a rekey does to the key slots, or stanzas.
pub enum Change<'a> {
    /// These recipients replace the identity that opens the file.
    Replace(Vec<Recipient<'a>>),
    /// These recipients are added.
    Add(Vec<Recipient<'a>>),
    /// A slot is removed.
    Remove(Which<'a>),
}

/// Which key slots, or stanzas, a rekey removes.
pub enum Which<'a> {
    /// Those that the identity opens that opens the file.
    Old,
    /// Those that one of these identities opens.
    OpenedBy(Vec<Identity<'a>>),
    /// One by its number, from 0.
    Number(usize),
}

/// A header with changed slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// Its bytes.
    pub header: Vec<u8>,
    /// How many bytes of the old header it replaces.
    pub old_len: usize,
    /// Slots that are used now.
    pub slots: usize,
    /// How many of those that were there before the identity still opens.
    pub old_opens: usize,
}

/// What a header says without a key.
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
    /// The format's version number, where it has one.
    pub version: Option<u32>,
    /// Which AEAD.
    pub algorithm: &'static str,
    /// Plaintext bytes a chunk, where the header says so.
    pub chunk_size: Option<u64>,
    /// The plaintext's length, where the header says so.
    pub declared_size: Option<u64>,
    /// How the plaintext's length is protected, for people.
    pub length_protection: String,
    /// How the end of the file is known: a word for programs.
    pub end: &'static str,
    /// The same for people.
    pub end_meaning: String,
    /// How the data is sealed, where the format has several ways: a word for programs.
    pub mode: Option<&'static str>,
    /// How many streams nest, where the format has layers.
    pub layers: Option<u8>,
    /// Which bytes of the header are authenticated, for people.
    pub authenticated: String,
    /// How the secret becomes a key, where the header says so: one for each key slot, or one.
    pub derivations: Vec<KeyDerivation>,
    /// What the file does not protect, a line each.
    pub warnings: Vec<String>,
    /// The header's bytes, field by field, in their order and without gaps.
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
    /// For whom it is, as far as that can be known.
    pub meaning: String,
}

/// Whether a file stays secret once there are quantum computers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostQuantum {
    /// All stanzas that are known are post-quantum.
    Yes,
    /// At least one stanza is not.
    No,
    /// No stanza is of a known type.
    Unknown,
}

/// How a secret becomes a key, as a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDerivation {
    /// With this function.
    Known(Derivation),
    /// With a function that this number stands for, and that is not known. No secret opens the slot.
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
    /// What it is called.
    pub name: &'static str,
    /// What these bytes mean.
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
