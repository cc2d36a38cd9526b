//! Plugin identities: those that options name, and those in encrypted identity files.

use super::identity_file::EncryptedIdentities;
use super::plugins::{self, PluginIdentities, PluginIdentity, PluginName};
use fetool::format::age::{AgeIdentity, AgeRecipient};
use fetool::{Error, FileKey, Stanza, UnwrapKey};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// All plugin identities of a run. One process serves all of a plugin, whatever their sources.
#[derive(Default)]
pub struct PluginPool {
    /// Those known from the start.
    named: BTreeMap<PluginName, Vec<PluginIdentity>>,
    /// Files that may contain more, once they are opened.
    encrypted: Vec<Arc<EncryptedIdentities>>,
    /// The plugins used so far, each with its number of identities.
    plugins: Mutex<BTreeMap<PluginName, (usize, Arc<PluginIdentities>)>>,
}

impl PluginPool {
    /// Moves the plugin identities of a list into the pool.
    pub fn take_from(&mut self, list: &mut Vec<AgeIdentity>) {
        for (name, identities) in plugins::take_identities(list) {
            self.named.entry(name).or_default().extend(identities);
        }
    }

    /// Adds those of an encrypted file, which are known once it is opened.
    pub fn add_encrypted(&mut self, file: &Arc<EncryptedIdentities>) {
        self.encrypted.push(Arc::clone(file));
    }

    /// Returns the plugins known from the start.
    pub fn named(&self) -> impl Iterator<Item = &PluginName> {
        self.named.keys()
    }

    /// Returns the recipients of the plugin's identities that are known from the start.
    pub fn recipients(&self, name: &PluginName) -> Vec<AgeRecipient> {
        let identities = self.named.get(name).into_iter().flatten();
        identities.map(plugins::recipient).collect()
    }

    /// Returns whether there are plugin identities, as far as known yet.
    pub fn may_be_needed(&self) -> bool {
        let has_some = |file: &Arc<EncryptedIdentities>| {
            let plugins = file.plugins_if_opened();
            plugins.is_none_or(|plugins| !plugins.is_empty())
        };
        !self.named.is_empty() || self.encrypted.iter().any(has_some)
    }

    /// Returns all identities of a plugin together.
    ///
    /// # Errors
    /// [`Error::Plugin`] if it is not installed.
    pub fn of(&self, name: &PluginName) -> Result<Arc<PluginIdentities>, Error> {
        // Locked before counting, so that a smaller count never comes later.
        let mut plugins = self.plugins.lock().unwrap_or_else(PoisonError::into_inner);
        let named = self.named.get(name).into_iter();
        let encrypted = self.in_encrypted().filter_map(|all| all.get(name));
        let identities: Vec<_> = named.chain(encrypted).flatten().collect();
        // A file opened since then may have brought more.
        if let Some((count, plugin)) = plugins.get(name)
            && *count == identities.len()
        {
            return Ok(Arc::clone(plugin));
        }
        let count = identities.len();
        let identities = identities.into_iter().cloned().collect();
        let plugin = Arc::new(plugins::together(name, identities)?);
        plugins.insert(name.clone(), (count, Arc::clone(&plugin)));
        Ok(plugin)
    }

    /// Makes the plugins unwrap the file keys of many files. Errors appear when the files are opened.
    pub fn prepare(&self, files: &[Vec<Stanza>]) {
        if files.is_empty() {
            return;
        }
        let in_encrypted = self.in_encrypted().flat_map(BTreeMap::keys);
        let names: BTreeSet<_> = self.named().chain(in_encrypted).collect();
        for name in names {
            if let Ok(plugin) = self.of(name) {
                let _ = plugin.prepare(files);
            }
        }
    }

    /// Returns the identities in the files that were opened.
    fn in_encrypted(&self) -> impl Iterator<Item = &BTreeMap<PluginName, Vec<PluginIdentity>>> {
        let files = self.encrypted.iter();
        files.filter_map(|file| file.plugins_if_opened())
    }

    /// Returns the plugins that only encrypted files have identities of.
    fn only_encrypted(&self) -> BTreeSet<&PluginName> {
        let names = self.in_encrypted().flat_map(BTreeMap::keys);
        names
            .filter(|name| !self.named.contains_key(*name))
            .collect()
    }
}

/// All identities of one plugin, at least one of which an option names.
pub struct PluginKey {
    name: PluginName,
    pool: Arc<PluginPool>,
}

impl PluginKey {
    /// # Errors
    /// [`Error::Plugin`] if the plugin is not installed.
    pub fn new(name: &PluginName, pool: &Arc<PluginPool>) -> Result<Self, Error> {
        pool.of(name)?;
        Ok(Self {
            name: name.clone(),
            pool: Arc::clone(pool),
        })
    }

    pub fn recipients(&self) -> Vec<AgeRecipient> {
        self.pool.recipients(&self.name)
    }
}

impl UnwrapKey for PluginKey {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        self.pool.of(&self.name)?.unwrap_key(stanzas)
    }

    fn matching(&self, stanzas: &[Stanza]) -> Result<Vec<usize>, Error> {
        self.pool.of(&self.name)?.matching(stanzas)
    }
}

/// An encrypted identity file among other keys.
pub struct EncryptedKey {
    pub file: Arc<EncryptedIdentities>,
    /// Only in the last one, when all identity files are open: it tries the plugins that no option names.
    pub pool: Option<Arc<PluginPool>>,
}

impl EncryptedKey {
    pub fn new(file: EncryptedIdentities) -> Self {
        Self {
            file: Arc::new(file),
            pool: None,
        }
    }

    fn plugins(&self) -> Result<Vec<Arc<PluginIdentities>>, Error> {
        let Some(pool) = &self.pool else {
            return Ok(Vec::new());
        };
        let names = pool.only_encrypted().into_iter();
        names.map(|name| pool.of(name)).collect()
    }
}

impl UnwrapKey for EncryptedKey {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        let own = self.file.unwrap_key(stanzas);
        if let Ok(Some(key)) = own {
            return Ok(Some(key));
        }
        // They may come from another opened file.
        for plugin in self.plugins()? {
            if let Some(key) = plugin.unwrap_key(stanzas)? {
                return Ok(Some(key));
            }
        }
        own
    }

    fn matching(&self, stanzas: &[Stanza]) -> Result<Vec<usize>, Error> {
        let own = self.file.matching(stanzas);
        let mut all = BTreeSet::new();
        for plugin in self.plugins()? {
            all.extend(plugin.matching(stanzas)?);
        }
        if all.is_empty() || own.is_ok() {
            all.extend(own?);
        }
        Ok(all.into_iter().collect())
    }
}
