//! The header of a layer, and what follows from it.

use super::codec::{Codec, NONCE_LEN, plaintext_of};
use super::{
    CHUNK_LEN, DERIVATION, FEW_ROUNDS, HEADER_LEN, LAYERS_MAX, LAYOUT, NONCE_REPEATS, weakness,
};
use crate::aead::{Algorithm, TAG_LEN};
use crate::format::{
    Description, Field, FirstChunk, Frames, Geometry, Header, KeyDerivation, Limits, OpenChunk,
    OpenLayer, OpenedLayer, Payload, Proof, Uniform,
};

use crate::{Error, Identity, Secret};
use std::sync::Arc;

pub(super) const SALT_LEN: usize = 16;

/// A decoded header of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerHeader {
    /// The layer's number, 1 to [`LAYERS_MAX`]; 1 is the innermost.
    pub layer: u8,
    /// The nonce of every chunk.
    pub nonce: [u8; NONCE_LEN],
    /// The salt of the key, which the passphrase makes with it.
    pub salt: [u8; SALT_LEN],
}

impl LayerHeader {
    pub(super) fn new(
        layer: u8,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut header = Self {
            layer,
            nonce: [0; NONCE_LEN],
            salt: [0; SALT_LEN],
        };
        random(&mut header.nonce)?;
        random(&mut header.salt)?;
        Ok(header)
    }

    /// Decodes the first bytes of a layer's stream.
    ///
    /// # Errors
    /// [`Error::Malformed`] for an impossible layer number, and [`Error::Truncated`].
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        let too_short = || {
            Error::truncated(
                head.len() as u64,
                format!("the input ends inside the header of {HEADER_LEN} bytes"),
            )
        };
        let (layer, rest) = head.split_first().ok_or_else(too_short)?;
        if !(1..=LAYERS_MAX).contains(layer) {
            return Err(Error::malformed(
                0,
                format!("the first byte, {layer}, is no number of layers, 1 to {LAYERS_MAX}"),
            ));
        }
        let (nonce, salt) = nonce_and_salt(rest).ok_or_else(too_short)?;
        Ok(Self {
            layer: *layer,
            nonce,
            salt,
        })
    }

    /// Returns the header's bytes.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = self.layer;
        bytes[1..][..NONCE_LEN].copy_from_slice(&self.nonce);
        bytes[1 + NONCE_LEN..].copy_from_slice(&self.salt);
        bytes
    }
}

/// Decodes the end of the header, which both layouts share.
pub(super) fn nonce_and_salt(bytes: &[u8]) -> Option<([u8; NONCE_LEN], [u8; SALT_LEN])> {
    let (nonce, rest) = bytes.split_first_chunk()?;
    Some((*nonce, *rest.first_chunk()?))
}

/// The AEAD work of the layer with this nonce and salt.
pub(super) fn codec(
    secret: &Secret,
    nonce: &[u8; NONCE_LEN],
    salt: &[u8; SALT_LEN],
) -> Result<Codec, Error> {
    let key = secret.derive_anew(DERIVATION, salt)?;
    Ok(Codec::new(&key, nonce))
}

pub(super) fn geometry(stream: impl Into<String>) -> Uniform {
    Uniform::new(LAYOUT, stream)
}

/// Tries the outermost layer's key on its first frame.
pub(super) fn try_first(
    codec: Codec,
    offset: usize,
    first: Option<&[u8]>,
) -> Result<Arc<dyn OpenChunk>, Error> {
    Ok(match first {
        Some(first) => FirstChunk::open(&codec, offset, None, first)?.before(codec),
        None => Arc::new(codec),
    })
}

/// Returns what the tags prove of a file whose outermost layer starts with this frame, and its warnings.
/// docs/formats/gocrypt.md has the arithmetic.
pub(super) fn proof(layers: u8, first: Option<&[u8]>) -> (Proof, Vec<String>) {
    let several = first.is_some_and(|frame| frame.len() == CHUNK_LEN + TAG_LEN);
    let warning = weakness(layers);
    match layers {
        // Anybody who has one file of several chunks can make shorter ones, also of a single chunk.
        1 | 2 => (Proof::Forgeable(warning.clone()), vec![warning]),
        _ if several => (Proof::Chunks, vec![warning]),
        _ => (Proof::Chunks, Vec::new()),
    }
}

/// The outermost layer's header, which has the number of layers.
pub(super) struct Layered(LayerHeader);

impl Layered {
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        LayerHeader::decode(head).map(Self)
    }

    pub fn layers(&self) -> u8 {
        self.0.layer
    }
}

impl Header for Layered {
    fn size(&self) -> usize {
        HEADER_LEN
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        geometry("the input").frames()
    }

    fn geometry(&self, _limits: &Limits) -> Geometry {
        Geometry::Uniform(geometry("the input"))
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let header = &self.0;
        let codec = codec(secret, &header.nonce, &header.salt)?;
        let codec = try_first(codec, HEADER_LEN, first)?;
        let (proof, warnings) = proof(header.layer, first);
        let inside = |layer| -> Box<dyn OpenLayer> {
            Box::new(Inner {
                layer,
                secret: secret.clone(),
            })
        };
        Ok(Payload {
            codec,
            key_proven: first.is_some(),
            layers: (1..header.layer).rev().map(inside).collect(),
            reading: match header.layer {
                1 => "1 layer".to_owned(),
                layers => format!("{layers} layers"),
            },
            warnings,
            proof,
        })
    }

    fn plaintext_len(&self, len: u64) -> Result<u64, Error> {
        (1..self.0.layer).rev().try_fold(len, |len, layer| {
            let name = format!("layer {layer}");
            let body = len
                .checked_sub(HEADER_LEN as u64)
                .ok_or_else(|| Error::truncated(0, format!("{name} ends inside its header")))?;
            plaintext_of(body, &name)
        })
    }

    fn describe(&self) -> Description {
        let LayerHeader { layer, nonce, salt } = self.0;
        Description {
            layers: Some(layer),
            stanzas: Vec::new(),
            post_quantum: None,
            fields: fields(Some(layer), &nonce, &salt),
            ..description(layer)
        }
    }
}

/// Describes what both layouts share.
pub(super) fn description(layers: u8) -> Description {
    Description {
        stanzas: Vec::new(),
        post_quantum: None,
        version: None,
        algorithm: Algorithm::XChaCha20Poly1305.name(),
        chunk_size: Some(CHUNK_LEN as u64),
        declared_size: None,
        length_protection: match layers {
            1 | 2 => "not protected: the end can be cut off between two chunks, unnoticed",
            _ => "not guaranteed beyond 32 KiB: only the alignment of the layers protects it",
        }
        .to_owned(),
        end: "none",
        end_meaning: "the end of the file".to_owned(),
        mode: None,
        layers: None,
        authenticated: "nothing of the header".to_owned(),
        derivations: vec![KeyDerivation::Known(DERIVATION)],
        warnings: vec![
            FEW_ROUNDS.to_owned(),
            format!("with {NONCE_REPEATS}"),
            weakness(layers),
        ],
        fields: Vec::new(),
    }
}

/// The header's fields.
pub(super) fn fields(
    layers: Option<u8>,
    nonce: &[u8; NONCE_LEN],
    salt: &[u8; SALT_LEN],
) -> Vec<Field> {
    let layers = layers.map(|layers| Field {
        bytes: vec![layers],
        name: "layers",
        meaning: "how many times the data was sealed".to_owned(),
    });
    let rest = [
        Field {
            bytes: nonce.to_vec(),
            name: "nonce",
            meaning: "the same for every chunk".to_owned(),
        },
        Field {
            bytes: salt.to_vec(),
            name: "salt",
            meaning: "of the key derivation".to_owned(),
        },
    ];
    layers.into_iter().chain(rest).collect()
}

/// An inner layer.
struct Inner {
    layer: u8,
    secret: Secret,
}

impl OpenLayer for Inner {
    fn size(&self) -> usize {
        HEADER_LEN
    }

    fn unlock(&self, head: &[u8], _limits: &Limits) -> Result<OpenedLayer, Error> {
        let name = format!("layer {}", self.layer);
        if head.len() < HEADER_LEN {
            let end = head.len() as u64;
            return Err(Error::truncated(
                end,
                format!("{name} ends inside its header"),
            ));
        }
        if head[0] != self.layer {
            return Err(Error::malformed(
                0,
                format!("{name} says that it is layer {}", head[0]),
            ));
        }
        let header = LayerHeader::decode(head)?;
        let codec = codec(&self.secret, &header.nonce, &header.salt)?;
        Ok((geometry(name).frames(), Box::new(codec)))
    }
}
