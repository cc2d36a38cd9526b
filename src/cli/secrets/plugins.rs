//! Plugins of age: looking them up, one for all keys that name it, and what they ask of the user.

use crate::cli::failure::{Failure, say};
use crate::io::terminal_safe::quoted;
use crate::io::{process, prompt};
use fetool::format::age::plugin::{
    Plugin, PluginIdentity, PluginInteraction, PluginName, PluginRecipient,
};
use fetool::format::age::{AgeIdentity, AgeRecipient};
use std::collections::BTreeMap;
use std::sync::Arc;
use zeroize::Zeroizing;

use fetool::format::age::plugin::PluginIdentities;
pub use fetool::format::age::plugin::PluginRecipients;

/// The identity without data of a plugin, which is named as its program is, without `age-plugin-`.
pub fn identity(name: &str) -> Result<AgeIdentity, Failure> {
    let name: PluginName = name.parse().map_err(|error| Failure::of_library(&error))?;
    Ok(AgeIdentity::Plugin(PluginIdentity::of_name(&name)))
}

/// All identities of one plugin.
pub struct PluginKeys {
    pub program: String,
    pub identities: PluginIdentities,
    /// Whom files are sealed for that these open.
    pub recipients: Vec<AgeRecipient>,
}

/// Takes the identities of plugins out of lists, so that one process serves all of a plugin.
pub fn take_identities<'l>(
    lists: impl IntoIterator<Item = &'l mut Vec<AgeIdentity>>,
) -> Result<Vec<PluginKeys>, Failure> {
    let mut taken = BTreeMap::<PluginName, Vec<_>>::new();
    for list in lists {
        for (name, identities) in PluginIdentity::take_from(list) {
            taken.entry(name).or_default().extend(identities);
        }
    }
    let taken = taken.into_iter().map(|(name, identities)| {
        let recipients = identities.iter().map(PluginIdentity::recipient);
        Ok(PluginKeys {
            program: name.program(),
            recipients: recipients.map(AgeRecipient::Plugin).collect(),
            identities: PluginIdentities::new(find(&name)?, identities),
        })
    });
    taken.collect()
}

/// Takes the recipients of plugins out of a list.
pub fn take_recipients(list: &mut Vec<AgeRecipient>) -> Result<Vec<PluginRecipients>, Failure> {
    let taken = PluginRecipient::take_from(list).into_iter();
    taken
        .map(|(name, recipients)| Ok(PluginRecipients::new(find(&name)?, recipients)))
        .collect()
}

/// Looks a plugin up.
fn find(name: &PluginName) -> Result<Plugin, Failure> {
    let found =
        Plugin::find(name, Arc::new(OnTerminal)).map_err(|error| Failure::of_library(&error))?;
    // The one that tells its plugin of a descriptor means this plugin.
    let named = std::env::var("AGE_PASSPHRASE_FD").ok();
    let named = named.filter(|_| name.program() == "age-plugin-batchpass");
    let inherited = process::inherited().into_iter();
    let hidden = inherited.filter(|number| named.as_ref() != Some(&number.to_string()));
    Ok(found
        .without_variables(super::spec::secret_variables().clone())
        .without_descriptors(hidden))
}

/// Everything is shown and asked for on the terminal.
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
}
