//! What a caller can do about an error.

use std::borrow::Cow;

/// What a caller can do about an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Hint {
    /// Allow more memory ([`RunOptions::memory`](crate::RunOptions::memory)).
    #[error("allow more memory")]
    MoreMemory,
    /// Choose smaller chunks, or allow more memory.
    #[error("choose smaller chunks, or allow more memory")]
    SmallerChunks,
    /// Choose larger chunks.
    #[error("choose larger chunks")]
    LargerChunks,
    /// Choose another format: the property it has, and the name of the format.
    #[error("{}", formats(.0))]
    Formats(&'static [(&'static str, &'static str)]),
    /// Make a key of 32 random bytes.
    #[error("make a key of 32 random bytes")]
    MakeKey,
    /// Make a salt.
    #[error("make a salt of random bytes")]
    MakeSalt,
    /// Give the salt of the passphrase, or a key.
    #[error("give the salt kept beside the file, or a key")]
    GiveSalt,
    /// Choose a key derivation only for a passphrase with a salt.
    #[error("a key derivation needs a passphrase and a salt")]
    KdfNeedsSalt,
    /// Open the file with an identity.
    #[error("give an identity")]
    GiveIdentity,
    /// Open the file with a passphrase.
    #[error("give a passphrase")]
    GivePassphrase,
    /// Change the last secret, or add one before it is removed.
    #[error("change its secret, or add another one first")]
    ChangeLast,
    /// Only replace the secret, or seal the file in a version with room for several.
    #[error("replace its secret, or open the file and seal it as version 5")]
    ReplaceOnly,
    /// Remove a secret before another is added.
    #[error("remove one first")]
    RemoveFirst,
    /// Open the whole file, and take the range from its plaintext: ranges are not possible.
    #[error("open the whole file, and take the range from its plaintext")]
    OpenWhole,
    /// Read the file as a stream: positions in the text cannot be computed.
    #[error("read the file as a stream")]
    Stream,
    /// Seal one layer of GoCrypt, which the old version can also read.
    #[error("the old GoCrypt reads the format gocrypt with one layer as well")]
    OneLayer,
    /// Build fetool with a cargo feature.
    #[error("build it with the feature {0}")]
    Feature(&'static str),
    /// Download somebody's keys from GitHub, and give the file.
    #[error("download https://github.com/USER.keys and give that file")]
    DownloadKeys,
    /// Convert a copy of an old SSH key with ssh-keygen.
    #[error("convert a copy of it with ssh-keygen")]
    ConvertSshKey,
    /// Anything else, which is the same for every caller.
    #[error("{0}")]
    Other(Cow<'static, str>),
}

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Self::Other(text.into())
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self::Other(text.into())
    }
}

fn formats(formats: &[(&str, &str)]) -> String {
    let formats = formats
        .iter()
        .map(|(what, name)| format!("for {what} choose the format {name}"));
    formats.collect::<Vec<_>>().join(", ")
}
