//! Passphrases that the user types: the prompts, and asking again.

use super::keys::Key;
use super::source::NamedSecret;
use crate::cli::failure::{Failure, SecretName, shown, speaker};
use crate::io::{prompt, status_line};
use crate::progress::shortened;
use fetool::kdf::Kdf;
use fetool::{Error, Secret};
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// A passphrase to ask for on the terminal.
#[derive(Clone, Debug)]
pub struct Question {
    first: String,
    confirm: Option<&'static str>,
    /// The salt for the passphrase, and its name in messages.
    salt: Option<(Kdf, Vec<u8>, String)>,
    /// How many times to ask while the answer opens nothing.
    tries: u32,
}

/// Returns a passphrase with its salt, and their name in messages: only the salt can have a wrong length.
pub(super) fn salted(
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

impl Question {
    pub fn new(purpose: Purpose<'_>, salt: Option<(Kdf, Vec<u8>, String)>) -> Self {
        let (first, confirm) = purpose.prompts();
        Self {
            first,
            confirm,
            salt,
            tries: TRIES,
        }
    }

    /// Returns the question for the next try, if there is one.
    pub fn again(self) -> Option<Self> {
        let tries = self.tries - 1;
        (tries > 0).then_some(Self { tries, ..self })
    }

    pub fn ask(self) -> Result<NamedSecret, Failure> {
        let typed = ask(&self.first)?;
        if typed.is_empty() {
            return Err(Failure::usage("the passphrase is empty"));
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

/// A passphrase that is asked for once, when a file needs it.
pub struct Asked {
    question: Question,
    answer: Mutex<Option<Secret>>,
}

impl Asked {
    pub fn new(question: Question) -> Self {
        Self {
            question,
            answer: Mutex::new(None),
        }
    }

    pub fn ask(&self) -> Result<Secret, Error> {
        let mut answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = &*answer {
            return Ok(secret.clone());
        }
        let found = self.question.clone().ask().map_err(library_error)?;
        let Key::Secret(secret) = found.key else {
            unreachable!("a passphrase is a secret");
        };
        Ok(answer.insert(secret).clone())
    }
}

/// Converts a failure of the command into an error that the library passes back.
pub(super) fn library_error(failure: Failure) -> Error {
    let subject = failure.subject().map(|subject| format!("{subject}: "));
    let text = subject.unwrap_or_default() + failure.message();
    Error::Read(io::Error::other(text))
}

/// How many times a wrong passphrase may be typed.
const TRIES: u32 = 3;
/// The purpose of a secret, which decides how to ask for a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// To open one file, or several.
    Open(Option<&'a Path>),
    /// To open an identity file.
    Unlock(&'a Path),
    /// To seal: asked for twice, since nothing would show a typing error.
    Seal,
    /// The same, if an old one is asked for as well.
    Change,
}

impl Purpose<'_> {
    pub fn opens(self) -> bool {
        matches!(self, Self::Open(_) | Self::Unlock(_))
    }

    /// Returns the prompt, and the one for typing it again.
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

/// Returns a prompt that names a file, on one line of the terminal.
fn for_file(before: &str, path: &Path) -> String {
    let room = status_line::columns().saturating_sub(before.len() + 3);
    let name = shortened(&shown(path), room.max(NAME_MIN));
    match speaker() {
        None => format!("{before} {name}: "),
        Some(_) => format!("{before} \"{name}\": "),
    }
}

/// The minimum number of columns for a name in a prompt, however narrow the terminal is.
const NAME_MIN: usize = 12;

pub fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match prompt::passphrase(prompt) {
        Some(asked) => asked.map_err(|error| Failure::system("terminal", &error)),
        None if speaker().is_some() => Err(Failure::usage(
            "no terminal to ask for a passphrase on: standard input is not a terminal, and /dev/tty \
             cannot be opened",
        )),
        None => Err(Failure::system(
            "/dev/tty",
            &io::Error::other("no terminal to ask for a passphrase on"),
        )
        .hint("give it with --passphrase=@FILE, --passphrase=env:NAME or --passphrase=fd:N")),
    }
}
