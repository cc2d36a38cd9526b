//! GoCrypt: XChaCha20-Poly1305 over chunks of 32 KiB, in up to 200 nested layers.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 1 | number of the layer: that of the outermost is the number of layers, 1 to 200 |
//! | 1 | 24 | nonce |
//! | 25 | 16 | salt |
//! | 41 | … | frames: ciphertext and 16-byte tag |
//!
//! The key of a layer is PBKDF2-HMAC-SHA256 of the passphrase and the layer's salt, 4096 iterations; there is no
//! associated data. The last chunk may be shorter, and is never empty: an empty stream is only the header.
//!
//! *Layers nest whole streams.* Layer 1 seals the plaintext; layer *k* seals the complete output of layer *k* − 1,
//! header included. fetool checks the number of each inner layer; GoCrypt itself does not. GoCrypt 1.0 had one layer,
//! and a header without its first byte ([`GoCryptV1`]). The facts are from GoCrypt's source and from files that GoCrypt
//! 1.1 made.
//!
//! What it does not protect: every chunk of a layer has the *same nonce*. So with more than one chunk, the keystream
//! repeats and shows the XOR of the plaintexts (of the layer's input), and tags can be forged. With one layer
//! everything can be forged; with two, the end can be cut off between two chunks; with more, nothing guarantees that it
//! cannot. docs/formats/gocrypt.md explains that. 4096 iterations are few.
//!
//! ```
//! use fetool::format::gocrypt::{
//!     CHUNK_LEN, DERIVATION, GoCrypt, GoCryptV1, HEADER_LEN, LAYERS_DEFAULT, LAYERS_MAX, LayerHeader,
//! };
//! use fetool::{Open, Seal, Secret};
//!
//! let passphrase = Secret::passphrase("correct horse battery staple");
//! let mut sealed = Vec::new();
//! Seal::new(&passphrase).format(&GoCrypt).layers(Some(2)).run(&[1; CHUNK_LEN][..], &mut sealed)?;
//!
//! let header = LayerHeader::decode(&sealed[..HEADER_LEN])?;
//! assert_eq!((header.layer, LAYERS_DEFAULT, LAYERS_MAX), (2, 5, 200));
//! assert_eq!(DERIVATION.to_string(), "PBKDF2-HMAC-SHA256, 4096 iterations");
//! Open::new(&passphrase).among(&[&GoCrypt, &GoCryptV1]).run(&sealed[..], std::io::sink())?;
//! # Ok::<(), fetool::Error>(())
//! ```

mod codec;
mod header;
mod v1;

pub use header::LayerHeader;
pub use v1::GoCryptV1;

use super::{
    Claim, End, Evidence, Format, Header, Layout, NewFiles, SealLayer, SealRequest, Sealer,
    shorter_than,
};
use crate::aead::{Algorithm, TAG_LEN};
use crate::kdf::Derivation;
use crate::{Error, Setting};
use codec::Codec;
use header::{Layered, SALT_LEN};

/// Length of a layer's header in bytes.
pub const HEADER_LEN: usize = 41;
/// Plaintext bytes in a chunk.
pub const CHUNK_LEN: usize = 32 << 10;
/// The maximum number of layers.
pub const LAYERS_MAX: u8 = 200;
/// The number of layers by default.
pub const LAYERS_DEFAULT: u8 = 5;

/// How a layer's key is derived from the passphrase and the layer's salt.
pub const DERIVATION: Derivation = Derivation::Pbkdf2 { iterations: 4096 };

// What a file does not protect, to follow a colon.
const FEW_ROUNDS: &str = "4096 rounds of PBKDF2 leave a passphrase easy to guess";
const NONCE_REPEATS: &str = "more than 32 KiB under one nonce: the keystream repeats with every \
                             chunk, which gives much of the data away";

/// Returns what a file with this many layers does not protect, to follow a colon.
fn weakness(layers: u8) -> String {
    match layers {
        1 => "with 1 layer, chunks can be changed, swapped, repeated and cut off without the \
              passphrase"
            .to_owned(),
        2 => "with 2 layers, chunks can be cut off at the end without the passphrase, and swapped or \
              repeated when they are 64 MiB apart"
            .to_owned(),
        layers => format!(
            "with {layers} layers, the outermost layer of more than 32 KiB can be forged without the \
             passphrase, and the format does not guarantee that the layers inside notice a missing \
             end"
        ),
    }
}

/// The format.
pub struct GoCrypt;

impl Format for GoCrypt {
    fn name(&self) -> &'static str {
        "gocrypt"
    }

    fn title(&self) -> &'static str {
        "GoCrypt"
    }

    fn suffix(&self) -> &'static str {
        ".enc"
    }

    fn derives_keys(&self) -> bool {
        true
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::XChaCha20Poly1305]
    }

    fn default_layers(&self) -> Option<u8> {
        Some(LAYERS_DEFAULT)
    }

    fn derivations(&self) -> Vec<(Option<&'static str>, Derivation)> {
        vec![(None, DERIVATION)]
    }

    fn probe(&self, _head: &[u8]) -> Claim {
        Claim::No
    }

    fn evidence(&self, head: &[u8], len: Option<u64>) -> Result<Evidence, String> {
        if head.len() < HEADER_LEN {
            return Err(shorter_than(HEADER_LEN));
        }
        let header = Layered::decode(head).map_err(|error| error.to_string())?;
        let layers = header.layers();
        let mut evidence = Evidence::default();
        evidence.supporting.push(format!(
            "the first byte, {layers}, can be a number of layers"
        ));
        let Some(len) = len else {
            return Ok(evidence);
        };
        let body = len.saturating_sub(HEADER_LEN as u64);
        let plaintext = codec::plaintext_of(body, "it")
            .and_then(|len| header.plaintext_len(len))
            .map_err(|_| format!("no plaintext in {layers} layers makes {len} bytes"))?;
        evidence.supporting.push(format!(
            "the length fits {plaintext} bytes of plaintext in so many layers"
        ));
        Ok(evidence)
    }

    fn weaknesses(&self, new: &NewFiles) -> Vec<String> {
        let layers = new.layers.unwrap_or(LAYERS_DEFAULT);
        let mut weaknesses = vec![format!(
            "GoCrypt is a weak format: {FEW_ROUNDS}; {}",
            weakness(layers)
        )];
        if new.len.is_some_and(|len| len > CHUNK_LEN as u64) {
            weaknesses.push(NONCE_REPEATS.to_owned());
        }
        weaknesses
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(Layered::decode(head)?))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let secret = request.only_secret(self)?;
        request.refuse_algorithms_but(self, Algorithm::XChaCha20Poly1305)?;
        request.refuse_kdf(self)?;
        if request
            .chunk_size
            .is_some_and(|size| size != CHUNK_LEN as u64)
        {
            return Err(Error::Fixed {
                what: "GoCrypt uses fixed 32 KiB chunks".to_owned(),
                setting: Setting::ChunkSize,
            });
        }
        let layers = request.layers.unwrap_or(LAYERS_DEFAULT);
        if !(1..=LAYERS_MAX).contains(&layers) {
            return Err(Error::usage(format!(
                "{layers} layers: GoCrypt has 1 to {LAYERS_MAX}"
            )));
        }
        let headers = (1..=layers)
            .map(|layer| LayerHeader::new(layer, request.random))
            .collect::<Result<Vec<_>, _>>()?;
        let salts: Vec<&[u8]> = headers.iter().map(|header| &header.salt[..]).collect();
        let keys = DERIVATION.derive_all(secret.as_bytes(), &salts)?;
        let codecs = headers
            .iter()
            .zip(&keys)
            .map(|(header, key)| Codec::new(key, &header.nonce));
        let mut codecs = codecs.map(Box::new);
        let first = codecs.next().expect("there is a layer at least");
        let around = headers.iter().zip(codecs);
        Ok(Sealer {
            file_key: None,
            codec: first,
            layout: LAYOUT,
            layers: around
                .map(|(inside, codec)| SealLayer {
                    head: inside.encode().to_vec(),
                    layout: LAYOUT,
                    codec,
                })
                .collect(),
            header: headers
                .last()
                .expect("there is a layer at least")
                .encode()
                .to_vec(),
        })
    }
}

const LAYOUT: Layout = Layout {
    chunk: CHUNK_LEN,
    prefix: 0,
    suffix: TAG_LEN,
    end: End::Any,
    // The nonce has no counter.
    max_chunks: u64::MAX,
};

const _: () = assert!(HEADER_LEN == 1 + codec::NONCE_LEN + SALT_LEN);
