//! Changing the slots of a header.

use super::SLOTS;
use super::header::{DexiosHeader, Version};
use super::slot::{Slot, SlotHash};
use crate::format::{Change, Header, RekeyRequest, Rekeyed, Which};
use crate::kdf::{Kdf, Key};
use crate::{Error, Hint, Recipient, Secret};

pub(super) fn rekey(
    header: &DexiosHeader,
    request: &RekeyRequest<'_>,
    first: Option<&[u8]>,
) -> Result<Rekeyed, Error> {
    if header.version < Version::V4 {
        let version = format!("version {} of Dexios", header.version as u8);
        return Err(Error::NoMasterKey(version));
    }
    if request.work_factor.is_some() {
        return Err(Error::usage("a key slot of Dexios has no work factor"));
    }
    let (mut matching, master) = matching(header, request.old.secret()?)?;
    let wrong = || Error::Authentication {
        chunk: 0,
        offset: header.size() as u64,
    };
    let master = master.ok_or_else(wrong)?;
    if let Some(first) = first
        && !header.key_opens(&master, first)?
    {
        return Err(wrong());
    }
    let slot = matching[0];
    let mut changed = header.clone();
    match request.change {
        Change::Replace(new) => {
            let new = only(new)?;
            changed.slots[slot] = wrap(header, slot, request, &master, new.secret()?)?;
            matching.remove(0);
        }
        Change::Add(new) => {
            let new = only(new)?;
            if header.version == Version::V4 || header.slots.len() == SLOTS {
                return Err(no_room(header));
            }
            changed
                .slots
                .push(wrap(header, slot, request, &master, new.secret()?)?);
        }
        Change::Remove(which) => {
            let Which::Old = which else {
                return Err(Error::usage(
                    "a key slot of Dexios is removed by a secret that opens it",
                ));
            };
            let usable = |slot: &&Slot| slot.hash.derivation().is_some() && header.takes(slot);
            if header.slots.iter().filter(usable).count() < 2 {
                return Err(Error::usage_hint(
                    "this is the last key slot, and without it nothing would open the file",
                    Hint::ChangeLast,
                ));
            }
            // The later slots move up: there are no gaps.
            changed.slots.remove(slot);
            matching.remove(0);
        }
    }
    Ok(Rekeyed {
        header: changed.encode(),
        old_len: header.size(),
        slots: changed.slots.len(),
        old_opens: matching.len(),
    })
}

/// A key slot belongs to one secret.
fn only<'r, 'a>(recipients: &'r [Recipient<'a>]) -> Result<&'r Recipient<'a>, Error> {
    match recipients {
        [recipient] => Ok(recipient),
        _ => Err(Error::usage("a key slot of Dexios is for one secret")),
    }
}

/// Returns the slots that a secret opens, and the master key in them.
fn matching(header: &DexiosHeader, secret: &Secret) -> Result<(Vec<usize>, Option<Key>), Error> {
    let mut matching = Vec::new();
    let mut master = None;
    let takes = |(_, slot): &(usize, &Slot)| header.takes(slot);
    for (i, slot) in header.slots.iter().enumerate().filter(takes) {
        if let Some(key) = slot.unwrap(header.algorithm, secret)? {
            matching.push(i);
            master.get_or_insert(key);
        }
    }
    if matching.is_empty() {
        header.refuse_legacy_slots(secret)?;
    }
    Ok((matching, master))
}

/// Creates a slot for a new secret. In version 4, only the wrapped key and its nonce may change.
fn wrap(
    header: &DexiosHeader,
    old: usize,
    request: &RekeyRequest<'_>,
    master: &Key,
    new: &Secret,
) -> Result<Slot, Error> {
    let (algorithm, random) = (header.algorithm, request.random);
    if header.version == Version::V4 {
        if request.kdf.is_some_and(|kdf| kdf != Kdf::Balloon) {
            return Err(Error::usage("version 4 of Dexios hashes with balloon only"));
        }
        let Slot { hash, salt, .. } = header.slots[old];
        return Slot::wrap_salted(algorithm, hash, salt, master, new, random);
    }
    let hash = SlotHash::for_kdf(request.kdf)?;
    Slot::wrap(algorithm, hash, master, new, random)
}

fn no_room(header: &DexiosHeader) -> Error {
    if header.version == Version::V4 {
        Error::usage_hint(
            "version 4 of Dexios has one key and no room for another",
            Hint::ReplaceOnly,
        )
    } else {
        Error::usage_hint(format!("all {SLOTS} key slots are used"), Hint::RemoveFirst)
    }
}
