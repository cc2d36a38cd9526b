//! Sequences of changes to the key slots, checked against a list of secrets.

use crate::dexios_common::forge::{Forge, HEADER, MASTER};
use crate::dexios_common::{SECRET, cheap_random, open, pattern, remembered, vector, watchdog};
use fetool::aead::Algorithm;
use fetool::format::dexios::{DexiosHeader, SlotHash};
use fetool::format::{Change, Rekeyed, Which};
use fetool::kdf::Kdf;
use fetool::{Error, Hint, Rekey, Seal, Secret, status};
use proptest::prelude::*;

fn rekey(file: &[u8], old: &[u8], change: Change<'_>) -> Result<(Vec<u8>, Rekeyed), Error> {
    let old = remembered(old);
    let mut changed = Vec::new();
    let rekeyed = Rekey::new(&old, change)
        .legacy_slots(true)
        .kdf(Some(Kdf::Balloon))
        .fixed_random_for_tests(&cheap_random)
        .run(file, &mut changed)
        .inspect_err(|_| assert_eq!(changed, b"", "something was written"))?;
    Ok((changed, rekeyed))
}

/// What a slot shall hold: a secret, and its bytes once they are known.
type Model = Vec<(u8, Vec<u8>)>;

fn word(number: u8) -> Vec<u8> {
    format!("secret {number}").into_bytes()
}

#[derive(Clone, Debug)]
enum Step {
    Change { old: u8, new: u8 },
    Add { old: u8, new: u8 },
    Remove { old: u8 },
}

/// Secrets 0 to 5 are used, so that some are in several slots and some in none.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..6u8, 0..6u8).prop_map(|(old, new)| Step::Change { old, new }),
        (0..6u8, 0..6u8).prop_map(|(old, new)| Step::Add { old, new }),
        (0..6u8).prop_map(|old| Step::Remove { old }),
    ];
    proptest::collection::vec(step, 5)
}

/// Applies a step to the model: the status that it ends with, and how many slots the old secret
/// still opens.
fn expect(model: &mut Model, step: &Step) -> Result<usize, u8> {
    let (Step::Change { old, .. } | Step::Add { old, .. } | Step::Remove { old }) = *step;
    let slot = model
        .iter()
        .position(|(secret, _)| *secret == old)
        .ok_or(status::KEY)?;
    match step {
        Step::Change { new, .. } => model[slot] = (*new, Vec::new()),
        Step::Add { .. } if model.len() == 4 => return Err(status::USAGE),
        Step::Add { new, .. } => model.push((*new, Vec::new())),
        Step::Remove { .. } if model.len() == 1 => return Err(status::USAGE),
        Step::Remove { .. } => drop(model.remove(slot)),
    }
    let before = model
        .iter()
        .filter(|(secret, bytes)| *secret == old && !bytes.is_empty());
    Ok(before.count())
}

/// Compares every byte of the file with the model. Only a slot that is new costs a hash.
fn check(file: &[u8], model: &mut Model, original: &[u8]) -> Result<(), TestCaseError> {
    prop_assert_eq!(file.len(), original.len());
    prop_assert_eq!(&file[..32], &original[..32]);
    prop_assert!(file[HEADER..] == original[HEADER..], "the data has changed");
    let header = DexiosHeader::decode(file).unwrap();
    prop_assert_eq!(header.slots.len(), model.len());
    for (i, (secret, known)) in model.iter_mut().enumerate() {
        let bytes = &file[32 + 96 * i..][..96];
        prop_assert_eq!(bytes[0], 0xDF, "slot {} of {}", i, header.slots.len());
        if known.is_empty() {
            prop_assert_eq!(header.slots[i].hash, SlotHash::BalloonV5);
            let master = header.slots[i].unwrap(header.algorithm, &remembered(&word(*secret)));
            prop_assert_eq!(*master.unwrap().expect("the new secret opens it"), MASTER);
            *known = bytes.to_vec();
        }
        // A slot that the step was not about is the same, wherever it is now.
        prop_assert_eq!(bytes, &known[..]);
    }
    let empty = &file[32 + 96 * model.len()..HEADER];
    prop_assert!(empty.iter().all(|byte| *byte == 0));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn slots_follow_the_model(steps in steps(), start in 1..=4u8) {
        let _dog = watchdog();
        let words: Vec<Vec<u8>> = (0..start).map(word).collect();
        let words: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
        let original = Forge::new(&words, b"some data").file();
        let mut file = original.clone();
        let slot = |i: u8| file[32 + 96 * usize::from(i)..][..96].to_vec();
        let mut model: Model = (0..start).map(|i| (i, slot(i))).collect();
        for step in steps {
            let (old, new) = match step {
                Step::Change { old, new } | Step::Add { old, new } => (old, Some(new)),
                Step::Remove { old } => (old, None),
            };
            let new = new.map(|new| Secret::passphrase(word(new)));
            let change = match (&step, &new) {
                (Step::Change { .. }, Some(new)) => Change::Replace(vec![new.into()]),
                (Step::Add { .. }, Some(new)) => Change::Add(vec![new.into()]),
                _ => Change::Remove(Which::Old),
            };
            let expected = expect(&mut model, &step);
            match rekey(&file, &word(old), change) {
                Ok((changed, rekeyed)) => {
                    let still = expected.map_err(|status| {
                        TestCaseError::fail(format!("{step:?} should end with status {status}"))
                    })?;
                    prop_assert_eq!(rekeyed.slots, model.len());
                    // Adding says nothing of slots: the old secret keeps all of its own.
                    prop_assert_eq!(rekeyed.old_opens, still, "{:?}", step);
                    prop_assert_eq!(&rekeyed.header[..], &changed[..HEADER]);
                    file = changed;
                }
                Err(error) => prop_assert_eq!(Err(error.status()), expected, "{:?}: {}", step, error),
            }
            check(&file, &mut model, &original)?;
        }
        // And the real thing: the secrets of the list open the data, and no other.
        for number in [0, 5] {
            let expected = model.iter().any(|(secret, _)| *secret == number);
            let opened = open(&word(number), &file).ok();
            prop_assert_eq!(opened.as_deref(), expected.then_some(&b"some data"[..]));
        }
    }
}

/// Fills all four slots and empties them again, so that the model's edges are met in any case.
#[test]
fn up_to_four_and_down_to_one() {
    let _dog = watchdog();
    let mut file = Forge::new(&[SECRET], b"data").file();
    let new = Secret::passphrase("second");
    let mut headers = vec![file[..HEADER].to_vec()];
    for slots in 2..=4 {
        let (changed, rekeyed) = rekey(&file, SECRET, Change::Add(vec![(&new).into()])).unwrap();
        assert_eq!((rekeyed.slots, rekeyed.old_opens), (slots, 1));
        file = changed;
        headers.push(file[..HEADER].to_vec());
    }
    let error = rekey(&file, SECRET, Change::Add(vec![(&new).into()])).unwrap_err();
    assert_eq!(error.status(), status::USAGE);
    assert_eq!(error.to_string(), "all 4 key slots are used");
    assert_eq!(error.hint(), Some(&Hint::RemoveFirst));
    // The same secret is in three slots: one goes at a time, and the rest is counted.
    for left in [2, 1, 0] {
        let (changed, rekeyed) = rekey(&file, b"second", Change::Remove(Which::Old)).unwrap();
        assert_eq!((rekeyed.slots, rekeyed.old_opens), (1 + left, left));
        file = changed;
    }
    assert_eq!(file[..HEADER], headers[0][..], "as it was at first");
    let error = rekey(&file, SECRET, Change::Remove(Which::Old)).unwrap_err();
    assert_eq!(error.status(), status::USAGE);
    assert!(error.to_string().contains("the last key slot"), "{error}");
    let error = rekey(&file, b"second", Change::Remove(Which::Old)).unwrap_err();
    assert_eq!(error.status(), status::KEY);
}

/// A slot with a hash that nobody knows opens nothing, and so does not count as another one.
#[test]
fn the_last_slot_that_opens_is_not_removed() {
    let mut file = Forge::new(&[SECRET, b"second"], b"data").file();
    file[129] = 0xEE;
    let error = rekey(&file, SECRET, Change::Remove(Which::Old)).unwrap_err();
    assert!(error.to_string().contains("the last key slot"), "{error}");
    // That slot stays as it is when the other one changes.
    let new = Secret::key("new");
    let (changed, rekeyed) = rekey(&file, SECRET, Change::Replace(vec![(&new).into()])).unwrap();
    assert_eq!((rekeyed.slots, rekeyed.old_opens), (2, 0));
    assert_eq!(changed[128..], file[128..]);
}

/// The slots close up where another program left a gap, since Dexios reads past gaps wrongly.
#[test]
fn gaps_are_closed() {
    let _dog = watchdog();
    let mut file = Forge::new(&[b"a", b"b", SECRET, b"c"], b"data").file();
    file[128] = 0;
    let (changed, rekeyed) = rekey(&file, b"a", Change::Remove(Which::Old)).unwrap();
    assert_eq!(rekeyed.slots, 2);
    assert_eq!(changed[32..224], file[224..416]);
    assert!(changed[224..416].iter().all(|byte| *byte == 0));
}

/// The first block is authenticated before anything is changed: a header of another file under the
/// same secret is noticed.
#[test]
fn a_foreign_header_is_not_changed() {
    let _dog = watchdog();
    let new = Secret::key("new");
    for algorithm in [Algorithm::Aes256Gcm, Algorithm::DeoxysII256] {
        let forge = Forge::new(&[SECRET], b"data").algorithm(algorithm);
        let (changed, _) =
            rekey(&forge.file(), SECRET, Change::Replace(vec![(&new).into()])).unwrap();
        assert_eq!(open(b"new", &changed).unwrap(), b"data");
    }
    let mut file = Forge::new(&[SECRET], b"data").file();
    *file.last_mut().unwrap() ^= 1;
    for change in [
        Change::Replace(vec![(&new).into()]),
        Change::Add(vec![(&new).into()]),
        Change::Remove(Which::Old),
    ] {
        let error = rekey(&file, SECRET, change).unwrap_err();
        assert_eq!(error.status(), status::KEY);
    }
    // A header alone has nothing to try the key on.
    let (header, rekeyed) = rekey(
        &file[..HEADER],
        SECRET,
        Change::Replace(vec![(&new).into()]),
    )
    .unwrap();
    assert_eq!(header, rekeyed.header);
    // One with less than a block behind it is a cut file.
    let error = rekey(
        &file[..HEADER + 5],
        SECRET,
        Change::Replace(vec![(&new).into()]),
    )
    .unwrap_err();
    assert_eq!(error.status(), status::TRUNCATED);
}

#[test]
fn several_blocks_stay_as_they_are() {
    let _dog = watchdog();
    let data = pattern((2 << 20) + 7);
    let key = Secret::key(SECRET);
    let mut file = Vec::new();
    Seal::new(&key)
        .format(&fetool::format::dexios::Dexios)
        .kdf(Some(Kdf::Balloon))
        .fixed_random_for_tests(&cheap_random)
        .run(&data[..], &mut file)
        .unwrap();
    let new = Secret::key("new");
    let (changed, _) = rekey(&file, SECRET, Change::Replace(vec![(&new).into()])).unwrap();
    assert!(changed[HEADER..] == file[HEADER..]);
    assert!(open(b"new", &changed).unwrap() == data);
    assert_eq!(open(SECRET, &changed).unwrap_err().1.status(), status::KEY);
}

/// Version 4: the salt is associated data of the blocks, so only the wrapped key and its nonce
/// change, and there is one slot.
#[test]
fn version_4_changes_its_one_key() {
    let _dog = watchdog();
    let new = Secret::key("new");
    for aead in ["xchacha20poly1305", "aes256gcm", "deoxys2-256"] {
        let file = vector(&format!("dexios_v4_{aead}_stream_1000.dx"));
        let (changed, rekeyed) =
            rekey(&file, SECRET, Change::Replace(vec![(&new).into()])).unwrap();
        assert_eq!((rekeyed.slots, rekeyed.old_opens), (1, 0));
        let nonce_end = 96 + DexiosHeader::decode(&file).unwrap().slots[0].nonce.len();
        assert_eq!(changed[..48], file[..48], "tags, salt and nonce");
        assert_ne!(changed[48..96], file[48..96]);
        assert_ne!(changed[96..nonce_end], file[96..nonce_end]);
        assert_eq!(changed[nonce_end..], file[nonce_end..]);
        let plaintext = open(b"new", &changed).unwrap();
        assert_eq!(
            crate::dexios_common::sha256(&plaintext),
            "6bf31c37287dc108df35199344bbc91f90d5aba9369f0d1265f3de26f5f911cb"
        );
    }
    let file = vector("dexios_v4_aes256gcm_stream_1000.dx");
    let error = rekey(&file, SECRET, Change::Add(vec![(&new).into()])).unwrap_err();
    assert_eq!(error.status(), status::USAGE);
    assert!(error.to_string().contains("no room"), "{error}");
    assert_eq!(error.hint(), Some(&Hint::ReplaceOnly));
    let error = rekey(&file, SECRET, Change::Remove(Which::Old)).unwrap_err();
    assert_eq!(error.status(), status::USAGE);
    let error = rekey(&file, b"wrong", Change::Replace(vec![(&new).into()])).unwrap_err();
    assert_eq!(error.status(), status::KEY);
}

#[test]
fn what_wraps_no_key_is_refused() {
    let new = Secret::key("new");
    for file in [
        "dexios_v1_deoxys2-256_memory_1000.dx",
        "dexios_v2_aes256gcm_memory_1000.dx",
        "dexios_v3_xchacha20poly1305_stream_1000.dx",
        "gfe_file_16_c16.gfe",
    ] {
        for change in [
            Change::Replace(vec![(&new).into()]),
            Change::Add(vec![(&new).into()]),
            Change::Remove(Which::Old),
        ] {
            let error = rekey(&vector(file), SECRET, change).unwrap_err();
            assert_eq!(error.status(), status::FORMAT, "{file}");
            assert!(matches!(error, Error::NoMasterKey(_)), "{file}: {error}");
        }
    }
}
