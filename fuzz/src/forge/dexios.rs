//! Dexios, in its five versions and two modes.

use super::super::choices::Choices;
use super::super::common::KEY;
use super::super::secret::{derive, other, plaintext, secret};
use super::{Parts, Sample, frame};
use fetool::Secret;
use fetool::aead::{Aead, Algorithm};
use fetool::format::dexios::{Slot, SlotHash, Version};
use fetool::kdf::Key;
use hmac::{KeyInit, Mac, SimpleHmac};
use sha3::Sha3_512;

const BLOCK: usize = 1 << 20;
const LAST: u32 = 1 << 31;
/// With the numbers that stand for them.
const ALGORITHMS: [(Algorithm, u8); 3] = [
    (Algorithm::XChaCha20Poly1305, 1),
    (Algorithm::Aes256Gcm, 2),
    (Algorithm::DeoxysII256, 3),
];
const HASHES: [SlotHash; 5] = [
    SlotHash::Argon2idV3,
    SlotHash::Argon2idV2,
    SlotHash::Argon2idV1,
    SlotHash::BalloonV5,
    SlotHash::BalloonV4,
];

struct Shape {
    version: Version,
    algorithm: Algorithm,
    code: u8,
    stream: bool,
    /// Version 3 as Dexios 8.4 wrote it.
    swapped: bool,
    /// The hash of each slot of version 5, and whether it is somebody else's.
    slots: Vec<(SlotHash, bool)>,
}

pub fn dexios(choices: &mut Choices<'_>) -> Sample {
    use Version::{V1, V2, V3, V4, V5};
    let version = choices.one_of(&[V5, V4, V3, V2, V1]);
    let (algorithm, code) = choices.one_of(&ALGORITHMS);
    let how = choices.byte();
    // Whole blocks take a thousand times as long.
    let len = match choices.array() {
        [0xFF, large] if large >= 0xF0 => {
            [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK][usize::from(large & 3)]
        }
        [small, _] => 7 * usize::from(small),
    };
    let count = 1 + choices.below(4);
    let mine = choices.below(count);
    let slots = (0..count).map(|slot| (choices.one_of(&HASHES), slot != mine));
    let shape = Shape {
        version,
        algorithm,
        code,
        stream: how & 1 == 0,
        swapped: how & 2 != 0,
        slots: slots.collect(),
    };
    let plaintext = plaintext(len);
    let file = shape.write(&plaintext, 7);
    let other = match len {
        ..2000 => shape.write(&plaintext, 0x87),
        _ => Parts::default(),
    };
    file.sample(plaintext, other)
}

impl Shape {
    fn write(&self, plaintext: &[u8], filler: u8) -> Parts {
        let nonce_len = self.algorithm.nonce_len() - if self.stream { 4 } else { 0 };
        let nonce = vec![filler; nonce_len];
        let (header, key) = self.header(&nonce, filler);
        let ad = self.associated_data(&header);
        let aead = Aead::new(self.algorithm, &key);
        let mut parts = Parts::default();
        // Edges where the header's fields are.
        let mut fields: Vec<usize> = match self.version {
            Version::V5 => vec![6, 32, 128, 224, 320],
            _ => vec![2, 4, 6, 22, 38, 48],
        };
        fields.push(header.len());
        let mut start = 0;
        for end in fields {
            parts.push(&header[start..end]);
            start = end;
        }
        if !self.stream {
            parts.push(&frame(&aead, &nonce, &ad, plaintext));
            return parts;
        }
        let last = plaintext.len() / BLOCK;
        for number in 0..=last {
            let end = plaintext.len().min((number + 1) * BLOCK);
            let mark = if number == last { LAST } else { 0 };
            let count = (number as u32 | mark).to_le_bytes();
            let nonce = [&nonce[..], &count].concat();
            parts.push(&frame(&aead, &nonce, &ad, &plaintext[number * BLOCK..end]));
        }
        parts
    }

    fn associated_data(&self, header: &[u8]) -> Vec<u8> {
        match self.version {
            Version::V1 | Version::V2 => Vec::new(),
            Version::V3 if self.swapped => {
                [&header[..2], &header[4..6], &header[2..4], &header[6..]].concat()
            }
            Version::V3 => header.to_vec(),
            Version::V4 => {
                let wrapped_end = 96 + self.algorithm.nonce_len();
                [&header[..48], &header[wrapped_end..]].concat()
            }
            Version::V5 => header[..32].to_vec(),
        }
    }

    /// The header, and the key of the blocks.
    fn header(&self, nonce: &[u8], filler: u8) -> (Vec<u8>, Key) {
        let mode = if self.stream { 1 } else { 2 };
        let mut header = vec![0xDE, self.version as u8, 0x0E, self.code, 0x0C, mode];
        let random = |bytes: &mut [u8]| {
            bytes.fill(filler);
            Ok(())
        };
        let master = Key::of(&[filler; 32]);
        let wrap = |hash, secret: Secret| {
            Slot::wrap(self.algorithm, hash, &master, &secret, &random).expect("wraps")
        };
        let salt = [filler; 16];
        let hashed = |hash: SlotHash| {
            let derivation = hash.derivation().expect("a known hash");
            derive(derivation, &KEY, &salt).expect("a key")
        };
        match self.version {
            Version::V1 | Version::V3 => {
                header.extend(salt);
                header.resize(38, 0);
                header.extend(nonce);
                header.resize(64, 0);
                let hash = match self.version {
                    Version::V1 => SlotHash::Argon2idV1,
                    _ => SlotHash::Argon2idV3,
                };
                (header, hashed(hash))
            }
            Version::V2 => {
                header.extend(salt);
                header.extend(nonce);
                header.resize(48, 0);
                let key = hashed(SlotHash::Argon2idV2);
                let mut mac = SimpleHmac::<Sha3_512>::new_from_slice(&*key).expect("any length");
                mac.update(&header);
                header.extend(&mac.finalize().into_bytes()[..16]);
                (header, key)
            }
            Version::V4 => {
                let slot = wrap(SlotHash::BalloonV4, secret());
                header.extend(slot.salt);
                header.extend(nonce);
                header.resize(48, 0);
                header.extend(slot.wrapped);
                header.extend(slot.nonce);
                header.resize(128, 0);
                (header, master)
            }
            Version::V5 => {
                header.extend(nonce);
                header.resize(32, 0);
                for (hash, others) in &self.slots {
                    let secret = if *others { other() } else { secret() };
                    let slot = wrap(*hash, secret);
                    let end = header.len() + 96;
                    header.extend([0xDF, hash.code()]);
                    header.extend(slot.wrapped);
                    header.extend(slot.nonce);
                    header.resize(end - 22, 0);
                    header.extend(slot.salt);
                    header.resize(end, 0);
                }
                header.resize(416, 0);
                (header, master)
            }
        }
    }
}
