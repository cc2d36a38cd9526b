//! Secrets are gone from memory when they were used: the process reads its own memory and does not
//! find them.
//!
//! One test alone in its program, for it looks at all memory, that of other tests too.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "age-plugin")]
mod plugin;
#[cfg(feature = "age-ssh")]
mod ssh;

use common::pattern;
use fetool::aead::{Aead, Algorithm, Engine};
use fetool::format::age::{
    AgeHeader, AgeIdentity, HybridIdentity, ScryptLimits, X25519Identity, identities, scrypt,
};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::format::{Change, Format, dexios::Dexios, gfe::Gfe, gocrypt::GoCrypt};
use fetool::kdf::{Derivation, Kdf};
use fetool::{Error, FileKey, Open, Rekey, Seal, Secret};
use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::os::unix::fs::FileExt;
use zeroize::Zeroizing;

/// What is looked for, so disguised that the disguise is not found in its place.
struct Needle {
    name: &'static str,
    disguised: Vec<u8>,
}

const DISGUISE: u8 = 0x5A;

impl Needle {
    fn new(name: &'static str, byte: impl Fn(usize) -> u8, len: usize) -> Self {
        Self {
            name,
            disguised: (0..len).map(|i| byte(i) ^ DISGUISE).collect(),
        }
    }

    fn reveal(&self) -> Vec<u8> {
        self.disguised.iter().map(|byte| byte ^ DISGUISE).collect()
    }

    /// How often it is in the memory.
    fn count(&self, memory: &[u8]) -> usize {
        // Compared byte by byte, so that it is never whole anywhere.
        memory
            .windows(self.disguised.len())
            .filter(|window| {
                let mut bytes = window.iter().zip(&self.disguised);
                bytes.all(|(found, disguised)| *found ^ DISGUISE == *disguised)
            })
            .count()
    }
}

/// What of the needles is in memory that can be written: their names, and the places.
fn found(needles: &[Needle]) -> Vec<(&'static str, String)> {
    const STEP: u64 = 1 << 20;
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let longest = needles.iter().map(|n| n.disguised.len()).max().unwrap() as u64;
    let mut found = Vec::new();
    let mut seen = 0;
    let mut buffer = vec![0; (STEP + longest) as usize];
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        for at in (start..end).step_by(STEP as usize) {
            let len = (end - at).min(STEP + longest - 1) as usize;
            memory.read_exact_at(&mut buffer[..len], at).unwrap();
            seen += len;
            for needle in needles {
                if needle.count(&buffer[..len]) > 0 {
                    found.push((needle.name, line.to_owned()));
                }
            }
        }
        buffer.fill(0);
    }
    assert!(seen > 100_000, "that was not all memory");
    found
}

fn named(found: &[(&'static str, String)]) -> Vec<&'static str> {
    let mut names: Vec<_> = found.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Random numbers that the needle of the master key knows: they are asked for first.
fn random(bytes: &mut [u8]) -> Result<(), Error> {
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = master_byte(i);
    }
    Ok(())
}

fn key_byte(i: usize) -> u8 {
    (i as u8).wrapping_mul(57).wrapping_add(201)
}

fn passphrase_byte(i: usize) -> u8 {
    b'a' + (i as u8).wrapping_mul(7) % 26
}

fn master_byte(i: usize) -> u8 {
    (i as u8).wrapping_mul(91).wrapping_add(17)
}

/// What a derivation makes of the passphrase, disguised at once.
fn derived(name: &'static str, derivation: Derivation, salt: &[u8], passphrase: &Needle) -> Needle {
    let secret = Zeroizing::new(passphrase.reveal());
    let key = derivation.derive(&secret, salt).unwrap();
    Needle::new(name, |i| key[i], key.len())
}

/// Seals and opens, in few threads or many, and tries a wrong secret.
fn there_and_back(
    seal: Seal<'_>,
    secret: &Secret,
    format: &'static dyn Format,
    threads: usize,
) -> Vec<u8> {
    let text = pattern(300_000);
    let mut sealed = Vec::new();
    let seal = seal.format(format).jobs(common::jobs(threads));
    seal.fixed_random_for_tests(&random)
        .run(&text[..], &mut sealed)
        .unwrap();
    let mut opened = Vec::new();
    let open = |secret| {
        Open::new(secret)
            .format(Some(format))
            .jobs(common::jobs(threads))
    };
    open(secret).run(&sealed[..], &mut opened).unwrap();
    assert!(opened == text);
    let wrong = Secret::key(vec![3; 32]);
    assert!(open(&wrong).run(&sealed[..], io::sink()).is_err());
    sealed
}

fn engines_of(algorithm: Algorithm) -> impl Iterator<Item = (Algorithm, Engine)> {
    Engine::ALL
        .into_iter()
        .map(move |engine| (algorithm, engine))
}

/// The operations that use secrets.
fn work(key: &Needle, passphrase: &Needle) {
    for threads in [1, 3] {
        let secret = Secret::key(key.reveal());
        let small = Seal::new(&secret).chunk_size(Some(1 << 14));
        there_and_back(small, &secret, &Gfe, threads);
        let secret = Secret::passphrase(passphrase.reveal());
        let seal = || Seal::new(&secret);
        there_and_back(seal().layers(Some(3)), &secret, &GoCrypt, threads);
        there_and_back(seal(), &secret, &ParallelEncryptor, threads);
    }
    // Every engine of the AEADs, with messages that it works on in different ways.
    let secret = Zeroizing::new(key.reveal());
    let secret = secret[..].try_into().expect("a key");
    for (algorithm, engine) in Algorithm::ALL.into_iter().flat_map(engines_of) {
        let Some(aead) = Aead::with_engine(engine, algorithm, secret) else {
            continue;
        };
        let nonce = vec![1; algorithm.nonce_len()];
        for len in [5, 200, 700, 5000] {
            let mut buffer = pattern(len);
            let tag = aead.seal(&nonce, b"", &mut buffer).unwrap();
            aead.open(&nonce, b"", &mut buffer, &tag).unwrap();
            assert!(buffer == pattern(len));
        }
    }
    let secret = Secret::passphrase(passphrase.reveal());
    let salted = secret.clone().with_salt(Kdf::Pbkdf2, *SALT);
    there_and_back(Seal::new(&salted), &salted, &Gfe, 1);
    // Slow: every hash of Balloon takes its time.
    let seal = Seal::new(&secret).algorithm(Some(Algorithm::DeoxysII256));
    let sealed = there_and_back(seal.kdf(Some(Kdf::Balloon)), &secret, &Dexios, 3);
    let rekey =
        Rekey::new(&secret, Change::Replace(vec![(&secret).into()])).kdf(Some(Kdf::Balloon));
    rekey.run(&sealed[..], io::sink()).unwrap();
}

/// Random numbers of age alone: other formats write theirs to the file. All are the same, so that one needle
/// stands for file keys, identities and ephemeral secrets.
fn age_random(bytes: &mut [u8]) -> Result<(), Error> {
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = age_byte(i);
    }
    Ok(())
}

fn age_byte(i: usize) -> u8 {
    (i as u8).wrapping_mul(109).wrapping_add(37)
}

/// Keys and headers of age.
fn age(passphrase: &Needle) {
    let identities = [
        AgeIdentity::X25519(X25519Identity::generate(&age_random).unwrap()),
        AgeIdentity::Hybrid(HybridIdentity::generate(&age_random).unwrap()),
    ];
    let file_key = FileKey::generate(&age_random).unwrap();
    let wrap = |identity: &AgeIdentity| identity.recipient().wrap(&file_key, &age_random).unwrap();
    let stanzas = identities.each_ref().map(wrap);
    let bytes = AgeHeader::encode(&stanzas, &file_key.mac_key()).unwrap();
    let header = AgeHeader::decode(&bytes).unwrap();
    for identity in &identities {
        let mut list = Zeroizing::new(String::with_capacity(100));
        list.push_str("# mine\n");
        list.push_str(&identity.encode());
        let parsed = identities::parse(list.as_bytes()).unwrap();
        let unlocked = header.unlock(|stanza| parsed[0].unwrap(stanza)).unwrap();
        let (_, found) = unlocked.unwrap();
        black_box(found.payload_key(&[1; 16]));
    }
    let passphrase = Secret::passphrase(passphrase.reveal());
    // The salt is public.
    let stanza = scrypt::wrap(&passphrase, 10, &file_key, &random).unwrap();
    let opened = scrypt::unwrap(&passphrase, ScryptLimits::default(), &stanza).unwrap();
    assert!(opened.is_some());
    // So little memory that it is not given back to the system.
    scrypt::wrap(&passphrase, 5, &file_key, &random).unwrap();
}

/// What scrypt fills its memory with, before it mixes it: whoever has that can guess the passphrase without
/// its cost. Without C the memory is not wiped.
#[cfg(feature = "aws-lc")]
fn scrypt_block(passphrase: &Needle) -> Needle {
    let salt: Vec<_> = (0..16).map(master_byte).collect();
    let salt = [b"age-encryption.org/v1/scrypt", &salt[..]].concat();
    let secret = Zeroizing::new(passphrase.reveal());
    let mut block = Zeroizing::new([0; 1024]);
    pbkdf2::pbkdf2_hmac::<sha2::Sha256>(&secret, &salt, 1, &mut *block);
    // Not the first bytes: an allocator writes over them.
    Needle::new("block of scrypt", |i| block[512 + i], 32)
}

/// What [`age`] derives, disguised at once.
fn age_needles() -> [Needle; 5] {
    let random_key = FileKey::generate(&age_random).unwrap();
    let (mac, payload) = (random_key.mac_key(), random_key.payload_key(&[1; 16]));
    let classic = X25519Identity::generate(&age_random).unwrap().encode();
    let hybrid = HybridIdentity::generate(&age_random).unwrap().encode();
    let text = |text: &Zeroizing<String>| {
        let bytes = &text.as_bytes()[text.len() - 40..];
        Needle::new("identity", |i| bytes[i], bytes.len())
    };
    [
        Needle::new("file key", age_byte, 16),
        Needle::new("MAC key", |i| mac[i], 32),
        Needle::new("payload key", |i| payload[i], 32),
        text(&classic),
        text(&hybrid),
    ]
}

const SALT: &[u8; 16] = b"0123456789abcdef";

#[test]
fn secrets_are_gone_when_they_were_used() {
    let key = Needle::new("key", key_byte, 32);
    let passphrase = Needle::new("passphrase", passphrase_byte, 24);
    let [file_key, mac_key, payload_key, classic, hybrid] = age_needles();
    #[cfg(feature = "age-ssh")]
    let more = ssh::needles();
    #[cfg(not(feature = "age-ssh"))]
    let more = Vec::new();
    #[cfg(feature = "age-plugin")]
    let more = Vec::from_iter(more.into_iter().chain(plugin::needles()));
    #[cfg(feature = "aws-lc")]
    let more = Vec::from_iter(more.into_iter().chain([scrypt_block(&passphrase)]));
    let needles = [
        file_key,
        mac_key,
        payload_key,
        classic,
        hybrid,
        derived(
            "GFE's key",
            Kdf::Pbkdf2.for_gfe().unwrap(),
            SALT,
            &passphrase,
        ),
        derived(
            "Parallel-Encryptor's key",
            Derivation::Sha256,
            b"",
            &passphrase,
        ),
        Needle::new("master key", master_byte, 32),
        key,
        passphrase,
    ];
    let needles: Vec<_> = more.into_iter().chain(needles).collect();
    let [.., key, passphrase] = &needles[..] else {
        unreachable!("they are the last")
    };
    // They are found where they are.
    let secrets = [key, passphrase].map(|needle| Secret::key(needle.reveal()));
    assert_eq!(named(&found(&needles)), ["key", "passphrase"]);
    assert_eq!(named(&found(&needles)), ["key", "passphrase"]);
    drop(black_box(secrets));
    let before = found(&needles);
    assert!(before.is_empty(), "{before:#?}");

    // After each: what comes later may overwrite what was left.
    let are_gone = |what: &str| {
        let left = found(&needles);
        assert!(left.is_empty(), "{what}: {left:#?}");
    };
    work(key, passphrase);
    are_gone("formats");
    age(passphrase);
    are_gone("age");
    #[cfg(feature = "age-ssh")]
    {
        ssh::work(passphrase);
        are_gone("ssh");
    }
    #[cfg(feature = "age-plugin")]
    {
        plugin::work();
        are_gone("plugins");
    }
}
