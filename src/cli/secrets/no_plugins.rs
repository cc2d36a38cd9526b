//! What stands in for `plugins.rs` in a build without the feature `age-plugin`.

use crate::cli::failure::Failure;
use fetool::format::age::{AgeIdentity, AgeRecipient};
use fetool::{Error, FileKey, Stanza, UnwrapKey, WrapKey};

/// There are none.
pub struct PluginKeys {
    pub program: String,
    pub identities: PluginIdentities,
    pub recipients: Vec<AgeRecipient>,
}

/// There are none.
pub enum PluginIdentities {}

/// There are none.
pub enum PluginRecipients {}

pub fn identity(_: &str) -> Result<AgeIdentity, Failure> {
    Err(Failure::usage("this fetool was built without plugins"))
}

pub fn take_identities<'l>(
    _: impl IntoIterator<Item = &'l mut Vec<AgeIdentity>>,
) -> Result<Vec<PluginKeys>, Failure> {
    Ok(Vec::new())
}

pub fn take_recipients(_: &mut Vec<AgeRecipient>) -> Result<Vec<PluginRecipients>, Failure> {
    Ok(Vec::new())
}

impl PluginIdentities {
    pub fn prepare(&self, _: &[Vec<Stanza>]) -> Result<(), Error> {
        match *self {}
    }
}

impl UnwrapKey for PluginIdentities {
    fn unwrap_key(&self, _: &[Stanza]) -> Result<Option<FileKey>, Error> {
        match *self {}
    }
}

impl PluginRecipients {
    pub fn prepare(&self, _: &[FileKey]) -> Result<(), Error> {
        match *self {}
    }

    pub fn stock(&self, _: usize) -> Result<Vec<FileKey>, Error> {
        match *self {}
    }
}

impl WrapKey for PluginRecipients {
    fn wrap_key(
        &self,
        _: &FileKey,
        _: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Vec<Stanza>, Error> {
        match *self {}
    }
}
