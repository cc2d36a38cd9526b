//! What the bytes of a secret are: a key, a passphrase, or age identities; what opens files with them, and
//! for whom files are sealed.

use super::plugins;
use super::{NamedSecret, Prepared, Purpose, Question, SecretSource, Spec, others_can_read};
use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, SecretName, say};
use fetool::format::age::plugin::{
    PluginIdentities, PluginIdentity, PluginRecipient, PluginRecipients,
};
use fetool::format::age::recipients::RecipientList;
use fetool::format::age::{Age, AgeIdentity, AgeRecipient, KeyFile, SshIdentity, identities};
use fetool::{Error, FileKey, Identity, Open, Recipient, Secret, Stanza, UnwrapKey};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use zeroize::Zeroizing;

/// One `--key` or `--passphrase`.
pub enum Key {
    Secret(Secret),
    /// A passphrase that is asked for when a file needs it.
    Asked(Asked),
    Identities(Vec<AgeIdentity>),
    Encrypted(EncryptedIdentities),
    Ssh(SshIdentity),
    Plugin(PluginIdentities),
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

    fn of_kind(
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
            KeyFile::Encrypted { .. } => Self::Encrypted(EncryptedIdentities {
                file: bytes.clone(),
                name: name.to_owned(),
                passphrase: unlock.cloned(),
                opened: OnceLock::new(),
                failed: OnceLock::new(),
            }),
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
            KeyFile::Pem => {
                let identity = SshIdentity::parse(bytes).map_err(|error| about(name, &error))?;
                let plan = SecretSource::Passphrase {
                    from: unlock.cloned(),
                    salt: None,
                };
                let path = PathBuf::from(name);
                Self::Ssh(identity.asking(move || {
                    let found = plan.load(Purpose::Open(Some(&path)), &WorkArgs::quiet());
                    let found = found.map_err(library_error)?;
                    let secret = found.key.as_secret().cloned();
                    Ok(secret.expect("a passphrase is a secret"))
                }))
            }
        })
    }

    fn identities(&self) -> Vec<Identity<'_>> {
        match self {
            Self::Secret(secret) => vec![secret.into()],
            Self::Asked(asked) => vec![Identity::lazy(|| asked.ask())],
            Self::Identities(all) => all.iter().map(|key| Identity::unwrapping(key)).collect(),
            Self::Encrypted(file) => vec![Identity::unwrapping(file)],
            Self::Ssh(key) => vec![Identity::unwrapping(key)],
            Self::Plugin(all) => vec![Identity::unwrapping(all)],
        }
    }

    /// Whom a file is sealed for that this shall open.
    ///
    /// # Errors
    /// Those of opening an encrypted identity file.
    pub fn seal_for(&self, name: &str) -> Result<Vec<SealFor>, Failure> {
        let of = |all: &[AgeIdentity]| {
            let all = all.iter().map(AgeIdentity::recipient);
            all.map(SealFor::Age).collect()
        };
        let failed = |error: Error| about(name, &error);
        Ok(match self {
            Self::Secret(secret) => vec![SealFor::Secret(secret.clone())],
            Self::Asked(asked) => vec![SealFor::Secret(asked.ask().map_err(failed)?)],
            Self::Identities(all) => of(all),
            Self::Encrypted(file) => of(file.identities().map_err(failed)?),
            Self::Ssh(key) => vec![SealFor::Age(AgeRecipient::Ssh(key.recipient().clone()))],
            // They are taken out of the lists only to open.
            Self::Plugin(_) => Vec::new(),
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
fn about(name: &str, error: &Error) -> Failure {
    let failure = Failure::usage(error.to_string())
        .with_status(error.status())
        .about(name);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// A passphrase that is asked for once, when a file needs it.
pub struct Asked {
    question: Question,
    answer: Mutex<Option<Secret>>,
}

impl Asked {
    fn ask(&self) -> Result<Secret, Error> {
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

/// What the library hands back of a failure of ours.
fn library_error(failure: Failure) -> Error {
    let subject = failure.subject().map(|subject| format!("{subject}: "));
    let text = subject.unwrap_or_default() + failure.message();
    Error::Read(io::Error::other(text))
}

/// A file of identities that is sealed with a passphrase, which is asked for when a file needs it.
pub struct EncryptedIdentities {
    file: Zeroizing<Vec<u8>>,
    name: String,
    passphrase: Option<Spec>,
    opened: OnceLock<Vec<AgeIdentity>>,
    /// The passphrase was wrong. Nobody is asked again for the next file.
    failed: OnceLock<()>,
}

impl EncryptedIdentities {
    fn identities(&self) -> Result<&[AgeIdentity], Error> {
        // Where two threads come here at once, one of them waits for the other's prompt.
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        if self.failed.get().is_some() {
            return Err(self.wrong_passphrase());
        }
        let opened = self.open()?;
        Ok(self.opened.get_or_init(|| opened))
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
                    true => {
                        let _ = self.failed.set(());
                        self.wrong_passphrase()
                    }
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
            hint: error.hint().map(str::to_owned),
        }
    }
}

impl UnwrapKey for EncryptedIdentities {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        for identity in self.identities()? {
            if let Some(key) = identity.unwrap_key(stanzas)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
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
    fn with_plugins(mut self) -> Result<Self, Failure> {
        let mut taken = BTreeMap::<_, Vec<_>>::new();
        for found in &mut self.0 {
            if let Key::Identities(all) = &mut found.key {
                for (name, identities) in PluginIdentity::take_from(all) {
                    taken.entry(name).or_default().extend(identities);
                }
            }
        }
        self.0
            .retain(|found| !matches!(&found.key, Key::Identities(all) if all.is_empty()));
        for (name, identities) in taken {
            let plugin = plugins::find(&name)?;
            let key = Key::Plugin(PluginIdentities::new(plugin, identities));
            self.0.push(NamedSecret::of(key, name.program()));
        }
        Ok(self)
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
            Prepared::Typed(question) if !is_only => Ok(NamedSecret::later(Asked {
                question,
                answer: Mutex::new(None),
            })),
            prepared => prepared.complete(),
        });
        Keys(found.collect::<Result<_, _>>()?).with_plugins()
    }
}

/// Someone that a file is sealed for.
#[derive(Clone)]
pub enum SealFor {
    Secret(Secret),
    Age(AgeRecipient),
    Plugin(Arc<PluginRecipients>),
}

impl SealFor {
    pub fn recipient(&self) -> Recipient<'_> {
        match self {
            Self::Secret(secret) => secret.into(),
            Self::Age(recipient) => Recipient::wrapping(recipient),
            Self::Plugin(all) => Recipient::wrapping(&**all),
        }
    }

    pub fn as_secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(secret) => Some(secret),
            Self::Age(_) | Self::Plugin(_) => None,
        }
    }
}

/// One `--to`, checked but not read yet.
pub enum To {
    Recipient(AgeRecipient),
    From(Spec),
}

impl To {
    /// Reads a recipient, or where there are some.
    pub fn parse(word: &OsStr) -> Result<Self, Failure> {
        let text = word.to_str().unwrap_or_default();
        if text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("AGE-"))
        {
            return Err(Failure::usage("--to takes a recipient, not an identity").hint(
                "what is typed on a command line can be read by other users, so make a new identity \
                 with 'fetool keygen --age'",
            ));
        }
        if text.starts_with("age1") || text.starts_with("ssh-") {
            let recipient = text.parse().map_err(|error| about("--to", &error))?;
            return Ok(Self::Recipient(recipient));
        }
        let spec = Spec::parse("--to", word).map_err(|_| {
            Failure::usage("--to takes a recipient (age1…), or @FILE, env:NAME or fd:N with some")
        })?;
        Ok(Self::From(spec))
    }

    pub fn spec(&self) -> Option<&Spec> {
        match self {
            Self::Recipient(_) => None,
            Self::From(spec) => Some(spec),
        }
    }

    /// Reads the recipients. Of an identity file it takes the public halves.
    pub fn load(
        &self,
        unlock: Option<&Spec>,
        work: &WorkArgs,
    ) -> Result<Vec<AgeRecipient>, Failure> {
        let spec = match self {
            Self::Recipient(recipient) => return Ok(vec![recipient.clone()]),
            Self::From(spec) => spec,
        };
        let (bytes, mode) = spec.read_with_mode()?;
        let name = spec.shown();
        match KeyFile::of(&bytes) {
            kind @ (KeyFile::Identities | KeyFile::Encrypted { .. } | KeyFile::Pem) => {
                if let Some(mode) = mode.filter(|_| !work.quiet) {
                    say(Some(&name), &format!("warning: {}", others_can_read(mode)));
                    say(None, &format!("hint: chmod 600 {name}"));
                }
                let key = Key::of_kind(kind, &bytes, &name, unlock)?;
                let all = key.seal_for(&name)?.into_iter();
                Ok(all
                    .filter_map(|one| match one {
                        SealFor::Age(recipient) => Some(recipient),
                        SealFor::Secret(_) | SealFor::Plugin(_) => None,
                    })
                    .collect())
            }
            _ => {
                let list = RecipientList::parse(&bytes).map_err(|error| about(&name, &error))?;
                if !work.quiet {
                    for line in &list.passed_over {
                        say(Some(&name), &format!("note: {line}"));
                    }
                }
                Ok(list.recipients)
            }
        }
    }
}

/// Drops recipients that are there twice, with a note, and starts nothing yet of the plugins that some
/// need.
pub fn without_duplicates(all: Vec<SealFor>, work: &WorkArgs) -> Result<Vec<SealFor>, Failure> {
    let mut kept: Vec<SealFor> = Vec::new();
    for one in all {
        let is_there = kept.iter().any(|other| match (&one, other) {
            (SealFor::Age(one), SealFor::Age(other)) => one == other,
            _ => false,
        });
        if !is_there {
            kept.push(one);
        } else if let (SealFor::Age(recipient), false) = (&one, work.quiet) {
            let text = recipient.to_string();
            let text = match text.char_indices().nth(24) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            };
            crate::cli::failure::say(
                None,
                &format!("note: {text} is named twice, and gets one stanza"),
            );
        }
    }
    let mut recipients = Vec::new();
    kept.retain(|one| match one {
        SealFor::Age(recipient @ AgeRecipient::Plugin(_)) => {
            recipients.push(recipient.clone());
            false
        }
        _ => true,
    });
    for (name, recipients) in PluginRecipient::take_from(&mut recipients) {
        let plugin = plugins::find(&name)?;
        let recipients = PluginRecipients::new(plugin, recipients);
        kept.push(SealFor::Plugin(Arc::new(recipients)));
    }
    Ok(kept)
}
