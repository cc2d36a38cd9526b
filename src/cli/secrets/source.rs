//! The sources of secrets, from the options to the bytes.

use super::keys::Key;
use super::plugins;
use super::question::{Asked, Purpose, Question, salted};
use super::spec::{KEY_VARIABLE, Spec};
use crate::cli::args::{ASK, KdfArg, SecretArgs, WorkArgs};
use crate::cli::failure::{Failure, SecretName, say};
use crate::io::FileId;
use fetool::format::age::AgeIdentity;
use fetool::kdf::Kdf;
use fetool::without_line_end;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The source of a secret, checked but not read yet.
#[derive(Clone, Debug)]
pub enum SecretSource {
    Key {
        from: Spec,
        /// The source of the passphrase, if it is an encrypted file; `None` asks.
        unlock: Option<Spec>,
    },
    Passphrase {
        /// `None` asks on the terminal.
        from: Option<Spec>,
        salt: Option<(Spec, Kdf)>,
    },
    /// An identity without data, which only names its plugin.
    Plugin(AgeIdentity),
}

/// A secret, and its name in messages.
pub struct NamedSecret {
    pub key: Key,
    pub name: SecretName,
    /// The question to ask again, if the user typed it.
    pub(super) typed: Option<Question>,
}

/// A secret of which everything was read that can be, before the user is asked for anything.
pub enum Prepared {
    Read(Box<NamedSecret>),
    Typed(Question),
}

impl SecretSource {
    /// Checks the arguments of the secrets, the keys first.
    pub fn given(args: &SecretArgs) -> Result<Vec<Self>, Failure> {
        // clap waives what --salt requires if that conflicts with another option.
        if args.salt.is_some() && args.passphrase.is_empty() {
            return Err(Failure::usage(
                "--salt requires a passphrase; a key takes no salt",
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
        let plugins = args.plugin.iter().map(|name| Self::plugin(name));
        let given = keys.chain(plugins).chain(passphrases);
        let mut given: Vec<Self> = given.collect::<Result<_, _>>()?;
        if given.is_empty() {
            let named = std::env::var_os(KEY_VARIABLE);
            if let Some(word) = named.filter(|word| !word.is_empty()) {
                given.push(key(KEY_VARIABLE, &word)?);
            }
        }
        Ok(given)
    }

    /// Returns the secrets to open files with, of which there must be at least one. A file with its own salt also says
    /// which KDF to use.
    pub fn to_open(args: &SecretArgs) -> Result<Vec<Self>, Failure> {
        if args.kdf.is_some() && args.salt.is_none() {
            return Err(Failure::usage("--kdf requires --salt")
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

    pub fn plugin(name: &str) -> Result<Self, Failure> {
        plugins::identity(name).map(Self::Plugin)
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

    /// Returns whether it is a passphrase without a separate salt, which GFE cannot use.
    pub fn is_unsalted(&self) -> bool {
        matches!(self, Self::Passphrase { salt: None, .. })
    }

    /// Checks that standard input is used once at most: for one of the secrets, or for the data.
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

    /// Does the same for anything that is read from a SPEC.
    pub fn check_specs_on_stdin<'p>(
        specs: impl IntoIterator<Item = &'p Spec>,
        data: bool,
    ) -> Result<(), Failure> {
        let on_stdin = specs.into_iter();
        let on_stdin = on_stdin.filter(|spec| **spec == Spec::Stdin).count();
        if on_stdin + usize::from(data) > 1 {
            return Err(Failure::usage("stdin is already used").hint(
                "it would be the secret and something else as well; give one of them by path",
            ));
        }
        Ok(())
    }

    pub fn specs(&self) -> impl Iterator<Item = &Spec> {
        let (first, second) = match self {
            Self::Key { from, .. } => (Some(from), None),
            Self::Passphrase { from, salt } => (from.as_ref(), salt.as_ref().map(|(spec, _)| spec)),
            Self::Plugin(_) => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Returns the source of the passphrase of an encrypted key file.
    fn unlock(&self) -> Option<&Spec> {
        match self {
            Self::Key { unlock, .. } => unlock.as_ref(),
            Self::Passphrase { .. } | Self::Plugin(_) => None,
        }
    }

    /// Returns the files that it is read from, which must not be overwritten.
    pub fn files(&self) -> Vec<FileId> {
        let specs = self.specs().chain(self.unlock());
        specs.filter_map(Spec::file).collect()
    }

    /// Returns the file to which a new key can be written.
    pub fn key_file(&self) -> Option<&Path> {
        match self {
            Self::Key {
                from: Spec::File(path),
                ..
            } => Some(path),
            _ => None,
        }
    }

    /// Returns whether it is a key, and not a passphrase.
    pub fn is_key(&self) -> bool {
        matches!(self, Self::Key { .. } | Self::Plugin(_))
    }

    /// Returns whether the user is asked for a passphrase.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Passphrase { from: None, .. })
    }

    /// Reads the secret, or asks for it.
    pub fn load(&self, purpose: Purpose<'_>, work: &WorkArgs) -> Result<NamedSecret, Failure> {
        self.prepare(purpose, work)?.complete()
    }

    /// Reads what is not typed.
    ///
    /// An empty secret seals nothing: a password manager that failed returns one. It can still open what was sealed
    /// with it.
    pub fn prepare(&self, purpose: Purpose<'_>, work: &WorkArgs) -> Result<Prepared, Failure> {
        let (from, salt) = match self {
            Self::Key { from: spec, unlock } => {
                let bytes = spec.read_secret(work)?;
                if !purpose.opens() && without_line_end(&bytes).is_empty() {
                    return Err(empty("key").about(spec.shown()).hint(NOT_WRITTEN));
                }
                let key = Key::of(&bytes, &spec.shown(), unlock.as_ref())?;
                return Ok(Prepared::read(NamedSecret::of(key, spec.shown())));
            }
            Self::Plugin(identity) => {
                let key = Key::Identities(vec![identity.clone()]);
                return Ok(Prepared::read(NamedSecret::of(key, "plugin".to_owned())));
            }
            Self::Passphrase { from, salt } => (from, salt),
        };
        let salt = match salt {
            Some((spec, kdf)) => Some((*kdf, spec.read()?.to_vec(), spec.shown())),
            None => None,
        };
        let Some(spec) = from else {
            return Ok(Prepared::Typed(Question::new(purpose, salt)));
        };
        let bytes = spec.read_secret(work)?;
        let passphrase = without_line_end(&bytes);
        if passphrase.is_empty() {
            return Err(empty("passphrase").about(spec.shown()).hint(NOT_WRITTEN));
        }
        let (secret, name) = salted(passphrase, salt.as_ref(), spec.shown());
        Ok(Prepared::read(NamedSecret {
            key: Key::Secret(secret),
            name,
            typed: None,
        }))
    }
}

impl Prepared {
    fn read(secret: NamedSecret) -> Self {
        Self::Read(Box::new(secret))
    }

    /// Asks for what is typed.
    pub fn complete(self) -> Result<NamedSecret, Failure> {
        match self {
            Self::Read(found) => Ok(*found),
            Self::Typed(question) => question.ask(),
        }
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

    /// Creates a passphrase that is asked for when a file needs it.
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

    /// Asks for a passphrase.
    pub fn asked(purpose: Purpose<'_>) -> Self {
        Self::later(Asked::new(Question::new(purpose, None)))
    }

    /// Notes that the secret opened a file, and so was typed correctly.
    pub fn recover(&mut self) {
        self.typed = None;
    }

    /// Asks again, if the failure shows that a passphrase was mistyped. Returns `false` if that cannot help, or was
    /// done often enough.
    ///
    /// # Errors
    /// Those of asking.
    pub fn ask_again(&mut self, failure: &Failure) -> Result<bool, Failure> {
        if !failure.is_wrong_secret() {
            return Ok(false);
        }
        let Some(next) = self.typed.take().and_then(Question::again) else {
            return Ok(false);
        };
        say(failure.subject(), "wrong passphrase, try again");
        *self = next.ask()?;
        Ok(true)
    }
}

/// Returns the error for a missing key, without which nothing opens or seals.
pub fn no_key() -> Failure {
    Failure::usage("a key is needed").hint(
        "give one with -k @KEYFILE ('fetool keygen -o KEYFILE' makes one), or a passphrase with -p",
    )
}

const NOT_WRITTEN: &str = "check the program or the file that it comes from";

fn empty(what: &str) -> Failure {
    Failure::usage(format!("the {what} is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_removed() {
        assert_eq!(without_line_end(b"a\n"), b"a");
        assert_eq!(without_line_end(b"a\r\n"), b"a");
        assert_eq!(without_line_end(b"a\n\n"), b"a\n");
        assert_eq!(without_line_end(b"a \r"), b"a \r");
    }
}
