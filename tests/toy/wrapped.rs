//! A fourth format of the tests' own: a random key for each file, which its header wraps for several
//! recipients, so that how long the header is, only the header itself tells.
//!
//! ```text
//! "TOY4" | u8 recipients | for each: u16 BE length, a comment, the wrapped key (48 bytes)
//!        | 16 bytes nonce | tag of all that | frames of ciphertext and tag
//! ```
//!
//! Chunks have 1000 bytes. The last may be full, and is empty only where the plaintext is. The tag proves
//! the key, so no chunk is needed for that.

use super::*;
use fetool::format::{Geometry, Uniform};

pub const WRAPPED: usize = 32 + TAG_LEN;
const NONCE: usize = 16;
/// Its header is as long as the comments.
const MAX: usize = 100_000;

/// With a comment of so many bytes for each recipient.
#[derive(Clone, Copy)]
pub struct Wrapped(pub usize);

const LAYOUT: Layout = Layout {
    chunk: CHUNK,
    prefix: 0,
    suffix: TAG_LEN,
    end: End::Full,
    max_chunks: 1 << 32,
};

fn uniform() -> Uniform {
    Uniform::new(LAYOUT, "the input")
}

fn aead(key: &[u8; 32]) -> Aead {
    Aead::new(Algorithm::XChaCha20Poly1305, key)
}

/// Every wrapping key is of one secret, and every file has a key of its own.
fn wrapping(secret: &Secret) -> Aead {
    aead(&Sha256::digest(secret.as_bytes()).into())
}

impl Format for Wrapped {
    fn name(&self) -> &'static str {
        "wrapped"
    }

    fn title(&self) -> &'static str {
        "Wrapped (nobody)"
    }

    fn suffix(&self) -> &'static str {
        ".wrapped"
    }

    fn algorithms(&self) -> &'static [fetool::aead::Algorithm] {
        &[fetool::aead::Algorithm::Aes256Gcm]
    }

    fn probe(&self, head: &[u8]) -> Claim {
        match head.starts_with(b"TOY4") {
            true => Claim::Yes,
            false => Claim::No,
        }
    }

    fn header_max(&self) -> usize {
        MAX
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        let truncated = || Error::Truncated {
            offset: head.len() as u64,
            what: "the input ends inside the header".to_owned(),
        };
        let mut at = 5;
        let mut keys = Vec::new();
        for _ in 0..*head.get(4).ok_or_else(truncated)? {
            let len = head.get(at..at + 2).ok_or_else(truncated)?;
            at += 2 + usize::from(u16::from_be_bytes([len[0], len[1]]));
            let key = head.get(at..at + WRAPPED).ok_or_else(truncated)?;
            keys.push(key.try_into().expect("48 bytes"));
            at += WRAPPED;
        }
        let header = head.get(..at + NONCE + TAG_LEN).ok_or_else(truncated)?;
        Ok(Box::new(WrappedHeader {
            bytes: header.to_vec(),
            keys,
        }))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let mut key = [0; 32];
        (request.random)(&mut key)?;
        let mut header = b"TOY4".to_vec();
        header.push(request.recipients.len() as u8);
        for recipient in request.recipients {
            let secret = recipient.secret()?;
            header.extend((self.0 as u16).to_be_bytes());
            header.extend(vec![b'#'; self.0]);
            let mut wrapped = key;
            let tag = wrapping(secret).seal(&[0; 24], b"", &mut wrapped).unwrap();
            header.extend(wrapped);
            header.extend(tag);
        }
        let mut nonce = [0; NONCE];
        (request.random)(&mut nonce)?;
        header.extend(nonce);
        let tag = aead(&key).seal(&[0xFF; 24], &header, &mut []).unwrap();
        header.extend(tag);
        Ok(Sealer {
            file_key: None,
            header,
            layout: LAYOUT,
            codec: Box::new(WrappedCodec(aead(&key), nonce)),
            layers: Vec::new(),
        })
    }
}

struct WrappedHeader {
    bytes: Vec<u8>,
    keys: Vec<[u8; WRAPPED]>,
}

impl Header for WrappedHeader {
    fn size(&self) -> usize {
        self.bytes.len()
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        uniform().frames()
    }

    fn geometry(&self, _limits: &Limits) -> Geometry {
        Geometry::Uniform(uniform())
    }

    fn tries_first_frame(&self) -> bool {
        false
    }

    fn unlock(&self, identity: &Identity<'_>, _first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let unwrap = |wrapped: &[u8; WRAPPED]| {
            let (key, tag) = wrapped.split_at(32);
            let mut key: [u8; 32] = key.try_into().expect("32 bytes");
            let tag = tag.try_into().expect("a tag");
            let opened = wrapping(secret).open(&[0; 24], b"", &mut key, &tag);
            opened.ok().map(|()| key)
        };
        let wrong = Error::Authentication {
            chunk: 0,
            offset: self.bytes.len() as u64,
        };
        let Some(key) = self.keys.iter().find_map(unwrap) else {
            return Err(wrong);
        };
        let (header, tag) = self.bytes.split_at(self.bytes.len() - TAG_LEN);
        let tag = tag.try_into().expect("a tag");
        if aead(&key).open(&[0xFF; 24], header, &mut [], &tag).is_err() {
            return Err(wrong);
        }
        let nonce = header[header.len() - NONCE..].try_into().expect("16 bytes");
        Ok(Payload {
            codec: Arc::new(WrappedCodec(aead(&key), nonce)),
            key_proven: true,
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
            length_protection: "the last chunk is marked".to_owned(),
            end: "marked-chunk",
            end_meaning: "with the chunk that is marked as the last".to_owned(),
            mode: None,
            layers: None,
            authenticated: "all of it".to_owned(),
            derivations: vec![KeyDerivation::Known(Derivation::Sha256)],
            warnings: Vec::new(),
            stanzas: Vec::new(),
            post_quantum: None,
            fields: vec![Field {
                bytes: self.bytes.clone(),
                name: "header",
                meaning: format!("for {} recipients", self.keys.len()),
            }],
        }
    }
}

struct WrappedCodec(Aead, [u8; NONCE]);

impl WrappedCodec {
    fn nonce(&self, id: ChunkId) -> Vec<u8> {
        let number = (id.index as u32).to_be_bytes();
        [&self.1[..], &number, &[0, 0, 0, id.last.into()]].concat()
    }
}

impl SealChunk for WrappedCodec {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        let (body, tag) = frame.split_at_mut(frame.len() - TAG_LEN);
        tag.copy_from_slice(&self.0.seal(&self.nonce(id), b"", body).unwrap());
        Ok(())
    }
}

impl OpenChunk for WrappedCodec {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let end = frame.len() - TAG_LEN;
        let (body, tag) = frame.split_at_mut(end);
        let tag = (&*tag).try_into().expect("as long as a tag");
        let opened = self.0.open(&self.nonce(id), b"", body, &tag);
        opened.map_err(|_| Error::Authentication {
            chunk: id.index,
            offset: id.offset,
        })?;
        Ok(0..end)
    }
}
