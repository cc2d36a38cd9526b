//! From `--key` and `--passphrase` to a secret: raw words, then a plan, then the bytes.

use super::args::{KdfArg, SecretArgs};
use super::failure::{Failure, Subjects, shown};
use crate::io::input::Input;
use crate::io::output::create_private;
use crate::io::{FileId, prompt};
use fetool::aead::KEY_LEN;
use fetool::kdf::Kdf;
use fetool::status;
use fetool::{Secret, without_line_end};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// No key, passphrase or salt is longer than this, in bytes.
const SECRET_MAX: usize = 16 << 20;

/// Where a secret is. Never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spec {
    File(PathBuf),
    Stdin,
    Env(OsString),
    Descriptor(u32),
}

impl Spec {
    /// Reads `@FILE`, `@-`, `env:NAME` or `fd:N`. The error does not repeat the word, which may be
    /// the secret.
    pub fn parse(option: &str, word: &OsStr) -> Result<Self, Failure> {
        let bytes = word.as_bytes();
        let spec = match bytes {
            b"@-" => Some(Self::Stdin),
            [b'@', path @ ..] if !path.is_empty() => {
                Some(Self::File(PathBuf::from(OsStr::from_bytes(path))))
            }
            _ => match (bytes.strip_prefix(b"env:"), bytes.strip_prefix(b"fd:")) {
                (Some(name), _) if !name.is_empty() && !name.contains(&b'=') => {
                    Some(Self::Env(OsStr::from_bytes(name).to_owned()))
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
            Failure::usage(format!(
                "{option} takes @FILE, env:NAME or fd:N, never the secret itself"
            ))
            .hint(
                "what is typed on a command line can be read by other users and stays in the \
                 shell's history; put it into a file and name that as @FILE",
            )
        })
    }

    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => shown(path),
            Self::Stdin => "stdin".to_owned(),
            Self::Env(name) => format!("environment variable {}", shown(Path::new(name))),
            Self::Descriptor(number) => format!("file descriptor {number}"),
        }
    }

    fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = match self {
            Self::File(path) => File::open(path).and_then(read_all),
            // Not through std's buffer, which is never wiped and does not wait for a pipe that
            // somebody else made non-blocking.
            Self::Stdin => Input::stdin().and_then(read_all),
            // Opened by its name among the descriptors, so that no unsafe code is needed.
            Self::Descriptor(number) => File::open(format!("/dev/fd/{number}")).and_then(read_all),
            Self::Env(name) => {
                let Some(value) = std::env::var_os(name) else {
                    return Err(Failure::usage("not set").about(self.shown()));
                };
                Ok(Zeroizing::new(value.into_vec()))
            }
        };
        bytes.map_err(|error| Failure::system(self.shown(), &error))
    }
}

/// Reads a secret without leaving copies of it in memory.
fn read_all(input: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut input = input.take(SECRET_MAX as u64 + 1);
    // Grown by hand: a `Vec` that grows by itself frees its old memory with the secret in it.
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

/// Which secret is wanted, checked but not read yet.
#[derive(Clone, Debug)]
pub enum Plan {
    Key(Spec),
    Passphrase {
        /// `None` asks on the terminal.
        from: Option<Spec>,
        salt: Option<(Spec, Kdf)>,
    },
}

/// A secret, and what its messages call it.
pub struct Found {
    pub secret: Secret,
    pub name: String,
}

impl Plan {
    /// Checks the arguments of a secret that must be there.
    pub fn new(args: &SecretArgs) -> Result<Self, Failure> {
        // clap waives what --salt requires where that is in conflict with something given.
        if args.key.is_some() && args.salt.is_some() {
            return Err(Failure::usage(
                "--salt goes with a passphrase, not with a key",
            ));
        }
        let plan = match (&args.key, &args.passphrase) {
            (Some(word), _) => Self::key("--key", word)?,
            (None, Some(word)) => {
                let salt = args.salt.as_deref().map(|word| ("--salt", word));
                Self::passphrase("--passphrase", word.as_deref(), salt, args.kdf)?
            }
            (None, None) => {
                return Err(Failure::usage("a key is needed").hint(
                    "give one with -k @KEYFILE ('fetool keygen -o KEYFILE' makes one), \
                     or a passphrase with -p",
                ));
            }
        };
        Ok(plan)
    }

    /// For a secret that opens something: there the file says which KDF goes with its own salt.
    pub fn to_open(args: &SecretArgs) -> Result<Self, Failure> {
        if args.kdf.is_some() && args.salt.is_none() {
            return Err(Failure::usage("--kdf goes with --salt here")
                .hint("files that keep a salt tell the KDF themselves"));
        }
        Self::new(args)
    }

    pub fn key(option: &str, word: &OsStr) -> Result<Self, Failure> {
        Ok(Self::Key(Spec::parse(option, word)?))
    }

    pub fn passphrase(
        option: &str,
        word: Option<&OsStr>,
        salt: Option<(&str, &OsStr)>,
        kdf: Option<KdfArg>,
    ) -> Result<Self, Failure> {
        Ok(Self::Passphrase {
            from: word.map(|word| Spec::parse(option, word)).transpose()?,
            salt: match salt {
                Some((option, word)) => Some((
                    Spec::parse(option, word)?,
                    kdf.map_or(Kdf::default(), Kdf::from),
                )),
                None => None,
            },
        })
    }

    /// Whether it is a passphrase without a salt beside the file, which GFE cannot take.
    pub fn is_unsalted(&self) -> bool {
        matches!(self, Self::Passphrase { salt: None, .. })
    }

    /// Checks that standard input is one thing at most: one of the secrets, or the data.
    pub fn check_stdin(plans: &[&Self], data: bool) -> Result<(), Failure> {
        let secrets = plans.iter().flat_map(|plan| plan.specs());
        let on_stdin = secrets.filter(|spec| **spec == Spec::Stdin).count();
        if on_stdin + usize::from(data) > 1 {
            return Err(
                Failure::usage("standard input can be only one thing at a time").hint(
                    "it would be the secret and something else as well; give one of them by path",
                ),
            );
        }
        Ok(())
    }

    fn specs(&self) -> impl Iterator<Item = &Spec> {
        let (first, second) = match self {
            Self::Key(spec) => (Some(spec), None),
            Self::Passphrase { from, salt } => (from.as_ref(), salt.as_ref().map(|(spec, _)| spec)),
        };
        first.into_iter().chain(second)
    }

    /// The files that it is read from, so that none of them is overwritten.
    pub fn files(&self) -> Vec<FileId> {
        self.specs()
            .filter_map(|spec| match spec {
                Spec::File(path) => FileId::of_path(path),
                Spec::Stdin => FileId::of_descriptor(0),
                Spec::Descriptor(number) => FileId::of_descriptor(number),
                Spec::Env(_) => None,
            })
            .collect()
    }

    /// The file that a new key may be written to.
    pub fn key_file(&self) -> Option<&Path> {
        match self {
            Self::Key(Spec::File(path)) => Some(path),
            _ => None,
        }
    }

    /// Reads the secret, or asks for it.
    pub fn find(&self, purpose: Purpose) -> Result<Found, Failure> {
        let (secret, name) = match self {
            Self::Key(spec) => {
                let bytes = spec.read()?;
                (Secret::key(bytes.to_vec()), spec.shown())
            }
            Self::Passphrase { from, salt } => {
                let (mut secret, mut name) = match from {
                    Some(spec) => {
                        let bytes = spec.read()?;
                        let typed = without_line_end(&bytes);
                        if typed.is_empty() {
                            return Err(empty().about(spec.shown()));
                        }
                        (Secret::passphrase(typed.to_vec()), spec.shown())
                    }
                    None => (ask(purpose)?, "passphrase".to_owned()),
                };
                if let Some((spec, kdf)) = salt {
                    let salt = spec.read()?;
                    secret = secret.with_salt(*kdf, salt.to_vec());
                    // All that can be wrong with the shape of this pair is the salt.
                    name = spec.shown();
                }
                (secret, name)
            }
        };
        Ok(Found { secret, name })
    }
}

fn empty() -> Failure {
    Failure::usage("the passphrase is empty")
}

/// What a secret is wanted for, which decides how a passphrase is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Open,
    /// Asked for twice: nothing would tell that it was mistyped.
    Seal,
    /// The same, where an old one is asked for as well.
    Change,
}

fn ask(purpose: Purpose) -> Result<Secret, Failure> {
    let ask = |prompt: &str| match prompt::passphrase(prompt) {
        Some(asked) => asked.map_err(|error| Failure::system("terminal", &error)),
        None => Err(Failure::system(
            "/dev/tty",
            &io::Error::other("no terminal to ask for a passphrase on"),
        )
        .hint("give it with --passphrase=@FILE, --passphrase=env:NAME or --passphrase=fd:N")),
    };
    let (first, second) = match purpose {
        Purpose::Open => ("Enter passphrase: ", None),
        Purpose::Seal => ("Enter passphrase: ", Some("Confirm passphrase: ")),
        Purpose::Change => ("Enter new passphrase: ", Some("Confirm new passphrase: ")),
    };
    let typed = ask(first)?;
    if typed.is_empty() {
        return Err(empty());
    }
    if let Some(second) = second
        && *ask(second)? != *typed
    {
        return Err(Failure::usage("the passphrases are not the same"));
    }
    Ok(Secret::passphrase(typed.as_bytes()))
}

/// Random bytes for a new key.
pub fn new_key() -> Result<Zeroizing<[u8; KEY_LEN]>, Failure> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    fetool::random(key.as_mut()).map_err(|error| Subjects::default().blame(&error))?;
    Ok(key)
}

/// Writes a new key to a file that was not there before.
pub fn save_key(path: &Path, key: &[u8]) -> Result<(), Failure> {
    create_private(path, key).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => key_exists(path),
        _ => Failure::system(shown(path), &error),
    })
}

/// A new key would overwrite a file.
pub fn key_exists(path: &Path) -> Failure {
    Failure::usage("the file exists already, and a key is never overwritten")
        .with_status(status::SYSTEM)
        .about(shown(path))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn one_line_end_is_removed() {
        assert_eq!(without_line_end(b"a\n"), b"a");
        assert_eq!(without_line_end(b"a\r\n"), b"a");
        assert_eq!(without_line_end(b"a\n\n"), b"a\n");
        assert_eq!(without_line_end(b"a \r"), b"a \r");
    }

    #[test]
    fn long_secrets_are_read_whole_and_endless_ones_refused() {
        let long = vec![7; 100_000];
        assert_eq!(*read_all(&long[..]).unwrap(), long);
        assert!(read_all(io::repeat(0)).is_err());
    }
}
