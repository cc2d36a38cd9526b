//! What a format provides to open files: the decoded header, the walk over the frames, and the AEAD work on one chunk.

use super::{ChunkId, ChunkMap, Description, Geometry, RekeyRequest, Rekeyed};
use crate::positioned::{Positioned, ReadAt};
use crate::{Error, Hint, Identity, try_alloc};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Opens single chunks, from any thread.
pub trait OpenChunk: Send + Sync {
    /// Opens a frame in place and returns the range of its plaintext.
    ///
    /// # Errors
    /// [`Error::Authentication`]. The frame then holds no plaintext.
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error>;

    /// Opens a frame into another buffer, `room`, which is as long as the frame; for layers.
    ///
    /// # Errors
    /// As [`open`](Self::open). The room then holds no plaintext.
    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        room.copy_from_slice(frame);
        self.open(id, room)
    }

    /// Returns whether frames that do not open are tried with [`open_as_other`](Self::open_as_other).
    fn looks_again(&self) -> bool {
        false
    }

    /// Opens a frame that is authentic, but as another chunk than the expected one: for instance, the last chunk in the
    /// middle of a file. Returns the range of its plaintext in `room`, which is still written, and the error to end
    /// with.
    fn open_as_other(
        &self,
        id: ChunkId,
        frame: &[u8],
        room: &mut [u8],
    ) -> Option<(Range<usize>, Error)> {
        let _ = (id, frame, room);
        None
    }
}

/// A layer's structure behind its header, and the AEAD work on it.
pub type OpenedLayer = (Box<dyn Frames>, Box<dyn OpenChunk>);

/// A nested stream: the plaintext of one layer is the header and the frames of the next.
pub trait OpenLayer: Send + Sync {
    /// Returns the length of its header, in bytes.
    fn size(&self) -> usize;

    /// Decodes its header and derives its key. The header is shorter than [`size`](Self::size) only if the stream ends
    /// inside it.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Truncated`], with the offset in this stream.
    fn unlock(&self, head: &[u8], limits: &Limits) -> Result<OpenedLayer, Error>;
}

/// A decoded header.
pub trait Header: Send + Sync {
    /// Returns its length in the file, in bytes; the first frame follows.
    fn size(&self) -> usize;

    /// Returns whether a data file with a detached header may begin with a hole: as many zero bytes as the header is
    /// long, which belong to no frame.
    fn leaves_hole(&self) -> bool {
        false
    }

    /// Walks the frames behind it.
    fn frames(&self, limits: &Limits) -> Box<dyn Frames>;

    /// Returns the positions of the chunks behind it: computed if possible, and walked if not. A uniform geometry has
    /// the same rules as [`frames`](Self::frames).
    fn geometry(&self, limits: &Limits) -> Geometry {
        Geometry::Sequential(self.frames(limits))
    }

    /// Returns the positions of single chunks, for callers that read a part of the file. `lead` has the bytes that show
    /// the length of the first frame ([`Frames::prefix_len`]).
    ///
    /// # Errors
    /// [`Error::Usage`] with the reason, if the positions cannot be computed; the errors of the first frame.
    fn chunk_map(&self, limits: &Limits, lead: &[u8]) -> Result<ChunkMap, Error> {
        let _ = lead;
        match self.geometry(limits) {
            Geometry::Uniform(uniform) => Ok(ChunkMap::new(uniform)),
            Geometry::Sequential(_) => Err(Error::usage_hint(
                "the file's chunks can only be found one after the other, so no range can be read by \
                 itself",
                Hint::OpenWhole,
            )),
        }
    }

    /// Returns possible positions of the chunks of a damaged file, the likeliest first, for callers that try each.
    /// `body` is the file from its first frame on. There are several only if the bytes that show the length of a chunk
    /// may be damaged.
    ///
    /// # Errors
    /// [`Error::Usage`] with the reason, if damaged files of this format cannot be read; [`Error::Read`].
    fn chunk_maps(
        &self,
        limits: &Limits,
        body: Positioned<'_, dyn ReadAt + '_>,
    ) -> Result<Vec<ChunkMap>, Error> {
        let _ = body;
        match self.geometry(limits) {
            Geometry::Uniform(uniform) => Ok(vec![ChunkMap::new(uniform)]),
            Geometry::Sequential(_) => Err(Error::usage(
                "the file's chunks can only be found one after the other, so none can be found behind a \
                 damaged one",
            )),
        }
    }

    /// Unlocks the data of a file that may be damaged, in every way that is possible before a chunk is opened. The
    /// caller tries each, unless there is only one and the header proves its key.
    ///
    /// # Errors
    /// Those of [`unlock`](Self::unlock).
    fn unlock_untried(&self, identity: &Identity<'_>) -> Result<Vec<Untried>, Error> {
        let payload = self.unlock(identity, None)?;
        Ok(vec![Untried {
            payload,
            fault: None,
            first_decides: false,
        }])
    }

    /// Returns whether [`unlock`](Self::unlock) needs the first frame to know that the key is right. A header that
    /// proves its key does not need it. Formats that hold everything in one frame avoid a second copy of it in memory.
    fn tries_first_frame(&self) -> bool {
        true
    }

    /// Unlocks the data with an identity, which is tried on the header, or else on the first frame (`None` if the file
    /// has no chunk).
    ///
    /// # Errors
    /// [`Error::Authentication`] if the identity does not open the header, or no reading of the format authenticates
    /// the frame; [`Error::Secret`] if the identity cannot be one for this format.
    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error>;

    /// Sets what [`unlock`](Self::unlock) and [`rekey`](Self::rekey) may accept and spend.
    fn set_policy(&mut self, policy: KeyPolicy) {
        let _ = policy;
    }

    /// Returns whether it has a wrapped master key, so that [`rekey`](Self::rekey) can change its secrets.
    fn has_slots(&self) -> bool {
        false
    }

    /// Returns the numbers of the stanzas that an identity opens, for formats with recipients.
    ///
    /// # Errors
    /// Those of the identity.
    fn opened_by(&self, identity: &Identity<'_>) -> Result<Vec<usize>, Error> {
        let _ = identity;
        Ok(Vec::new())
    }

    /// Changes which secrets open the file, and returns the new header, which is as long as the old one: the data
    /// behind it stays as it is. `first` is the first frame, if there is one. A header is not changed if its key does
    /// not open that frame.
    ///
    /// # Errors
    /// [`Error::NoMasterKey`] if the format has none, [`Error::Authentication`] if the old secret opens nothing,
    /// [`Error::Usage`] if there is no free slot or no slot would be left.
    fn rekey(&self, request: RekeyRequest<'_>, first: Option<&[u8]>) -> Result<Rekeyed, Error> {
        let _ = (request, first);
        Err(Error::NoMasterKey("this format".to_owned()))
    }

    /// Returns the length of the plaintext, if the outermost chunks hold `len` bytes. The two differ only in formats
    /// that nest streams.
    ///
    /// # Errors
    /// [`Error::Malformed`] if no plaintext makes that length.
    fn plaintext_len(&self, len: u64) -> Result<u64, Error> {
        Ok(len)
    }

    /// Returns what the header shows without a key.
    fn describe(&self) -> Description;
}

/// What a file may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The maximum length of a frame in memory, in bytes. As many frames are processed at a time as fit into it
    /// together, and at least one.
    pub memory: u64,
    /// The length of the input in bytes, if known before reading. It may include the header.
    pub input_len: Option<u64>,
}

impl Default for Limits {
    /// 1 GiB of memory.
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            input_len: None,
        }
    }
}

/// What a header may demand before its key is known.
///
/// ```
/// use fetool::format::KeyPolicy;
///
/// let cheap = KeyPolicy { max_work_factor: 16, memory: 64 << 20, ..KeyPolicy::default() };
/// assert!(!cheap.legacy_slots);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    /// Whether to accept key slots that may be forged ([`Error::LegacySlot`]).
    pub legacy_slots: bool,
    /// The maximum work factor of scrypt, the base-2 logarithm of its number of blocks.
    pub max_work_factor: u8,
    /// The maximum memory in bytes for a key derivation whose cost is in the file.
    pub memory: u64,
}

impl Default for KeyPolicy {
    /// No such slots, scrypt up to 22 like age, and 1 GiB.
    fn default() -> Self {
        Self {
            legacy_slots: false,
            max_work_factor: 22,
            memory: 1 << 30,
        }
    }
}

/// What the tags of a file prove to the holder of its secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// Each chunk was sealed with the secret, and the first chunk is the file's first.
    #[default]
    Chunks,
    /// Each chunk was sealed with the secret, but chunks may be missing before the first. Only opening all of them
    /// shows that: the file has this many bytes behind its header if none is missing.
    WholeFile {
        /// Bytes behind the header.
        body_len: u64,
    },
    /// Each chunk was sealed with the secret, but chunks may be missing before the first, and nothing shows that.
    AnyStart,
    /// The tags can be made without the secret, as the text explains.
    Forgeable(String),
    /// There is no chunk, so there is no tag.
    Nothing,
}

/// What a file without a chunk does not protect.
pub const NOTHING: &str = "nothing in this file is authenticated, not even that it is empty: \
                           anyone can make one like it";

/// The data of a file whose key is known: the AEAD work on its chunks, whose positions are in [`Header::geometry`].
pub struct Payload {
    /// The AEAD work, which any number of readers can share.
    pub codec: Arc<dyn OpenChunk>,
    /// Whether the header proves the key, so that a chunk that does not authenticate must have been changed.
    pub key_proven: bool,
    /// The inner layers, from the outside in, for formats that nest streams.
    pub layers: Vec<Box<dyn OpenLayer>>,
    /// Which reading of the format authenticated the first chunk, for people.
    pub reading: String,
    /// What the file does not protect, one line each; [`Open::strict`](crate::Open::strict) refuses such files.
    pub warnings: Vec<String>,
    /// What the tags prove.
    pub proof: Proof,
}

/// A way to read the data of a damaged file, which no chunk has confirmed yet.
pub struct Untried {
    /// The data.
    pub payload: Payload,
    /// The error in the header, which unlocks the data nevertheless.
    pub fault: Option<Error>,
    /// Whether only the first chunk confirms this way: others may authenticate under a wrong number.
    pub first_decides: bool,
}

/// A first chunk that was opened to try a key.
pub struct FirstChunk {
    /// Holds the plaintext.
    frame: Vec<u8>,
    range: Range<usize>,
    last: Option<bool>,
}

impl FirstChunk {
    /// Opens a copy of the first frame of a file. `last` says whether it is the last one, which some formats seal in
    /// another way.
    ///
    /// # Errors
    /// Those of [`OpenChunk::open`], and [`Error::Memory`].
    pub fn open(
        codec: &dyn OpenChunk,
        offset: usize,
        last: Option<bool>,
        frame: &[u8],
    ) -> Result<Self, Error> {
        let id = ChunkId {
            index: 0,
            last: last.unwrap_or_default(),
            offset: offset as u64,
        };
        let mut frame = try_alloc::copy(frame)?;
        let range = codec.open(id, &mut frame)?;
        Ok(Self { frame, range, last })
    }

    /// Opens a copy like [`open`](Self::open). Returns `None` if the frame does not authenticate.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn try_open(
        codec: &dyn OpenChunk,
        offset: usize,
        last: Option<bool>,
        frame: &[u8],
    ) -> Result<Option<Self>, Error> {
        match Self::open(codec, offset, last, frame) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(Error::Authentication { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns a codec that returns this chunk once, instead of opening it again.
    pub fn before(self, codec: impl OpenChunk + 'static) -> Arc<dyn OpenChunk> {
        Arc::new(OpenedOnce {
            first: Mutex::new(Some(self)),
            codec,
        })
    }
}

struct OpenedOnce<C> {
    first: Mutex<Option<FirstChunk>>,
    codec: C,
}

impl<C> OpenedOnce<C> {
    fn take(&self, id: ChunkId, len: usize) -> Option<FirstChunk> {
        if id.index > 0 {
            return None;
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        first.take().filter(|first| {
            first.frame.len() == len && first.last.is_none_or(|last| last == id.last)
        })
    }
}

impl<C: OpenChunk> OpenChunk for OpenedOnce<C> {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        match self.take(id, frame.len()) {
            Some(first) => {
                frame.copy_from_slice(&first.frame);
                Ok(first.range)
            }
            None => self.codec.open(id, frame),
        }
    }

    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        match self.take(id, frame.len()) {
            Some(first) => {
                room.copy_from_slice(&first.frame);
                Ok(first.range)
            }
            None => self.codec.open_from(id, frame, room),
        }
    }
}

/// Walks the frames of a file in order, from the first bytes of each.
pub trait Frames: Send {
    /// Returns how many bytes of a frame show its length; at least 1.
    fn prefix_len(&self) -> usize;

    /// Returns whether [`next`](Self::next) inspects the bytes of the prefix, and not only their number. Consecutive
    /// frames with equal prefixes are then walked over together.
    fn prefix_has_length(&self) -> bool {
        true
    }

    /// Returns the length of the whole next frame, which starts at `offset` in the file. `lead` has its first
    /// [`prefix_len`](Self::prefix_len) bytes: fewer only if the file ends there, none if it ends before the frame.
    /// `None` means that the file is complete.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Truncated`], with the offset.
    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error>;

    /// Accepts or refuses a file that ends after `got` bytes of the frame that was announced last, which starts at
    /// `offset`. A format whose last frame may be shorter than announced accepts it.
    ///
    /// # Errors
    /// [`Error::Truncated`] if that breaks the format's rules, as it does in most formats.
    fn short_at_eof(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        Err(Error::truncated(
            offset + got as u64,
            "the input ends inside a chunk",
        ))
    }

    /// Returns how many bytes of a frame are not plaintext.
    fn overhead(&self) -> usize;

    /// Returns the maximum length of a frame of the file, in bytes.
    fn largest(&self) -> u64;

    /// Returns the error for a frame that needs more than `memory` bytes, the limit.
    fn too_large(&self, memory: u64) -> Error {
        Error::usage_hint(
            format!(
                "a chunk of {} bytes needs more than the {memory} bytes of memory allowed",
                self.largest()
            ),
            Hint::MoreMemory,
        )
    }
}
