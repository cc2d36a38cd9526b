//! Which secrets are wanted, from the options to the bytes.

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
    /// An identity without data, which only names its plugin.
    Plugin(AgeIdentity),
}

/// A secret, and what its messages call it.
pub struct NamedSecret {
    pub key: Key,
    pub name: SecretName,
    /// How it is asked for again, where somebody typed it.
    pub(super) typed: Option<Question>,
}

/// A secret of which all is read that can be, before anybody is asked for anything.
pub enum Prepared {
    Read(Box<NamedSecret>),
    Typed(Question),
}

impl SecretSource {
    /// Checks the arguments of the secrets, the keys first.
    pub fn given(args: &SecretArgs) -> Result<Vec<Self>, Failure> {
        // clap waives what --salt requires where that is in conflict with something given.
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

    /// For secrets that open something, of which one must be there: the file says which KDF goes with
    /// its own salt.
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

    /// Where the passphrase of an encrypted key file is.
    fn unlock(&self) -> Option<&Spec> {
        match self {
            Self::Key { unlock, .. } => unlock.as_ref(),
            Self::Passphrase { .. } | Self::Plugin(_) => None,
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
        matches!(self, Self::Key { .. } | Self::Plugin(_))
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

    /// Asks for what is to be typed.
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

    /// A passphrase that is asked for when a file needs it.
    pub fn asked(purpose: Purpose<'_>) -> Self {
        Self::later(Asked::new(Question::new(purpose, None)))
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
        let Some(next) = self.typed.take().and_then(Question::again) else {
            return Ok(false);
        };
        say(failure.subject(), "wrong passphrase, try again");
        *self = next.ask()?;
        Ok(true)
    }
}

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
