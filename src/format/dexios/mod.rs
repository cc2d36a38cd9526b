//! Dexios, header versions 1–5: a STREAM of 1 MiB blocks (or one block in memory) under a key that
//! is hashed from the secret, or a random master key that the hashed secret wraps.
//!
//! | version | made by | header | key of the data | associated data of the blocks |
//! |---|---|---|---|---|
//! | 1 | 8.0–8.2 | 64 bytes | hash of the secret | none |
//! | 2 | 8.3 | 64 | hash of the secret | none, but the header carries an HMAC |
//! | 3 | 8.4–8.6 | 64 | hash of the secret | the header |
//! | 4 | 8.7 | 128 | master key, wrapped once | the header but the wrapped key and its nonce |
//! | 5 | 8.8 | 416 | master key, wrapped in up to four key slots | the header's first 32 bytes |
//!
//! [`header`] has the bytes. Every version is read, and version 5 in stream mode is written. The facts are from Dexios'
//! own sources and from files that Dexios 8.2, 8.3, 8.4, 8.6, 8.7 and 8.8 made.
//!
//! ```
//! use fetool::aead::Algorithm;
//! use fetool::format::dexios::{Dexios, DexiosHeader, Mode, SLOTS, Slot, SlotHash, Version};
//! use fetool::format::Format;
//!
//! // A file as Dexios 8.8 makes it, with one used slot.
//! let slot = Slot {
//!     hash: SlotHash::BalloonV5,
//!     salt: [1; 16],
//!     nonce: vec![2; 24],
//!     wrapped: [3; 48],
//! };
//! # let mut bytes = vec![0xDE, 0x05, 0x0E, 0x01, 0x0C, 0x01];
//! # bytes.resize(416, 0);
//! # bytes[32..][..2].copy_from_slice(&[0xDF, slot.hash.code()]);
//! # bytes[34..][..48].copy_from_slice(&slot.wrapped);
//! # bytes[82..][..24].copy_from_slice(&slot.nonce);
//! # bytes[106..][..16].copy_from_slice(&slot.salt);
//! let header = DexiosHeader::decode(&bytes)?;
//! assert_eq!((header.mode, header.algorithm), (Mode::Stream, Algorithm::XChaCha20Poly1305));
//! assert_eq!((header.version, header.slots.len()), (Version::V5, 1));
//! assert!(header.slots[0] == slot && SLOTS == 4);
//! assert_eq!(Dexios.header(&bytes)?.size(), 416);
//! # Ok::<(), fetool::Error>(())
//! ```

mod codec;
mod describe;
pub mod header;
mod rekey;
mod slot;

pub use header::{DexiosHeader, Mode, Version};
pub use slot::{Slot, SlotHash};

use super::{Claim, Format, Header, NewFiles, SealRequest, Sealer};
use crate::aead::{Aead, Algorithm};
use crate::kdf::{Derivation, Kdf, Key};
use crate::{Error, Setting};
use codec::{BLOCK_LEN, Blocks, LAYOUT, MAX_BLOCKS};

/// The first byte of every Dexios file; the version follows.
const MAGIC: u8 = 0xDE;
/// The third byte of every Dexios file; the AEAD's number follows.
const ALGORITHM_TAG: u8 = 0x0E;
/// How many key slots version 5 has.
pub const SLOTS: usize = 4;

/// The format.
pub struct Dexios;

impl Format for Dexios {
    fn name(&self) -> &'static str {
        "dexios"
    }

    fn title(&self) -> &'static str {
        "Dexios"
    }

    fn suffix(&self) -> &'static str {
        ".dexios"
    }

    fn derives_keys(&self) -> bool {
        true
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[
            Algorithm::XChaCha20Poly1305,
            Algorithm::Aes256Gcm,
            Algorithm::DeoxysII256,
        ]
    }

    fn derivations(&self) -> Vec<(Option<&'static str>, Derivation)> {
        let slots = [
            ("A1", SlotHash::Argon2idV1),
            ("A2", SlotHash::Argon2idV2),
            ("A3", SlotHash::Argon2idV3),
            ("B4", SlotHash::BalloonV4),
            ("B5", SlotHash::BalloonV5),
        ];
        let known = slots.into_iter();
        known
            .filter_map(|(name, hash)| Some((Some(name), hash.derivation()?)))
            .collect()
    }

    fn probe(&self, head: &[u8]) -> Claim {
        match head {
            [] | [MAGIC] => Claim::TooShort,
            [MAGIC, 1..=5] => Claim::TooShort,
            // Files that begin with a nonce have two such bytes too often by chance.
            [MAGIC, 1..=5, ALGORITHM_TAG, ..] => Claim::Yes,
            _ => Claim::No,
        }
    }

    fn weaknesses(&self, new: &NewFiles) -> Vec<String> {
        let balloon = new.kdf == Some(Kdf::Balloon);
        let weakness = "balloon hashes the secret over 9 MiB in one pass, which is below today's \
                        recommendations; argon2id takes 256 MiB";
        balloon.then(|| weakness.to_owned()).into_iter().collect()
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(DexiosHeader::decode(head)?))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        if request
            .chunk_size
            .is_some_and(|size| size != BLOCK_LEN as u64)
        {
            return Err(Error::Fixed {
                what: "Dexios uses fixed 1 MiB blocks".to_owned(),
                setting: Setting::ChunkSize,
            });
        }
        if let Some(size) = request.size
            && size / BLOCK_LEN as u64 >= MAX_BLOCKS
        {
            return Err(Error::usage("Dexios numbers no more than 2^31 - 1 blocks"));
        }
        if !(1..=SLOTS).contains(&request.recipients.len()) {
            return Err(Error::usage(format!(
                "a Dexios file has 1 to {SLOTS} key slots, not {}",
                request.recipients.len()
            )));
        }
        request.refuse_layers(self)?;
        let algorithm = request.algorithm.unwrap_or(Algorithm::XChaCha20Poly1305);
        let hash = SlotHash::for_kdf(request.kdf)?;
        let mut master = Key::default();
        (request.random)(&mut *master)?;
        let mut header = DexiosHeader::new(algorithm, request.random)?;
        for recipient in request.recipients {
            let secret = recipient.secret()?;
            let slot = Slot::wrap(algorithm, hash, &master, secret, request.random)?;
            header.slots.push(slot);
        }
        Ok(Sealer {
            file_key: None,
            layout: LAYOUT,
            codec: Box::new(Blocks::new(
                Aead::new(algorithm, &master),
                &header,
                header.associated_data(),
            )),
            header: header.encode(),
            layers: Vec::new(),
        })
    }
}
