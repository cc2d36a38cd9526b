//! Wrapping a file's key for everybody who can open the file, and unwrapping it.

use super::{AgeIdentity, AgeRecipient, Random, scrypt};
use crate::{Error, FileKey, Hint, Recipient, Secret, Stanza, UnwrapKey, WrapKey};
use std::collections::BTreeSet;

/// The stanzas that wrap a file's key for new recipients.
pub(super) struct NewStanzas {
    pub stanzas: Vec<Stanza>,
    /// The labels that all of them share; `None` for a passphrase.
    pub labels: Option<BTreeSet<String>>,
}

/// Wraps a file's key for everybody who can open it.
pub(super) fn wrap_for(
    recipients: &[Recipient<'_>],
    work_factor: Option<u8>,
    file_key: &FileKey,
    random: &Random<'_>,
) -> Result<NewStanzas, Error> {
    let mut stanzas = Vec::new();
    let mut labels: Option<BTreeSet<String>> = None;
    for recipient in recipients {
        let Some(key) = recipient.as_wrap_key() else {
            let secret = passphrase(recipients, recipient)?;
            let work_factor = work_factor.unwrap_or(scrypt::WORK_FACTOR);
            stanzas.push(scrypt::wrap(secret, work_factor, file_key, random)?);
            continue;
        };
        let (wrapped, own) = key.wrap_labelled(file_key, random)?;
        if labels.get_or_insert_with(|| own.clone()) != &own {
            return Err(mixed());
        }
        stanzas.extend(wrapped);
    }
    Ok(NewStanzas { stanzas, labels })
}

/// Returns the error for recipients that cannot share a file.
pub(super) fn mixed() -> Error {
    Error::usage_hint(
        "a post-quantum recipient cannot share a file with recipients that are not post-quantum: \
         whoever breaks one of those could open the file",
        "seal once for each kind, or ask for recipients of one kind",
    )
}

/// Wraps for a passphrase, which must be the only recipient.
fn passphrase<'a>(
    recipients: &[Recipient<'a>],
    recipient: &Recipient<'a>,
) -> Result<&'a Secret, Error> {
    let secret = recipient.secret()?;
    if !secret.is_passphrase() {
        return Err(Error::usage_hint(
            "age has no raw keys: its files are for recipients, or for a passphrase",
            Hint::Formats(&[("a raw key", "gfe"), ("keys and passphrases", "dexios")]),
        ));
    }
    if recipients.len() > 1 {
        return Err(Error::usage_hint(
            "an age file for a passphrase has no other recipients",
            Hint::Formats(&[("several secrets", "dexios")]),
        ));
    }
    Ok(secret)
}

impl WrapKey for AgeRecipient {
    fn wrap_key(
        &self,
        key: &FileKey,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Vec<Stanza>, Error> {
        Ok(vec![self.wrap(key, random)?])
    }

    fn labels(&self) -> BTreeSet<String> {
        let labels = AgeRecipient::labels(self).iter();
        labels.map(|label| (*label).to_owned()).collect()
    }
}

impl UnwrapKey for AgeIdentity {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        for stanza in stanzas {
            if let Some(key) = self.unwrap(stanza)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

/// The key of a file that was just sealed opens the file for verification.
impl UnwrapKey for FileKey {
    fn unwrap_key(&self, _stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        Ok(Some(self.clone()))
    }
}
