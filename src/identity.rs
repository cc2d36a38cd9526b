//! What opens files: identities, which are tried in their order.

use crate::format::{Header, Unlocked};
use crate::{Error, Secret};
use std::sync::OnceLock;

/// Something that may open a file: a secret, or one that is asked for only when it is needed.
pub struct Identity<'a>(Kind<'a>);

enum Kind<'a> {
    Given(&'a Secret),
    Asked {
        ask: Box<dyn Fn() -> Result<Secret, Error> + Send + Sync + 'a>,
        answer: OnceLock<Secret>,
    },
}

impl<'a> Identity<'a> {
    /// A secret that `ask` gives when a file needs it: not where an identity before it opens the file,
    /// nor where the file is of no known format. It is asked for once.
    pub fn lazy(ask: impl Fn() -> Result<Secret, Error> + Send + Sync + 'a) -> Self {
        Self(Kind::Asked {
            ask: Box::new(ask),
            answer: OnceLock::new(),
        })
    }

    pub(crate) fn secret(&self) -> Result<&Secret, Error> {
        match &self.0 {
            Kind::Given(secret) => Ok(secret),
            Kind::Asked { ask, answer } => match answer.get() {
                Some(secret) => Ok(secret),
                None => {
                    let asked = ask()?;
                    Ok(answer.get_or_init(|| asked))
                }
            },
        }
    }
}

impl<'a> From<&'a Secret> for Identity<'a> {
    fn from(secret: &'a Secret) -> Self {
        Self(Kind::Given(secret))
    }
}

/// Tries each identity until one fits, and returns what came of that.
///
/// # Errors
/// That of the only one; [`Error::NoIdentity`] where there are several and none fits; at once those that
/// are not about the secret.
pub(crate) fn try_each<T>(
    identities: &[Identity<'_>],
    mut attempt: impl FnMut(&Secret) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut last = None;
    let mut may_be_forged = None;
    for identity in identities {
        match attempt(identity.secret()?) {
            Err(error @ (Error::Authentication { .. } | Error::Secret { .. })) => {
                last = Some(error)
            }
            Err(error @ Error::LegacySlot) => may_be_forged = Some(error),
            done => return done,
        }
    }
    Err(match (may_be_forged, last, identities.len()) {
        (Some(error), _, _) | (None, Some(error), 1) => error,
        (None, last, tried) => Error::NoIdentity {
            tried,
            offset: last.and_then(|error| error.offset()).unwrap_or(0),
        },
    })
}

/// Unlocks a header with the first identity that fits.
pub(crate) fn unlock(
    identities: &[Identity<'_>],
    header: &dyn Header,
    first: Option<&[u8]>,
) -> Result<Unlocked, Error> {
    try_each(identities, |secret| header.unlock(secret, first))
}
