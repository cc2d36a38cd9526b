//! The secret and the plaintext of everything here.

use super::common::{KEY, pattern};
use fetool::kdf::{Derivation, Key};
use fetool::{Error, Secret};
use std::sync::LazyLock;

/// Key derivations take up to seconds on purpose. Which one is asked for and with which salt still
/// decides the key, so nothing else changes: a wrong salt is as wrong as ever.
pub fn secret() -> Secret {
    Secret::key(KEY).derived_for_tests(derive)
}

/// Somebody else's.
pub fn other() -> Secret {
    Secret::key([1; 32]).derived_for_tests(derive)
}

pub fn derive(derivation: Derivation, secret: &[u8], salt: &[u8]) -> Result<Key, Error> {
    let said = format!("{derivation:?}");
    Derivation::Sha256.derive(&[secret, salt, said.as_bytes()].concat(), b"")
}

/// Made once: it takes longer than to open it.
pub fn plaintext(len: usize) -> Vec<u8> {
    static ALL: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(3 << 20));
    ALL[..len].to_vec()
}
