//! Other recipients for age files: the stanzas and the MAC change, and nothing behind them.

use super::age_properties::{numbered, seal_to, vector};
use crate::age_reader::{self, Key, parts};
use crate::common::{assert_same, pattern};
use fetool::format::age::{Age, AgeIdentity};
use fetool::format::{Change, Rekeyed, Which};
use fetool::{Error, Identity, Open, Recipient, Rekey, Seal, Secret, status};

const LEN: usize = 70_000;

fn sealed(identities: &[AgeIdentity]) -> Vec<u8> {
    seal_to(identities, false, 1, &pattern(LEN)[..])
}

fn for_passphrase(passphrase: &Secret) -> Vec<u8> {
    let mut sealed = Vec::new();
    let seal = Seal::new(passphrase).format(&Age).work_factor(Some(2));
    seal.run(&pattern(LEN)[..], &mut sealed).unwrap();
    sealed
}

/// The changed file, whose nonce and chunks are still the same.
#[track_caller]
fn rekeyed(file: &[u8], rekey: &Rekey<'_>) -> (Vec<u8>, Rekeyed) {
    let mut changed = Vec::new();
    let done = rekey.run(file, &mut changed).unwrap();
    let (old, new) = (parts(file).unwrap(), parts(&changed).unwrap());
    assert_eq!(old.nonce, new.nonce);
    assert_same(new.chunks, old.chunks);
    assert_eq!(done.slots, new.stanzas.len());
    (changed, done)
}

#[track_caller]
fn refused(file: &[u8], rekey: &Rekey<'_>) -> Error {
    let mut changed = Vec::new();
    let error = rekey.run(file, &mut changed).unwrap_err();
    assert_eq!(changed, b"", "{error}");
    error
}

/// By both readers.
#[track_caller]
fn opens(file: &[u8], identity: &AgeIdentity) {
    let mut opened = Vec::new();
    let open = Open::new(Identity::unwrapping(identity));
    open.run(file, &mut opened).unwrap();
    assert_same(&opened, &pattern(LEN));
    let read = age_reader::open(&Key::Identity(&identity.encode()), file);
    assert_same(&read.expect("opens"), &pattern(LEN));
}

#[track_caller]
fn does_not_open(file: &[u8], identity: &AgeIdentity) {
    let open = Open::new(Identity::unwrapping(identity));
    let error = open.run(file, std::io::sink()).unwrap_err();
    assert!(matches!(error, Error::NoMatch { tried: 1 }), "{error}");
}

#[test]
fn recipients_are_added() {
    for hybrid in [false, true] {
        let [one, two, three] = [1, 2, 3].map(|number| numbered(number, hybrid));
        let file = sealed(std::slice::from_ref(&one));
        let new = [two.recipient(), three.recipient()];
        let change = Change::Add(new.iter().map(|new| Recipient::wrapping(new)).collect());
        let rekey = Rekey::new(Identity::unwrapping(&one), change);
        let (changed, done) = rekeyed(&file, &rekey);
        assert_eq!((done.slots, done.old_opens), (3, 1));
        // The old stanza is as it was.
        assert_eq!(
            parts(&changed).unwrap().stanzas[0],
            parts(&file).unwrap().stanzas[0]
        );
        for identity in [&one, &two, &three] {
            opens(&changed, identity);
        }
        does_not_open(&file, &two);
    }
}

#[test]
fn a_recipient_is_replaced_in_its_place() {
    let [one, two, three] = [1, 2, 3].map(|number| numbered(number, false));
    let file = sealed(&[two.clone(), one.clone()]);
    let new = three.recipient();
    let change = Change::Replace(vec![Recipient::wrapping(&new)]);
    let rekey = Rekey::new(Identity::unwrapping(&one), change);
    let (changed, done) = rekeyed(&file, &rekey);
    assert_eq!((done.slots, done.old_opens), (2, 0));
    // One stanza of the kind for another has the same length, so that it can be done in place.
    assert_eq!(changed.len(), file.len());
    assert_eq!(
        parts(&changed).unwrap().stanzas[0],
        parts(&file).unwrap().stanzas[0]
    );
    opens(&changed, &two);
    opens(&changed, &three);
    does_not_open(&changed, &one);
}

#[test]
fn recipients_are_removed_by_themselves_by_an_identity_and_by_number() {
    let [one, two, three] = [1, 2, 3].map(|number| numbered(number, false));
    let file = sealed(&[one.clone(), two.clone(), three.clone()]);
    let changes = [
        (&two, Which::Old),
        (&one, Which::OpenedBy(vec![Identity::unwrapping(&two)])),
        (&one, Which::Number(1)),
    ];
    for (by, which) in changes {
        let rekey = Rekey::new(Identity::unwrapping(by), Change::Remove(which));
        let (changed, done) = rekeyed(&file, &rekey);
        assert_eq!(done.slots, 2);
        assert_eq!(done.old_opens, usize::from(!std::ptr::eq(by, &two)));
        opens(&changed, &one);
        opens(&changed, &three);
        does_not_open(&changed, &two);
    }
    for number in [3, usize::MAX] {
        let change = Change::Remove(Which::Number(number));
        let error = refused(&file, &Rekey::new(Identity::unwrapping(&one), change));
        assert_eq!(error.status(), status::USAGE);
        let expected = format!("there is no stanza {number}: the file has 3, numbered from 0");
        assert_eq!(error.to_string(), expected);
    }
    let other = numbered(4, false);
    let change = Change::Remove(Which::OpenedBy(vec![Identity::unwrapping(&other)]));
    let error = refused(&file, &Rekey::new(Identity::unwrapping(&one), change));
    assert!(matches!(error, Error::NoMatch { .. }), "{error}");
}

#[test]
fn the_last_recipient_stays() {
    let one = numbered(1, false);
    let file = sealed(std::slice::from_ref(&one));
    let change = Change::Remove(Which::Old);
    let error = refused(&file, &Rekey::new(Identity::unwrapping(&one), change));
    assert_eq!(error.status(), status::USAGE);
    assert_eq!(
        error.to_string(),
        "this is the last stanza, and without it nobody could open the file"
    );
}

#[test]
fn who_cannot_open_the_file_changes_nothing() {
    let [one, two] = [1, 2].map(|number| numbered(number, false));
    let file = sealed(std::slice::from_ref(&one));
    let new = two.recipient();
    let change = || Change::Add(vec![Recipient::wrapping(&new)]);
    let error = refused(&file, &Rekey::new(Identity::unwrapping(&two), change()));
    assert!(matches!(error, Error::NoMatch { tried: 1 }), "{error}");
    // Nor does anybody whose file has another MAC: it may be a forged list of stanzas.
    let mut forged = file.clone();
    forged[130] = if forged[130] == b'A' { b'B' } else { b'A' };
    let error = refused(&forged, &Rekey::new(Identity::unwrapping(&one), change()));
    assert!(matches!(error, Error::HeaderMac), "{error}");
}

/// A file is as weak as its weakest recipient.
#[test]
fn post_quantum_recipients_and_others_do_not_meet() {
    let (classic, quantum) = (numbered(1, false), numbered(2, true));
    for (old, new) in [(&classic, &quantum), (&quantum, &classic)] {
        let file = sealed(std::slice::from_ref(old));
        let recipient = new.recipient();
        let new_ones = || vec![Recipient::wrapping(&recipient)];
        let identity = || Identity::unwrapping(old);
        let error = refused(&file, &Rekey::new(identity(), Change::Add(new_ones())));
        assert_eq!(error.status(), status::USAGE);
        assert!(
            error
                .to_string()
                .starts_with("a post-quantum recipient cannot share a file"),
            "{error}"
        );
        // In place of the only one, it meets nobody.
        let rekey = Rekey::new(identity(), Change::Replace(new_ones()));
        let (changed, _) = rekeyed(&file, &rekey);
        opens(&changed, new);
        does_not_open(&changed, old);
        // In place of one of two, it does.
        let file = sealed(&[
            old.clone(),
            numbered(3, matches!(old, AgeIdentity::Hybrid(_))),
        ]);
        let error = refused(&file, &Rekey::new(identity(), Change::Replace(new_ones())));
        assert_eq!(error.status(), status::USAGE);
    }
}

#[test]
fn a_passphrase_is_alone() {
    let [old, new] = ["old passphrase", "new passphrase"].map(Secret::passphrase);
    let one = numbered(1, false);
    let recipient = one.recipient();
    let file = for_passphrase(&old);
    let recipients = || vec![Recipient::wrapping(&recipient)];
    for change in [Change::Add(recipients()), Change::Add(vec![(&new).into()])] {
        let error = refused(&file, &Rekey::new(&old, change).work_factor(Some(2)));
        assert_eq!(error.status(), status::USAGE);
        assert_eq!(
            error.to_string(),
            "a passphrase cannot share an age file with others"
        );
    }
    let (changed, done) = rekeyed(&file, &Rekey::new(&old, Change::Replace(recipients())));
    assert_eq!((done.slots, done.old_opens), (1, 0));
    opens(&changed, &one);

    let change = || Change::Replace(vec![(&new).into()]);
    let (changed, _) = rekeyed(&file, &Rekey::new(&old, change()).work_factor(Some(2)));
    let read = age_reader::open(&Key::Passphrase("new passphrase"), &changed);
    assert_same(&read.expect("opens"), &pattern(LEN));
    assert_eq!(
        age_reader::open(&Key::Passphrase("old passphrase"), &changed),
        None
    );

    // For a recipient's file: in place of all, but not beside others.
    let file = sealed(std::slice::from_ref(&one));
    let rekey = || Rekey::new(Identity::unwrapping(&one), change()).work_factor(Some(2));
    let (changed, _) = rekeyed(&file, &rekey());
    let read = age_reader::open(&Key::Passphrase("new passphrase"), &changed);
    assert_same(&read.expect("opens"), &pattern(LEN));
    let error = refused(&sealed(&[one.clone(), numbered(2, false)]), &rekey());
    assert_eq!(error.status(), status::USAGE);
}

/// Files of other programs have stanzas for keys that are not known here.
#[test]
fn foreign_stanzas_stay_as_they_are() {
    let file = vector("age_five_recipients_70000.age");
    let [own, other] = ["x25519.key", "x25519b.key"].map(super::age_properties::identity);
    let new = numbered(1, false);
    let recipient = new.recipient();
    let change = Change::Add(vec![Recipient::wrapping(&recipient)]);
    let (changed, done) = rekeyed(&file, &Rekey::new(Identity::unwrapping(&own), change));
    assert_eq!(done.slots, 6);
    assert_eq!(
        parts(&changed).unwrap().stanzas[..5],
        parts(&file).unwrap().stanzas[..]
    );
    for identity in [&own, &other, &new] {
        opens(&changed, identity);
    }
    // It has two stanzas, and leaves both.
    let change = Change::Remove(Which::Old);
    let (changed, done) = rekeyed(&changed, &Rekey::new(Identity::unwrapping(&other), change));
    assert_eq!((done.slots, done.old_opens), (4, 0));
    does_not_open(&changed, &other);
    opens(&changed, &own);
}
