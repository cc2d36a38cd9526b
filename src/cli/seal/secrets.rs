//! Who can open a sealed file: the secrets and recipients that the options name.

use super::Args;
use crate::cli::args::{SecretArgs, WorkArgs};
use crate::cli::failure::{Failure, SecretName, shown};
use crate::cli::secrets::recipients::{SealFor, To, without_duplicates};
use crate::cli::secrets::{self, NamedSecret, Purpose, SecretSource, Spec};
use crate::io::FileId;
use fetool::Secret;
use fetool::aead::KEY_LEN;
use fetool::format::Format;
use fetool::format::age::Age;
use fetool::format::gfe::Gfe;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Who can open the file, and the new key.
pub struct Secrets {
    pub all: Vec<SealFor>,
    pub new: Option<(PathBuf, Zeroizing<[u8; KEY_LEN]>)>,
    /// The name of the first secret in messages.
    pub name: SecretName,
    /// The secrets among them, each with its name in messages.
    named: Vec<(Secret, SecretName)>,
    /// The secrets and identities that open the files again.
    pub opening: Vec<NamedSecret>,
}

impl Secrets {
    pub fn named(&self) -> impl Iterator<Item = (&Secret, &SecretName)> {
        self.named.iter().map(|(secret, name)| (secret, name))
    }

    fn push(&mut self, one: SealFor, name: &SecretName) {
        if let Some(secret) = one.as_secret() {
            if self.named.is_empty() {
                self.name.clone_from(name);
            }
            self.named.push((secret.clone(), name.clone()));
        }
        self.all.push(one);
    }
}

/// The sources of the secrets: checked but not read yet.
pub struct Asked {
    plans: Vec<SecretSource>,
    to: Vec<To>,
    unlock: Option<Spec>,
}

impl Asked {
    pub fn new(args: &Args) -> Result<Self, Failure> {
        let mut plans = match args.to.is_empty() || args.secret.is_given() {
            true => SecretSource::given(&args.secret)?,
            // Recipients are enough, whatever the environment has.
            false => Vec::new(),
        };
        if plans.is_empty() && args.to.is_empty() {
            return Err(secrets::no_key());
        }
        let SecretArgs {
            key,
            plugin,
            passphrase,
            ..
        } = &args.secret;
        let with_others = !(key.is_empty() && plugin.is_empty() && args.to.is_empty());
        if !passphrase.is_empty() && with_others {
            return Err(Failure::usage(
                "a passphrase cannot be used together with --key, --plugin or --to",
            )
            .hint(
                "Dexios takes several secrets: --passphrase and --add-key, with --format dexios",
            ));
        }
        let unlock = args.secret.identity_passphrase.as_deref();
        let unlock = unlock.map(|word| Spec::parse("--identity-passphrase", word));
        let unlock = unlock.transpose()?;
        for word in &args.add_key {
            plans.push(SecretSource::key("--add-key", word, unlock.as_ref())?);
        }
        Ok(Self {
            plans,
            to: args
                .to
                .iter()
                .map(|word| To::parse(word))
                .collect::<Result<_, _>>()?,
            unlock,
        })
    }

    pub fn check_stdin(&self, data: bool) -> Result<(), Failure> {
        SecretSource::check_specs_on_stdin(self.specs(), data)
    }

    fn specs(&self) -> impl Iterator<Item = &Spec> {
        let plans = self.plans.iter().flat_map(SecretSource::specs);
        let to = self.to.iter().filter_map(To::spec);
        plans.chain(to).chain(&self.unlock)
    }

    pub fn files(&self) -> Vec<FileId> {
        self.specs().filter_map(Spec::file).collect()
    }

    pub fn asks(&self) -> bool {
        self.plans.iter().any(SecretSource::asks)
    }

    /// Returns the format to write, if that is known before any secret is read.
    pub fn format(&self, args: &Args) -> Result<Option<&'static dyn Format>, Failure> {
        let format = match (args.format, &self.plans[..]) {
            (Some(format), _) => Some(format),
            _ if !self.to.is_empty() => Some(&Age as _),
            (None, [plan]) if plan.is_unsalted() => Some(&Age as _),
            (None, [plan, ..]) if plan.is_unsalted() => {
                return Err(
                    Failure::usage("several secrets need a format with key slots")
                        .hint("choose --format dexios"),
                );
            }
            (None, [SecretSource::Passphrase { .. }, ..]) => Some(&Gfe as _),
            _ => None,
        };
        if let Some(format) = format.filter(|format| format.derives_keys())
            && args.secret.salt.is_some()
        {
            return Err(Failure::usage(format!(
                "--salt is for GFE; {} takes none",
                format.title()
            )));
        }
        Ok(format)
    }

    /// Reads all secrets, and makes the new key.
    pub fn find(&self, new_key: Option<&Path>, work: &WorkArgs) -> Result<Secrets, Failure> {
        let mut secrets = Secrets {
            all: Vec::new(),
            new: None,
            name: SecretName::default(),
            named: Vec::new(),
            opening: Vec::new(),
        };
        let mut plans = &self.plans[..];
        if let Some(path) = new_key {
            let key = secrets::new_key()?;
            let name = SecretName {
                shown: shown(path),
                is_passphrase: false,
            };
            secrets.push(SealFor::Secret(Secret::key(key.to_vec())), &name);
            secrets.new = Some((path.to_owned(), key));
            plans = &plans[1..];
        }
        // The user types a passphrase only after everything else was read.
        let prepared = plans.iter().map(|plan| plan.prepare(Purpose::Seal, work));
        let prepared: Vec<_> = prepared.collect::<Result<_, _>>()?;
        let unlock = self.unlock.as_ref();
        let to = self.to.iter().map(|to| to.prepare(unlock, work));
        for to in to.collect::<Result<Vec<_>, _>>()? {
            secrets.all.extend(to.recipients()?);
        }
        for prepared in prepared {
            let found = prepared.complete()?;
            for one in found.key.seal_for(&found.name.shown)? {
                secrets.push(one, &found.name);
            }
            secrets.opening.push(found);
        }
        secrets.all = without_duplicates(secrets.all, work)?;
        Ok(secrets)
    }
}

/// Returns the format for secrets without an option that decides it.
pub fn format_for(secrets: &Secrets) -> &'static dyn Format {
    match secrets
        .all
        .iter()
        .any(|one| !matches!(one, SealFor::Secret(_)))
    {
        true => &Age,
        false => &Gfe,
    }
}

/// Returns the file for a new key, if one is to be made.
pub fn new_key_file<'a>(args: &Args, asked: &'a Asked) -> Result<Option<&'a Path>, Failure> {
    if !args.new_key {
        return Ok(None);
    }
    let path = asked
        .plans
        .first()
        .and_then(SecretSource::key_file)
        .ok_or_else(|| {
            Failure::usage("--new-key needs a file to write the key to")
                .hint("name it with -k @FILE")
        })?;
    if path.symlink_metadata().is_ok() {
        return Err(secrets::key_exists(path));
    }
    Ok(Some(path))
}
