//! What is sealed for age opens again, whatever the length, the recipients, the threads and the way in which
//! the input arrives; and a reader that shares no code opens it too.

use crate::age_reader::{self, Key};
use crate::common::ways::{self, WAYS};
use crate::common::{FAST, Ragged, assert_same, jobs, pattern};
use fetool::format::age::{
    Age, AgeIdentity, CHUNK_LEN, HybridIdentity, X25519Identity, identities,
};
use fetool::{Error, Identity, Inspect, Open, Recipient, Seal, Secret, status};
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// A file of the test vectors.
pub(super) fn vector(name: &str) -> Vec<u8> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age");
    fs::read(dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(super) fn identity(name: &str) -> AgeIdentity {
    identities::parse(&vector(name)).unwrap().remove(0)
}

/// An identity made of a number.
pub(super) fn numbered(number: u8, hybrid: bool) -> AgeIdentity {
    let next = AtomicU8::new(number);
    let random = |bytes: &mut [u8]| {
        bytes.fill_with(|| next.fetch_add(77, Ordering::Relaxed));
        Ok(())
    };
    match hybrid {
        true => AgeIdentity::Hybrid(HybridIdentity::generate(&random).unwrap()),
        false => AgeIdentity::X25519(X25519Identity::generate(&random).unwrap()),
    }
}

fn fixed(bytes: &mut [u8]) -> Result<(), Error> {
    bytes.fill(7);
    Ok(())
}

/// Seals to the recipients of these identities, always to the same bytes.
pub(super) fn seal_to(
    identities: &[AgeIdentity],
    armor: bool,
    workers: usize,
    input: impl Read + Send,
) -> Vec<u8> {
    let recipients: Vec<_> = identities.iter().map(AgeIdentity::recipient).collect();
    let mut all = recipients.iter().map(|one| Recipient::wrapping(one));
    let first = Seal::new(all.next().unwrap());
    let mut sealed = Vec::new();
    let done = all
        .fold(first, Seal::add_recipient)
        .format(&Age)
        .armor(armor)
        .jobs(jobs(workers))
        .fixed_random_for_tests(&fixed)
        .run(input, &mut sealed)
        .unwrap();
    assert_eq!(done.sealed_len, sealed.len() as u64);
    assert_eq!(
        done.chunks,
        done.plaintext_len.div_ceil(CHUNK_LEN as u64).max(1)
    );
    sealed
}

/// What a file without armor is.
fn binary(sealed: &[u8], armor: bool) -> Vec<u8> {
    match armor {
        true => age_reader::dearmor(sealed).expect("armor"),
        false => sealed.to_vec(),
    }
}

fn opens(identity: &AgeIdentity, workers: usize, input: impl Read + Send) -> Vec<u8> {
    let mut opened = Vec::new();
    Open::new(Identity::unwrapping(identity))
        .strict(true)
        .jobs(jobs(workers))
        .run(input, &mut opened)
        .unwrap();
    opened
}

/// Every way seals to the same bytes, and opens them.
#[track_caller]
pub(super) fn in_every_way(
    identities: &[AgeIdentity],
    armor: bool,
    plaintext: &[u8],
    sealed: &[u8],
) {
    let recipients: Vec<_> = identities.iter().map(AgeIdentity::recipient).collect();
    for way in WAYS {
        for known in [false, true] {
            let mut all = recipients.iter().map(|one| Recipient::wrapping(one));
            let first = Seal::new(all.next().unwrap());
            let seal = all
                .fold(first, Seal::add_recipient)
                .format(&Age)
                .armor(armor)
                .size(known.then_some(plaintext.len() as u64))
                .jobs(jobs(2))
                .fixed_random_for_tests(&fixed);
            let (done, found) = ways::seal_in(way, seal, plaintext);
            done.unwrap_or_else(|error| panic!("{way:?}: {error}"));
            assert_same(&found, sealed);
        }
        let open = Open::new(Identity::unwrapping(&identities[0])).jobs(jobs(2));
        let opened = ways::open_in(way, open, sealed);
        opened
            .result
            .unwrap_or_else(|error| panic!("{way:?}: {error}"));
        assert_same(&opened.written, plaintext);
    }
}

#[test]
fn lengths_around_the_chunks_edges() {
    const C: usize = CHUNK_LEN;
    let text = pattern(4 * C);
    let own = [numbered(1, false)];
    let encoded = own[0].encode();
    for len in [
        0,
        1,
        47,
        48,
        49,
        C - 1,
        C,
        C + 1,
        2 * C,
        3 * C - 1,
        3 * C,
        3 * C + 1,
    ] {
        for armor in [false, true] {
            let plaintext = &text[..len];
            let sealed = seal_to(&own, armor, 3, plaintext);
            let file = binary(&sealed, armor);
            assert_eq!(file.len(), 168 + 16 + len + 16 * len.div_ceil(C).max(1));
            let read = age_reader::open(&Key::Identity(&encoded), &file);
            assert_same(&read.expect("opens"), plaintext);
            assert_same(&opens(&own[0], 3, &sealed[..]), plaintext);
            in_every_way(&own, armor, plaintext, &sealed);

            let report = Inspect::new().run(&sealed[..]).unwrap();
            assert_eq!(report.fault, None);
            assert_eq!(report.plaintext_len, len as u64);
            assert_eq!(report.chunks, len.div_ceil(C).max(1) as u64);
        }
    }
}

/// Stanzas of every kind, each opened by code that knows only the document.
#[test]
fn another_reader_opens_it_with_every_identity() {
    let text = pattern(1000);
    for hybrid in [false, true] {
        let all = [1, 2, 3].map(|number| numbered(number, hybrid));
        for armor in [false, true] {
            let file = binary(&seal_to(&all, armor, 1, &text[..]), armor);
            for identity in &all {
                let encoded = identity.encode();
                let opened = age_reader::open(&Key::Identity(&encoded), &file);
                assert_same(&opened.expect("opens"), &text);
            }
            let other = numbered(4, hybrid).encode();
            assert_eq!(age_reader::open(&Key::Identity(&other), &file), None);
        }
    }
    for passphrase in ["correct horse", "ü"] {
        let secret = Secret::passphrase(passphrase);
        let mut file = Vec::new();
        let seal = Seal::new(&secret).format(&Age).work_factor(Some(3));
        seal.run(&text[..], &mut file).unwrap();
        let opened = age_reader::open(&Key::Passphrase(passphrase), &file);
        assert_same(&opened.expect("opens"), &text);
        assert_eq!(age_reader::open(&Key::Passphrase("wrong"), &file), None);
    }
}

/// With the file key and the nonce that the real age took, our chunks are its chunks.
#[test]
fn chunks_are_those_of_the_real_age() {
    let manifest: Value = serde_json::from_slice(&vector("manifest.json")).unwrap();
    let passphrase = String::from_utf8(vector("passphrase.txt")).unwrap();
    let keys = ["x25519.key", "x25519b.key", "hybrid.key"].map(|name| identity(name).encode());
    let keys = keys.iter().map(|text| Key::Identity(text));
    let keys: Vec<_> = keys
        .chain([Key::Passphrase(passphrase.trim_end())])
        .collect();
    let recipient = numbered(1, false).recipient();
    let mut same = 0;
    for entry in manifest.as_array().unwrap() {
        let name = entry["file"].as_str().unwrap();
        // The second reader takes each key on its own.
        let file = binary(&vector(name), entry["armored"].as_bool().unwrap());
        let parts = age_reader::parts(&file).unwrap();
        let found = keys
            .iter()
            .find_map(|key| age_reader::file_key(key, &parts));
        let Some(file_key) = found else {
            let kinds = parts.stanzas.iter().map(|(words, _)| words[0]);
            assert!(
                kinds.into_iter().all(|kind| kind.starts_with("ssh-")),
                "{name}"
            );
            continue;
        };
        let sixteen = AtomicUsize::new(0);
        let random = |bytes: &mut [u8]| {
            match bytes.len() {
                16 if sixteen.fetch_add(1, Ordering::Relaxed) == 0 => {
                    bytes.copy_from_slice(&file_key);
                }
                16 => bytes.copy_from_slice(parts.nonce),
                _ => bytes.fill(9),
            }
            Ok(())
        };
        let plaintext = pattern(entry["plaintext_len"].as_u64().unwrap() as usize);
        let mut sealed = Vec::new();
        Seal::new(Recipient::wrapping(&recipient))
            .format(&Age)
            .fixed_random_for_tests(&random)
            .run(&plaintext[..], &mut sealed)
            .unwrap();
        assert_same(&sealed[168 + 16..], parts.chunks);
        same += 1;
    }
    assert_eq!(same, 22);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if FAST { 32 } else { 8 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_input_comes_back_and_its_arrival_leaves_no_trace(
        len in prop_oneof![
            0..=200usize,
            0..=3 * CHUNK_LEN + 100,
            (0..=3usize, 0..=2usize).prop_map(|(whole, edge)| (whole * CHUNK_LEN + edge).saturating_sub(1)),
        ],
        numbers in proptest::collection::vec(any::<u8>(), 1..=5),
        hybrid: bool,
        armor: bool,
        workers in 1..=5usize,
        seed: u64,
        most in prop_oneof![1..=400usize, 1..=70_000usize],
        which: prop::sample::Index,
    ) {
        let plaintext = pattern(len);
        let own: Vec<_> = numbers.iter().map(|number| numbered(*number, hybrid)).collect();
        let sealed = seal_to(&own, armor, workers, &plaintext[..]);
        let ragged = Ragged::new(&plaintext, seed, most);
        let again = seal_to(&own, armor, 6 - workers, ragged);
        prop_assert!(again == sealed, "the arrival or the threads show in the sealed bytes");

        let one = &own[which.index(own.len())];
        let ragged = Ragged::new(&sealed, seed.wrapping_add(2), most);
        assert_same(&opens(one, 6 - workers, ragged), &plaintext);
        let read = age_reader::open(&Key::Identity(&one.encode()), &binary(&sealed, armor));
        assert_same(&read.expect("opens"), &plaintext);
    }

    /// Any bytes behind the header's beginning.
    #[test]
    fn any_bytes_at_all_are_refused_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        text in "[ -~\n]{0,200}",
        start in prop::sample::select(vec![
            "", "age-encryption.org/v1\n", "age-encryption.org/v1\n-> ", "age-encryption.org/v1\n-> X25519 ",
            "-----BEGIN AGE ENCRYPTED FILE-----\n",
        ]),
    ) {
        let file = [start.as_bytes(), text.as_bytes(), &bytes].concat();
        let own = numbered(1, false);
        let mut written = Vec::new();
        let error = Open::new(Identity::unwrapping(&own))
            .format(Some(&Age))
            .run(&file[..], &mut written)
            .unwrap_err();
        prop_assert!(written.is_empty());
        prop_assert!((3..=5).contains(&error.status()), "{}", error);
    }
}

/// Identities are tried in their order until one matches, secrets among them.
#[test]
fn several_identities_are_tried() {
    let text = pattern(100);
    let own: Vec<_> = [(1, false), (2, true), (3, false)]
        .map(|(number, hybrid)| numbered(number, hybrid))
        .into();
    let [secret, wrong] = ["a passphrase", "another"].map(Secret::passphrase);
    let mut files: Vec<_> = own
        .iter()
        .map(|one| seal_to(std::slice::from_ref(one), false, 1, &text[..]))
        .collect();
    let mut file = Vec::new();
    let seal = Seal::new(&secret).format(&Age).work_factor(Some(1));
    seal.run(&text[..], &mut file).unwrap();
    files.push(file);
    let open = |file: &[u8], identities: Vec<Identity<'_>>| {
        let mut identities = identities.into_iter();
        let first = Open::new(identities.next().unwrap());
        let mut opened = Vec::new();
        let open = identities.fold(first, Open::add_identity);
        open.run(file, &mut opened).map(|_| opened)
    };
    let all = || own.iter().map(|one| Identity::unwrapping(one));
    for file in &files {
        let identities = all().chain([Identity::from(&secret)]).collect();
        assert_same(&open(file, identities).unwrap(), &text);
        let identities = [Identity::from(&secret)].into_iter().chain(all()).collect();
        assert_same(&open(file, identities).unwrap(), &text);
    }
    let strangers = [numbered(4, false), numbered(5, true)];
    for file in &files[..3] {
        let identities = strangers.iter().map(|one| Identity::unwrapping(one));
        let error = open(file, identities.chain([Identity::from(&secret)]).collect());
        assert!(
            matches!(error, Err(Error::NoMatch { tried: 2 })),
            "{error:?}"
        );
    }
    let error = open(&files[3], all().chain([Identity::from(&wrong)]).collect());
    assert!(
        matches!(error, Err(Error::NoIdentity { tried: 4, .. })),
        "{error:?}"
    );
}

/// What was sealed can be read back without any identity.
#[test]
fn the_key_of_the_file_opens_it() {
    let text = pattern(CHUNK_LEN + 1);
    for hybrid in [false, true] {
        let recipient = numbered(1, hybrid).recipient();
        let sealing = Seal::new(Recipient::wrapping(&recipient))
            .format(&Age)
            .start();
        let sealing = sealing.unwrap();
        let key = sealing.file_key().expect("age has one").clone();
        let mut sealed = Vec::new();
        sealing.run(&text[..], &mut sealed).unwrap();
        let mut opened = Vec::new();
        Open::new(Identity::unwrapping(&key))
            .run(&sealed[..], &mut opened)
            .unwrap();
        assert_same(&opened, &text);
        // Of another file it is told by the MAC.
        let other = seal_to(&[numbered(1, hybrid)], false, 1, &text[..]);
        let error = Open::new(Identity::unwrapping(&key)).run(&other[..], &mut opened);
        assert!(matches!(error, Err(Error::HeaderMac)), "{error:?}");
    }
}

/// The error of a request that cannot be met, which must come before anything is written.
#[track_caller]
fn refused(seal: Seal<'_>) -> String {
    let mut written = Vec::new();
    let seal = seal.format(&Age).work_factor(Some(1));
    let error = seal.run(&b"text"[..], &mut written).unwrap_err();
    assert_eq!(written, b"", "{error}");
    assert!(
        [status::USAGE, status::SYSTEM].contains(&error.status()),
        "{error}"
    );
    error.to_string()
}

#[test]
fn what_does_not_go_together_is_refused_before_anything_is_written() {
    let [classic, quantum] = [false, true].map(|hybrid| numbered(1, hybrid).recipient());
    let [classic, quantum] = [&classic, &quantum].map(|one| Recipient::wrapping(one));
    let secret = Secret::passphrase("a passphrase");
    for (one, other) in [(classic, quantum), (quantum, classic)] {
        let said = refused(Seal::new(one).add_recipient(other));
        assert!(
            said.starts_with("a post-quantum recipient cannot share a file"),
            "{said}"
        );
    }
    let alone = "an age file for a passphrase has no other recipients";
    for other in [classic, quantum, Recipient::from(&secret)] {
        assert_eq!(refused(Seal::new(&secret).add_recipient(other)), alone);
        assert_eq!(refused(Seal::new(other).add_recipient(&secret)), alone);
    }
    let key = Secret::key([7; 32]);
    assert_eq!(
        refused(Seal::new(&key)),
        "age has no raw keys: its files are for recipients, or for a passphrase"
    );
    let empty = Secret::passphrase("");
    assert_eq!(refused(Seal::new(&empty)), "the passphrase is empty");
    assert_eq!(
        refused(Seal::new(classic).chunk_size(Some(4096))),
        "age uses fixed 64 KiB chunks"
    );
    // A header of 1 MiB has room for 10 699.
    let many = (0..10_700).fold(Seal::new(classic), |seal, _| seal.add_recipient(classic));
    let len = 22 + 10_701 * 98 + 48;
    assert_eq!(
        refused(many),
        format!(
            "too many recipients: the header would have {len} bytes, and at most 1048576 are allowed"
        )
    );
}
