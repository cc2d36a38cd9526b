//! What the tests of Dexios files and of rekey share.
#![allow(dead_code)] // every file of tests uses a part of it

pub mod forge;
pub mod rekeying;

use fetool::format::Limits;
use fetool::format::dexios::DexiosHeader;
use fetool::{Error, Open, Secret};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// The secret of nearly all vectors.
pub const SECRET: &[u8] = b"correct horse battery staple";

/// A file that a Dexios program made.
#[derive(Clone, Debug, Deserialize)]
pub struct Vector {
    pub file: String,
    pub secret: SecretFile,
    pub plaintext_len: u64,
    pub plaintext_sha256: String,
    pub header_version: u32,
    algorithm: String,
    pub mode: String,
    pub detached_header: Option<String>,
    pub other_secret: Option<SecretFile>,
    /// Only where it is not what later versions have.
    pub aad_order: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct SecretFile {
    file: String,
}

impl SecretFile {
    pub fn secret(&self) -> Secret {
        remembered(&vector(&self.file))
    }
}

impl Vector {
    pub fn bytes(&self) -> Vec<u8> {
        vector(&self.file)
    }

    pub fn header(&self) -> Option<Vec<u8>> {
        self.detached_header.as_deref().map(vector)
    }

    /// The AEAD as fetool calls it.
    pub fn algorithm(&self) -> &'static str {
        match self.algorithm.as_str() {
            "xchacha20poly1305" => "XChaCha20-Poly1305",
            "aes256gcm" => "AES-256-GCM",
            "deoxys2-256" => "Deoxys-II-256",
            other => panic!("{other}"),
        }
    }
}

/// All vectors.
pub fn vectors() -> Vec<Vector> {
    serde_json::from_slice(&vector("dexios.json")).unwrap()
}

pub fn vector_path(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    path.into_os_string().into_string().unwrap()
}

/// The bytes of one.
pub fn vector(name: &str) -> Vec<u8> {
    fs::read(vector_path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that differ from block to block.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len as u64)
        .map(|i| (i ^ (i >> 8) ^ (i >> 17)).wrapping_mul(0x9E37_79B9) as u8)
        .collect()
}

/// Random bytes; a salt says that its key costs a small part of what it should.
pub fn cheap_random(bytes: &mut [u8]) -> Result<(), Error> {
    fetool::random(bytes)?;
    if bytes.len() == 16 {
        bytes[8..].copy_from_slice(b"low cost");
    }
    Ok(())
}

/// The secret with all keys that this process derived from it: a header with another bit in it has most
/// often the same salt, and hashing is all that takes time.
pub fn remembered(secret: &[u8]) -> Secret {
    static SECRETS: Mutex<Vec<(Vec<u8>, Secret)>> = Mutex::new(Vec::new());
    let mut secrets = SECRETS.lock().unwrap();
    if let Some((_, known)) = secrets.iter().find(|(bytes, _)| bytes == secret) {
        return known.clone();
    }
    let new = Secret::key(secret).for_many_files();
    secrets.push((secret.to_vec(), new.clone()));
    new
}

/// Opens sealed bytes through the library: the plaintext, or what came out and the error.
pub fn open(secret: &[u8], sealed: &[u8]) -> Result<Vec<u8>, (Vec<u8>, Error)> {
    let secret = remembered(secret);
    let limits = Limits {
        input_len: None,
        ..Limits::default()
    };
    let mut opened = Vec::new();
    let done = Open::new(&secret)
        .legacy_slots(true)
        .limits(limits)
        .jobs(NonZeroUsize::MIN)
        .run(sealed, &mut opened);
    match done {
        Ok(_) => Ok(opened),
        Err(error) => Err((opened, error)),
    }
}

/// Whether a secret opens a slot of a header.
pub fn opens_slot(header: &DexiosHeader, slot: usize, secret: &[u8]) -> bool {
    let slot = &header.slots[slot];
    slot.unwrap(header.algorithm, &remembered(secret))
        .unwrap()
        .is_some()
}

/// Ends the process when a test hangs, for as long as this lives.
pub struct Watchdog(#[expect(dead_code, reason = "its drop is what is watched")] mpsc::Sender<()>);

/// Gives the test some minutes, far more than it needs.
pub fn watchdog() -> Watchdog {
    let (sender, receiver) = mpsc::channel::<()>();
    let test = thread::current().name().unwrap_or_default().to_owned();
    thread::spawn(move || {
        if receiver.recv_timeout(Duration::from_secs(300)) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    Watchdog(sender)
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    /// Expects a status.
    #[track_caller]
    pub fn is(self, status: u8) -> Self {
        assert_eq!(self.status, i32::from(status), "{}", self.stderr);
        self
    }

    /// Expects a failure that wrote nothing.
    #[track_caller]
    pub fn fails(self, status: u8, says: &str) -> Self {
        let ran = self.is(status);
        assert!(ran.stderr.contains(says), "{says:?} not in {}", ran.stderr);
        assert_eq!(ran.stdout, b"", "something was written");
        ran
    }
}

/// What a command line needs to open forged files with the cheap hash.
pub fn allowing_forged(line: &str) -> Option<&'static str> {
    let opens = ["open ", "rekey ", "inspect ", "header "];
    let is_plain = !opens.iter().any(|command| line.starts_with(command));
    let has_it = line.contains("--allow-legacy-slots");
    (!is_plain && !has_it && !line.contains("--list")).then_some("--allow-legacy-slots")
}

/// A directory of a test's own, in which the program runs.
pub struct Folder {
    dir: TempDir,
    cheap: bool,
}

impl Folder {
    /// With the two secrets of the vectors in it.
    pub fn new() -> Self {
        let folder = Self {
            dir: tempfile::tempdir().unwrap(),
            cheap: true,
        };
        folder.write("one", SECRET);
        folder.write("two", b"second secret");
        folder
    }

    /// New keys cost in it what they should.
    pub fn with_real_cost() -> Self {
        Self {
            cheap: false,
            ..Self::new()
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
        // As fetool wants it of secrets.
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// All names in it but those of the secrets, sorted: nothing else may be left behind.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "one" && name != "two")
            .collect();
        names.sort();
        names
    }

    /// The program with words that are separated by blanks, so that tests read as command lines.
    pub fn run(&self, line: &str) -> Ran {
        self.pipe(line, b"")
    }

    /// The same with something on standard input.
    pub fn pipe(&self, line: &str, stdin: &[u8]) -> Ran {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_fetool"));
        if self.cheap {
            command.env("FETOOL_CHEAP_KEYS", "1");
        }
        let output = command
            .current_dir(self.dir.path())
            .args(line.split_whitespace())
            .args(allowing_forged(line))
            .timeout(Duration::from_secs(100))
            .write_stdin(stdin)
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        // The tests' secrets are short, and hashed fast; `cli::proof` and
        // `formats::dexios_mutations` look at what is said of that.
        let expected = |line: &&str| {
            !line.contains("and can be guessed")
                && !line.contains("below today's recommendations")
                && !line.contains("a key slot has a hash of version 1 or 2")
        };
        let stderr = stderr.split_inclusive('\n').filter(expected).collect();
        Ran {
            status: output
                .status
                .code()
                .unwrap_or_else(|| panic!("{line}: {}: {stderr}", output.status)),
            stdout: output.stdout,
            stderr,
        }
    }
}
