//! Files of private keys: OpenSSH's own, and PEM in PKCS#1 and PKCS#8.

use super::recipient::{Unfit, rsa_fault, uint};
use super::{RSA_BITS, STACK, SshRecipient};
use crate::secure_memory::{Locked, and_wipe_stack};
use crate::{Error, Hint, without_line_end};
use curve25519_dalek::EdwardsPoint;
use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use rsa::{BoxedUint, pkcs1};
use sha2::{Digest, Sha512};
use ssh_key::private::KeypairData;
use ssh_key::public::{Ed25519PublicKey, KeyData, RsaPublicKey};
use ssh_key::{Kdf, Mpint};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// The maximum length of a key file in bytes.
pub const FILE_MAX: usize = 16 << 10;

/// The maximum number of bcrypt rounds: each takes some milliseconds, and OpenSSH writes 16 or 24.
const ROUNDS_MAX: u32 = 10_000;

const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The DER header of a seed: an octet string of 32 bytes.
const ED25519_DER: &[u8] = &[4, 32];

/// A private key, ready to open stanzas.
pub(super) enum PrivateKey {
    /// The secret of X25519.
    Ed25519(Locked),
    Rsa(Box<rsa::PrivateKey>),
}

/// The content of a key file.
pub(super) struct KeyFile {
    pub recipient: SshRecipient,
    pub key: Content,
}

pub(super) enum Content {
    Plain(PrivateKey),
    Encrypted(Box<ssh_key::PrivateKey>),
}

/// Parses a key file.
pub(super) fn parse(bytes: &[u8]) -> Result<KeyFile, Error> {
    if bytes.len() > FILE_MAX {
        return Err(invalid(format!("it is longer than {FILE_MAX} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("it is not text"))?;
    let first = text.lines().next().unwrap_or_default();
    let label = first
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.trim_ascii_end().strip_suffix("-----"))
        .ok_or_else(|| invalid("it does not begin with -----BEGIN"))?;
    match label {
        "OPENSSH PRIVATE KEY" => and_wipe_stack::<STACK, _>(|| openssh(text)),
        "ENCRYPTED PRIVATE KEY" => Err(old_encryption()),
        "RSA PRIVATE KEY" if text.contains("\nProc-Type:") || text.contains("\nDEK-Info:") => {
            Err(old_encryption())
        }
        "RSA PRIVATE KEY" => and_wipe_stack::<STACK, _>(|| from_pkcs1(document(text)?.as_bytes())),
        "PRIVATE KEY" => and_wipe_stack::<STACK, _>(|| from_pkcs8(document(text)?.as_bytes())),
        "EC PRIVATE KEY" | "DSA PRIVATE KEY" => Err(other_type()),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" | "SSH2 PUBLIC KEY" => {
            Err(invalid("it is public, and only a private key opens files"))
        }
        _ => Err(invalid("it is PEM of a kind that has no SSH key")),
    }
}

fn openssh(text: &str) -> Result<KeyFile, Error> {
    let key = ssh_key::PrivateKey::from_openssh(text).map_err(|error| fault(&error))?;
    let recipient = SshRecipient::from_key(key.public_key().key_data());
    let recipient = recipient.map_err(in_file)?;
    if !key.is_encrypted() {
        let content = Content::Plain(opened(key.key_data(), &recipient)?);
        return Ok(KeyFile {
            recipient,
            key: content,
        });
    }
    match key.kdf() {
        Kdf::Bcrypt { rounds, .. } if *rounds > ROUNDS_MAX => Err(invalid(format!(
            "its passphrase takes {rounds} rounds of bcrypt, and at most {ROUNDS_MAX} are allowed"
        ))),
        Kdf::Bcrypt { .. } => Ok(KeyFile {
            recipient,
            key: Content::Encrypted(Box::new(key)),
        }),
        _ => Err(invalid("it is encrypted in a way that is not supported")),
    }
}

/// Decrypts an encrypted key. Returns `None` for a wrong passphrase.
pub(super) fn decrypt(
    key: &ssh_key::PrivateKey,
    passphrase: &[u8],
    recipient: &SshRecipient,
) -> Result<Option<PrivateKey>, Error> {
    and_wipe_stack::<STACK, _>(|| match key.decrypt(passphrase) {
        Ok(key) => opened(key.key_data(), recipient).map(Some),
        // The two equal check numbers distinguish a right passphrase from a wrong one.
        Err(ssh_key::Error::Crypto) => Ok(None),
        Err(error) => Err(fault(&error)),
    })
}

/// Returns the key if it belongs to the public key.
fn opened(key: &KeypairData, recipient: &SshRecipient) -> Result<PrivateKey, Error> {
    let key = match key {
        KeypairData::Ed25519(pair) => ed25519(pair.private.as_ref()),
        KeypairData::Rsa(pair) => {
            let (public, private) = (pair.public(), pair.private());
            let numbers = [
                public.n(),
                public.e(),
                private.d(),
                private.p(),
                private.q(),
            ];
            let numbers = numbers.map(|number| number.as_positive_bytes().unwrap_or_default());
            rsa_key(numbers)?
        }
        _ => return Err(other_type()),
    };
    belongs(key, recipient)
}

fn belongs(
    (key, public): (PrivateKey, KeyData),
    recipient: &SshRecipient,
) -> Result<PrivateKey, Error> {
    let own = SshRecipient::from_key(&public).map_err(in_file)?;
    match own == *recipient {
        true => Ok(key),
        false => Err(invalid("its public key is not that of its private key")),
    }
}

fn plain((key, public): (PrivateKey, KeyData)) -> Result<KeyFile, Error> {
    let recipient = SshRecipient::from_key(&public).map_err(in_file)?;
    Ok(KeyFile {
        recipient,
        key: Content::Plain(key),
    })
}

/// Creates the key from its seed.
fn ed25519(seed: &[u8; 32]) -> (PrivateKey, KeyData) {
    let mut hash = Sha512::digest(seed);
    let secret = Locked::of(&hash[..32]);
    let mut scalar = Zeroizing::new([0; 32]);
    scalar.copy_from_slice(&secret);
    let public = EdwardsPoint::mul_base_clamped(*scalar).compress();
    hash.as_mut_slice().zeroize();
    let public = KeyData::Ed25519(Ed25519PublicKey(public.0));
    (PrivateKey::Ed25519(secret), public)
}

/// Creates the key from the modulus, the public and the private exponent, and the two primes, all unsigned.
fn rsa_key(numbers: [&[u8]; 5]) -> Result<(PrivateKey, KeyData), Error> {
    let max = RSA_BITS.end() / 8 + 1;
    if numbers.iter().any(|number| number.len() > max) {
        return Err(invalid(rsa_fault(&rsa::Error::ModulusTooLarge)));
    }
    let [n, e, ..] = numbers.map(uint);
    // As wide as the modulus, which is public.
    let bits = u32::try_from(numbers[0].len() * 8).expect("it is no longer than that");
    let secret = |number| BoxedUint::from_be_slice(number, bits);
    let [_, _, d, p, q] = numbers.map(secret);
    let (Ok(d), Ok(p), Ok(q)) = (d, p, q) else {
        return Err(invalid(
            "a number of the RSA key is longer than its modulus",
        ));
    };
    rsa::PublicKey::new_with_size_limits(n.clone(), e.clone(), RSA_BITS)
        .and_then(|_| rsa::PrivateKey::from_components(n, e, d, vec![p, q]))
        .map_err(|error| invalid(rsa_fault(&error)))
        .and_then(|key| {
            let [n, e, ..] = numbers.map(Mpint::from_positive_bytes);
            let public = RsaPublicKey::new(e, n).map_err(|error| fault(&error))?;
            Ok((PrivateKey::Rsa(Box::new(key)), KeyData::Rsa(public)))
        })
}

/// Decodes PEM.
fn document(text: &str) -> Result<SecretDocument, Error> {
    let text = without_line_end(text.as_bytes());
    let text = std::str::from_utf8(text).expect("only a line end is gone");
    SecretDocument::from_pem(text)
        .map(|(_, document)| document)
        .map_err(|_| damaged())
}

fn from_pkcs1(der: &[u8]) -> Result<KeyFile, Error> {
    plain(pkcs1_key(der)?)
}

fn pkcs1_key(der: &[u8]) -> Result<(PrivateKey, KeyData), Error> {
    let key = pkcs1::RsaPrivateKeyRef::try_from(der).map_err(|_| damaged())?;
    if key.version() != pkcs1::Version::TwoPrime {
        return Err(invalid(
            "an RSA key of more than two primes is not supported",
        ));
    }
    let numbers = [
        &key.modulus,
        &key.public_exponent,
        &key.private_exponent,
        &key.prime1,
        &key.prime2,
    ];
    rsa_key(numbers.map(|number| number.as_bytes()))
}

fn from_pkcs8(der: &[u8]) -> Result<KeyFile, Error> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|_| damaged())?;
    let key = info.private_key.as_bytes();
    match info.algorithm.oid {
        pkcs1::ALGORITHM_OID => plain(pkcs1_key(key)?),
        ED25519_OID => {
            let seed = key.strip_prefix(ED25519_DER);
            let seed = seed.and_then(|seed| <&[u8; 32]>::try_from(seed).ok());
            let key = plain(ed25519(seed.ok_or_else(damaged)?))?;
            match (&info.public_key, key.recipient.point()) {
                (Some(public), Some(_)) if !key.recipient.wire().ends_with(public.raw_bytes()) => {
                    Err(invalid("its public key is not that of its private key"))
                }
                _ => Ok(key),
            }
        }
        _ => Err(other_type()),
    }
}

fn fault(error: &ssh_key::Error) -> Error {
    match error {
        ssh_key::Error::AlgorithmUnknown | ssh_key::Error::AlgorithmUnsupported { .. } => {
            other_type()
        }
        ssh_key::Error::PublicKey => invalid("its public key is not that of its private key"),
        _ => damaged(),
    }
}

/// Returns why a public key cannot be a recipient, as a message about a key file.
fn in_file(unfit: Unfit) -> Error {
    match unfit {
        Unfit::Invalid(why) => invalid(why),
        Unfit::OtherType => other_type(),
    }
}

fn damaged() -> Error {
    invalid("it is damaged")
}

fn other_type() -> Error {
    Error::Secret {
        what: "SSH key of a type that opens no files".to_owned(),
        hint: Some(
            "give one of type ssh-ed25519 or ssh-rsa: all others, those of ssh-agent and of security \
             keys (sk-) too, only sign"
                .into(),
        ),
    }
}

fn old_encryption() -> Error {
    Error::Secret {
        what: "SSH key with an old kind of encryption, which is not supported".to_owned(),
        hint: Some(Hint::ConvertSshKey),
    }
}

/// Returns the error for a file that is not a key, without anything of the file.
fn invalid(why: impl fmt::Display) -> Error {
    Error::Secret {
        what: format!("invalid SSH key: {why}"),
        hint: None,
    }
}
