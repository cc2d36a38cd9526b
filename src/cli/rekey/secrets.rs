//! The secrets of a rekey: those that open the file, and those that are added or removed.

use super::Args;
use crate::cli::failure::{Failure, SecretName};
use crate::cli::secrets::keys::{Keys, PreparedKeys};
use crate::cli::secrets::recipients::{PreparedTo, SealFor, To, without_duplicates};
use crate::cli::secrets::{Purpose, SecretSource, Spec};
use crate::io::FileId;
use std::path::Path;

/// The secrets of a rekey.
pub struct Secrets {
    pub old: Keys,
    pub new: Vec<SealFor>,
    /// The name of the new secret in messages.
    pub new_name: SecretName,
    /// The keys whose stanzas are removed, if not those of the old secret.
    pub gone: Option<Keys>,
    /// The identities of the new recipients, as far as known.
    pub new_identities: Keys,
}

/// The secrets to add or remove: checked but not read yet.
pub struct NewSecret {
    plan: Option<SecretSource>,
    to: Vec<To>,
    unlock: Option<Spec>,
}

impl NewSecret {
    /// Reads the options for the new secret.
    pub fn of(args: &Args) -> Result<Self, Failure> {
        let unlock = args.secret.identity_passphrase.as_deref();
        let unlock = unlock.map(|word| Spec::parse("--identity-passphrase", word));
        let unlock = unlock.transpose()?;
        let plan = match (&args.new_key, &args.new_passphrase) {
            (Some(word), _) => Some(SecretSource::key("--new-key", word, unlock.as_ref())?),
            (None, Some(word)) => {
                let salt = args.new_salt.as_deref().map(|word| ("--new-salt", word));
                Some(SecretSource::passphrase(
                    "--new-passphrase",
                    word.as_deref(),
                    salt,
                    args.new_kdf,
                )?)
            }
            (None, None) => None,
        };
        if plan.is_none() && args.to.is_empty() && !args.remove {
            return Err(Failure::usage("a new secret is needed").hint(
                "give one with --new-key @KEYFILE or --new-passphrase, recipients with --to, or say \
                 --remove or --list",
            ));
        }
        let to = args.to.iter().map(|word| To::parse(word));
        let to = to.collect::<Result<Vec<_>, _>>()?;
        if args.remove && to.iter().any(|to| to.spec().is_none()) {
            return Err(Failure::usage("a stanza does not tell which recipient it is for")
                .hint("name it by its number with --stanza N (see --list), or give the identity with --to @FILE"));
        }
        Ok(Self { plan, to, unlock })
    }

    fn specs(&self) -> impl Iterator<Item = &Spec> {
        let plan = self.plan.iter().flat_map(SecretSource::specs);
        let to = self.to.iter().filter_map(To::spec);
        plan.chain(to).chain(&self.unlock)
    }

    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.specs().filter_map(Spec::file)
    }
}

/// Checks that standard input is used once at most.
pub fn check_stdin(old: &[SecretSource], new: &NewSecret, data: bool) -> Result<(), Failure> {
    let old = old.iter().flat_map(SecretSource::specs);
    SecretSource::check_specs_on_stdin(old.chain(new.specs()), data)
}

/// Reads both secrets, and then asks for those that are typed, the old one first: if a file is missing, the user types
/// nothing in vain. `path` is the file, if there is only one.
pub fn find(
    args: &Args,
    old: &[SecretSource],
    new: &NewSecret,
    path: Option<&Path>,
) -> Result<Secrets, Failure> {
    let work = &args.work;
    let plan = new.plan.as_ref();
    let plan = plan.map(|plan| plan.prepare(Purpose::Change, work));
    let plan = plan.transpose()?;
    let old = Keys::prepare(old, Purpose::Open(path), work)?;
    let mut recipients = Vec::new();
    let (mut to, mut gone) = (Vec::new(), None);
    let unlock = new.unlock.as_ref();
    if args.remove {
        let specs = new.to.iter().filter_map(To::spec);
        let plans: Vec<SecretSource> = specs
            .map(|from| SecretSource::Key {
                from: from.clone(),
                unlock: unlock.cloned(),
            })
            .collect();
        if !plans.is_empty() {
            gone = Some(Keys::prepare(&plans, Purpose::Open(None), work)?);
        }
    } else {
        let prepared = new.to.iter().map(|to| to.prepare(unlock, work));
        to = prepared.collect::<Result<_, _>>()?;
    }
    let old = old.complete()?;
    let gone = gone.map(PreparedKeys::complete).transpose()?;
    let mut new_identities = Vec::new();
    for to in to {
        recipients.extend(to.recipients()?);
        if let PreparedTo::Identities(found) = to {
            new_identities.push(*found);
        }
    }
    let mut new_name = SecretName::default();
    if let Some(plan) = plan {
        let found = plan.complete()?;
        recipients.extend(found.key.seal_for(&found.name.shown)?);
        new_name = found.name.clone();
        if found.key.as_secret().is_none() {
            new_identities.push(found);
        }
    }
    Ok(Secrets {
        old,
        new: without_duplicates(recipients, work)?,
        new_name,
        gone,
        new_identities: Keys::of(new_identities)?,
    })
}

/// Returns the recipients of what is sealed again.
pub fn new_recipients(args: &Args, secrets: &Secrets) -> Result<Vec<SealFor>, Failure> {
    match &secrets.new[..] {
        [] => without_duplicates(secrets.old.seal_for()?, &args.work),
        new => Ok(new.to_vec()),
    }
}
