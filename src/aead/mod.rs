//! Authenticated encryption with associated data (AEAD): one list of algorithms, and the engines
//! that compute them.
//!
//! An [`Aead`] is a key schedule for one algorithm in one engine. It seals and opens in place with
//! a detached 16-byte tag. Every engine gives the same bytes; they differ in speed only.
//!
//! | algorithm | nonce | RustCrypto | aws-lc-rs | our own |
//! |---|---|---|---|---|
//! | AES-256-GCM | 12 bytes | yes | yes | no |
//! | ChaCha20-Poly1305 | 12 bytes | yes | yes | on x86-64 with AVX-512 IFMA |
//! | XChaCha20-Poly1305 | 24 bytes | yes | yes, over HChaCha20 | on x86-64 with AVX-512 IFMA |
//! | Deoxys-II-256 | 15 bytes | yes | no | on x86-64 with AES-NI |
//!
//! Keys are 32 bytes throughout.
//!
//! ```
//! use fetool::aead::{Aead, AeadError, Algorithm, Engine, KEY_LEN, TAG_LEN, Tag};
//!
//! let key = [7; KEY_LEN];
//! let nonce = [0; 24];
//! let aead = Aead::new(Algorithm::XChaCha20Poly1305, &key);
//! let mut buffer = *b"for my eyes only";
//! let mut tag: Tag = aead.seal(&nonce, b"page 1", &mut buffer)?;
//! assert_eq!(tag.len(), TAG_LEN);
//!
//! // Every engine opens what another sealed.
//! let other = Aead::with_engine(Engine::RustCrypto, aead.algorithm(), &key).expect("always there");
//! other.open(&nonce, b"page 1", &mut buffer, &tag)?;
//! assert_eq!(&buffer, b"for my eyes only");
//!
//! tag[0] ^= 1;
//! assert_eq!(aead.open(&nonce, b"page 1", &mut buffer, &tag), Err(AeadError::Tag));
//! # Ok::<(), AeadError>(())
//! ```

#[cfg(feature = "aws-lc")]
mod aws_lc;
// The two modules with `unsafe` in them; each says why.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod chacha_avx512;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod deoxys_ni;
pub mod fixed_nonce;
#[cfg(all(test, target_arch = "x86_64"))]
mod random_cases;
mod rust_crypto;

use std::fmt;
use zeroize::Zeroize;

pub use crate::key::KEY_LEN;
/// Length of every tag, in bytes.
pub const TAG_LEN: usize = 16;

/// An authentication tag.
pub type Tag = [u8; TAG_LEN];

/// The AEAD algorithms of the file formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// AES-256 in Galois/Counter Mode (NIST SP 800-38D).
    Aes256Gcm,
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305,
    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
    XChaCha20Poly1305,
    /// Deoxys-II-256-128 version 1.43 (CAESAR's defence-in-depth winner).
    DeoxysII256,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 4] = [
        Self::Aes256Gcm,
        Self::ChaCha20Poly1305,
        Self::XChaCha20Poly1305,
        Self::DeoxysII256,
    ];

    /// Returns the name that the standards use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AES-256-GCM",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
            Self::XChaCha20Poly1305 => "XChaCha20-Poly1305",
            Self::DeoxysII256 => "Deoxys-II-256",
        }
    }

    /// Returns the length of the nonce, in bytes.
    pub fn nonce_len(self) -> usize {
        match self {
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 12,
            Self::XChaCha20Poly1305 => 24,
            Self::DeoxysII256 => 15,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An implementation of the algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// fetool's own, on x86-64 only: Deoxys-II-256 with AES instructions, ChaCha20-Poly1305 and XChaCha20-Poly1305 with
    /// AVX-512 IFMA.
    Fetool,
    /// aws-lc-rs: assembly for each kind of processor. It needs the cargo feature `aws-lc`, on by default.
    AwsLc,
    /// RustCrypto: pure Rust, always available.
    RustCrypto,
}

impl Engine {
    /// All engines, the fastest first, available or not.
    pub const ALL: [Self; 3] = [Self::Fetool, Self::AwsLc, Self::RustCrypto];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fetool => "fetool",
            Self::AwsLc => "aws-lc",
            Self::RustCrypto => "RustCrypto",
        }
    }
}

/// Why sealing or opening was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AeadError {
    /// The tag does not belong to this key, nonce, associated data and ciphertext.
    #[error("authentication failed")]
    Tag,
    /// The nonce does not have the algorithm's length.
    #[error("wrong nonce length")]
    NonceLength,
    /// The message is longer than the algorithm allows.
    #[error("message too long")]
    MessageLength,
}

/// One algorithm under one key in one engine.
trait Cipher: Send + Sync {
    fn seal(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError>;
    fn open(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8], tag: &Tag) -> Result<(), AeadError>;

    /// Like `open`, into another buffer of the same length.
    fn open_to(
        &self,
        nonce: &[u8],
        ad: &[u8],
        ciphertext: &[u8],
        tag: &Tag,
        plaintext: &mut [u8],
    ) -> Result<(), AeadError> {
        plaintext.copy_from_slice(ciphertext);
        self.open(nonce, ad, plaintext, tag)
    }
}

/// One algorithm under one key, ready to seal and open. The key is wiped on drop.
pub struct Aead {
    algorithm: Algorithm,
    engine: Engine,
    cipher: Box<dyn Cipher>,
}

impl Aead {
    /// Creates it in the fastest available engine that has the algorithm.
    pub fn new(algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Self {
        Engine::ALL
            .into_iter()
            .find_map(|engine| Self::with_engine(engine, algorithm, key))
            .expect("RustCrypto has every algorithm")
    }

    /// Creates it in a given engine. Returns `None` if that is not built in, lacks the algorithm, or needs another
    /// processor.
    pub fn with_engine(engine: Engine, algorithm: Algorithm, key: &[u8; KEY_LEN]) -> Option<Self> {
        let cipher = match engine {
            #[cfg(feature = "aws-lc")]
            Engine::AwsLc => aws_lc::cipher(algorithm, key)?,
            #[cfg(not(feature = "aws-lc"))]
            Engine::AwsLc => return None,
            #[cfg(target_arch = "x86_64")]
            Engine::Fetool => match algorithm {
                Algorithm::Aes256Gcm => return None,
                Algorithm::ChaCha20Poly1305 | Algorithm::XChaCha20Poly1305 => {
                    chacha_avx512::cipher(key)?
                }
                Algorithm::DeoxysII256 => deoxys_ni::cipher(key)?,
            },
            #[cfg(not(target_arch = "x86_64"))]
            Engine::Fetool => return None,
            Engine::RustCrypto => rust_crypto::cipher(algorithm, key),
        };
        Some(Self {
            algorithm,
            engine,
            cipher,
        })
    }

    /// Returns the algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the engine that computes it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Encrypts the plaintext in `buffer`, and returns the tag.
    ///
    /// A nonce must never be used twice under one key with different plaintexts: that would reveal both (with
    /// Deoxys-II, only whether they are equal). The callers are the format codecs, which document their nonces.
    ///
    /// # Errors
    /// [`AeadError::NonceLength`] or [`AeadError::MessageLength`]; `buffer` is then unchanged.
    pub fn seal(&self, nonce: &[u8], ad: &[u8], buffer: &mut [u8]) -> Result<Tag, AeadError> {
        self.check(nonce)?;
        self.cipher.seal(nonce, ad, buffer)
    }

    /// Checks the tag and decrypts the ciphertext in `buffer`.
    ///
    /// # Errors
    /// [`AeadError::Tag`] if the tag does not match; `buffer` is then wiped, so that it holds nothing unauthenticated.
    pub fn open(
        &self,
        nonce: &[u8],
        ad: &[u8],
        buffer: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError> {
        self.check(nonce)?;
        let opened = self.cipher.open(nonce, ad, buffer, tag);
        if opened.is_err() {
            buffer.zeroize();
        }
        opened
    }

    /// Checks the tag and decrypts into `plaintext`, which has the length of the ciphertext.
    ///
    /// # Errors
    /// Those of [`open`](Self::open); `plaintext` is then wiped, and the ciphertext unchanged.
    pub fn open_to(
        &self,
        nonce: &[u8],
        ad: &[u8],
        ciphertext: &[u8],
        tag: &Tag,
        plaintext: &mut [u8],
    ) -> Result<(), AeadError> {
        self.check(nonce)?;
        let opened = self.cipher.open_to(nonce, ad, ciphertext, tag, plaintext);
        if opened.is_err() {
            plaintext.zeroize();
        }
        opened
    }

    fn check(&self, nonce: &[u8]) -> Result<(), AeadError> {
        if nonce.len() == self.algorithm.nonce_len() {
            Ok(())
        } else {
            Err(AeadError::NonceLength)
        }
    }
}

impl fmt::Debug for Aead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Aead({}, {}, key not shown)",
            self.algorithm,
            self.engine.name()
        )
    }
}
