//! The format of the AES-GCM File Encryptor, also called Parallel-Encryptor: AES-256-GCM over chunks whose size is in
//! the header.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 8 | nonce |
//! | 8 | 4 | plaintext bytes a chunk, big-endian; not 0 |
//! | 12 | … | frames: ciphertext and 16-byte tag |
//!
//! The key is SHA-256 of the secret's bytes. The nonce of chunk *i* is the header's nonce and *i* as a
//! big-endian u32; there is no associated data. The last chunk may be shorter, and is never empty:
//! an empty file is the header alone. There is no magic number. The facts are from the program's
//! source and from files that it made (December 2025).
//!
//! It does not protect the passphrase against guessing, since its hash is fast and has no salt; the end of the file,
//! which can be cut off between two chunks; or the chunk size, if the data fits into one chunk of either size.
//!
//! ```
//! use fetool::format::parallel_encryptor::{CHUNK_DEFAULT, HEADER_LEN, ParallelEncryptor, ParallelHeader};
//! use fetool::{Seal, Secret};
//!
//! let passphrase = Secret::passphrase("correct horse battery staple");
//! let mut sealed = Vec::new();
//! Seal::new(&passphrase).format(&ParallelEncryptor).run(&[1; 1000][..], &mut sealed)?;
//! let header = ParallelHeader::decode(&sealed[..HEADER_LEN])?;
//! assert_eq!(u64::from(header.chunk), CHUNK_DEFAULT);
//! # Ok::<(), fetool::Error>(())
//! ```

use super::{
    BadEnd, ChunkId, Claim, Description, End, Evidence, Field, FirstChunk, Format, Frames,
    Geometry, Header, KeyDerivation, Layout, Limits, NewFiles, OpenChunk, Payload, Proof,
    SealChunk, SealRequest, Sealer, Uniform, many_files, shorter_than,
};
use crate::aead::{Aead, Algorithm, TAG_LEN, Tag};
use crate::kdf::{Derivation, Key};
use crate::{Error, Identity, Secret};
use std::ops::Range;
use std::sync::Arc;

/// Length of the header in bytes.
pub const HEADER_LEN: usize = 12;
/// Plaintext bytes in a chunk by default.
pub const CHUNK_DEFAULT: u64 = 1 << 20;

const NONCE_LEN: usize = 8;
/// The nonce has 32 bits for the chunk's number.
const MAX_CHUNKS: u64 = 1 << 32;
/// A first frame up to this length is examined before anything is opened. A second copy of a longer one would take too
/// much memory.
const FIRST_FRAME_MAX: u64 = 16 << 20;
/// Nobody would choose larger chunks than this.
const CHUNK_USUAL: u32 = 64 << 20;

/// The format.
pub struct ParallelEncryptor;

impl Format for ParallelEncryptor {
    fn name(&self) -> &'static str {
        "parallel-encryptor"
    }

    fn title(&self) -> &'static str {
        "AES-GCM File Encryptor"
    }

    fn suffix(&self) -> &'static str {
        ".enc"
    }

    fn derives_keys(&self) -> bool {
        true
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::Aes256Gcm]
    }

    fn derivations(&self) -> Vec<(Option<&'static str>, Derivation)> {
        vec![(None, Derivation::Sha256)]
    }

    fn probe(&self, _head: &[u8]) -> Claim {
        Claim::No
    }

    fn evidence(&self, head: &[u8], len: Option<u64>) -> Result<Evidence, String> {
        if head.len() < HEADER_LEN {
            return Err(shorter_than(HEADER_LEN));
        }
        let header = ParallelHeader::decode(head).map_err(|error| error.to_string())?;
        let chunk = header.chunk;
        let mut evidence = Evidence::default();
        let claim = format!("bytes 8 to 11 give a chunk size of {chunk} bytes");
        match chunk {
            0..=CHUNK_USUAL => evidence.supporting.push(claim),
            _ => evidence.opposing.push(format!("{claim}, unusually large")),
        }
        let Some(len) = len else {
            return Ok(evidence);
        };
        let body = len.saturating_sub(HEADER_LEN as u64);
        if let Err(BadEnd::EmptyChunk { .. } | BadEnd::InsideTag { .. }) =
            header.layout().count(body)
        {
            return Err(format!(
                "with chunks of {chunk} bytes the file would end inside a chunk's tag"
            ));
        }
        evidence.supporting.push(match body {
            0 => "there is nothing behind the header, as for an empty file".to_owned(),
            _ => format!("the length of {len} bytes fits that"),
        });
        Ok(evidence)
    }

    fn weaknesses(&self, new: &NewFiles) -> Vec<String> {
        let always = format!("this is a weak format: {FAST_HASH}; {OPEN_END}");
        std::iter::once(always)
            .chain(many_files(new.files))
            .collect()
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(ParallelHeader::decode(head)?))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let secret = request.only_secret(self)?;
        request.refuse_algorithms_but(self, Algorithm::Aes256Gcm)?;
        request.refuse_kdf(self)?;
        request.refuse_layers(self)?;
        let chunk = request.chunk_size.unwrap_or(CHUNK_DEFAULT);
        let chunk = u32::try_from(chunk)
            .ok()
            .filter(|chunk| *chunk > 0)
            .ok_or_else(|| {
                Error::usage_hint(
                    format!("a chunk size of {chunk} bytes does not fit this format"),
                    "its chunks have 1 to 4294967295 bytes",
                )
            })?;
        let mut nonce = [0; NONCE_LEN];
        (request.random)(&mut nonce)?;
        let header = ParallelHeader { nonce, chunk };
        let layout = header.layout();
        if let Some(size) = request.size
            && size.div_ceil(chunk.into()) > MAX_CHUNKS
        {
            return Err(layout.too_many_chunks());
        }
        Ok(Sealer {
            file_key: None,
            header: header.encode().to_vec(),
            layout,
            codec: Box::new(header.codec(secret)?),
            layers: Vec::new(),
        })
    }
}

// What a file does not protect, to follow a colon.
const FAST_HASH: &str = "the key is one unsalted SHA-256 of the secret, so that a passphrase can be \
                         guessed fast";
const OPEN_END: &str = "the end of the file is not authenticated: a cut between two chunks is not \
                        noticed";

/// A decoded header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParallelHeader {
    /// The first bytes of every chunk's nonce.
    pub nonce: [u8; NONCE_LEN],
    /// Plaintext bytes in a chunk; at least 1.
    pub chunk: u32,
}

impl ParallelHeader {
    /// Decodes the first bytes of a file.
    ///
    /// # Errors
    /// [`Error::Truncated`], and [`Error::Malformed`] if the chunk size is 0.
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        let Some((nonce, rest)) = head.split_first_chunk::<NONCE_LEN>() else {
            return Err(too_short(head));
        };
        let Some(chunk) = rest.first_chunk().copied().map(u32::from_be_bytes) else {
            return Err(too_short(head));
        };
        if chunk == 0 {
            return Err(Error::malformed(8, "a chunk size of 0"));
        }
        Ok(Self {
            nonce: *nonce,
            chunk,
        })
    }

    /// Returns the header's bytes.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..NONCE_LEN].copy_from_slice(&self.nonce);
        bytes[NONCE_LEN..].copy_from_slice(&self.chunk.to_be_bytes());
        bytes
    }

    fn layout(&self) -> Layout {
        Layout {
            chunk: self.chunk as usize,
            prefix: 0,
            suffix: TAG_LEN,
            end: End::Any,
            max_chunks: MAX_CHUNKS,
        }
    }

    fn uniform(&self) -> Uniform {
        Uniform::new(self.layout(), "the input")
    }

    fn codec(&self, secret: &Secret) -> Result<Codec, Error> {
        let key: Key = Derivation::Sha256.derive(secret.as_bytes(), b"")?;
        Ok(Codec {
            aead: Aead::new(Algorithm::Aes256Gcm, &key),
            header: *self,
        })
    }
}

fn too_short(head: &[u8]) -> Error {
    Error::truncated(
        head.len() as u64,
        format!("the input ends inside the header of {HEADER_LEN} bytes"),
    )
}

impl Header for ParallelHeader {
    fn size(&self) -> usize {
        HEADER_LEN
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        self.uniform().frames()
    }

    fn geometry(&self, _limits: &Limits) -> Geometry {
        Geometry::Uniform(self.uniform())
    }

    fn tries_first_frame(&self) -> bool {
        u64::from(self.chunk) < FIRST_FRAME_MAX
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let codec = self.codec(secret)?;
        let codec: Arc<dyn OpenChunk> = match first {
            Some(first) => FirstChunk::open(&codec, HEADER_LEN, None, first)?.before(codec),
            None => Arc::new(codec),
        };
        Ok(Payload {
            codec,
            key_proven: first.is_some(),
            layers: Vec::new(),
            reading: "no associated data".to_owned(),
            warnings: vec![OPEN_END.to_owned()],
            proof: Proof::Chunks,
        })
    }

    fn describe(&self) -> Description {
        Description {
            version: None,
            algorithm: Algorithm::Aes256Gcm.name(),
            chunk_size: Some(self.chunk.into()),
            declared_size: None,
            length_protection: "not protected: a cut between two chunks is not noticed".to_owned(),
            end: "none",
            end_meaning: "the end of the file".to_owned(),
            mode: None,
            layers: None,
            authenticated: "nothing of the header".to_owned(),
            derivations: vec![KeyDerivation::Known(Derivation::Sha256)],
            warnings: vec![FAST_HASH.to_owned(), OPEN_END.to_owned()],
            stanzas: Vec::new(),
            post_quantum: None,
            fields: vec![
                Field {
                    bytes: self.nonce.to_vec(),
                    name: "nonce",
                    meaning: "first 8 of 12 bytes; the chunk's number follows".to_owned(),
                },
                Field {
                    bytes: self.chunk.to_be_bytes().to_vec(),
                    name: "chunk size",
                    meaning: format!("{} plaintext bytes a chunk", self.chunk),
                },
            ],
        }
    }
}

/// The AEAD work on chunks.
struct Codec {
    aead: Aead,
    header: ParallelHeader,
}

impl Codec {
    /// Returns the nonce of chunk `index`. The caller ensures that it is below 2³².
    fn nonce(&self, index: u64) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[..NONCE_LEN].copy_from_slice(&self.header.nonce);
        nonce[NONCE_LEN..].copy_from_slice(&(index as u32).to_be_bytes());
        nonce
    }
}

impl SealChunk for Codec {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        // Nonces are unique unless two files under one key draw the same 64 random bits. A passphrase has the same key
        // in every file.
        let (plaintext, room) = frame
            .split_last_chunk_mut::<TAG_LEN>()
            .expect("the layout leaves room for the tag");
        *room = self
            .aead
            .seal(&self.nonce(id.index), b"", plaintext)
            .expect("12-byte nonce, and a chunk far below the limit of GCM");
        Ok(())
    }
}

impl OpenChunk for Codec {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let end = frame.len() - TAG_LEN; // the walk lets nothing shorter pass
        let (body, tag) = frame.split_at_mut(end);
        let tag: &Tag = (&*tag).try_into().expect("16 bytes were split off");
        self.aead
            .open(&self.nonce(id.index), b"", body, tag)
            .map_err(|_| id.not_authentic())?;
        Ok(0..end)
    }
}
