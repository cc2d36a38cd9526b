//! recipient-v1: a plugin wraps file keys.

use super::connection::{Connection, Next, index, line, wipe};
use super::{KeptKey, Plugin, PluginRecipient};
use crate::format::HEADER_MAX;
use crate::{Error, FileKey, Stanza, WrapKey};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// All recipients for whom one plugin wraps file keys.
///
/// Each file starts a process of the plugin, unless it was [prepared](Self::prepare): then one process serves them all.
pub struct PluginRecipients {
    plugin: Plugin,
    recipients: Vec<PluginRecipient>,
    /// The results in advance, by the hash of the file key.
    prepared: Mutex<HashMap<[u8; 32], Wrapped>>,
    /// Keys that were prepared for later files.
    stock: Mutex<Vec<KeptKey>>,
    /// Why nothing was prepared. Remembered, so that the user is not asked again for each file.
    failed: Mutex<Option<String>>,
    /// Two processes at once would ask for two PINs.
    turn: Mutex<()>,
}

/// A file key as a plugin wrapped it: the stanzas, and the labels of its recipients.
type Wrapped = (Vec<Stanza>, BTreeSet<String>);

impl PluginRecipients {
    /// Groups recipients, all of which must belong to this plugin.
    pub fn new(plugin: Plugin, recipients: Vec<PluginRecipient>) -> Self {
        debug_assert!(recipients.iter().all(|one| one.name() == plugin.name()));
        Self {
            plugin,
            recipients,
            prepared: Mutex::default(),
            stock: Mutex::default(),
            failed: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// Wraps file keys in advance with one process. [`WrapKey::wrap_labelled`] uses each once.
    ///
    /// # Errors
    /// [`Error::Plugin`]
    pub fn prepare(&self, keys: &[FileKey]) -> Result<(), Error> {
        let wrapped = self.wrap_all(keys).inspect_err(|error| {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| self.plugin.reason(error));
        })?;
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        prepared.extend(keys.iter().map(hash).zip(wrapped));
        Ok(())
    }

    /// Wraps new keys with one process, so that there are enough for this many files: for [`WrapKey::prepared_key`].
    /// Returns the new keys, which other plugins can [`prepare`](Self::prepare) too.
    ///
    /// # Errors
    /// [`Error::Plugin`], which every file reports again; [`Error::Random`].
    pub fn stock(&self, files: usize) -> Result<Vec<FileKey>, Error> {
        let stock = || self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = files.saturating_sub(stock().len());
        let keys = (0..missing).map(|_| FileKey::generate(&crate::random));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if !keys.is_empty() {
            self.prepare(&keys)?;
        }
        let kept = |key: &FileKey| Arc::new(Zeroizing::new(*key.as_bytes()));
        stock().extend(keys.iter().map(kept));
        Ok(keys)
    }

    /// Wraps file keys with one process.
    ///
    /// # Errors
    /// [`Error::Plugin`]
    fn wrap_all(&self, keys: &[FileKey]) -> Result<Vec<Wrapped>, Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let things = self.recipients.len().saturating_mul(keys.len());
        let mut connection = Connection::start(&self.plugin, "recipient-v1", things)?;
        for recipient in &self.recipients {
            let command = match recipient.is_identity() {
                true => "add-identity",
                false => "add-recipient",
            };
            connection.send(command, &[recipient.text()], b"");
        }
        for key in keys {
            connection.send("wrap-file-key", &[], key.as_bytes());
        }
        connection.send("extension-labels", &[], b"");
        connection.send("done", &[], b"");

        let mut files = vec![(Vec::new(), 0); keys.len()];
        let mut labels = None;
        let mut failure = None;
        loop {
            let message = match connection.next(&["recipient-stanza", "labels", "error"])? {
                Next::Done => break,
                Next::Answered => continue,
                Next::Message(message) => message,
            };
            match message.kind.as_str() {
                "recipient-stanza" => add_stanza(&connection, &mut files, message)?,
                "labels" => {
                    if labels.is_some() {
                        return Err(connection.broke("it sends labels twice"));
                    }
                    labels = Some(message.args.into_iter().collect());
                }
                _ => {
                    failure.get_or_insert_with(|| line(&message.body));
                    wipe(message);
                }
            }
            connection.ok(&[], b"");
        }
        if let Some(failure) = failure {
            let error = connection.told(&failure);
            connection.finish();
            return Err(error);
        }
        if files.iter().any(|(stanzas, _)| stanzas.is_empty()) {
            return Err(connection.broke("it wrapped no file key"));
        }
        connection.finish();
        let labels: BTreeSet<String> = labels.unwrap_or_default();
        let with_labels = |(stanzas, _)| (stanzas, labels.clone());
        Ok(files.into_iter().map(with_labels).collect())
    }
}

/// Adds a stanza to its file. Each file has its stanzas, and the number of bytes in them.
fn add_stanza(
    connection: &Connection<'_>,
    files: &mut [(Vec<Stanza>, usize)],
    message: Stanza,
) -> Result<(), Error> {
    let mut args = message.args.into_iter();
    let file = args.next().and_then(|arg| index(&arg, files.len()));
    let file = file.ok_or_else(|| connection.broke("a stanza is for a file that is not there"))?;
    let kind = args
        .next()
        .ok_or_else(|| connection.broke("a stanza has no type"))?;
    let stanza = Stanza {
        kind,
        args: args.collect(),
        body: message.body,
    };
    let (stanzas, len) = &mut files[file];
    let mut text = Vec::new();
    stanza.encode(&mut text);
    *len += text.len();
    if *len > HEADER_MAX {
        return Err(connection.broke("its stanzas are too long for a header"));
    }
    stanzas.push(stanza);
    Ok(())
}

/// The table has hashes, since file keys are secret.
fn hash(key: &FileKey) -> [u8; 32] {
    *blake3::hash(key.as_bytes()).as_bytes()
}

impl WrapKey for PluginRecipients {
    fn wrap_key(
        &self,
        key: &FileKey,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Vec<Stanza>, Error> {
        self.wrap_labelled(key, random).map(|(stanzas, _)| stanzas)
    }

    fn prepared_key(&self) -> Option<FileKey> {
        let mut stock = self.stock.lock().unwrap_or_else(PoisonError::into_inner);
        stock.pop().map(|key| FileKey::from_bytes(&key))
    }

    /// The plugin reports the labels when it wraps.
    fn wrap_labelled(
        &self,
        key: &FileKey,
        _random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Wrapped, Error> {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wrapped) = prepared.remove(&hash(key)) {
            return Ok(wrapped);
        }
        drop(prepared);
        if let Some(why) = &*self.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(self.plugin.failed(why));
        }
        let mut wrapped = self.wrap_all(std::slice::from_ref(key))?;
        Ok(wrapped.remove(0))
    }
}
