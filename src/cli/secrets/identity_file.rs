//! Encrypted identity files.

use super::keys::Key;
use super::plugins::{self, PluginIdentity, PluginName};
use super::question::{Purpose, library_error};
use super::source::SecretSource;
use super::spec::Spec;
use crate::cli::args::WorkArgs;
use crate::cli::failure::Failure;
use fetool::format::age::{Age, AgeIdentity, AgeRecipient, identities};
use fetool::{Error, FileKey, Open, Stanza, UnwrapKey};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};
use zeroize::Zeroizing;

/// An identity file that is sealed with a passphrase, which is asked for when a file needs it.
pub struct EncryptedIdentities {
    file: Zeroizing<Vec<u8>>,
    name: String,
    passphrase: Option<Spec>,
    opened: OnceLock<Opened>,
    /// The error of opening it. The user is not asked again for the next file.
    failed: OnceLock<Error>,
}

impl EncryptedIdentities {
    pub fn new(file: Zeroizing<Vec<u8>>, name: String, passphrase: Option<Spec>) -> Self {
        Self {
            file,
            name,
            passphrase,
            opened: OnceLock::new(),
            failed: OnceLock::new(),
        }
    }

    /// Returns the recipients of these identities.
    ///
    /// # Errors
    /// Those of opening the file.
    pub fn recipients(&self) -> Result<&[AgeRecipient], Error> {
        Ok(&self.opened()?.recipients)
    }

    /// Returns the identities of plugins, if the file was opened.
    pub fn plugins_if_opened(&self) -> Option<&BTreeMap<PluginName, Vec<PluginIdentity>>> {
        self.opened.get().map(|opened| &opened.plugins)
    }

    fn opened(&self) -> Result<&Opened, Error> {
        // If two threads come here at once, one waits for the other's prompt.
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        if let Some(error) = self.failed.get() {
            return Err(again(error));
        }
        match self.open() {
            Ok(all) => Ok(self.opened.get_or_init(|| Opened::new(all))),
            Err(error) => Err(again(self.failed.get_or_init(|| error))),
        }
    }

    fn open(&self) -> Result<Vec<AgeIdentity>, Error> {
        let plan = SecretSource::Passphrase {
            from: self.passphrase.clone(),
            salt: None,
        };
        let purpose = Purpose::Unlock(Path::new(&self.name));
        let mut found = plan
            .load(purpose, &WorkArgs::quiet())
            .map_err(library_error)?;
        loop {
            let Key::Secret(secret) = &found.key else {
                unreachable!("a passphrase is a secret");
            };
            // It never grows, so that no copy is left in memory.
            let mut plaintext = Zeroizing::new(Vec::with_capacity(self.file.len()));
            let opened = Open::new(secret)
                .format(Some(&Age))
                .run(&self.file[..], &mut *plaintext);
            let error = match opened {
                Ok(_) => return identities::parse(&plaintext).map_err(|error| self.failed(&error)),
                Err(error) => error,
            };
            let wrong = matches!(error, Error::Authentication { .. });
            let failure = Failure::usage("wrong passphrase")
                .about(self.name.clone())
                .of_wrong_secret();
            if !wrong || !found.ask_again(&failure).map_err(library_error)? {
                return Err(match wrong {
                    true => self.wrong_passphrase(),
                    false => self.failed(&error),
                });
            }
        }
    }

    fn wrong_passphrase(&self) -> Error {
        Error::Secret {
            what: format!("wrong passphrase for identity file {}", self.name),
            hint: None,
        }
    }

    fn failed(&self, error: &Error) -> Error {
        Error::Secret {
            what: format!("identity file {}: {error}", self.name),
            hint: error.hint().cloned(),
        }
    }
}

/// Repeats an error that was reported before.
fn again(error: &Error) -> Error {
    match error {
        Error::Secret { what, hint } => Error::Secret {
            what: what.clone(),
            hint: hint.clone(),
        },
        error => Error::Read(io::Error::other(error.to_string())),
    }
}

/// The content of the file.
struct Opened {
    identities: Vec<AgeIdentity>,
    plugins: BTreeMap<PluginName, Vec<PluginIdentity>>,
    recipients: Vec<AgeRecipient>,
}

impl Opened {
    fn new(mut identities: Vec<AgeIdentity>) -> Self {
        let recipients = identities.iter().map(AgeIdentity::recipient).collect();
        let plugins = plugins::take_identities(&mut identities);
        Self {
            identities,
            plugins,
            recipients,
        }
    }
}

/// Plugin identities are not tried here: one process of each plugin serves all files.
impl UnwrapKey for EncryptedIdentities {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        for identity in &self.opened()?.identities {
            if let Some(key) = identity.unwrap_key(stanzas)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}
