//! Makes Dexios files that cost next to nothing to open: with key slots of the hash `A1` (Argon2id
//! over 8 MiB), which version 5 has but nobody writes, so that opening them has to be allowed. It also
//! makes what no program would write.

use fetool::Secret;
use fetool::aead::{Aead, Algorithm};
use fetool::format::dexios::{Slot, SlotHash};
use fetool::kdf::Key;

/// The master key of all of them.
pub const MASTER: [u8; 32] = *b"the master key of all forgeries!";
pub const BLOCK: usize = 1 << 20;
pub const TAG: usize = 16;
pub const HEADER: usize = 416;

/// A version 5 file.
pub struct Forge {
    pub algorithm: Algorithm,
    pub stream: bool,
    /// One secret for each slot.
    pub secrets: Vec<Vec<u8>>,
    pub plaintext: Vec<u8>,
    /// The hash of the slots.
    pub hash: SlotHash,
}

impl Forge {
    /// XChaCha20-Poly1305 in stream mode.
    pub fn new(secrets: &[&[u8]], plaintext: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::XChaCha20Poly1305,
            stream: true,
            secrets: secrets.iter().map(|secret| secret.to_vec()).collect(),
            plaintext: plaintext.to_vec(),
            hash: SlotHash::Argon2idV1,
        }
    }

    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// With slots of another hash.
    pub fn hash(mut self, hash: SlotHash) -> Self {
        self.hash = hash;
        self
    }

    /// In one piece.
    pub fn in_memory(mut self) -> Self {
        self.stream = false;
        self
    }

    /// The nonce as the header has it.
    fn nonce(&self) -> Vec<u8> {
        let len = self.algorithm.nonce_len() - if self.stream { 4 } else { 0 };
        (0..len as u8).map(|i| i ^ 0x5A).collect()
    }

    fn prefix(&self) -> Vec<u8> {
        let aead = match self.algorithm {
            Algorithm::XChaCha20Poly1305 => 1,
            Algorithm::Aes256Gcm => 2,
            Algorithm::DeoxysII256 => 3,
            Algorithm::ChaCha20Poly1305 => panic!("not in Dexios"),
        };
        let mut prefix = vec![0xDE, 5, 0x0E, aead, 0x0C, if self.stream { 1 } else { 2 }];
        prefix.extend(self.nonce());
        prefix.resize(32, 0);
        prefix
    }

    pub fn header(&self) -> Vec<u8> {
        let mut header = self.prefix();
        let master = Key::of(&MASTER);
        for secret in &self.secrets {
            let slot = Slot::wrap(
                self.algorithm,
                self.hash,
                &master,
                &Secret::key(secret.clone()),
                &super::cheap_random,
            )
            .unwrap();
            let end = header.len() + 96;
            header.extend([0xDF, self.hash.code()]);
            header.extend(slot.wrapped);
            header.extend(&slot.nonce);
            header.resize(end - 22, 0);
            header.extend(slot.salt);
            header.resize(end, 0);
        }
        header.resize(HEADER, 0);
        header
    }

    /// One block, sealed with any number and with or without the mark of the last.
    pub fn block(&self, number: u32, last: bool, plaintext: &[u8]) -> Vec<u8> {
        let mut nonce = self.nonce();
        if self.stream {
            nonce.extend((number | u32::from(last) << 31).to_le_bytes());
        }
        let mut block = plaintext.to_vec();
        let tag = Aead::new(self.algorithm, &MASTER)
            .seal(&nonce, &self.prefix(), &mut block)
            .unwrap();
        block.extend(tag);
        block
    }

    /// All blocks, as they follow the header.
    pub fn blocks(&self) -> Vec<Vec<u8>> {
        if !self.stream {
            return vec![self.block(0, true, &self.plaintext)];
        }
        let last = self.plaintext.len() / BLOCK;
        (0..=last)
            .map(|i| {
                let end = self.plaintext.len().min((i + 1) * BLOCK);
                self.block(i as u32, i == last, &self.plaintext[i * BLOCK..end])
            })
            .collect()
    }

    pub fn file(&self) -> Vec<u8> {
        [self.header(), self.blocks().concat()].concat()
    }
}
