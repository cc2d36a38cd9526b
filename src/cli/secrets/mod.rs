//! From `--key` and `--passphrase` to a secret: raw words, then a plan, then the bytes.

pub mod keys;
mod plugins;

use super::args::{ASK, KdfArg, SecretArgs, WorkArgs};
use super::failure::{Failure, SecretName, Subjects, say, shown};
use crate::io::input::Input;
use crate::io::output::create_private;
use crate::io::{FileId, prompt, status_line};
use crate::progress::shortened;
use fetool::aead::KEY_LEN;
use fetool::kdf::Kdf;
use fetool::status;
use fetool::{Secret, without_line_end};
use keys::{Asked, Key};
use nix::unistd::geteuid;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// No key, passphrase or salt is longer than this, in bytes.
const SECRET_MAX: usize = 16 << 20;

/// The environment variable that stands in for --key: a SPEC, never the key.
const KEY_VARIABLE: &str = "FETOOL_KEY";

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
    /// the secret, unless it is the name of a file.
    pub fn parse(option: &str, word: &OsStr) -> Result<Self, Failure> {
        let bytes = word.as_bytes();
        let spec = match bytes {
            b"@-" => Some(Self::Stdin),
            [b'@', path @ ..] if !path.is_empty() => Some(Self::File(expanded(path))),
            _ => match (bytes.strip_prefix(b"env:"), bytes.strip_prefix(b"fd:")) {
                (Some(name), _) if !name.is_empty() && !name.contains(&b'=') => {
                    let name = OsStr::from_bytes(name).to_owned();
                    of_secrets().push(name.clone());
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

    /// The file that it is read from, so that it is not overwritten.
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

    /// Reads the bytes, whoever may read them too.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.read_and(|_| ())
    }

    /// Reads the bytes, once, and tells the mode of a file of the user's own that others can read.
    pub fn read_with_mode(&self) -> Result<(Zeroizing<Vec<u8>>, Option<u32>), Failure> {
        let mut mode = None;
        let bytes = self.read_and(|file| mode = mode_for_others(file))?;
        Ok((bytes, mode))
    }

    /// Reads a secret, and warns where others can read it too, or where an editor added to it.
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
        // A key of this length is raw, and any bytes can begin it.
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

    /// Reads the bytes; `look` sees the file that a path leads to.
    fn read_and(&self, look: impl FnOnce(&File)) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let bytes = match self {
            Self::File(path) => File::open(path).and_then(|file| {
                look(&file);
                read_all(file)
            }),
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

/// The environment variables that secrets came from, which no other program gets.
pub fn of_secrets() -> MutexGuard<'static, Vec<OsString>> {
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

/// What is typed before a SPEC.
fn before_spec(option: &str) -> String {
    match option {
        "--key" => "-k ".to_owned(),
        "--passphrase" => "-p=".to_owned(),
        "--new-passphrase" | KEY_VARIABLE => format!("{option}="),
        _ => format!("{option} "),
    }
}

/// Returns the mode of the user's own file where it gives other users access, as ssh looks at keys.
pub fn mode_for_others(file: &File) -> Option<u32> {
    let metadata = file.metadata().ok()?;
    let mode = metadata.mode() & 0o7777;
    let is_own = metadata.is_file() && metadata.uid() == geteuid().as_raw();
    (is_own && mode & 0o077 != 0).then_some(mode)
}

/// Says that a secret is in a file of such a mode.
pub fn others_can_read(mode: u32) -> String {
    format!("other users can read this file (mode {mode:04o})")
}

/// The encoding that a byte order mark tells, where there is one.
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
pub enum SecretSource {
    Key {
        from: Spec,
        /// Where the passphrase is, if it is a file that is encrypted itself; `None` asks.
        unlock: Option<Spec>,
    },
    Passphrase {
        /// `None` asks on the terminal.
        from: Option<Spec>,
        salt: Option<(Spec, Kdf)>,
    },
}

/// A secret, and what its messages call it.
pub struct NamedSecret {
    pub key: Key,
    pub name: SecretName,
    /// How it is asked for again, where somebody typed it.
    typed: Option<Question>,
}

/// A secret of which all is read that can be, before anybody is asked for anything.
pub enum Prepared {
    Read(Box<NamedSecret>),
    Typed(Question),
}

/// A passphrase that is asked for on the terminal.
#[derive(Clone, Debug)]
pub struct Question {
    first: String,
    confirm: Option<&'static str>,
    /// What goes with the passphrase, and what messages call that.
    salt: Option<(Kdf, Vec<u8>, String)>,
    /// How often it is asked for in all while the answer opens nothing.
    tries: u32,
}

impl SecretSource {
    /// Checks the arguments of the secrets, the keys first.
    pub fn given(args: &SecretArgs) -> Result<Vec<Self>, Failure> {
        // clap waives what --salt requires where that is in conflict with something given.
        if args.salt.is_some() && args.passphrase.is_empty() {
            return Err(Failure::usage(
                "--salt goes with a passphrase, not with a key",
            ));
        }
        let unlock = args.identity_passphrase.as_deref();
        let unlock = unlock.map(|word| Spec::parse("--identity-passphrase", word));
        let unlock = unlock.transpose()?;
        let key = |option, word: &OsString| -> Result<Self, Failure> {
            Ok(Self::Key {
                from: Spec::parse(option, word)?,
                unlock: unlock.clone(),
            })
        };
        let keys = args.key.iter().map(|word| key("--key", word));
        let passphrases = args.passphrase.iter().map(|word| {
            let salt = args.salt.as_deref().map(|word| ("--salt", word));
            let word = Some(word.as_os_str()).filter(|word| *word != ASK);
            Self::passphrase("--passphrase", word, salt, args.kdf)
        });
        let mut given: Vec<Self> = keys.chain(passphrases).collect::<Result<_, _>>()?;
        if given.is_empty() {
            let named = std::env::var_os(KEY_VARIABLE);
            if let Some(word) = named.filter(|word| !word.is_empty()) {
                given.push(key(KEY_VARIABLE, &word)?);
            }
        }
        Ok(given)
    }

    /// For secrets that open something, of which one must be there: the file says which KDF goes with
    /// its own salt.
    pub fn to_open(args: &SecretArgs) -> Result<Vec<Self>, Failure> {
        if args.kdf.is_some() && args.salt.is_none() {
            return Err(Failure::usage("--kdf goes with --salt here")
                .hint("files that keep a salt tell the KDF themselves"));
        }
        let given = Self::given(args)?;
        if given.is_empty() {
            return Err(no_key());
        }
        Ok(given)
    }

    pub fn key(option: &str, word: &OsStr, unlock: Option<&Spec>) -> Result<Self, Failure> {
        Ok(Self::Key {
            from: Spec::parse(option, word)?,
            unlock: unlock.cloned(),
        })
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
    pub fn check_stdin<'p>(
        plans: impl IntoIterator<Item = &'p Self>,
        data: bool,
    ) -> Result<(), Failure> {
        let plans: Vec<&Self> = plans.into_iter().collect();
        // One for all key files.
        let unlock = plans.iter().find_map(|plan| plan.unlock());
        let secrets = plans.iter().flat_map(|plan| plan.specs());
        Self::check_specs_on_stdin(secrets.chain(unlock), data)
    }

    /// The same for whatever is read from a SPEC.
    pub fn check_specs_on_stdin<'p>(
        specs: impl IntoIterator<Item = &'p Spec>,
        data: bool,
    ) -> Result<(), Failure> {
        let on_stdin = specs.into_iter();
        let on_stdin = on_stdin.filter(|spec| **spec == Spec::Stdin).count();
        if on_stdin + usize::from(data) > 1 {
            return Err(
                Failure::usage("standard input can be only one thing at a time").hint(
                    "it would be the secret and something else as well; give one of them by path",
                ),
            );
        }
        Ok(())
    }

    pub fn specs(&self) -> impl Iterator<Item = &Spec> {
        let (first, second) = match self {
            Self::Key { from, .. } => (Some(from), None),
            Self::Passphrase { from, salt } => (from.as_ref(), salt.as_ref().map(|(spec, _)| spec)),
        };
        first.into_iter().chain(second)
    }

    /// Where the passphrase of an encrypted key file is.
    fn unlock(&self) -> Option<&Spec> {
        match self {
            Self::Key { unlock, .. } => unlock.as_ref(),
            Self::Passphrase { .. } => None,
        }
    }

    /// The files that it is read from, so that none of them is overwritten.
    pub fn files(&self) -> Vec<FileId> {
        let specs = self.specs().chain(self.unlock());
        specs.filter_map(Spec::file).collect()
    }

    /// The file that a new key may be written to.
    pub fn key_file(&self) -> Option<&Path> {
        match self {
            Self::Key {
                from: Spec::File(path),
                ..
            } => Some(path),
            _ => None,
        }
    }

    /// Whether it is a key, and no passphrase.
    pub fn is_key(&self) -> bool {
        matches!(self, Self::Key { .. })
    }

    /// Whether somebody is asked for a passphrase.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Passphrase { from: None, .. })
    }

    /// Reads the secret, or asks for it.
    pub fn load(&self, purpose: Purpose<'_>, work: &WorkArgs) -> Result<NamedSecret, Failure> {
        self.prepare(purpose, work)?.complete()
    }

    /// Reads what is not typed.
    ///
    /// An empty secret seals nothing: it is what a password manager that failed leaves behind. It may
    /// still open what was sealed with it.
    pub fn prepare(&self, purpose: Purpose<'_>, work: &WorkArgs) -> Result<Prepared, Failure> {
        let (from, salt) = match self {
            Self::Key { from: spec, unlock } => {
                let bytes = spec.read_secret(work)?;
                if !purpose.opens() && without_line_end(&bytes).is_empty() {
                    return Err(empty("key").about(spec.shown()).hint(NOT_WRITTEN));
                }
                return Ok(Prepared::Read(Box::new(NamedSecret {
                    key: Key::of(&bytes, &spec.shown(), unlock.as_ref())?,
                    name: SecretName {
                        shown: spec.shown(),
                        is_passphrase: false,
                    },
                    typed: None,
                })));
            }
            Self::Passphrase { from, salt } => (from, salt),
        };
        let salt = match salt {
            Some((spec, kdf)) => Some((*kdf, spec.read()?.to_vec(), spec.shown())),
            None => None,
        };
        let Some(spec) = from else {
            let (first, confirm) = purpose.prompts();
            return Ok(Prepared::Typed(Question {
                first,
                confirm,
                salt,
                tries: TRIES,
            }));
        };
        let bytes = spec.read_secret(work)?;
        let passphrase = without_line_end(&bytes);
        if passphrase.is_empty() {
            return Err(empty("passphrase").about(spec.shown()).hint(NOT_WRITTEN));
        }
        let (secret, name) = salted(passphrase, salt.as_ref(), spec.shown());
        Ok(Prepared::Read(Box::new(NamedSecret {
            key: Key::Secret(secret),
            name,
            typed: None,
        })))
    }
}

/// Returns a passphrase with what goes with it, and what messages call it: all that can be wrong with
/// the shape of such a pair is the salt.
fn salted(
    passphrase: &[u8],
    salt: Option<&(Kdf, Vec<u8>, String)>,
    shown: String,
) -> (Secret, SecretName) {
    let secret = Secret::passphrase(passphrase.to_vec());
    let (secret, shown) = match salt {
        Some((kdf, salt, of_salt)) => (secret.with_salt(*kdf, salt.clone()), of_salt.clone()),
        None => (secret, shown),
    };
    let name = SecretName {
        shown,
        is_passphrase: true,
    };
    (secret, name)
}

impl Prepared {
    /// Asks for what is to be typed.
    pub fn complete(self) -> Result<NamedSecret, Failure> {
        match self {
            Self::Read(found) => Ok(*found),
            Self::Typed(question) => question.ask(),
        }
    }
}

impl Question {
    pub fn ask(self) -> Result<NamedSecret, Failure> {
        let typed = ask(&self.first)?;
        if typed.is_empty() {
            return Err(empty("passphrase"));
        }
        if let Some(confirm) = self.confirm
            && *ask(confirm)? != *typed
        {
            return Err(Failure::usage("the passphrases are not the same"));
        }
        let (secret, name) = salted(&typed, self.salt.as_ref(), "passphrase".to_owned());
        Ok(NamedSecret {
            key: Key::Secret(secret),
            name,
            typed: Some(self),
        })
    }
}

impl NamedSecret {
    pub fn of(key: Key, name: String) -> Self {
        Self {
            key,
            name: SecretName {
                shown: name,
                is_passphrase: false,
            },
            typed: None,
        }
    }

    /// A passphrase that is asked for when a file needs it.
    pub fn later(asked: Asked) -> Self {
        Self {
            key: Key::Asked(asked),
            name: SecretName {
                shown: "passphrase".to_owned(),
                is_passphrase: true,
            },
            typed: None,
        }
    }

    /// The secret opened a file, so it was not mistyped.
    pub fn recover(&mut self) {
        self.typed = None;
    }

    /// Asks again for a passphrase that was typed wrong, as the failure tells. `false` where that cannot
    /// help, or was done often enough.
    ///
    /// # Errors
    /// Those of asking.
    pub fn ask_again(&mut self, failure: &Failure) -> Result<bool, Failure> {
        if !failure.is_wrong_secret() {
            return Ok(false);
        }
        match self.typed.take() {
            Some(question) if question.tries > 1 => {
                say(failure.subject(), "wrong passphrase, try again");
                let next = Question {
                    tries: question.tries - 1,
                    ..question
                };
                *self = next.ask()?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// How often a passphrase may be typed that opens nothing.
const TRIES: u32 = 3;

/// Nothing opens or seals without one.
pub fn no_key() -> Failure {
    Failure::usage("a key is needed").hint(
        "give one with -k @KEYFILE ('fetool keygen -o KEYFILE' makes one), or a passphrase with -p",
    )
}

const NOT_WRITTEN: &str = "check the program or the file that it comes from";

fn empty(what: &str) -> Failure {
    Failure::usage(format!("the {what} is empty"))
}

/// What a secret is wanted for, which decides how a passphrase is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// To open one file, or several.
    Open(Option<&'a Path>),
    /// To open an identity file.
    Unlock(&'a Path),
    /// Asked for twice: nothing would tell that it was mistyped.
    Seal,
    /// The same, where an old one is asked for as well.
    Change,
}

impl Purpose<'_> {
    fn opens(self) -> bool {
        matches!(self, Self::Open(_) | Self::Unlock(_))
    }

    /// The prompt, and the one for typing it again.
    fn prompts(self) -> (String, Option<&'static str>) {
        match self {
            Self::Open(None) => ("Enter passphrase: ".to_owned(), None),
            Self::Open(Some(path)) => (for_file("Enter passphrase for", path), None),
            Self::Unlock(path) => (for_file("Enter passphrase for identity file", path), None),
            Self::Seal => (
                "Enter passphrase: ".to_owned(),
                Some("Confirm passphrase: "),
            ),
            Self::Change => (
                "Enter new passphrase: ".to_owned(),
                Some("Confirm new passphrase: "),
            ),
        }
    }
}

/// A prompt that names a file, in one line of the terminal.
fn for_file(before: &str, path: &Path) -> String {
    let room = status_line::columns().saturating_sub(before.len() + 3);
    let name = shortened(&shown(path), room.max(NAME_MIN));
    format!("{before} {name}: ")
}

/// A prompt has so many columns for a name, however narrow the terminal is.
const NAME_MIN: usize = 12;

fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match prompt::passphrase(prompt) {
        Some(asked) => asked.map_err(|error| Failure::system("terminal", &error)),
        None => Err(Failure::system(
            "/dev/tty",
            &io::Error::other("no terminal to ask for a passphrase on"),
        )
        .hint("give it with --passphrase=@FILE, --passphrase=env:NAME or --passphrase=fd:N")),
    }
}

/// Random bytes for a new key.
pub fn new_key() -> Result<Zeroizing<[u8; KEY_LEN]>, Failure> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    fetool::random(key.as_mut()).map_err(|error| Subjects::default().attribute(&error))?;
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
