//! Plugins: programs named `age-plugin-NAME` that wrap and unwrap file keys.
//!
//! fetool starts a plugin for a recipient or an identity that names it, never because of what a file contains. The
//! protocol is in C2SP's `age-plugin.md`: messages have the form of stanzas; first all of fetool's, then the plugin's,
//! each of which is answered. One process serves all recipients or identities of its name, and all files known when it
//! starts: so the user types one PIN for all of them.
//!
//! A plugin gets the file keys for its recipients and identities, and no other secret: no descriptor but its standard
//! ones, and no environment variable that a secret came from. The length and number of its messages is bounded.
//!
//! ```no_run
//! use fetool::format::age::plugin::{
//!     NoInteraction, Plugin, PluginIdentities, PluginIdentity, PluginInteraction, PluginName, PluginRecipient,
//!     PluginRecipients,
//! };
//! use fetool::format::age::{Age, AgeRecipient};
//! use fetool::{Identity, Open, Recipient, Seal};
//! use std::sync::Arc;
//!
//! let name: PluginName = "yubikey".parse()?;
//! let silent: Arc<dyn PluginInteraction> = Arc::new(NoInteraction);
//! let plugin = || Plugin::find(&name, silent.clone());
//!
//! let mut recipients: Vec<AgeRecipient> = vec!["age1yubikey1…".parse()?];
//! let taken: Vec<PluginRecipient> = PluginRecipient::take_from(&mut recipients).remove(&name).unwrap();
//! let recipients = PluginRecipients::new(plugin()?, taken);
//! let mut sealed = Vec::new();
//! Seal::new(Recipient::wrapping(&recipients)).format(&Age).run(&[1; 1000][..], &mut sealed)?;
//!
//! let identity: PluginIdentity = PluginIdentity::of_name(&name);
//! let identities = PluginIdentities::new(plugin()?, vec![identity]);
//! Open::new(Identity::unwrapping(&identities)).run(&sealed[..], std::io::sink())?;
//! # Ok::<(), fetool::Error>(())
//! ```

mod connection;
mod identities;
mod messages;
mod name;
mod recipients;

pub use identities::PluginIdentities;
pub use name::{PluginIdentity, PluginName, PluginRecipient};
pub use recipients::PluginRecipients;

use crate::{Error, FILE_KEY_LEN, Hint};
use std::ffi::OsString;
use std::os::fd::RawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fmt};
use zeroize::Zeroizing;

/// How long a plugin may be silent during its turn. It may wait for the user to type a PIN or touch a key.
const PATIENCE: Duration = Duration::from_secs(600);

/// A file key that is kept until its file is read or written. It is not in locked memory: a page for each would be too
/// much. Moving it leaves no copy behind.
type KeptKey = Arc<Zeroizing<[u8; FILE_KEY_LEN]>>;

/// Answers what a plugin asks its user. All texts are the plugin's, and can contain anything.
pub trait PluginInteraction: Send + Sync {
    /// Shows a message, such as "touch the key". Returns whether that was possible.
    fn message(&self, plugin: &PluginName, text: &str) -> bool;

    /// Asks for one of two choices, or shows the only one. Returns whether the user chose the first, or `None` if
    /// nobody can be asked.
    fn confirm(&self, plugin: &PluginName, text: &str, yes: &str, no: Option<&str>)
    -> Option<bool>;

    /// Asks for a line of text, without echo if it is `secret`. Returns `None` if nobody can be asked.
    fn request(&self, plugin: &PluginName, prompt: &str, secret: bool)
    -> Option<Zeroizing<String>>;

    /// Says that the plugin has been silent for some seconds.
    fn waiting(&self, plugin: &PluginName) {
        let _ = plugin;
    }

    /// Returns whether to stop waiting for the plugin. Called a few times a second.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// An interaction without a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInteraction;

impl PluginInteraction for NoInteraction {
    fn message(&self, _: &PluginName, _: &str) -> bool {
        false
    }

    fn confirm(&self, _: &PluginName, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn request(&self, _: &PluginName, _: &str, _: bool) -> Option<Zeroizing<String>> {
        None
    }
}

/// An installed plugin.
#[derive(Clone)]
pub struct Plugin {
    name: PluginName,
    program: PathBuf,
    interaction: Arc<dyn PluginInteraction>,
    without_variables: Vec<OsString>,
    without_descriptors: Vec<RawFd>,
    patience: Duration,
}

impl Plugin {
    /// Finds a plugin in the directories of PATH. Relative ones, such as the current directory, are skipped.
    ///
    /// # Errors
    /// [`Error::Plugin`] if it is not installed.
    pub fn find(name: &PluginName, interaction: Arc<dyn PluginInteraction>) -> Result<Self, Error> {
        Self::find_in(&env::var_os("PATH").unwrap_or_default(), name, interaction)
    }

    /// Finds a plugin like [`find`](Self::find), in the directories of `path` instead of PATH.
    ///
    /// # Errors
    /// Those of [`find`](Self::find).
    pub fn find_in(
        path: &std::ffi::OsStr,
        name: &PluginName,
        interaction: Arc<dyn PluginInteraction>,
    ) -> Result<Self, Error> {
        let file = name.program();
        let program = env::split_paths(path)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(&file))
            .find(|path| is_executable(path))
            .ok_or_else(|| Error::Plugin {
                what: format!("{file} is not in PATH"),
                hint: Some(Hint::from(format!(
                    "install the plugin, which is a program of its own, or add its directory to PATH: \
                     fetool runs {file} for this key"
                ))),
            })?;
        Ok(Self {
            name: name.clone(),
            program,
            interaction,
            without_variables: Vec::new(),
            without_descriptors: Vec::new(),
            patience: PATIENCE,
        })
    }

    /// Hides environment variables from the plugin: those that secrets came from.
    #[must_use]
    pub fn without_variables(mut self, names: impl IntoIterator<Item = OsString>) -> Self {
        self.without_variables.extend(names);
        self
    }

    /// Hides open descriptors from the plugin, by their numbers: it gets `/dev/null` for them. This matters only for
    /// those that this process inherited: what a Rust program opens itself is closed in other programs.
    #[must_use]
    pub fn without_descriptors(mut self, numbers: impl IntoIterator<Item = RawFd>) -> Self {
        self.without_descriptors.extend(numbers);
        self
    }

    /// Sets how long the plugin may be silent during its turn.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the plugin's name.
    pub fn name(&self) -> &PluginName {
        &self.name
    }

    /// Returns an error without the name of the program, which [`failed`](Self::failed) adds.
    fn reason(&self, error: &Error) -> String {
        let text = error.to_string();
        let name = format!("{}: ", self.name.program());
        text.strip_prefix(&name).unwrap_or(&text).to_owned()
    }

    fn failed(&self, what: impl fmt::Display) -> Error {
        Error::Plugin {
            what: format!("{}: {what}", self.name.program()),
            hint: None,
        }
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name)
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
