//! Recipients: who can open a new file.

use crate::{Error, FileKey, Hint, Secret, Stanza};
use std::collections::BTreeSet;

/// Wraps the key of a file for a recipient of whom only public data is known, so that sealing needs no secret.
///
/// For example, a vault that keeps the keys of files, which contain only a number:
///
/// ```
/// use fetool::format::age::Age;
/// use fetool::{Error, FileKey, Identity, Open, Recipient, Seal, Stanza, UnwrapKey, WrapKey};
/// use std::sync::Mutex;
///
/// struct Vault(Mutex<Vec<FileKey>>);
///
/// impl WrapKey for Vault {
///     fn wrap_key(
///         &self,
///         key: &FileKey,
///         _random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
///     ) -> Result<Vec<Stanza>, Error> {
///         let mut keys = self.0.lock().expect("no thread panics");
///         keys.push(key.clone());
///         let number = (keys.len() - 1).to_string();
///         Ok(vec![Stanza { kind: "vault".to_owned(), args: vec![number], body: Vec::new() }])
///     }
/// }
///
/// impl UnwrapKey for Vault {
///     fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
///         let ours = stanzas.iter().find(|stanza| stanza.kind == "vault");
///         let number = ours.and_then(|stanza| stanza.args.first()?.parse::<usize>().ok());
///         let keys = self.0.lock().expect("no thread panics");
///         Ok(number.and_then(|number| keys.get(number)).cloned())
///     }
/// }
///
/// let vault = Vault(Mutex::default());
/// let mut sealed = Vec::new();
/// Seal::new(Recipient::wrapping(&vault)).format(&Age).run(&b"for my eyes only"[..], &mut sealed)?;
///
/// let mut opened = Vec::new();
/// Open::new(Identity::unwrapping(&vault)).run(&sealed[..], &mut opened)?;
/// assert_eq!(opened, b"for my eyes only");
/// # Ok::<(), Error>(())
/// ```
pub trait WrapKey: Send + Sync {
    /// Wraps the file key; `random` returns fresh random bytes.
    ///
    /// # Errors
    /// Those of the random numbers, and those of the recipient.
    fn wrap_key(
        &self,
        key: &FileKey,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Vec<Stanza>, Error>;

    /// Returns a file key that was wrapped in advance, for the next file: some wrap many at once more cheaply.
    fn prepared_key(&self) -> Option<FileKey> {
        None
    }

    /// Returns the labels. All recipients of a file must have the same set of labels.
    fn labels(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Wraps the file key, and returns the labels with the stanzas, for recipients whose labels are known only then.
    ///
    /// # Errors
    /// Those of [`wrap_key`](Self::wrap_key).
    fn wrap_labelled(
        &self,
        key: &FileKey,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(Vec<Stanza>, BTreeSet<String>), Error> {
        Ok((self.wrap_key(key, random)?, self.labels()))
    }
}

/// A recipient of a new file: the holder of a key or a passphrase, or of a private key whose public half is known.
///
/// ```
/// use fetool::{Open, Recipient, Seal, Secret};
///
/// let key = Secret::key([7; 32]);
/// let mut sealed = Vec::new();
/// Seal::new(Recipient::from(&key)).run(&b"for my eyes only"[..], &mut sealed)?;
/// # let mut opened = Vec::new();
/// # Open::new(&key).run(&sealed[..], &mut opened)?;
/// # assert_eq!(opened, b"for my eyes only");
/// # Ok::<(), fetool::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Recipient<'a>(Kind<'a>);

#[derive(Clone, Copy)]
enum Kind<'a> {
    Secret(&'a Secret),
    Wraps(&'a dyn WrapKey),
}

impl<'a> Recipient<'a> {
    /// Creates a recipient for whom `key` wraps file keys.
    pub fn wrapping(key: &'a dyn WrapKey) -> Self {
        Self(Kind::Wraps(key))
    }

    /// Returns the key or passphrase, or `None` for a recipient without one.
    pub fn as_secret(&self) -> Option<&'a Secret> {
        match self.0 {
            Kind::Secret(secret) => Some(secret),
            Kind::Wraps(_) => None,
        }
    }

    /// Returns what wraps file keys, or `None` for a key or a passphrase.
    pub fn as_wrap_key(&self) -> Option<&'a dyn WrapKey> {
        match self.0 {
            Kind::Secret(_) => None,
            Kind::Wraps(key) => Some(key),
        }
    }

    /// Returns the key or passphrase, for formats that have no other recipients.
    ///
    /// # Errors
    /// [`Error::Usage`] for a recipient without one.
    pub fn secret(&self) -> Result<&'a Secret, Error> {
        self.as_secret().ok_or_else(|| {
            Error::usage_hint(
                "this format has no public-key recipients",
                Hint::Formats(&[("recipients", "age")]),
            )
        })
    }
}

impl<'a> From<&'a Secret> for Recipient<'a> {
    fn from(secret: &'a Secret) -> Self {
        Self(Kind::Secret(secret))
    }
}

impl<'a> From<&'a dyn WrapKey> for Recipient<'a> {
    fn from(key: &'a dyn WrapKey) -> Self {
        Self::wrapping(key)
    }
}
