//! What the bytes of a secret are: a key, a passphrase, or age identities; and what opens files with them.

use super::identity_file::EncryptedIdentities;
use super::plugins::{self, PluginKeys};
use super::question::Asked;
#[cfg(feature = "age-ssh")]
use super::question::library_error;
use super::recipients::SealFor;
use super::{NamedSecret, Prepared, Purpose, SecretSource, Spec};
use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, SecretName};
#[cfg(feature = "age-ssh")]
use fetool::format::age::SshIdentity;
use fetool::format::age::{AgeIdentity, AgeRecipient, KeyFile, identities};
use fetool::{Error, Identity, Open, Secret};
#[cfg(feature = "age-ssh")]
use std::path::PathBuf;
use zeroize::Zeroizing;

/// One `--key` or `--passphrase`.
pub enum Key {
    Secret(Secret),
    /// A passphrase that is asked for when a file needs it.
    Asked(Asked),
    Identities(Vec<AgeIdentity>),
    Encrypted(EncryptedIdentities),
    #[cfg(feature = "age-ssh")]
    Ssh {
        identity: Box<dyn fetool::UnwrapKey>,
        recipient: AgeRecipient,
    },
    Plugin(PluginKeys),
}

impl Key {
    /// Tells by its content what a key file is. 32 bytes are a raw key, whatever they look like.
    ///
    /// # Errors
    /// Where it is a file of another kind, or a list of identities with a wrong line.
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
            KeyFile::Encrypted { .. } => Self::Encrypted(EncryptedIdentities::new(
                bytes.clone(),
                name.to_owned(),
                unlock.cloned(),
            )),
            KeyFile::Recipients => {
                return Err(Failure::usage("these are recipients, which open nothing")
                    .about(name)
                    .hint("seal for them with --to @FILE; open with the identity of one of them"));
            }
            KeyFile::Damaged(what) => {
                return Err(Failure::usage(what)
                    .about(name)
                    .hint("take the original file, or convert it back"));
            }
            KeyFile::Pem => Self::ssh(bytes, name, unlock)?,
        })
    }

    /// A key of SSH, whose passphrase is asked for when a file needs it.
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
        Err(Failure::usage("this fetool was built without SSH keys").about(name))
    }

    fn identities(&self) -> Vec<Identity<'_>> {
        match self {
            Self::Secret(secret) => vec![secret.into()],
            Self::Asked(asked) => vec![Identity::lazy(|| asked.ask())],
            Self::Identities(all) => all.iter().map(|key| Identity::unwrapping(key)).collect(),
            Self::Encrypted(file) => vec![Identity::unwrapping(file)],
            #[cfg(feature = "age-ssh")]
            Self::Ssh { identity, .. } => vec![Identity::unwrapping(&**identity)],
            Self::Plugin(plugin) => vec![Identity::unwrapping(&plugin.identities)],
        }
    }

    /// Whom a file is sealed for that this shall open.
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
            Self::Encrypted(file) => of(file.recipients().map_err(failed)?),
            #[cfg(feature = "age-ssh")]
            Self::Ssh { recipient, .. } => vec![SealFor::Age(recipient.clone())],
            Self::Plugin(plugin) => of(&plugin.recipients),
        })
    }

    pub fn as_secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(secret) => Some(secret),
            _ => None,
        }
    }
}

/// A failure of the library about a key file.
pub(super) fn about(name: &str, error: &Error) -> Failure {
    Failure::of_library(error).about(name)
}

/// Everything that a file is tried to be opened with, in this order.
pub struct Keys(Vec<NamedSecret>);

impl Keys {
    /// Reads all secrets. A single passphrase is asked for at once; beside others, when it is needed.
    pub fn load(
        plans: &[SecretSource],
        purpose: Purpose<'_>,
        work: &WorkArgs,
    ) -> Result<Self, Failure> {
        Self::prepare(plans, purpose, work)?.complete()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what is not typed.
    pub fn prepare(
        plans: &[SecretSource],
        purpose: Purpose<'_>,
        work: &WorkArgs,
    ) -> Result<PreparedKeys, Failure> {
        let prepared = plans.iter().map(|plan| plan.prepare(purpose, work));
        Ok(PreparedKeys(prepared.collect::<Result<_, _>>()?))
    }

    /// Takes the identities of plugins out of the lists, so that one process serves all of a plugin.
    pub fn of(mut all: Vec<NamedSecret>) -> Result<Self, Failure> {
        let lists = all.iter_mut().filter_map(|found| match &mut found.key {
            Key::Identities(list) => Some(list),
            _ => None,
        });
        let taken = plugins::take_identities(lists)?;
        all.retain(|found| !matches!(&found.key, Key::Identities(list) if list.is_empty()));
        all.extend(taken.into_iter().map(|plugin| {
            let name = plugin.program.clone();
            NamedSecret::of(Key::Plugin(plugin), name)
        }));
        Ok(Self(all))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().map(|found| &found.key)
    }

    pub fn identities(&self) -> impl Iterator<Item = Identity<'_>> {
        self.0.iter().flat_map(|found| found.key.identities())
    }

    /// Whether there are identities only, and no raw key among them.
    pub fn are_identities(&self) -> bool {
        let secret = |found: &NamedSecret| matches!(found.key, Key::Secret(_) | Key::Asked(_));
        !self.0.iter().any(secret)
    }

    /// Opens with all of them.
    pub fn open(&self) -> Open<'_> {
        let mut all = self.identities();
        let first = all
            .next()
            .expect("there is a key, and a list has an identity");
        all.fold(Open::new(first), Open::add_identity)
    }

    /// What messages call them.
    pub fn name(&self) -> SecretName {
        match &self.0[..] {
            [found] => found.name.clone(),
            _ => SecretName {
                shown: "keys".to_owned(),
                is_passphrase: false,
            },
        }
    }

    /// A key opened a file, so it was not mistyped.
    pub fn recover(&mut self) {
        self.0.iter_mut().for_each(NamedSecret::recover);
    }

    /// Asks again for a passphrase that was typed wrong, where it is the only secret.
    ///
    /// # Errors
    /// Those of asking.
    pub fn ask_again(&mut self, failure: &Failure) -> Result<bool, Failure> {
        match &mut self.0[..] {
            [found] => found.ask_again(failure),
            _ => Ok(false),
        }
    }

    /// How many keys were derived so far, of those that are remembered.
    pub fn derivations(&self) -> u64 {
        let secrets = self.0.iter().filter_map(|found| found.key.as_secret());
        secrets.map(Secret::derivations).sum()
    }

    /// For many files, as [`Secret::for_many_files_within`].
    pub fn for_many_files_within(mut self, memory: u64) -> Self {
        for found in &mut self.0 {
            if let Key::Secret(secret) = &mut found.key {
                *secret = secret.clone().for_many_files_within(memory);
            }
        }
        self
    }

    /// Whom a file is sealed for that these shall open.
    pub fn seal_for(&self) -> Result<Vec<SealFor>, Failure> {
        let all = self
            .0
            .iter()
            .map(|found| found.key.seal_for(&found.name.shown));
        Ok(all
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten()
            .collect())
    }
}

/// Keys of which all is read that can be, before anybody is asked for anything.
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
