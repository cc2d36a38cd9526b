//! Sources of secrets: `@FILE`, `env:NAME` or `fd:N`, and reading them.

use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, say, shown};
use crate::io::FileId;
use crate::io::input::Input;
use fetool::aead::KEY_LEN;
use nix::unistd::geteuid;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// The maximum length of a key, passphrase or salt in bytes.
const SECRET_MAX: usize = 16 << 20;

/// The environment variable that replaces --key: it holds a SPEC, never the key.
pub(super) const KEY_VARIABLE: &str = "FETOOL_KEY";

/// The source of a secret, never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    File(PathBuf),
    Stdin,
    Env(OsString),
    Descriptor(u32),
}

impl Spec {
    /// Parses `@FILE`, `@-`, `env:NAME` or `fd:N`. The error does not repeat the word, which may be the secret, unless
    /// it is the name of a file.
    pub fn parse(option: &str, word: &OsStr) -> Result<Self, Failure> {
        let bytes = word.as_bytes();
        let spec = match bytes {
            b"@-" => Some(Self::Stdin),
            [b'@', path @ ..] if !path.is_empty() => Some(Self::File(expanded(path))),
            _ => match (bytes.strip_prefix(b"env:"), bytes.strip_prefix(b"fd:")) {
                (Some(name), _) if !name.is_empty() && !name.contains(&b'=') => {
                    let name = OsStr::from_bytes(name).to_owned();
                    secret_variables().push(name.clone());
                    Some(Self::Env(name))
                }
                (_, Some(number)) => std::str::from_utf8(number)
                    .ok()
                    .and_then(|number| number.parse().ok())
                    .map(|number| match number {
                        0 => Self::Stdin,
                        number => Self::Descriptor(number),
                    }),
                _ => None,
            },
        };
        spec.ok_or_else(|| {
            let hint = match (option, Path::new(word)) {
                (_, path) if path.is_file() => {
                    format!("did you mean {}@{}?", before_spec(option), shown(path))
                }
                (KEY_VARIABLE, _) => {
                    "every program that is started sees the environment; put the key into a file \
                     and name that: FETOOL_KEY=@FILE"
                        .to_owned()
                }
                _ => "what is typed on a command line can be read by other users and stays in the \
                      shell's history; put it into a file and name that as @FILE"
                    .to_owned(),
            };
            Failure::usage(format!(
                "{option} takes @FILE, env:NAME or fd:N, never the secret itself"
            ))
            .hint(hint)
        })
    }

    /// Returns the file that it is read from, which must not be overwritten.
    pub fn file(&self) -> Option<FileId> {
        match self {
            Self::File(path) => FileId::of_path(path),
            Self::Stdin => FileId::of_descriptor(0),
            Self::Descriptor(number) => FileId::of_descriptor(*number),
            Self::Env(_) => None,
        }
    }

    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => shown(path),
            Self::Stdin => "stdin".to_owned(),
            Self::Env(name) => format!("environment variable {}", shown(Path::new(name))),
            Self::Descriptor(number) => format!("file descriptor {number}"),
        }
    }

    /// Reads the bytes, without checking who else can read them.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.read_and(|_| ())
    }

    /// Reads the bytes once. Also returns the mode of the user's own file, if others can read it.
    pub fn read_with_mode(&self) -> Result<(Zeroizing<Vec<u8>>, Option<u32>), Failure> {
        let mut mode = None;
        let bytes = self.read_and(|file| mode = mode_for_others(file))?;
        Ok((bytes, mode))
    }

    /// Reads a secret, and warns if others can read it too, or if an editor added a byte order mark.
    pub fn read_secret(&self, work: &WorkArgs) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let warn = |what: &str, hint: &str| {
            if !work.quiet {
                say(Some(&self.shown()), &format!("warning: {what}"));
                say(None, &format!("hint: {hint}"));
            }
        };
        let bytes = self.read_and(|file| {
            if let Some(mode) = mode_for_others(file) {
                let hint = format!("chmod 600 {}", self.shown());
                warn(&others_can_read(mode), &hint);
            }
        })?;
        // A key of this length is raw, and can begin with any bytes.
        if bytes.len() != KEY_LEN
            && let Some(encoding) = byte_order_mark(&bytes)
        {
            warn(
                &format!("the secret begins with a byte order mark (BOM) of {encoding}"),
                "the mark counts as part of the secret; save the file without it",
            );
        }
        Ok(bytes)
    }

    /// Reads the bytes; `look` gets the open file of a path.
    fn read_and(&self, look: impl FnOnce(&File)) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = match self {
            Self::File(path) => File::open(path).and_then(|file| {
                look(&file);
                read_all(file)
            }),
            // Not through std's buffer, which is never wiped and fails with a pipe that another process made
            // non-blocking.
            Self::Stdin => Input::stdin().and_then(read_all),
            // Opened by its name among the descriptors, which needs no unsafe code.
            Self::Descriptor(number) => File::open(format!("/dev/fd/{number}")).and_then(read_all),
            Self::Env(name) => {
                let Some(value) = std::env::var_os(name) else {
                    return Err(Failure::usage("not set").about(self.shown()));
                };
                Ok(Zeroizing::new(value.into_vec()))
            }
        };
        bytes.map_err(|error| {
            let failure = Failure::system(self.shown(), &error);
            match self {
                Self::File(path) if path.as_os_str().as_bytes().starts_with(b"~") => failure
                    .hint("after '@' only '~/' means the home directory; type the whole path"),
                _ => failure,
            }
        })
    }
}

/// Returns the environment variables that secrets came from, which other programs do not get.
pub fn secret_variables() -> MutexGuard<'static, Vec<OsString>> {
    static NAMES: Mutex<Vec<OsString>> = Mutex::new(Vec::new());
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the path behind `@`. The shell expands `~/` only at the beginning of a word.
fn expanded(path: &[u8]) -> PathBuf {
    let in_home = path.strip_prefix(b"~/").and_then(|below| {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty())?;
        Some(home.join(OsStr::from_bytes(below)))
    });
    in_home.unwrap_or_else(|| PathBuf::from(OsStr::from_bytes(path)))
}

/// Returns what is typed before a SPEC.
fn before_spec(option: &str) -> String {
    match option {
        "--key" => "-k ".to_owned(),
        "--passphrase" => "-p=".to_owned(),
        "--new-passphrase" | KEY_VARIABLE => format!("{option}="),
        _ => format!("{option} "),
    }
}

/// Returns the mode of the user's own file if it gives other users access, as ssh checks it for keys.
pub fn mode_for_others(file: &File) -> Option<u32> {
    let metadata = file.metadata().ok()?;
    let mode = metadata.mode() & 0o7777;
    let is_own = metadata.is_file() && metadata.uid() == geteuid().as_raw();
    (is_own && mode & 0o077 != 0).then_some(mode)
}

/// Returns the warning for a secret in a file of this mode.
pub fn others_can_read(mode: u32) -> String {
    format!("other users can read this file (mode {mode:04o})")
}

/// Returns the encoding that a byte order mark stands for, if there is one.
fn byte_order_mark(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => Some("UTF-8"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// Reads a secret without leaving copies of it in memory.
fn read_all(input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut input = input.take(SECRET_MAX as u64 + 1);
    // Grown by hand: a growing `Vec` frees its old memory with the secret in it.
    let mut bytes = Zeroizing::new(vec![0; 4096]);
    let mut len = 0;
    loop {
        if len == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * len]);
            larger[..len].copy_from_slice(&bytes);
            bytes = larger;
        }
        match input.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    if len > SECRET_MAX {
        return Err(io::Error::other("more than 16 MiB, too much for a secret"));
    }
    bytes.truncate(len);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fetool::status;

    fn parse(word: &str) -> Result<Spec, Failure> {
        Spec::parse("--key", OsStr::new(word))
    }

    #[test]
    fn specs() {
        assert_eq!(parse("@a b").unwrap(), Spec::File("a b".into()));
        assert_eq!(parse("@-").unwrap(), Spec::Stdin);
        assert_eq!(parse("fd:0").unwrap(), Spec::Stdin);
        assert_eq!(parse("fd:3").unwrap(), Spec::Descriptor(3));
        assert_eq!(parse("env:KEY").unwrap(), Spec::Env("KEY".into()));
    }

    #[test]
    fn only_the_own_home_directory_is_expanded() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(parse("@~/a/b").unwrap(), Spec::File(home.join("a/b")));
        for path in ["~", "~root/a", "./~/a", "a/~/b"] {
            let spec = parse(&format!("@{path}")).unwrap();
            assert_eq!(spec, Spec::File(path.into()));
        }
    }

    #[test]
    fn a_secret_in_place_of_a_spec_is_not_repeated() {
        for word in [
            "hunter2",
            "@",
            "env:",
            "fd:",
            "fd:x",
            "fd:-1",
            "env:A=hunter2",
            "",
        ] {
            let failure = parse(word).unwrap_err();
            assert_eq!(failure.status(), status::USAGE);
            assert!(!failure.message().contains("hunter2"));
        }
    }

    #[test]
    fn long_secrets_are_read_whole_and_endless_ones_refused() {
        let long = vec![7; 100_000];
        assert_eq!(*read_all(&long[..]).unwrap(), long);
        assert!(read_all(io::repeat(0)).is_err());
    }
}
