//! Replaces `plugins.rs` in a build without the feature `age-plugin`.

use crate::cli::failure::Failure;
use fetool::format::age::{AgeIdentity, AgeRecipient, Feature};
use fetool::{Error, FileKey, Stanza, UnwrapKey, WrapKey};
use std::collections::BTreeMap;

/// There are none.
pub type PluginName = String;

/// There are none.
#[derive(Clone, Copy)]
pub enum PluginIdentity {}

/// They open nothing.
pub struct PluginIdentities;

/// There are none.
pub enum PluginRecipients {}

pub fn identity(_: &str) -> Result<AgeIdentity, Failure> {
    Err(Failure::of_library(&Feature::Plugin.missing()))
}

pub fn program(name: &PluginName) -> String {
    name.clone()
}

pub fn together(_: &PluginName, _: Vec<PluginIdentity>) -> Result<PluginIdentities, Error> {
    Ok(PluginIdentities)
}

pub fn take_identities(_: &mut Vec<AgeIdentity>) -> BTreeMap<PluginName, Vec<PluginIdentity>> {
    BTreeMap::new()
}

pub fn recipient(identity: &PluginIdentity) -> AgeRecipient {
    match *identity {}
}

pub fn take_recipients(_: &mut Vec<AgeRecipient>) -> Result<Vec<PluginRecipients>, Failure> {
    Ok(Vec::new())
}

impl PluginIdentities {
    pub fn prepare(&self, _: &[Vec<Stanza>]) -> Result<(), Error> {
        Ok(())
    }
}

impl UnwrapKey for PluginIdentities {
    fn unwrap_key(&self, _: &[Stanza]) -> Result<Option<FileKey>, Error> {
        Ok(None)
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
