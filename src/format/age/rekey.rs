//! Changing who can open a file: new stanzas and a new MAC, with the same file key.

use super::AgeFileHeader;
use super::wrap::wrap_for;
use super::{AgeHeader, scrypt};
use crate::format::{Change, Header, RekeyRequest, Rekeyed, Which};
use crate::{Error, Identity, Recipient, Stanza};
use std::collections::BTreeSet;

pub(super) fn rekey(file: &AgeFileHeader, request: &RekeyRequest<'_>) -> Result<Rekeyed, Error> {
    let file_key = file.file_key(request.old)?;
    if let Change::Add(new) | Change::Replace(new) = request.change
        && new.is_empty()
    {
        return Err(Error::usage("there is no new recipient"));
    }
    let mut stanzas = file.header.stanzas.clone();
    let wrap = |recipients: &[Recipient<'_>]| {
        wrap_for(recipients, request.work_factor, &file_key, request.random)
    };
    match request.change {
        Change::Add(recipients) => {
            refuse_passphrase_beside_others(recipients, &stanzas)?;
            let new = wrap(recipients)?;
            refuse_mixing(&new.labels, &stanzas)?;
            stanzas.extend(new.stanzas);
        }
        Change::Replace(recipients) => {
            let old = opened_by_any(request.all, &stanzas)?;
            let at = *old.first().ok_or(Error::NoMatch { tried: 1 })?;
            let kept = without(&stanzas, &old);
            refuse_passphrase_beside_others(recipients, &kept)?;
            let new = wrap(recipients)?;
            refuse_mixing(&new.labels, &kept)?;
            stanzas = kept;
            stanzas.splice(at..at, new.stanzas);
        }
        Change::Remove(which) => {
            let gone = match which {
                Which::Old => opened_by_any(request.all, &stanzas)?,
                Which::OpenedBy(identities) => opened_by_any(identities, &stanzas)?,
                Which::Number(number) => {
                    let is_there = *number < stanzas.len();
                    is_there.then_some(*number).into_iter().collect()
                }
            };
            if gone.is_empty() {
                return Err(nothing_to_remove(which, stanzas.len()));
            }
            stanzas = without(&stanzas, &gone);
            if stanzas.is_empty() {
                return Err(Error::usage_hint(
                    "this is the last stanza, and without it nobody could open the file",
                    "replace it by naming new recipients, or add another one first",
                ));
            }
        }
    }
    let mut header = AgeHeader::encode(&stanzas, &file_key.mac_key())?;
    header.extend(file.nonce);
    Ok(Rekeyed {
        header,
        old_len: file.size(),
        slots: stanzas.len(),
        old_opens: match (request.change, request.old.as_unwrap_key()) {
            // All stanzas that it opens are gone. Checking would ask for another touch of a hardware key.
            (Change::Replace(_) | Change::Remove(Which::Old), _) => 0,
            // A passphrase stanza is the only one.
            (_, None) => 0,
            (_, Some(_)) => opened_by_any(request.all, &stanzas)?.len(),
        },
    })
}

/// Returns the numbers of the stanzas that an identity opens. A passphrase that opens the file opens the only stanza.
pub(super) fn opened(identity: &Identity<'_>, stanzas: &[Stanza]) -> Result<Vec<usize>, Error> {
    let Some(key) = identity.as_unwrap_key() else {
        let is_scrypt = |stanza: &Stanza| stanza.kind == scrypt::KIND;
        return Ok(stanzas.iter().position(is_scrypt).into_iter().collect());
    };
    key.matching(stanzas)
}

/// Does the same for several identities.
fn opened_by_any(identities: &[Identity<'_>], stanzas: &[Stanza]) -> Result<Vec<usize>, Error> {
    let mut all = BTreeSet::new();
    for identity in identities {
        all.extend(opened(identity, stanzas)?);
    }
    Ok(all.into_iter().collect())
}

fn without(stanzas: &[Stanza], gone: &[usize]) -> Vec<Stanza> {
    let kept = stanzas.iter().enumerate();
    kept.filter(|(index, _)| !gone.contains(index))
        .map(|(_, stanza)| stanza.clone())
        .collect()
}

fn nothing_to_remove(which: &Which<'_>, stanzas: usize) -> Error {
    match which {
        Which::Number(number) => Error::usage(format!(
            "there is no stanza {number}: the file has {stanzas}, numbered from 0"
        )),
        Which::Old => Error::NoMatch { tried: 1 },
        Which::OpenedBy(identities) => Error::NoMatch {
            tried: identities.len(),
        },
    }
}

/// A passphrase cannot be combined with other recipients.
fn refuse_passphrase_beside_others(new: &[Recipient<'_>], kept: &[Stanza]) -> Result<(), Error> {
    let has_passphrase = |stanza: &Stanza| stanza.kind == scrypt::KIND;
    let asks_passphrase = new.iter().any(|recipient| recipient.as_secret().is_some());
    match kept.iter().any(has_passphrase) || asks_passphrase && !kept.is_empty() {
        true => Err(Error::usage_hint(
            "a passphrase cannot share an age file with others",
            "replace it instead of adding",
        )),
        false => Ok(()),
    }
}

/// A file is as weak as its weakest recipient, so post-quantum recipients cannot be combined with others. A passphrase
/// has no labels, and is the only recipient.
fn refuse_mixing(new: &Option<BTreeSet<String>>, kept: &[Stanza]) -> Result<(), Error> {
    let Some(new) = new else {
        return Ok(());
    };
    match kept.iter().filter_map(labels).all(|labels| labels == *new) {
        true => Ok(()),
        false => Err(super::wrap::mixed()),
    }
}

/// Returns the labels of a stanza's type, if it is known.
fn labels(stanza: &Stanza) -> Option<BTreeSet<String>> {
    match stanza.kind.as_str() {
        "X25519" | "ssh-ed25519" | "ssh-rsa" | "p256tag" | "piv-p256" => Some(BTreeSet::new()),
        "mlkem768x25519" | "mlkem768p256tag" => Some(BTreeSet::from(["postquantum".to_owned()])),
        _ => None,
    }
}
