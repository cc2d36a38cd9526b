//! Identities, which open files. They are tried in order.

use crate::{Error, FileKey, Secret, Stanza};
use std::sync::OnceLock;

/// Unwraps the keys of files, with a private key or another counterpart of a recipient.
pub trait UnwrapKey: Send + Sync {
    /// Returns the file key, or `None` if none of the stanzas is for this identity.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a stanza of a type that the identity knows breaks a rule of that type.
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error>;

    /// Returns the numbers of the stanzas that are for this identity.
    ///
    /// # Errors
    /// Those of [`unwrap_key`](Self::unwrap_key).
    fn matching(&self, stanzas: &[Stanza]) -> Result<Vec<usize>, Error> {
        let mut matching = Vec::new();
        for (index, stanza) in stanzas.iter().enumerate() {
            if self.unwrap_key(std::slice::from_ref(stanza))?.is_some() {
                matching.push(index);
            }
        }
        Ok(matching)
    }
}

/// What can open a file: a key or a passphrase, which can be asked for when it is needed, or the private half of a
/// recipient.
///
/// ```
/// use fetool::{Identity, Open, Seal, Secret};
///
/// let mut sealed = Vec::new();
/// Seal::new(&Secret::key([7; 32])).run(&b"for my eyes only"[..], &mut sealed)?;
///
/// // The second key is asked for, since the first does not open the file.
/// let (first, mut opened) = (Secret::key([8; 32]), Vec::new());
/// Open::new(&first)
///     .add_identity(Identity::lazy(|| Ok(Secret::key([7; 32]))))
///     .run(&sealed[..], &mut opened)?;
/// assert_eq!(opened, b"for my eyes only");
/// # Ok::<(), fetool::Error>(())
/// ```
pub struct Identity<'a>(Kind<'a>);

enum Kind<'a> {
    Given(&'a Secret),
    Asked {
        ask: Box<dyn Fn() -> Result<Secret, Error> + Send + Sync + 'a>,
        answer: OnceLock<Secret>,
    },
    Unwraps(&'a dyn UnwrapKey),
}

impl<'a> Identity<'a> {
    /// Asks for a secret when a file needs it: not if an earlier identity opens the file, and not if the file's format
    /// is unknown. `ask` is called once.
    pub fn lazy(ask: impl Fn() -> Result<Secret, Error> + Send + Sync + 'a) -> Self {
        Self(Kind::Asked {
            ask: Box::new(ask),
            answer: OnceLock::new(),
        })
    }

    /// Creates an identity that unwraps file keys with `key`.
    pub fn unwrapping(key: &'a dyn UnwrapKey) -> Self {
        Self(Kind::Unwraps(key))
    }

    /// Returns what unwraps file keys, or `None` for a key or a passphrase.
    pub fn as_unwrap_key(&self) -> Option<&'a dyn UnwrapKey> {
        match self.0 {
            Kind::Unwraps(key) => Some(key),
            Kind::Given(_) | Kind::Asked { .. } => None,
        }
    }

    /// Returns the key or passphrase, for which it may ask now.
    ///
    /// # Errors
    /// [`Error::Secret`] for an identity that is neither, and the errors of asking.
    pub fn secret(&self) -> Result<&Secret, Error> {
        match &self.0 {
            Kind::Given(secret) => Ok(secret),
            Kind::Asked { ask, answer } => match answer.get() {
                Some(secret) => Ok(secret),
                None => {
                    let asked = ask()?;
                    Ok(answer.get_or_init(|| asked))
                }
            },
            Kind::Unwraps(_) => Err(Error::Secret {
                what: "this format is opened with a key or a passphrase, not with an identity"
                    .to_owned(),
                hint: None,
            }),
        }
    }
}

impl<'a> From<&'a Secret> for Identity<'a> {
    fn from(secret: &'a Secret) -> Self {
        Self(Kind::Given(secret))
    }
}

/// Tries each identity until one fits, and returns its result.
///
/// # Errors
/// That of the only identity. If none of several fits, [`Error::NoMatch`] for a file with recipients and
/// [`Error::NoIdentity`] for others. Errors that do not concern the secret are returned at once.
pub(crate) fn try_each<T>(
    identities: &[Identity<'_>],
    mut attempt: impl FnMut(&Identity<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut last = None;
    let mut may_be_forged = None;
    let mut unmatched = 0;
    for identity in identities {
        match attempt(identity) {
            Err(error @ (Error::Authentication { .. } | Error::Secret { .. })) => {
                last = Some(error)
            }
            Err(error @ Error::LegacySlot) => may_be_forged = Some(error),
            Err(Error::NoMatch { tried }) => unmatched += tried,
            done => return done,
        }
    }
    Err(match (may_be_forged, last, identities.len()) {
        (Some(error), _, _) | (None, Some(error), 1) => error,
        // No secret was wrong: the file is for recipients, and none of these is one.
        (None, None | Some(Error::Secret { .. }), _) if unmatched > 0 => {
            Error::NoMatch { tried: unmatched }
        }
        (None, last, tried) => Error::NoIdentity {
            tried,
            offset: last.and_then(|error| error.offset()).unwrap_or(0),
        },
    })
}
