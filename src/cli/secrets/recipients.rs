//! The recipients of files.

use super::keys::{Key, about};
use super::plugins::{self, PluginRecipients};
use super::{NamedSecret, Spec, others_can_read};
use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, say};
use fetool::format::age::recipients::RecipientList;
use fetool::format::age::{AgeRecipient, KeyFile};
use fetool::{Recipient, Secret};
use std::ffi::OsStr;
use std::sync::Arc;

/// A recipient of a file.
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

    pub fn as_plugin(&self) -> Option<&PluginRecipients> {
        match self {
            Self::Plugin(all) => Some(all),
            Self::Secret(_) | Self::Age(_) => None,
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
    /// Parses a recipient, or a source of recipients.
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
        if ["age1", "ssh-", "github:"]
            .iter()
            .any(|start| text.starts_with(start))
        {
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

    /// Reads what is not typed. From an identity file, it takes the public halves.
    pub fn prepare(&self, unlock: Option<&Spec>, work: &WorkArgs) -> Result<PreparedTo, Failure> {
        let spec = match self {
            Self::Recipient(recipient) => {
                return Ok(PreparedTo::Recipients(vec![recipient.clone()]));
            }
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
                Ok(PreparedTo::Identities(Box::new(NamedSecret::of(key, name))))
            }
            _ => {
                let list = RecipientList::parse(&bytes).map_err(|error| about(&name, &error))?;
                if !work.quiet {
                    for line in &list.passed_over {
                        say(Some(&name), &format!("note: {line}"));
                    }
                }
                Ok(PreparedTo::Recipients(list.recipients))
            }
        }
    }
}

/// What one `--to` names, after reading everything that can be.
pub enum PreparedTo {
    Recipients(Vec<AgeRecipient>),
    Identities(Box<NamedSecret>),
}

impl PreparedTo {
    /// Returns the recipients, for some of which the user may have to type a passphrase.
    pub fn recipients(&self) -> Result<Vec<SealFor>, Failure> {
        match self {
            Self::Recipients(all) => Ok(all.iter().cloned().map(SealFor::Age).collect()),
            Self::Identities(found) => found.key.seal_for(&found.name.shown),
        }
    }
}

/// Removes duplicate recipients, with a note. Starts none of the plugins that some need.
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
                // An identity of a plugin, which is not shown.
                _ if text.contains(", ") => format!("{text},"),
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            };
            say(
                None,
                &format!("note: {text} is named twice, and gets one stanza"),
            );
        }
    }
    let mut recipients = Vec::new();
    let mut all = Vec::new();
    for one in kept {
        match one {
            SealFor::Age(recipient) => recipients.push(recipient),
            one => all.push(one),
        }
    }
    let plugins = plugins::take_recipients(&mut recipients)?;
    all.splice(0..0, recipients.into_iter().map(SealFor::Age));
    all.extend(plugins.into_iter().map(Arc::new).map(SealFor::Plugin));
    Ok(all)
}
