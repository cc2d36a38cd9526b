//! A third format of the tests' own: streams of [`Toy`](super::Toy) inside one another. What a stream
//! seals begins with the header of the stream inside it.
//!
//! ```text
//! "TOY3" | 20 bytes nonce | frames of ("TOY1" | nonce | frames of ("TOY1" | nonce | frames))
//! ```

use super::*;
use fetool::format::{OpenLayer, OpenedLayer, SealLayer};

pub const STREAMS: usize = 3;

const MAGICS: [&[u8; 4]; STREAMS] = [MAGIC, MAGIC, b"TOY3"];

pub struct Nested;

impl Format for Nested {
    fn name(&self) -> &'static str {
        "toys"
    }

    fn title(&self) -> &'static str {
        "Toys (nobody)"
    }

    fn suffix(&self) -> &'static str {
        ".toys"
    }

    fn algorithms(&self) -> &'static [fetool::aead::Algorithm] {
        &[fetool::aead::Algorithm::Aes256Gcm]
    }

    fn probe(&self, head: &[u8]) -> Claim {
        match head.starts_with(MAGICS[STREAMS - 1]) {
            true => Claim::Yes,
            false => Claim::No,
        }
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(NestedHeader(decoded(head)?)))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let [recipient] = request.recipients else {
            return Err(Error::usage("Toys have one secret"));
        };
        let secret = recipient.secret()?;
        let mut headers = [[0; HEADER]; STREAMS];
        for (header, magic) in headers.iter_mut().zip(MAGICS) {
            header[..4].copy_from_slice(magic);
            (request.random)(&mut header[4..])?;
        }
        let around = headers.iter().zip(&headers[1..]);
        Ok(Sealer {
            file_key: None,
            header: headers[STREAMS - 1].to_vec(),
            layout: LAYOUT,
            codec: Box::new(Codec::new(secret, headers[0])),
            layers: around
                .map(|(inside, header)| SealLayer {
                    head: inside.to_vec(),
                    layout: LAYOUT,
                    codec: Box::new(Codec::new(secret, *header)),
                })
                .collect(),
        })
    }
}

struct NestedHeader(ToyHeader);

impl Header for NestedHeader {
    fn size(&self) -> usize {
        HEADER
    }

    fn frames(&self, limits: &Limits) -> Box<dyn Frames> {
        self.0.frames(limits)
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let inside = |_| Box::new(Inside(secret.clone())) as Box<dyn OpenLayer>;
        Ok(Payload {
            layers: (1..STREAMS).map(inside).collect(),
            ..self.0.unlock(identity, first)?
        })
    }

    fn plaintext_len(&self, len: u64) -> Result<u64, Error> {
        let frame = (CHUNK + EXTRA) as u64;
        (1..STREAMS)
            .try_fold(len, |len, _| {
                let frames = len.checked_sub(HEADER as u64)?;
                let last = (frames % frame).checked_sub(EXTRA as u64)?;
                Some(frames / frame * CHUNK as u64 + last)
            })
            .ok_or(Error::Malformed {
                offset: HEADER as u64,
                what: "no plaintext makes that length".to_owned(),
            })
    }

    fn describe(&self) -> Description {
        Description {
            layers: Some(STREAMS as u8),
            ..self.0.describe()
        }
    }
}

struct Inside(Secret);

impl OpenLayer for Inside {
    fn size(&self) -> usize {
        HEADER
    }

    fn unlock(&self, head: &[u8], limits: &Limits) -> Result<OpenedLayer, Error> {
        let header = decoded(head)?;
        let codec = Codec::new(&self.0, header.0);
        Ok((header.frames(limits), Box::new(codec)))
    }
}

/// Opens all streams, one after the other, without the library's hands.
pub fn read(secret: &Secret, sealed: &[u8]) -> Vec<u8> {
    let mut stream = sealed.to_vec();
    for magic in MAGICS.into_iter().rev() {
        assert_eq!(stream[..4], magic[..]);
        let codec = Codec::new(secret, stream[..HEADER].try_into().unwrap());
        let (mut at, mut index, mut plaintext) = (HEADER, 0, Vec::new());
        loop {
            let len = usize::from(u16::from_be_bytes([stream[at], stream[at + 1]]));
            let mut frame = stream[at..at + len + EXTRA].to_vec();
            let id = ChunkId {
                index,
                last: len < CHUNK,
                offset: at as u64,
            };
            let opened = codec.open(id, &mut frame).unwrap();
            plaintext.extend_from_slice(&frame[opened]);
            at += len + EXTRA;
            index += 1;
            if id.last {
                break;
            }
        }
        assert_eq!(at, stream.len());
        stream = plaintext;
    }
    stream
}
