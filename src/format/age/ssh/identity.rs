//! Private SSH keys, optionally encrypted.

use super::super::keys::ZERO_NONCE;
use super::super::strict_base64::decode_exact;
use super::private_key::{Content, KeyFile, PrivateKey, decrypt, parse};
use super::{ED25519, RSA, RSA_LABEL, Rng, STACK, SshRecipient, wrap_key};
use crate::secure_memory::and_wipe_stack;
use crate::{Error, FileKey, Secret, Stanza, UnwrapKey};
use rsa::oaep::DecryptingKey;
use rsa::traits::RandomizedDecryptor;
use sha2::Sha256;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Asks for the passphrase of a key file.
type Ask = dyn Fn() -> Result<Secret, Error> + Send + Sync;

/// A private SSH key, from a file of OpenSSH or a PEM file. If the file is encrypted, its passphrase is asked for once,
/// when a stanza is for the key.
pub struct SshIdentity {
    recipient: SshRecipient,
    key: Key,
}

enum Key {
    Plain(PrivateKey),
    Encrypted {
        key: Box<ssh_key::PrivateKey>,
        ask: Option<Box<Ask>>,
        state: Mutex<State>,
    },
}

/// The state of an encrypted key.
enum State {
    NotAsked,
    Opened(Arc<PrivateKey>),
    WrongPassphrase,
}

impl SshIdentity {
    /// Parses a key file.
    ///
    /// # Errors
    /// [`Error::Secret`], which never contains anything of the file.
    pub fn parse(file: &[u8]) -> Result<Self, Error> {
        let KeyFile { recipient, key } = parse(file)?;
        let key = match key {
            Content::Plain(key) => Key::Plain(key),
            Content::Encrypted(key) => Key::Encrypted {
                key,
                ask: None,
                state: Mutex::new(State::NotAsked),
            },
        };
        Ok(Self { recipient, key })
    }

    /// Returns whether the file is encrypted, so that it needs [`asking`](Self::asking) to open anything.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.key, Key::Encrypted { .. })
    }

    /// Sets the function that returns the passphrase of an encrypted file. It is called for the first stanza with the
    /// tag of this key, and again only after it failed.
    #[must_use]
    pub fn asking(
        mut self,
        passphrase: impl Fn() -> Result<Secret, Error> + Send + Sync + 'static,
    ) -> Self {
        if let Key::Encrypted { ask, .. } = &mut self.key {
            *ask = Some(Box::new(passphrase));
        }
        self
    }

    /// Returns the public half, which needs no passphrase.
    pub fn recipient(&self) -> &SshRecipient {
        &self.recipient
    }

    /// Unwraps the file key from a stanza. Returns `None` if the stanza is of another type or has the tag
    /// of another key.
    ///
    /// # Errors
    /// - [`Error::Malformed`] with offset 0 if the stanza breaks a rule of its type, or has the tag of this
    ///   key and does not open with it.
    /// - Those of the passphrase, and [`Error::WrongPassphrase`].
    pub fn unwrap(&self, stanza: &Stanza) -> Result<Option<FileKey>, Error> {
        if stanza.kind != self.recipient.kind() {
            return Ok(None);
        }
        match self.recipient.point() {
            Some(point) => self.unwrap_ed25519(point, stanza),
            None => self.unwrap_rsa(stanza),
        }
    }

    fn unwrap_ed25519(&self, point: &[u8; 32], stanza: &Stanza) -> Result<Option<FileKey>, Error> {
        let Some(([tag, share], body)) = stanza.of_kind(ED25519)? else {
            return Ok(None);
        };
        let share: [u8; 32] = decode_exact(share.as_bytes())
            .ok_or_else(|| stanza.malformed("the share is not 32 bytes in canonical base64"))?;
        if *tag != self.recipient.tag() {
            return Ok(None);
        }
        self.with_key(|key| {
            let PrivateKey::Ed25519(secret) = key else {
                return Err(does_not_open(stanza));
            };
            let secret = secret.first_chunk().expect("it has 32 bytes");
            let key = wrap_key(secret, &share, &share, point, self.recipient.wire())
                .ok_or_else(|| stanza.malformed("the share is a point of low order"))?;
            let file_key = FileKey::unwrap(&key, &ZERO_NONCE, body);
            file_key.map(Some).ok_or_else(|| does_not_open(stanza))
        })
    }

    fn unwrap_rsa(&self, stanza: &Stanza) -> Result<Option<FileKey>, Error> {
        let [tag] = &stanza.args[..] else {
            let found = stanza.args.len();
            return Err(stanza.malformed(format!("{found} arguments instead of 1")));
        };
        if *tag != self.recipient.tag() {
            return Ok(None);
        }
        debug_assert_eq!(stanza.kind, RSA);
        self.with_key(|key| {
            let PrivateKey::Rsa(key) = key else {
                return Err(does_not_open(stanza));
            };
            let key = DecryptingKey::<Sha256>::new_with_label((**key).clone(), RSA_LABEL);
            let mut rng = Rng::new(&crate::random);
            let opened = key.decrypt_with_rng(&mut rng, &stanza.body);
            let opened = opened.map(Zeroizing::new).map_err(|_| {
                let failure = rng.failure.take();
                failure.unwrap_or_else(|| does_not_open(stanza))
            })?;
            let file_key = <&[u8; crate::FILE_KEY_LEN]>::try_from(&opened[..]);
            let file_key = file_key.map_err(|_| does_not_open(stanza))?;
            Ok(Some(FileKey::from_bytes(file_key)))
        })
    }

    /// Runs `work` with the private key, and asks for the passphrase if necessary.
    fn with_key<T>(&self, work: impl FnOnce(&PrivateKey) -> Result<T, Error>) -> Result<T, Error> {
        match &self.key {
            Key::Plain(key) => and_wipe_stack::<STACK, _>(|| work(key)),
            Key::Encrypted { key, ask, state } => {
                let key = self.decrypted(key, ask.as_deref(), state)?;
                and_wipe_stack::<STACK, _>(|| work(&key))
            }
        }
    }

    fn decrypted(
        &self,
        key: &ssh_key::PrivateKey,
        ask: Option<&Ask>,
        state: &Mutex<State>,
    ) -> Result<Arc<PrivateKey>, Error> {
        // Other threads wait for the answer.
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::NotAsked = *state {
            let ask = ask.ok_or_else(|| Error::Secret {
                what: "the SSH key is encrypted, and its passphrase is not known".to_owned(),
                hint: None,
            })?;
            let passphrase = ask()?;
            *state = match decrypt(key, passphrase.as_bytes(), &self.recipient)? {
                Some(key) => State::Opened(Arc::new(key)),
                None => State::WrongPassphrase,
            };
        }
        match &*state {
            State::Opened(key) => Ok(key.clone()),
            _ => Err(Error::WrongPassphrase("SSH key")),
        }
    }
}

/// The tag has four bytes, so another key has the same one by chance once in 2^32 keys.
fn does_not_open(stanza: &Stanza) -> Error {
    stanza.malformed("it has the tag of the SSH key, but does not open with it")
}

impl UnwrapKey for SshIdentity {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        for stanza in stanzas {
            if let Some(key) = self.unwrap(stanza)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for SshIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshIdentity(of {})", self.recipient)
    }
}
