//! age plugins: finding them, one for all keys that name it, and their questions to the user.

use crate::cli::failure::{Failure, say};
use crate::io::terminal_safe::quoted;
use crate::io::{cleanup, process, prompt};
use fetool::Error;
use fetool::format::age::plugin::{Plugin, PluginInteraction, PluginRecipient};
use fetool::format::age::{AgeIdentity, AgeRecipient};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

pub use fetool::format::age::plugin::{
    PluginIdentities, PluginIdentity, PluginName, PluginRecipients,
};

/// Returns the identity without data of a plugin. `name` is the program's, without `age-plugin-`.
pub fn identity(name: &str) -> Result<AgeIdentity, Failure> {
    let name: PluginName = name.parse().map_err(|error| Failure::of_library(&error))?;
    Ok(AgeIdentity::Plugin(PluginIdentity::of_name(&name)))
}

/// Returns the name of a plugin's program.
pub fn program(name: &PluginName) -> String {
    name.program()
}

/// Groups identities of one plugin.
///
/// # Errors
/// [`Error::Plugin`] if it is not installed.
pub fn together(
    name: &PluginName,
    identities: Vec<PluginIdentity>,
) -> Result<PluginIdentities, Error> {
    Ok(PluginIdentities::new(find(name)?, identities))
}

/// Removes the plugin identities from a list, and returns them.
pub fn take_identities(list: &mut Vec<AgeIdentity>) -> BTreeMap<PluginName, Vec<PluginIdentity>> {
    PluginIdentity::take_from(list)
}

/// Returns the recipient of an identity.
pub fn recipient(identity: &PluginIdentity) -> AgeRecipient {
    AgeRecipient::Plugin(identity.recipient())
}

/// Removes the plugin recipients from a list, and returns them.
pub fn take_recipients(list: &mut Vec<AgeRecipient>) -> Result<Vec<PluginRecipients>, Failure> {
    let taken = PluginRecipient::take_from(list).into_iter();
    taken
        .map(|(name, recipients)| {
            let plugin = find(&name).map_err(|error| Failure::of_library(&error))?;
            Ok(PluginRecipients::new(plugin, recipients))
        })
        .collect()
}

/// Finds a plugin.
fn find(name: &PluginName) -> Result<Plugin, Error> {
    let found = Plugin::find(name, Arc::new(OnTerminal))?;
    // This variable gives a descriptor to the plugin on purpose.
    let named = std::env::var("AGE_PASSPHRASE_FD").ok();
    let named = named.filter(|_| name.program() == "age-plugin-batchpass");
    let inherited = process::inherited().into_iter();
    let hidden = inherited.filter(|number| named.as_ref() != Some(&number.to_string()));
    Ok(found
        .without_variables(super::spec::secret_variables().clone())
        .without_descriptors(hidden))
}

/// Shows and asks everything on the terminal.
struct OnTerminal;

impl PluginInteraction for OnTerminal {
    fn message(&self, plugin: &PluginName, text: &str) -> bool {
        say(Some(&plugin.program()), &quoted(text.as_bytes()));
        true
    }

    fn confirm(
        &self,
        plugin: &PluginName,
        text: &str,
        yes: &str,
        no: Option<&str>,
    ) -> Option<bool> {
        let program = plugin.program();
        let (text, yes) = (quoted(text.as_bytes()), quoted(yes.as_bytes()));
        let Some(no) = no else {
            let prompt = format!("{program}: {text} (press Enter: {yes}) ");
            return prompt::line(&prompt)?.ok().map(|_| true);
        };
        let no = quoted(no.as_bytes());
        let prompt = format!("{program}: {text} (y for {yes}, n for {no}): ");
        loop {
            match prompt::line(&prompt)?.ok()?.trim() {
                "y" | "Y" => return Some(true),
                "n" | "N" => return Some(false),
                _ => {}
            }
        }
    }

    fn request(&self, plugin: &PluginName, text: &str, secret: bool) -> Option<Zeroizing<String>> {
        let prompt = format!("{}: {} ", plugin.program(), quoted(text.as_bytes()));
        if !secret {
            return prompt::line(&prompt)?.ok();
        }
        let typed = prompt::passphrase(&prompt)?.ok()?;
        let text = std::str::from_utf8(&typed).ok()?;
        Some(Zeroizing::new(text.to_owned()))
    }

    fn waiting(&self, plugin: &PluginName) {
        say(
            Some(&plugin.program()),
            "waiting; the plugin may want a key to be touched",
        );
    }

    fn is_stopped(&self) -> bool {
        cleanup::is_terminated()
    }
}
