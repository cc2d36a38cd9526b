//! The kinds of secrets: a key, a passphrase, or age identities; and how files are opened with them.

use super::identity_file::EncryptedIdentities;
use super::plugin_pool::{EncryptedKey, PluginKey, PluginPool};
use super::plugins;
use super::question::Asked;
#[cfg(feature = "age-ssh")]
use super::question::library_error;
use super::recipients::SealFor;
use super::{NamedSecret, Prepared, Purpose, SecretSource, Spec};
use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, SecretName, speaker};
#[cfg(feature = "age-ssh")]
use fetool::format::age::SshIdentity;
use fetool::format::age::{AgeIdentity, AgeRecipient, KeyFile, identities};
use fetool::{Error, Identity, Open, Secret};
#[cfg(feature = "age-ssh")]
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// One `--key` or `--passphrase`.
pub enum Key {
    Secret(Secret),
    /// A passphrase that is asked for when a file needs it.
    Asked(Asked),
    Identities(Vec<AgeIdentity>),
    Encrypted(EncryptedKey),
    #[cfg(feature = "age-ssh")]
    Ssh {
        identity: Box<dyn fetool::UnwrapKey>,
        recipient: AgeRecipient,
    },
    Plugin(PluginKey),
}

impl Key {
    /// Recognises the kind of a key file by its content. 32 bytes are always a raw key.
    ///
    /// # Errors
    /// Also if it is a file of another kind, or an identity file with a wrong line.
    pub fn of(
        bytes: &Zeroizing<Vec<u8>>,
        name: &str,
        unlock: Option<&Spec>,
    ) -> Result<Self, Failure> {
        let kind = match bytes.len() {
            fetool::aead::KEY_LEN => KeyFile::Other,
            _ => KeyFile::of(bytes),
        };
        Self::of_kind(kind, bytes, name, unlock)
    }

    pub fn of_kind(
        kind: KeyFile,
        bytes: &Zeroizing<Vec<u8>>,
        name: &str,
        unlock: Option<&Spec>,
    ) -> Result<Self, Failure> {
        Ok(match kind {
            KeyFile::Other => Self::Secret(Secret::key(bytes.to_vec())),
            KeyFile::Identities => {
                Self::Identities(identities::parse(bytes).map_err(|error| about(name, &error))?)
            }
            KeyFile::Encrypted { .. } => {
                let unlock = unlock.cloned();
                let file = EncryptedIdentities::new(bytes.clone(), name.to_owned(), unlock);
                Self::Encrypted(EncryptedKey::new(file))
            }
            KeyFile::Recipients => {
                let hint = match speaker() {
                    None => "seal for them with --to @FILE; open with the identity of one of them",
                    Some(_) => "-R encrypts to them; the identity of one of them decrypts",
                };
                return Err(Failure::usage("these are recipients, which open nothing")
                    .about(name)
                    .hint(hint));
            }
            KeyFile::Damaged(what) => {
                return Err(Failure::usage(what)
                    .about(name)
                    .hint("take the original file, or convert it back"));
            }
            KeyFile::Pem => Self::ssh(bytes, name, unlock)?,
        })
    }

    /// Parses an SSH key, whose passphrase is asked for when a file needs it.
    #[cfg(feature = "age-ssh")]
    fn ssh(bytes: &[u8], name: &str, unlock: Option<&Spec>) -> Result<Self, Failure> {
        let identity = SshIdentity::parse(bytes).map_err(|error| about(name, &error))?;
        let recipient = AgeRecipient::Ssh(identity.recipient().clone());
        let plan = SecretSource::Passphrase {
            from: unlock.cloned(),
            salt: None,
        };
        let path = PathBuf::from(name);
        let identity = identity.asking(move || {
            let found = plan.load(Purpose::Open(Some(&path)), &WorkArgs::quiet());
            let found = found.map_err(library_error)?;
            let secret = found.key.as_secret().cloned();
            Ok(secret.expect("a passphrase is a secret"))
        });
        Ok(Self::Ssh {
            identity: Box::new(identity),
            recipient,
        })
    }

    #[cfg(not(feature = "age-ssh"))]
    fn ssh(_: &[u8], name: &str, _: Option<&Spec>) -> Result<Self, Failure> {
        Err(about(name, &fetool::format::age::Feature::Ssh.missing()))
    }

    fn identities(&self) -> Vec<Identity<'_>> {
        match self {
            Self::Secret(secret) => vec![secret.into()],
            Self::Asked(asked) => vec![Identity::lazy(|| asked.ask())],
            Self::Identities(all) => all.iter().map(|key| Identity::unwrapping(key)).collect(),
            Self::Encrypted(key) => vec![Identity::unwrapping(key)],
            #[cfg(feature = "age-ssh")]
            Self::Ssh { identity, .. } => vec![Identity::unwrapping(&**identity)],
            Self::Plugin(plugin) => vec![Identity::unwrapping(plugin)],
        }
    }

    /// Returns the recipients whose files this key opens.
    ///
    /// # Errors
    /// Those of opening an encrypted identity file.
    pub fn seal_for(&self, name: &str) -> Result<Vec<SealFor>, Failure> {
        let of = |all: &[AgeRecipient]| all.iter().cloned().map(SealFor::Age).collect();
        let failed = |error: Error| about(name, &error);
        Ok(match self {
            Self::Secret(secret) => vec![SealFor::Secret(secret.clone())],
            Self::Asked(asked) => vec![SealFor::Secret(asked.ask().map_err(failed)?)],
            Self::Identities(all) => {
                let all = all.iter().map(AgeIdentity::recipient);
                all.map(SealFor::Age).collect()
            }
            Self::Encrypted(key) => of(key.file.recipients().map_err(failed)?),
            #[cfg(feature = "age-ssh")]
            Self::Ssh { recipient, .. } => vec![SealFor::Age(recipient.clone())],
            Self::Plugin(plugin) => of(&plugin.recipients()),
        })
    }

    pub fn as_secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(secret) => Some(secret),
            _ => None,
        }
    }
}

/// Creates a failure from an error of the library about a key file.
pub(super) fn about(name: &str, error: &Error) -> Failure {
    Failure::of_library(error).about(name)
}

/// All keys to try on a file, in this order.
pub struct Keys {
    all: Vec<NamedSecret>,
    pub(super) pool: Arc<PluginPool>,
}

impl Keys {
    /// Reads all secrets. A single passphrase is asked for at once; one of several, when it is needed.
    pub fn load(
        plans: &[SecretSource],
        purpose: Purpose<'_>,
        work: &WorkArgs,
    ) -> Result<Self, Failure> {
        Self::prepare(plans, purpose, work)?.complete()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Reads everything that is not typed.
    pub fn prepare(
        plans: &[SecretSource],
        purpose: Purpose<'_>,
        work: &WorkArgs,
    ) -> Result<PreparedKeys, Failure> {
        let prepared = plans.iter().map(|plan| plan.prepare(purpose, work));
        Ok(PreparedKeys(prepared.collect::<Result<_, _>>()?))
    }

    /// Collects the plugin identities of all lists, so that one process serves all of a plugin.
    pub fn of(mut all: Vec<NamedSecret>) -> Result<Self, Failure> {
        let mut pool = PluginPool::default();
        for found in &mut all {
            match &mut found.key {
                Key::Identities(list) => pool.take_from(list),
                Key::Encrypted(key) => pool.add_encrypted(&key.file),
                _ => {}
            }
        }
        all.retain(|found| !matches!(&found.key, Key::Identities(list) if list.is_empty()));
        let pool = Arc::new(pool);
        let last = all.iter_mut().rev().find_map(|found| match &mut found.key {
            Key::Encrypted(key) => Some(key),
            _ => None,
        });
        if let Some(last) = last {
            last.pool = Some(Arc::clone(&pool));
        }
        for name in pool.named() {
            let key = PluginKey::new(name, &pool).map_err(|error| Failure::of_library(&error))?;
            all.push(NamedSecret::of(Key::Plugin(key), plugins::program(name)));
        }
        Ok(Self { all, pool })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Key> {
        self.all.iter().map(|found| &found.key)
    }

    pub fn identities(&self) -> impl Iterator<Item = Identity<'_>> {
        self.all.iter().flat_map(|found| found.key.identities())
    }

    /// Returns whether there are only identities, and no raw key.
    pub fn are_identities(&self) -> bool {
        let secret = |found: &NamedSecret| matches!(found.key, Key::Secret(_) | Key::Asked(_));
        !self.all.iter().any(secret)
    }

    /// Returns settings for opening with all of them.
    pub fn open(&self) -> Open<'_> {
        let mut all = self.identities();
        let first = all
            .next()
            .expect("there is a key, and a list has an identity");
        all.fold(Open::new(first), Open::add_identity)
    }

    /// Returns their name in messages.
    pub fn name(&self) -> SecretName {
        match &self.all[..] {
            [found] => found.name.clone(),
            _ => SecretName {
                shown: "keys".to_owned(),
                is_passphrase: false,
            },
        }
    }

    /// Notes that a key opened a file, and so was typed correctly.
    pub fn recover(&mut self) {
        self.all.iter_mut().for_each(NamedSecret::recover);
    }

    /// Asks again for a mistyped passphrase, if it is the only secret.
    ///
    /// # Errors
    /// Those of asking.
    pub fn ask_again(&mut self, failure: &Failure) -> Result<bool, Failure> {
        match &mut self.all[..] {
            [found] => found.ask_again(failure),
            _ => Ok(false),
        }
    }

    /// Returns how many keys were derived so far, of those that are remembered.
    pub fn derivations(&self) -> u64 {
        let secrets = self.all.iter().filter_map(|found| found.key.as_secret());
        secrets.map(Secret::derivations).sum()
    }

    /// Prepares for many files, like [`Secret::for_many_files_within`].
    pub fn for_many_files_within(mut self, memory: u64) -> Self {
        for found in &mut self.all {
            if let Key::Secret(secret) = &mut found.key {
                *secret = secret.clone().for_many_files_within(memory);
            }
        }
        self
    }

    /// Returns the recipients whose files these keys open.
    pub fn seal_for(&self) -> Result<Vec<SealFor>, Failure> {
        let all = self
            .all
            .iter()
            .map(|found| found.key.seal_for(&found.name.shown));
        Ok(all
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}

/// Keys of which everything was read that can be, before the user is asked for anything.
pub struct PreparedKeys(Vec<Prepared>);

impl PreparedKeys {
    pub fn complete(self) -> Result<Keys, Failure> {
        let is_only = self.0.len() == 1;
        let found = self.0.into_iter().map(|prepared| match prepared {
            Prepared::Typed(question) if !is_only => Ok(NamedSecret::later(Asked::new(question))),
            prepared => prepared.complete(),
        });
        Keys::of(found.collect::<Result<_, _>>()?)
    }
}
