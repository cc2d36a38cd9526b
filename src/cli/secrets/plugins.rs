//! What plugins of age ask of the user.

use super::super::failure::{Failure, say};
use crate::io::prompt;
use crate::io::terminal_safe::quoted;
use fetool::format::age::plugin::{Plugin, PluginInteraction, PluginName};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Looks a plugin up.
pub fn find(name: &PluginName) -> Result<Plugin, Failure> {
    let found = Plugin::find(name, Arc::new(OnTerminal));
    let found = found.map(|plugin| plugin.without_variables(super::of_secrets().clone()));
    found.map_err(|error| Failure::of_library(&error))
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
