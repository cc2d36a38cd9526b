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
//! - [`SealLayer`] and [`OpenLayer`], for formats that seal whole streams over and over.
//!
//! A *chunk* is a piece of plaintext that is sealed by itself; its *frame* is how it is stored:
//! perhaps a prefix, the ciphertext, the tag. To add a format, write a module with these and put
//! it in [`FORMATS`].

pub mod dexios;
mod even;
pub mod gfe;
pub mod gocrypt;
pub mod parallel_encryptor;

pub use crate::detect::read_header;

use crate::aead::Algorithm;
use crate::kdf::Kdf;
use crate::{Error, Secret, Unknown};
use std::ops::Range;

/// Every format, in the order in which they are tried.
pub static FORMATS: &[&dyn Format] = &[
    &gfe::Gfe,
    &dexios::Dexios,
    &gocrypt::GoCrypt,
    &gocrypt::GoCryptV1,
    &parallel_encryptor::ParallelEncryptor,
];

/// At most this many bytes from the start of a file decide its format and hold its header.
pub const HEAD_MAX: usize = 512;

/// Longer than any frame that can be held in memory, and with room to add to it.
pub(crate) const FRAME_MAX: usize = usize::MAX >> 1;

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

/// What speaks for and against a file being of a format that has no magic number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What is as it would be.
    pub supporting: Vec<String>,
    /// What would be unusual.
    pub opposing: Vec<String>,
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

    /// Whether it can be written. Old formats are only read.
    fn writes(&self) -> bool {
        true
    }

    /// Whether a file that starts with `head` is of this format, by its magic number.
    fn claims(&self, head: &[u8]) -> Claim;

    /// For formats without a magic number: what speaks for and against a file of `len` bytes (where
    /// that is known) that starts with `head`, at most [`HEAD_MAX`] of them.
    ///
    /// # Errors
    /// Why it cannot be of this format, to follow the format's name and a colon.
    fn evidence(&self, head: &[u8], len: Option<u64>) -> Result<Evidence, String> {
        let _ = (head, len);
        Err("it does not begin with the magic number".to_owned())
    }

    /// What a new file would not protect though people may expect it, a line each: for plaintext of
    /// `len` bytes, where that is known already.
    fn weaknesses(&self, len: Option<u64>) -> Vec<String> {
        let _ = len;
        Vec::new()
    }

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
    /// How many times it is sealed over, for formats with layers; `None` for the default.
    pub layers: Option<u8>,
    /// Which AEAD; `None` for the format's default.
    pub algorithm: Option<Algorithm>,
    /// Which key derivation, for formats that keep its parameters; `None` for the default.
    pub kdf: Option<Kdf>,
    /// Where salts, nonces and master keys come from.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<(), Error>,
}

/// What formats without a choice say to one.
impl<'a> SealRequest<'a> {
    /// The secret, of which there is only one.
    pub(crate) fn only_secret(&self, format: &dyn Format) -> Result<&'a Secret, Error> {
        match self.secrets {
            [secret] => Ok(secret),
            _ => Err(Error::usage_hint(
                format!("{} has no key slots, and so takes one key", format.title()),
                "for several, choose --format dexios",
            )),
        }
    }

    pub(crate) fn refuse_algorithms_but(
        &self,
        format: &dyn Format,
        only: Algorithm,
    ) -> Result<(), Error> {
        match self.algorithm {
            Some(other) if other != only => Err(Error::usage(format!(
                "{} has no AEAD but {only}",
                format.title()
            ))),
            _ => Ok(()),
        }
    }

    pub(crate) fn refuse_kdf(&self, format: &dyn Format) -> Result<(), Error> {
        match self.kdf {
            Some(_) => Err(Error::usage(format!(
                "{} has one key derivation, and --kdf cannot change it",
                format.title()
            ))),
            None => Ok(()),
        }
    }

    pub(crate) fn refuse_layers(&self, format: &dyn Format) -> Result<(), Error> {
        match self.layers {
            Some(_) => Err(Error::usage_hint(
                format!("{} has no layers", format.title()),
                "--layers goes with --format gocrypt",
            )),
            None => Ok(()),
        }
    }
}

/// How to write one new file.
pub struct Sealer {
    /// The header's bytes.
    pub header: Vec<u8>,
    /// How to cut the plaintext into chunks, and the room that each needs.
    pub layout: Layout,
    /// The AEAD work.
    pub codec: Box<dyn SealChunk>,
    /// Where the format nests streams: the layers around this one, from the inside out. The
    /// header above is the outermost one's.
    pub layers: Vec<SealLayer>,
}

/// A layer that seals the whole stream of the layer before it, which it treats as plaintext.
pub struct SealLayer {
    /// The header that this stream, the layer's plaintext, begins with.
    pub head: Vec<u8>,
    /// How the stream is cut into chunks.
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

    pub(crate) fn too_many_chunks(&self) -> Error {
        Error::usage_hint(
            format!(
                "the input needs more than {} chunks, and the format numbers no more",
                self.max_chunks
            ),
            "choose larger chunks with --chunk-size",
        )
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
    /// Where its frame starts in its sealed stream, in bytes.
    pub offset: u64,
}

impl ChunkId {
    /// The first chunk behind a header of `offset` bytes, for formats that do not care which is
    /// the last.
    pub(crate) fn first(offset: usize) -> Self {
        Self {
            index: 0,
            last: false,
            offset: offset as u64,
        }
    }

    pub(crate) fn not_authentic(self) -> Error {
        Error::Authentication {
            chunk: self.index,
            offset: self.offset,
        }
    }
}

/// Seals single chunks, from any thread.
pub trait SealChunk: Send + Sync {
    /// `frame` is the room for prefix ‖ plaintext ‖ suffix, with the plaintext in place; all of it
    /// is written.
    ///
    /// # Errors
    /// Only where a nonce would repeat.
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error>;

    /// The same with the plaintext in another place, for layers. `prefix` is the layout's.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    fn seal_from(
        &self,
        id: ChunkId,
        plaintext: &[u8],
        prefix: usize,
        frame: &mut [u8],
    ) -> Result<(), Error> {
        frame[prefix..][..plaintext.len()].copy_from_slice(plaintext);
        self.seal(id, frame)
    }
}

/// Opens single chunks, from any thread.
pub trait OpenChunk: Send + Sync {
    /// Opens a frame in place and tells where in it the plaintext is.
    ///
    /// # Errors
    /// [`Error::Authentication`]. The frame then holds no plaintext.
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error>;

    /// The same into another place, `room`, which is as long as the frame; for layers.
    ///
    /// # Errors
    /// As [`open`](Self::open). The room then holds no plaintext.
    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        room.copy_from_slice(frame);
        self.open(id, room)
    }
}

/// A layer's structure behind its header, and the AEAD work on it.
pub type OpenedLayer = (Box<dyn Frames>, Box<dyn OpenChunk>);

/// A stream inside another one, where a format nests them: the plaintext of one layer is the header
/// and the frames of the next.
pub trait OpenLayer: Send + Sync {
    /// Length of its header, in bytes.
    fn size(&self) -> usize;

    /// Decodes its header, which is shorter than [`size`](Self::size) only where the stream ends
    /// inside it, and derives its key.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Truncated`], with the offset in this stream.
    fn unlock(&self, head: &[u8], limits: &Limits) -> Result<OpenedLayer, Error>;
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

    /// Length of the plaintext, where what the outermost chunks hold has `len` bytes. They are the
    /// same but for formats that nest streams.
    ///
    /// # Errors
    /// [`Error::Malformed`] where no plaintext makes that length.
    fn plaintext_len(&self, len: u64) -> Result<u64, Error> {
        Ok(len)
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
    /// The longest frame, in bytes, that may be held in memory. As many are worked on at a time as
    /// fit into it together, and one at least.
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
    /// Where the format nests streams: the layers inside this one, from the outside in.
    pub layers: Vec<Box<dyn OpenLayer>>,
    /// Which reading of the format authenticated the first chunk, for people.
    pub reading: String,
    /// What the file does not protect, a line each; `--strict` refuses them.
    pub warnings: Vec<String>,
}

/// Walks the frames of a file in their order, from the first bytes of each.
pub trait Frames: Send {
    /// How many bytes of a frame tell its length; at least 1.
    fn lead(&self) -> usize;

    /// Whether it depends on the lead's bytes what [`next`](Self::next) says, and not only on how many
    /// of them there are. Where frame after frame has the same, many are walked over together.
    fn lead_tells(&self) -> bool {
        true
    }

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

    /// The longest frame that the file may have, in bytes.
    fn largest(&self) -> u64;

    /// What to say of a frame that needs more than `memory` bytes, all that it may have.
    fn too_large(&self, memory: u64) -> Error {
        Error::usage_hint(
            format!(
                "a chunk of {} bytes needs more than the {memory} bytes of memory allowed",
                self.largest()
            ),
            "allow more with --max-memory",
        )
    }
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
    /// How many streams nest, where the format has layers.
    pub layers: Option<u8>,
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
