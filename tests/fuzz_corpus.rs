//! What the fuzz targets do, without fuzzing: the committed seeds and the test vectors, and a few
//! changes of each, the same in every run. So the targets cannot rot, and what fuzzing found stays
//! found. `CONTRIBUTING.md` tells how to fuzz.

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::common::{FAST, Numbers, no_hang};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

type Target = fn(&[u8]);

/// The memory of some work is measured, so no other work may go on meanwhile.
static TURN: Mutex<()> = Mutex::new(());

/// The vectors of age's public test kit.
const TESTKIT: &str = "tests/vectors/age/testkit";

/// SSH keys in many forms.
const SSH_KEYS: &str = "tests/vectors/age/keys";

/// How many changed seeds each target is given.
const CHANGED: usize = if FAST { 600 } else { 150 };

fn dir(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Its names in their order, so that every run is the same.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The seeds of a target, and the vectors whose names begin so, behind `before`.
fn inputs(target: &str, vectors: &[&str], before: &[u8]) -> Vec<Vec<u8>> {
    let seeds = files(&dir("fuzz/seeds").join(target));
    let seeds = seeds.iter().map(|seed| fs::read(seed).unwrap());
    let dirs = ["tests/vectors", "tests/vectors/age", SSH_KEYS, TESTKIT];
    let all: Vec<_> = dirs.iter().flat_map(|name| files(&dir(name))).collect();
    let vectors = all.iter().filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        vectors.iter().any(|begin| name.starts_with(begin))
    });
    let vectors = vectors.map(|vector| [before, &file(vector)].concat());
    // As fuzz/seed takes them.
    let vectors = vectors.filter(|vector| vector.len() <= 70_000);
    let inputs: Vec<_> = seeds.chain(vectors).collect();
    assert!(!inputs.is_empty(), "{target}: nothing to begin with");
    inputs
}

/// A vector's bytes, without what the test kit says of it in front.
fn file(vector: &Path) -> Vec<u8> {
    let mut bytes = fs::read(vector).unwrap();
    if vector.starts_with(dir(TESTKIT)) {
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        bytes.drain(..end + 2);
    }
    bytes
}

fn changed(inputs: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut input = inputs[numbers.below(inputs.len())].clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(input.len() + 1);
        match numbers.below(6) {
            0 if at < input.len() => input[at] ^= 1 << numbers.below(8),
            1 if at < input.len() => input[at] = numbers.below(256) as u8,
            2 => input.truncate(at),
            3 => input.insert(at, numbers.below(256) as u8),
            4 => {
                let end = at + numbers.below(input.len() + 1 - at);
                input.drain(at..end);
            }
            _ => {
                let other = &inputs[numbers.below(inputs.len())];
                input.truncate(at);
                input.extend(&other[at.min(other.len())..]);
            }
        }
    }
    input
}

fn replay(name: &'static str, target: Target, vectors: &'static [&str], before: &'static [u8]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    no_hang(move || {
        let inputs = inputs(name, vectors, before);
        let run = |input: &[u8]| {
            let done = catch_unwind(AssertUnwindSafe(|| target(input)));
            assert!(done.is_ok(), "{name} fails with {}", hex(input));
        };
        inputs.iter().for_each(|input| run(input));
        let mut numbers = Numbers::new(1);
        for _ in 0..CHANGED {
            run(&changed(&inputs, &mut numbers));
        }
    });
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ALL: &[&str] = &["gfe_", "dexios_", "gocrypt_", "parenc_"];
/// The rest is the file as it is.
const AS_IT_IS: &[u8] = &[0];

macro_rules! targets {
    ($($name:ident: $vectors:expr, $before:expr;)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                replay(stringify!($name), fuzz::$name, $vectors, $before);
            }
        )*
    };
}

targets! {
    age_armor: &["age_x25519_armor", "armor_"], b"";
    age_header: &["age_", "stanza_", "header_", "hmac_", "x25519_", "scrypt_", "hybrid_"], b"";
    age_key_file: &["x25519.key", "x25519b.key", "hybrid.key", "ssh_"], b"";
    age_ssh: &["ssh_", "ed25519_", "rsa_", "ecdsa"], b"";
    detect: ALL, AS_IT_IS;
    engines: &["gfe.key"], b"";
    headers: ALL, b"";
    inspect_json: ALL, AS_IT_IS;
    key_file: &["gfe.key", "secret"], b"";
    open_age: &["age_", "armor_", "stanza_", "header_", "hmac_", "x25519_", "hybrid_", "stream_"], AS_IT_IS;
    open_dexios: &["dexios_"], AS_IT_IS;
    open_gfe: &["gfe_"], AS_IT_IS;
    open_gocrypt: &["gocrypt_"], AS_IT_IS;
    open_parallel_encryptor: &["parenc_"], AS_IT_IS;
    ranges: &["gfe_", "dexios_", "gocrypt_", "parenc_", "age_"], AS_IT_IS;
    salvage: ALL, AS_IT_IS;
}

#[test]
fn every_target_is_replayed() {
    let targets = files(&dir("fuzz/fuzz_targets"));
    let names: Vec<_> = targets
        .iter()
        .map(|target| target.file_stem().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, NAMES);
    let seeds = files(&dir("fuzz/seeds"));
    for seeds in &seeds {
        let name = seeds.file_name().unwrap().to_str().unwrap();
        assert!(NAMES.contains(&name), "no target has the seeds {name}");
    }
    assert!(!seeds.is_empty());
}
