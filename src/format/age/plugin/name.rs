//! Names of plugins, and the recipients and identities that contain them.

use super::super::bech32;
use super::super::{AgeIdentity, AgeRecipient, identities, recipients};
use crate::Error;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use zeroize::Zeroizing;

/// The beginning of a recipient, before the name.
const RECIPIENT_PREFIX: &str = "age1";
/// The beginning of an identity, before the name and a hyphen.
const IDENTITY_PREFIX: &str = "AGE-PLUGIN-";

/// The name of a plugin, in lower case. It is never a path to another directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName(String);

impl PluginName {
    fn new(name: &str) -> Option<Self> {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
        let valid = !name.is_empty() && name.len() <= 100 && name.bytes().all(valid);
        valid.then(|| Self(name.to_ascii_lowercase()))
    }

    /// Returns the name of the program.
    pub fn program(&self) -> String {
        format!("age-plugin-{}", self.0)
    }
}

impl FromStr for PluginName {
    type Err = Error;

    /// # Errors
    /// [`Error::Usage`]
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text).ok_or_else(|| Error::usage(INVALID_NAME))
    }
}

const INVALID_NAME: &str =
    "invalid plugin name: only letters, digits and the characters + - . _ are allowed";

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A recipient for whom a plugin wraps file keys.
#[derive(Clone, PartialEq, Eq)]
pub struct PluginRecipient {
    name: PluginName,
    text: Zeroizing<String>,
    /// Whether the text is an identity, whose public half only the plugin knows.
    is_identity: bool,
}

impl PluginRecipient {
    /// Returns the name of the plugin.
    pub fn name(&self) -> &PluginName {
        &self.name
    }

    /// Returns whether it is given as an identity, which is never shown.
    pub fn is_identity(&self) -> bool {
        self.is_identity
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Removes those that need plugins from `recipients`, and returns them by the names of the plugins.
    pub fn take_from(recipients: &mut Vec<AgeRecipient>) -> BTreeMap<PluginName, Vec<Self>> {
        let mut taken = BTreeMap::<_, Vec<_>>::new();
        recipients.retain(|recipient| match recipient {
            AgeRecipient::Plugin(one) => {
                taken.entry(one.name.clone()).or_default().push(one.clone());
                false
            }
            _ => true,
        });
        taken
    }
}

impl FromStr for PluginRecipient {
    type Err = Error;

    /// # Errors
    /// [`Error::Usage`], which never contains any of the text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (prefix, _) = text
            .rsplit_once('1')
            .ok_or_else(|| recipients::invalid("it does not begin with age1"))?;
        let name = prefix.strip_prefix(RECIPIENT_PREFIX);
        let name = name.filter(|name| !name.bytes().any(|byte| byte.is_ascii_uppercase()));
        let name = name
            .and_then(PluginName::new)
            .ok_or_else(|| recipients::invalid("it has no valid name of a plugin"))?;
        bech32::decode(prefix, text).map_err(recipients::invalid)?;
        Ok(Self {
            name,
            text: Zeroizing::new(text.to_owned()),
            is_identity: false,
        })
    }
}

impl fmt::Display for PluginRecipient {
    /// Writes the recipient. An identity is not written: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_identity {
            true => write!(f, "an identity of {}, not shown", self.name.program()),
            false => f.write_str(&self.text),
        }
    }
}

impl fmt::Debug for PluginRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PluginRecipient({self})")
    }
}

impl Hash for PluginRecipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// An identity with which a plugin unwraps file keys. It can be a secret, or only say where one is.
#[derive(Clone, PartialEq, Eq)]
pub struct PluginIdentity {
    name: PluginName,
    text: Zeroizing<String>,
}

impl PluginIdentity {
    /// Creates the identity without any data: the plugin knows what it opens.
    pub fn of_name(name: &PluginName) -> Self {
        let prefix = format!("{IDENTITY_PREFIX}{}-", name.0.to_ascii_uppercase());
        Self {
            name: name.clone(),
            text: bech32::encode(&prefix, b""),
        }
    }

    /// Returns the name of the plugin.
    pub fn name(&self) -> &PluginName {
        &self.name
    }

    /// Returns the identity as text, `AGE-PLUGIN-NAME-1…`.
    pub fn encode(&self) -> Zeroizing<String> {
        self.text.clone()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the recipient that seals to it, through the plugin.
    pub fn recipient(&self) -> PluginRecipient {
        PluginRecipient {
            name: self.name.clone(),
            text: self.text.clone(),
            is_identity: true,
        }
    }

    /// Removes those that need plugins from `identities`, and returns them by the names of the plugins.
    pub fn take_from(identities: &mut Vec<AgeIdentity>) -> BTreeMap<PluginName, Vec<Self>> {
        let mut taken = BTreeMap::<_, Vec<_>>::new();
        identities.retain(|identity| match identity {
            AgeIdentity::Plugin(one) => {
                taken.entry(one.name.clone()).or_default().push(one.clone());
                false
            }
            _ => true,
        });
        taken
    }
}

impl FromStr for PluginIdentity {
    type Err = Error;

    /// # Errors
    /// [`Error::Secret`], which never contains any of the text.
    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid_name = || identities::invalid("it has no valid name of a plugin");
        let (prefix, _) = text.rsplit_once('1').ok_or_else(invalid_name)?;
        let name = prefix
            .strip_prefix(IDENTITY_PREFIX)
            .and_then(|rest| rest.strip_suffix('-'))
            .filter(|name| !name.bytes().any(|byte| byte.is_ascii_lowercase()))
            .and_then(PluginName::new)
            .ok_or_else(invalid_name)?;
        bech32::decode(prefix, text).map_err(identities::invalid)?;
        Ok(Self {
            name,
            text: Zeroizing::new(text.to_owned()),
        })
    }
}

impl fmt::Debug for PluginIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PluginIdentity(of {}, not shown)", self.name.program())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(prefix: &str) -> String {
        bech32::encode(prefix, b"some data").to_string()
    }

    #[test]
    fn names_never_lead_elsewhere() {
        for name in ["yubikey", "FIDO2-hmac", "a", "x+y_z.1", "..", "1"] {
            let parsed: PluginName = name.parse().unwrap();
            assert_eq!(
                parsed.program(),
                format!("age-plugin-{}", name.to_lowercase())
            );
        }
        let long = "x".repeat(101);
        for name in [
            "", "/", "a/b", "../x", "a b", "a\0", "é", "a\n", "a\\b", "a:b", &long,
        ] {
            let error = name.parse::<PluginName>().unwrap_err();
            assert_eq!(error.to_string(), INVALID_NAME, "{name:?}");
        }
        for name in ["", "a/b", "../x", "a b", "A", "x\\y"] {
            let text = encode(&format!("age1{name}"));
            let error = text.parse::<PluginRecipient>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "invalid age recipient: it has no valid name of a plugin",
                "{text}"
            );
        }
        for name in ["", "A/B", "../X", "a", "A B"] {
            let text = encode(&format!("AGE-PLUGIN-{name}-"));
            let error = text.parse::<PluginIdentity>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "invalid age identity: it has no valid name of a plugin",
                "{text}"
            );
        }
    }

    #[test]
    fn texts_are_checked_and_come_back() {
        let text = encode("age1yubi1key");
        let recipient: AgeRecipient = text.parse().unwrap();
        let AgeRecipient::Plugin(plugin) = &recipient else {
            panic!("{recipient:?}")
        };
        assert_eq!(plugin.name().program(), "age-plugin-yubi1key");
        assert_eq!(recipient.to_string(), text);
        let error = format!("{text}q").parse::<AgeRecipient>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid age recipient: wrong checksum: there is a typo in it"
        );

        let text = encode("AGE-PLUGIN-FIDO2-HMAC-");
        let identity: AgeIdentity = text.parse().unwrap();
        let AgeIdentity::Plugin(plugin) = &identity else {
            panic!("{identity:?}")
        };
        assert_eq!(plugin.name().program(), "age-plugin-fido2-hmac");
        assert_eq!(*identity.encode(), text);
        for shown in [
            format!("{identity:?}"),
            format!("{:?} {}", identity.recipient(), identity.recipient()),
        ] {
            assert!(!shown.contains(&text), "{shown}");
        }
        let error = format!("{text}Q").parse::<AgeIdentity>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid age identity: wrong checksum: there is a typo in it"
        );

        let plain = PluginIdentity::of_name(&"yubikey".parse().unwrap());
        assert_eq!(*plain.encode(), "AGE-PLUGIN-YUBIKEY-18S3VSX");
        assert_eq!(plain.encode().parse::<PluginIdentity>().unwrap(), plain);
    }

    #[test]
    fn plugins_are_taken_by_name() {
        let native = "age15pdkj2g0svf67r5xtn858jyjee68gcwlm9q87gwgptnk752y9pzsq5v3zl";
        let [a, b] = ["age1a", "age1b"].map(encode);
        let mut all: Vec<AgeRecipient> = [&a, native, &b, &a]
            .map(|text| text.parse().unwrap())
            .to_vec();
        let taken = PluginRecipient::take_from(&mut all);
        assert_eq!(all, [native.parse().unwrap()]);
        let counts: Vec<_> = taken
            .iter()
            .map(|(name, of)| (name.program(), of.len()))
            .collect();
        assert_eq!(
            counts,
            [
                ("age-plugin-a".to_owned(), 2),
                ("age-plugin-b".to_owned(), 1)
            ]
        );
    }
}
