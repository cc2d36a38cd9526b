//! Parts that a build can leave out.

use crate::{Error, Hint};

/// A cargo feature of fetool. Without it, fetool recognises some keys but cannot use them.
///
/// ```
/// use fetool::format::age::Feature;
///
/// let error = Feature::Ssh.missing();
/// assert_eq!(error.status(), fetool::status::USAGE);
/// assert_eq!(error.hint().unwrap().to_string(), "build it with the feature age-ssh");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `age-plugin`
    Plugin,
    /// `age-ssh`
    Ssh,
    /// `age-tag`
    Tag,
}

impl Feature {
    fn name(self) -> &'static str {
        match self {
            Self::Plugin => "age-plugin",
            Self::Ssh => "age-ssh",
            Self::Tag => "age-tag",
        }
    }

    /// Returns the error that says this build lacks the feature.
    pub fn missing(self) -> Error {
        Error::Usage {
            what: self.what(),
            hint: Some(Hint::Feature(self.name())),
        }
    }

    /// Like [`missing`](Self::missing), for an identity.
    #[cfg(not(all(unix, feature = "age-plugin")))]
    pub(super) fn missing_for_identity(self) -> Error {
        Error::Secret {
            what: self.what(),
            hint: Some(Hint::Feature(self.name())),
        }
    }

    fn what(self) -> String {
        let keys = match self {
            Self::Plugin => "plugins",
            Self::Ssh => "SSH keys",
            Self::Tag => "recipients with keys in hardware (age1tag1…, age1tagpq1…)",
        };
        let name = self.name();
        format!("this fetool was built without the feature {name}, which {keys} need")
    }
}
