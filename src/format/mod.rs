//! The file formats: one module each, behind one trait, and the list of them.
//!
//! A format module is a pure codec. It decodes from slices and encodes to vectors, and knows
//! nothing of files, threads or terminals. Its parts:
//!
//! - [`Format`]: recognises a head of bytes, decodes the header, makes a [`Sealer`].
//! - [`Header`]: a decoded header; describes itself, and with a secret becomes an [`Unlocked`].
//! - [`Frames`]: walks the frames of the stored chunks from their first bytes alone, so that the
//!   same rules of structure serve opening (which reads the frames) and inspecting (which skips
//!   over them).
//! - [`SealChunk`] and [`OpenChunk`]: the AEAD work on one chunk in place, from any thread.
//!
//! A *chunk* is a piece of plaintext that is sealed by itself; its *frame* is how it is stored:
//! perhaps a prefix, the ciphertext, the tag. To add a format, write a module with these and put
//! it in [`FORMATS`].

pub mod dexios;
pub mod gfe;

use crate::aead::Algorithm;
use crate::kdf::Kdf;
use crate::{Error, Secret};
use std::ops::Range;

/// Every format, in the order in which they are tried.
pub static FORMATS: &[&dyn Format] = &[&gfe::Gfe, &dexios::Dexios];

/// At most this many bytes from the start of a file decide its format and hold its header.
pub const HEAD_MAX: usize = 512;

/// Finds a format by its name.
pub fn by_name(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

/// Finds the format that claims a file by its first bytes, at most [`HEAD_MAX`] of them.
///
/// # Errors
/// [`Error::Truncated`] when `head` is empty or ends inside a magic number, and
/// [`Error::UnknownFormat`] when no format claims it.
pub fn detect(head: &[u8]) -> Result<&'static dyn Format, Error> {
    let claims = |wanted| {
        FORMATS
            .iter()
            .copied()
            .find(|format| format.claims(head) == wanted)
    };
    if let Some(format) = claims(Claim::Yes) {
        return Ok(format);
    }
    let end = head.len() as u64;
    if head.is_empty() {
        return Err(Error::truncated(end, "the input is empty"));
    }
    match claims(Claim::TooShort) {
        Some(format) => Err(Error::truncated(
            end,
            format!(
                "the input ends inside the magic number of {}",
                format.title()
            ),
        )),
        None => Err(Error::UnknownFormat),
    }
}

/// Decodes the header from the first bytes of a file, of the given format or of the one that claims
/// them.
///
/// # Errors
/// Those of [`detect`] and of [`Format::header`].
pub fn read_header<'a>(
    format: Option<&'a dyn Format>,
    head: &[u8],
) -> Result<(&'a dyn Format, Box<dyn Header>), Error> {
    let format = match format {
        Some(format) => format,
        None => detect(head)?,
    };
    Ok((format, format.header(head)?))
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
    /// The name on the command line, in lowercase.
    fn name(&self) -> &'static str;

    /// The name for people, with the program that made the format.
    fn title(&self) -> &'static str;

    /// What sealed files end in, with the dot.
    fn suffix(&self) -> &'static str;

    /// Whether its files tell how a secret becomes a key, so that a passphrase needs no salt beside
    /// them.
    fn derives_keys(&self) -> bool {
        false
    }

    /// Whether a file that starts with `head` is of this format.
    fn claims(&self, head: &[u8]) -> Claim;

    /// Decodes the header from the first bytes of a file: at most [`HEAD_MAX`] of them, and perhaps
    /// fewer than it needs. Then it is truncated; where more bytes come, they are tried again.
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

/// What a caller wants of a new file.
pub struct SealRequest<'a> {
    /// What shall open it; at least one secret, and more than one only where the format has key
    /// slots.
    pub secrets: &'a [&'a Secret],
    /// The plaintext's length in bytes, where it is known before.
    pub size: Option<u64>,
    /// Plaintext bytes a chunk; `None` for the format's default.
    pub chunk_size: Option<u64>,
    /// Which AEAD; `None` for the format's default.
    pub algorithm: Option<Algorithm>,
    /// Which key derivation, for formats that keep its parameters; `None` for the default.
    pub kdf: Option<Kdf>,
    /// Where salts, nonces and master keys come from.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<(), Error>,
}

/// How to write one new file.
pub struct Sealer {
    /// The header's bytes.
    pub header: Vec<u8>,
    /// How to cut the plaintext into chunks, and the room that each needs.
    pub layout: Layout,
    /// The AEAD work.
    pub codec: Box<dyn SealChunk>,
}

/// How plaintext is cut into chunks and stored.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Plaintext bytes in every chunk but the last; at least 1.
    pub chunk: usize,
    /// Stored bytes before the ciphertext.
    pub prefix: usize,
    /// Stored bytes behind the ciphertext, the tag among them.
    pub suffix: usize,
    /// How the last chunk differs.
    pub end: End,
    /// No more chunks than this may be sealed (nonces would repeat).
    pub max_chunks: u64,
}

impl Layout {
    /// Stored bytes of a full chunk.
    pub fn frame(&self) -> usize {
        self.prefix + self.chunk + self.suffix
    }
}

/// How the last chunk of a stream differs from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last chunk may be full. Empty plaintext has no chunk.
    Any,
    /// The last chunk is always shorter than the others, and empty where there is nothing left
    /// for it: the stream says itself where it ends.
    Short,
}

/// Which chunk of a stream is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkId {
    /// Its number, from 0.
    pub index: u64,
    /// Whether it is the last.
    pub last: bool,
    /// Where its frame starts in the sealed file, in bytes.
    pub offset: u64,
}

/// Seals single chunks, from any thread.
pub trait SealChunk: Send + Sync {
    /// `frame` is the room for prefix ‖ plaintext ‖ suffix, with the plaintext in place; all of it
    /// is written.
    ///
    /// # Errors
    /// Only where a nonce would repeat.
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error>;
}

/// Opens single chunks, from any thread.
pub trait OpenChunk: Send + Sync {
    /// Opens a frame in place and tells where in it the plaintext is.
    ///
    /// # Errors
    /// [`Error::Authentication`]. The frame then holds no plaintext.
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error>;
}

/// A decoded header.
pub trait Header: Send + Sync {
    /// How many bytes of the file it takes; the first frame follows.
    fn size(&self) -> usize;

    /// Walks the frames behind it.
    fn frames(&self, limits: &Limits) -> Box<dyn Frames>;

    /// Whether [`unlock`](Self::unlock) needs the first frame. Formats that hold everything in one
    /// frame do better without a second copy of it in memory.
    fn tries_first_frame(&self) -> bool {
        true
    }

    /// Tries the secret on the first frame (`None` where the file has no chunk at all).
    ///
    /// # Errors
    /// [`Error::Authentication`] when no reading of the format authenticates the frame;
    /// [`Error::Secret`] when the secret cannot be one for this format.
    fn unlock(&self, secret: &Secret, first: Option<&[u8]>) -> Result<Unlocked, Error>;

    /// Whether it holds a wrapped master key, so that [`rekey`](Self::rekey) can change its secrets.
    fn has_slots(&self) -> bool {
        false
    }

    /// Changes which secrets open the file, and returns the new header, which is as long as the
    /// old one: the data behind it stays as it is. `first` is the first frame, where there is one;
    /// a header whose key does not open it is not changed.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the format wraps no master key, [`Error::Authentication`] when
    /// the old secret opens nothing, [`Error::Usage`] when there is no room or too little left.
    fn rekey(&self, request: RekeyRequest<'_>, first: Option<&[u8]>) -> Result<Rekeyed, Error> {
        let _ = (request, first);
        Err(Error::Unsupported(
            "this format wraps no master key, so its key cannot be changed without the data; \
             --reseal opens and seals it again"
                .to_owned(),
        ))
    }

    /// What the header says, for people and programs that have no key.
    fn describe(&self) -> Description;
}

/// A change of the secrets that open a file.
pub struct RekeyRequest<'a> {
    /// A secret that opens it.
    pub old: &'a Secret,
    /// What to do.
    pub change: Change<'a>,
    /// Which key derivation a new secret gets; `None` for the format's default.
    pub kdf: Option<Kdf>,
    /// Where salts and nonces come from.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<(), Error>,
}

/// What a rekey does to the key slots.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// The new secret takes the place of the old one.
    Replace(&'a Secret),
    /// The new secret is added.
    Add(&'a Secret),
    /// The slot that the old secret opens is dropped.
    Remove,
}

/// A header with changed slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// Its bytes.
    pub header: Vec<u8>,
    /// Slots that are used now.
    pub slots: usize,
    /// How many of them the old secret still opens.
    pub old_opens: usize,
}

/// What the caller allows a file to need.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest frame, in bytes, that may be held in memory where a format asks for more than
    /// chunks of its own fixed size.
    pub memory: u64,
    /// How many bytes the input has, where that is known before reading; the header may be among
    /// them.
    pub body: Option<u64>,
}

impl Default for Limits {
    /// 1 GiB of memory.
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            body: None,
        }
    }
}

/// A file whose secret was found to be right.
pub struct Unlocked {
    /// The AEAD work.
    pub codec: Box<dyn OpenChunk>,
    /// Which reading of the format authenticated the first chunk, for people.
    pub reading: String,
    /// What the file does not protect, a line each; `--strict` refuses them.
    pub warnings: Vec<String>,
}

/// Walks the frames of a file in their order, from the first bytes of each.
pub trait Frames: Send {
    /// How many bytes of a frame tell its length; at least 1.
    fn lead(&self) -> usize;

    /// The length of the whole next frame, which starts at `offset` in the file and whose first
    /// [`lead`](Self::lead) bytes are given: fewer only where the file ends, none where it ends
    /// before the frame. `None` means that the file is complete.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Truncated`], with the offset.
    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error>;

    /// The file ends after `got` bytes of the frame that was announced last, which starts at
    /// `offset`. A format whose last frame may be shorter than announced accepts this.
    ///
    /// # Errors
    /// [`Error::Truncated`] where that breaks the format's rules, as it does in most.
    fn cut_short(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        Err(Error::truncated(
            offset + got as u64,
            "the input ends inside a chunk",
        ))
    }

    /// Bytes of a frame that are not plaintext.
    fn overhead(&self) -> usize;
}

/// What a header says without a key.
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
    /// Which bytes of the header are authenticated, for people.
    pub authenticated: String,
    /// How the secret becomes a key, where the header says so: one for each key slot, or one.
    pub derivations: Vec<String>,
    /// What the file does not protect, a line each.
    pub warnings: Vec<String>,
    /// The header's bytes, field by field, in their order and without gaps.
    pub fields: Vec<Field>,
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
