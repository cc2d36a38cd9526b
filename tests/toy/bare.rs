//! A second format of the tests' own, without a magic number: what it is, only a secret can tell.
//!
//! ```text
//! 20 bytes nonce | frames of 100 bytes of ciphertext and a tag, the last perhaps shorter
//! ```
//!
//! There may be several of it, which differ in what their associated data is.

use fetool::aead::{Aead, Algorithm, TAG_LEN};
use fetool::format::{
    ChunkId, Claim, Description, End, Evidence, Field, Format, Frames, Header, Layout, Limits,
    OpenChunk, Payload, Proof, SealChunk, SealRequest, Sealer,
};
use fetool::{Error, Identity, Secret};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

pub const HEADER: usize = 20;
pub const CHUNK: usize = 100;
const FRAME: usize = CHUNK + TAG_LEN;

/// Its name is its associated data.
#[derive(Clone, Copy)]
pub struct Bare(pub &'static str);

impl Format for Bare {
    fn name(&self) -> &'static str {
        self.0
    }

    fn title(&self) -> &'static str {
        self.0
    }

    fn suffix(&self) -> &'static str {
        ".bare"
    }

    fn algorithms(&self) -> &'static [fetool::aead::Algorithm] {
        &[fetool::aead::Algorithm::Aes256Gcm]
    }

    fn probe(&self, _head: &[u8]) -> Claim {
        Claim::No
    }

    fn evidence(&self, head: &[u8], len: Option<u64>) -> Result<Evidence, String> {
        if head.len() < HEADER {
            return Err("shorter than its header".to_owned());
        }
        let mut evidence = Evidence::default();
        match len {
            Some(len) if !(len - HEADER as u64).is_multiple_of(FRAME as u64) => {
                evidence.opposing.push("no whole chunks".to_owned());
            }
            _ => evidence.supporting.push("whole chunks".to_owned()),
        }
        Ok(evidence)
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        let nonce = head.first_chunk().ok_or_else(|| Error::Truncated {
            offset: head.len() as u64,
            what: "the input ends inside the header".to_owned(),
        })?;
        Ok(Box::new(BareHeader(*self, *nonce)))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let mut nonce = [0; HEADER];
        (request.random)(&mut nonce)?;
        Ok(Sealer {
            file_key: None,
            header: nonce.to_vec(),
            layout: Layout {
                chunk: CHUNK,
                prefix: 0,
                suffix: TAG_LEN,
                end: End::Any,
                max_chunks: 1 << 32,
            },
            codec: Box::new(BareHeader(*self, nonce).codec(request.recipients[0].secret()?)),
            layers: Vec::new(),
        })
    }
}

struct BareHeader(Bare, [u8; HEADER]);

impl BareHeader {
    fn codec(&self, secret: &Secret) -> Codec {
        let key = Sha256::digest(secret.as_bytes()).into();
        Codec {
            aead: Aead::new(Algorithm::XChaCha20Poly1305, &key),
            nonce: self.1,
            data: self.0.0,
        }
    }
}

impl Header for BareHeader {
    fn size(&self) -> usize {
        HEADER
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        Box::new(BareFrames)
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let codec = self.codec(secret);
        if let Some(first) = first {
            let id = ChunkId {
                index: 0,
                last: false,
                offset: HEADER as u64,
            };
            codec.open(id, &mut first.to_vec())?;
        }
        Ok(Payload {
            codec: Arc::new(codec),
            key_proven: first.is_some(),
            layers: Vec::new(),
            reading: "the only one".to_owned(),
            warnings: Vec::new(),
            proof: Proof::Chunks,
        })
    }

    fn describe(&self) -> Description {
        Description {
            version: None,
            algorithm: "XChaCha20-Poly1305",
            chunk_size: Some(CHUNK as u64),
            declared_size: None,
            length_protection: "not protected".to_owned(),
            end: "none",
            end_meaning: "the end of the file".to_owned(),
            mode: None,
            layers: None,
            authenticated: "nothing".to_owned(),
            derivations: Vec::new(),
            warnings: Vec::new(),
            stanzas: Vec::new(),
            post_quantum: None,
            fields: vec![Field {
                bytes: self.1.to_vec(),
                name: "nonce",
                meaning: "random".to_owned(),
            }],
        }
    }
}

struct Codec {
    aead: Aead,
    nonce: [u8; HEADER],
    data: &'static str,
}

impl Codec {
    fn nonce(&self, id: ChunkId) -> Vec<u8> {
        [&self.nonce[..], &(id.index as u32).to_be_bytes()].concat()
    }
}

impl SealChunk for Codec {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        let (body, tag) = frame.split_at_mut(frame.len() - TAG_LEN);
        let sealed = self.aead.seal(&self.nonce(id), self.data.as_bytes(), body);
        tag.copy_from_slice(&sealed.expect("a nonce and a message of the right length"));
        Ok(())
    }
}

impl OpenChunk for Codec {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let end = frame.len() - TAG_LEN;
        let (body, tag) = frame.split_at_mut(end);
        let tag = (&*tag).try_into().expect("as long as a tag");
        self.aead
            .open(&self.nonce(id), self.data.as_bytes(), body, &tag)
            .map_err(|_| Error::Authentication {
                chunk: id.index,
                offset: id.offset,
            })?;
        Ok(0..end)
    }
}

struct BareFrames;

impl Frames for BareFrames {
    fn prefix_len(&self) -> usize {
        1
    }

    fn next(&mut self, _offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        Ok((!lead.is_empty()).then_some(FRAME))
    }

    fn short_at_eof(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        if got > TAG_LEN {
            return Ok(());
        }
        Err(Error::Truncated {
            offset: offset + got as u64,
            what: "the input ends inside a chunk's tag".to_owned(),
        })
    }

    fn overhead(&self) -> usize {
        TAG_LEN
    }

    fn largest(&self) -> u64 {
        FRAME as u64
    }
}
