//! identity-v1: a plugin unwraps file keys.

use super::connection::{Connection, Next, index, line, wipe};
use super::{KeptKey, Plugin, PluginIdentity};
use crate::{Error, FILE_KEY_LEN, FileKey, Stanza, UnwrapKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// All identities of one plugin.
///
/// Each file starts a process of the plugin, unless its stanzas were [prepared](Self::prepare): then one process serves
/// them all. Results are remembered, so a file that is read twice is unwrapped once. Errors in advance are remembered
/// too, so that the user is not asked again for each file.
pub struct PluginIdentities {
    plugin: Plugin,
    identities: Vec<PluginIdentity>,
    found: Mutex<HashMap<[u8; 32], Outcome>>,
    /// Two processes at once would ask for two PINs.
    turn: Mutex<()>,
}

/// The result for one file.
#[derive(Clone)]
enum Outcome {
    /// Its key, if it is for one of the identities.
    Found(Option<KeptKey>),
    /// The plugin reported an error.
    Failed(Arc<str>),
}

impl PluginIdentities {
    /// Groups identities, all of which must belong to this plugin.
    pub fn new(plugin: Plugin, identities: Vec<PluginIdentity>) -> Self {
        debug_assert!(identities.iter().all(|one| one.name() == plugin.name()));
        Self {
            plugin,
            identities,
            found: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// Unwraps the file keys of many files in advance, with one process. Each file is given by its stanzas.
    ///
    /// # Errors
    /// [`Error::Plugin`], unless it concerns only one file. Using a file that was not unwrapped reports the error
    /// again.
    pub fn prepare(&self, files: &[Vec<Stanza>]) -> Result<(), Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let files: Vec<&[Stanza]> = {
            let found = self.found();
            let unknown = |stanzas: &&Vec<Stanza>| !found.contains_key(&hash(stanzas));
            files.iter().filter(unknown).map(|file| &file[..]).collect()
        };
        if files.is_empty() {
            return Ok(());
        }
        let unwrapped = self.unwrap_all(&files);
        let mut found = self.found();
        match &unwrapped {
            Ok(outcomes) => found.extend(
                files
                    .iter()
                    .map(|file| hash(file))
                    .zip(outcomes.iter().cloned()),
            ),
            Err(error) => {
                let failed = Outcome::Failed(self.plugin.reason(error).into());
                found.extend(files.iter().map(|file| (hash(file), failed.clone())));
            }
        }
        unwrapped.map(drop)
    }

    fn found(&self) -> MutexGuard<'_, HashMap<[u8; 32], Outcome>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unwraps what it can with one process, and returns the results.
    fn unwrap_all(&self, files: &[&[Stanza]]) -> Result<Vec<Outcome>, Error> {
        let stanzas: usize = files.iter().map(|stanzas| stanzas.len()).sum();
        let things = stanzas.saturating_mul(self.identities.len().max(1));
        let mut connection = Connection::start(&self.plugin, "identity-v1", things)?;
        for identity in &self.identities {
            connection.send("add-identity", &[identity.text()], b"");
        }
        for (file, stanzas) in files.iter().enumerate() {
            let file = file.to_string();
            for stanza in *stanzas {
                let mut args = vec![file.as_str(), &stanza.kind];
                args.extend(stanza.args.iter().map(String::as_str));
                connection.send("recipient-stanza", &args, &stanza.body);
            }
        }
        connection.send("done", &[], b"");

        let mut outcomes: Vec<_> = files.iter().map(|_| Outcome::Found(None)).collect();
        let mut failure = None;
        loop {
            let message = match connection.next(&["file-key", "error"])? {
                Next::Done => break,
                Next::Answered => continue,
                Next::Message(message) => message,
            };
            let of_file = |arg: Option<&String>| arg.and_then(|arg| index(arg, files.len()));
            match (message.kind.as_str(), &message.args[..]) {
                ("file-key", args) => {
                    let file = of_file(args.first()).filter(|_| args.len() == 1);
                    let body = Zeroizing::new(message.body);
                    let file = file.ok_or_else(|| {
                        connection.broke("a file key is for a file that is not there")
                    })?;
                    let key = <[u8; FILE_KEY_LEN]>::try_from(&body[..]);
                    let key = key.map(|key| Arc::new(Zeroizing::new(key))).map_err(|_| {
                        let len = body.len();
                        connection.broke(&format!(
                            "a file key has {len} bytes instead of {FILE_KEY_LEN}"
                        ))
                    })?;
                    match &mut outcomes[file] {
                        Outcome::Found(Some(_)) => {
                            return Err(connection.broke("it sends two file keys for one file"));
                        }
                        outcome => *outcome = Outcome::Found(Some(key)),
                    }
                }
                (_, [kind, file, ..]) if kind == "stanza" => {
                    let file = of_file(Some(file)).ok_or_else(|| {
                        connection.broke("an error is about a file that is not there")
                    })?;
                    if let outcome @ Outcome::Found(None) = &mut outcomes[file] {
                        *outcome = Outcome::Failed(line(&message.body).into());
                    }
                    wipe(message);
                }
                _ => {
                    failure.get_or_insert_with(|| line(&message.body));
                    wipe(message);
                }
            }
            connection.ok(&[], b"");
        }
        connection.finish();
        // An error does not matter for files that open.
        if let Some(failure) = failure.map(Arc::<str>::from) {
            for outcome in &mut outcomes {
                if let Outcome::Found(None) = outcome {
                    *outcome = Outcome::Failed(failure.clone());
                }
            }
        }
        let mut found = self.found();
        for (stanzas, outcome) in files.iter().zip(&outcomes) {
            if let Outcome::Found(_) = outcome {
                found.insert(hash(stanzas), outcome.clone());
            }
        }
        Ok(outcomes)
    }
}

/// Returns a hash that identifies a file.
fn hash(stanzas: &[Stanza]) -> [u8; 32] {
    let mut text = Vec::new();
    stanzas.iter().for_each(|stanza| stanza.encode(&mut text));
    *blake3::hash(&text).as_bytes()
}

impl UnwrapKey for PluginIdentities {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.found().get(&hash(stanzas)).cloned();
        let outcome = match known {
            Some(outcome) => outcome,
            None => self.unwrap_all(&[stanzas])?.remove(0),
        };
        match outcome {
            Outcome::Found(key) => Ok(key.map(|key| FileKey::from_bytes(&key))),
            Outcome::Failed(what) => Err(self.plugin.failed(what)),
        }
    }

    /// One process answers for all of them.
    fn matching(&self, stanzas: &[Stanza]) -> Result<Vec<usize>, Error> {
        let each: Vec<_> = stanzas.iter().map(|stanza| vec![stanza.clone()]).collect();
        self.prepare(&each)?;
        let mut matching = Vec::new();
        for (index, stanza) in each.iter().enumerate() {
            if self.unwrap_key(stanza)?.is_some() {
                matching.push(index);
            }
        }
        Ok(matching)
    }
}
