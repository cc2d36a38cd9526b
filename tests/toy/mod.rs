//! A format of the tests' own, made of nothing but what `fetool::format` and `fetool::aead` show to
//! everybody. It is written as a module of src/format would be.
//!
//! ```text
//! "TOY1" | 20 bytes nonce | frames of u16 BE length, ciphertext, tag
//! ```
//!
//! XChaCha20-Poly1305 under the SHA-256 of the secret. The nonce of a chunk is the header's and the
//! chunk's number. Its associated data is the header, where its frame begins, as u64 LE, and a byte
//! that is 1 for the last chunk. Chunks have 1000 bytes; the last one has fewer, and may have none.

#![allow(dead_code)] // every file of tests uses a part of it

pub mod bare;
pub mod nested;
pub mod wrapped;

use fetool::aead::{Aead, Algorithm, TAG_LEN};
use fetool::format::{
    ChunkId, Claim, Description, End, Field, Format, Frames, Header, KeyDerivation, Layout, Limits,
    OpenChunk, Payload, Proof, SealChunk, SealRequest, Sealer,
};
use fetool::kdf::Derivation;
use fetool::{Error, Identity, Secret};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

pub const MAGIC: &[u8; 4] = b"TOY1";
pub const HEADER: usize = 24;
pub const CHUNK: usize = 1000;
pub const PREFIX: usize = 2;
pub const EXTRA: usize = PREFIX + TAG_LEN;

pub struct Toy;

impl Format for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }

    fn title(&self) -> &'static str {
        "Toy (nobody)"
    }

    fn suffix(&self) -> &'static str {
        ".toy"
    }

    fn derives_keys(&self) -> bool {
        true
    }

    fn algorithms(&self) -> &'static [fetool::aead::Algorithm] {
        &[fetool::aead::Algorithm::Aes256Gcm]
    }

    fn probe(&self, head: &[u8]) -> Claim {
        if head.starts_with(MAGIC) {
            Claim::Yes
        } else if MAGIC.starts_with(head) {
            Claim::TooShort
        } else {
            Claim::No
        }
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(decoded(head)?))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let [recipient] = request.recipients else {
            return Err(Error::usage("Toy has one secret"));
        };
        let secret = recipient.secret()?;
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(MAGIC);
        (request.random)(&mut header[4..])?;
        Ok(Sealer {
            file_key: None,
            header: header.to_vec(),
            layout: LAYOUT,
            codec: Box::new(Codec::new(secret, header)),
            layers: Vec::new(),
        })
    }
}

const LAYOUT: Layout = Layout {
    chunk: CHUNK,
    prefix: PREFIX,
    suffix: TAG_LEN,
    end: End::Short,
    max_chunks: 1 << 32,
};

fn decoded(head: &[u8]) -> Result<ToyHeader, Error> {
    let header = head.first_chunk().ok_or_else(|| Error::Truncated {
        offset: head.len() as u64,
        what: "the input ends inside the header".to_owned(),
    })?;
    Ok(ToyHeader(*header))
}

struct Codec {
    aead: Aead,
    header: [u8; HEADER],
}

impl Codec {
    fn new(secret: &Secret, header: [u8; HEADER]) -> Self {
        let key = Sha256::digest(secret.as_bytes()).into();
        let aead = Aead::new(Algorithm::XChaCha20Poly1305, &key);
        Self { aead, header }
    }

    fn nonce(&self, id: ChunkId) -> Vec<u8> {
        // The layout allows no more chunks than that.
        [&self.header[4..], &(id.index as u32).to_be_bytes()].concat()
    }

    fn associated_data(&self, id: ChunkId) -> Vec<u8> {
        [
            &self.header[..],
            &id.offset.to_le_bytes(),
            &[id.last.into()],
        ]
        .concat()
    }
}

impl SealChunk for Codec {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        let (prefix, rest) = frame.split_at_mut(PREFIX);
        let (body, tag) = rest.split_at_mut(rest.len() - TAG_LEN);
        prefix.copy_from_slice(&(body.len() as u16).to_be_bytes());
        let sealed = (self.aead).seal(&self.nonce(id), &self.associated_data(id), body);
        tag.copy_from_slice(&sealed.expect("a nonce and a message of the right length"));
        Ok(())
    }
}

impl OpenChunk for Codec {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let end = frame.len() - TAG_LEN;
        let (body, tag) = frame[PREFIX..].split_at_mut(end - PREFIX);
        let tag = (&*tag).try_into().expect("as long as a tag");
        self.aead
            .open(&self.nonce(id), &self.associated_data(id), body, &tag)
            .map_err(|_| Error::Authentication {
                chunk: id.index,
                offset: id.offset,
            })?;
        Ok(PREFIX..end)
    }
}

struct ToyHeader([u8; HEADER]);

impl Header for ToyHeader {
    fn size(&self) -> usize {
        HEADER
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        Box::new(ToyFrames { ended: false })
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let first = first.expect("there is a last chunk always");
        let codec = Codec::new(secret, self.0);
        let id = ChunkId {
            index: 0,
            last: first.len() < CHUNK + EXTRA,
            offset: HEADER as u64,
        };
        codec.open(id, &mut first.to_vec())?;
        Ok(Payload {
            codec: Arc::new(codec),
            key_proven: true,
            layers: Vec::new(),
            reading: "the only one".to_owned(),
            warnings: Vec::new(),
            proof: Proof::Chunks,
        })
    }

    fn describe(&self) -> Description {
        let field = |range: Range<usize>, name, meaning: &str| Field {
            bytes: self.0[range].to_vec(),
            name,
            meaning: meaning.to_owned(),
        };
        Description {
            version: Some(1),
            algorithm: "XChaCha20-Poly1305",
            chunk_size: Some(CHUNK as u64),
            declared_size: None,
            length_protection: "the last chunk is shorter than the others".to_owned(),
            end: "short-chunk",
            end_meaning: "after the first chunk that is not full".to_owned(),
            mode: None,
            layers: None,
            authenticated: "all of it".to_owned(),
            derivations: vec![KeyDerivation::Known(Derivation::Sha256)],
            warnings: Vec::new(),
            stanzas: Vec::new(),
            post_quantum: None,
            fields: vec![
                field(0..4, "magic", "\"TOY1\""),
                field(4..24, "nonce", "random"),
            ],
        }
    }
}

struct ToyFrames {
    ended: bool,
}

impl Frames for ToyFrames {
    fn prefix_len(&self) -> usize {
        PREFIX
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        let truncated = |what: &str| Error::Truncated {
            offset: offset + lead.len() as u64,
            what: what.to_owned(),
        };
        let malformed = |what: &str| Error::Malformed {
            offset,
            what: what.to_owned(),
        };
        match lead {
            [] if self.ended => Ok(None),
            [] => Err(truncated("the last chunk is missing")),
            _ if self.ended => Err(malformed("data after the last chunk")),
            [high, low] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                if len > CHUNK {
                    return Err(malformed("a chunk that is too long"));
                }
                self.ended = len < CHUNK;
                Ok(Some(len + EXTRA))
            }
            _ => Err(truncated("the input ends inside a chunk's length")),
        }
    }

    fn overhead(&self) -> usize {
        EXTRA
    }

    fn largest(&self) -> u64 {
        (CHUNK + EXTRA) as u64
    }
}
