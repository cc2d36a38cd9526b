//! What a format provides to seal files: the header, the layout, and the AEAD work on one chunk.

use super::{ChunkId, Format, Layout};
use crate::aead::Algorithm;
use crate::kdf::Kdf;
use crate::{Error, FileKey, Hint, Recipient, Secret, Setting};

/// The properties of a new file.
pub struct SealRequest<'a> {
    /// Who can open it: at least one, and several only if the format has key slots.
    pub recipients: &'a [Recipient<'a>],
    /// The plaintext's length in bytes, if known in advance.
    pub size: Option<u64>,
    /// Plaintext bytes in a chunk; `None` for the format's default.
    pub chunk_size: Option<u64>,
    /// The number of layers, for formats with layers; `None` for the default.
    pub layers: Option<u8>,
    /// The AEAD; `None` for the format's default.
    pub algorithm: Option<Algorithm>,
    /// The key derivation, for formats that store its parameters; `None` for the default.
    pub kdf: Option<Kdf>,
    /// The work factor of scrypt, for formats that derive keys with it; `None` for the default.
    pub work_factor: Option<u8>,
    /// The source of salts, nonces and master keys.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<(), Error>,
}

/// The errors of formats that offer no choice.
impl<'a> SealRequest<'a> {
    /// Returns the secret, if it is the only recipient.
    pub(crate) fn only_secret(&self, format: &dyn Format) -> Result<&'a Secret, Error> {
        match self.recipients {
            [recipient] => recipient.secret(),
            _ => Err(Error::usage_hint(
                format!("{} has no key slots, and so takes one key", format.title()),
                Hint::Formats(&[("several secrets", "dexios")]),
            )),
        }
    }

    pub(crate) fn refuse_algorithms_but(
        &self,
        format: &dyn Format,
        only: Algorithm,
    ) -> Result<(), Error> {
        match self.algorithm {
            Some(other) if other != only => Err(Error::usage(format!(
                "{} has no AEAD but {only}",
                format.title()
            ))),
            _ => Ok(()),
        }
    }

    pub(crate) fn refuse_kdf(&self, format: &dyn Format) -> Result<(), Error> {
        match self.kdf {
            Some(_) => Err(Error::Fixed {
                what: format!("{} has one key derivation", format.title()),
                setting: Setting::Kdf,
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn refuse_layers(&self, format: &dyn Format) -> Result<(), Error> {
        match self.layers {
            Some(_) => Err(Error::usage_hint(
                format!("{} has no layers", format.title()),
                Hint::Formats(&[("layers", "gocrypt")]),
            )),
            None => Ok(()),
        }
    }
}

/// How to write one new file.
pub struct Sealer {
    /// The header's bytes.
    pub header: Vec<u8>,
    /// How to divide the plaintext into chunks, and the room that each needs.
    pub layout: Layout,
    /// The AEAD work.
    pub codec: Box<dyn SealChunk>,
    /// The layers around this one, from the inside out, for formats that nest streams. `header` is that of the
    /// outermost one.
    pub layers: Vec<SealLayer>,
    /// The key of the file, for formats that wrap one for recipients. It opens the file without an identity.
    pub file_key: Option<FileKey>,
}

/// A layer that seals the whole stream of the layer inside it.
pub struct SealLayer {
    /// The header at the start of that stream.
    pub head: Vec<u8>,
    /// How the stream is divided into chunks.
    pub layout: Layout,
    /// The AEAD work.
    pub codec: Box<dyn SealChunk>,
}

/// Seals single chunks, from any thread.
pub trait SealChunk: Send + Sync {
    /// Seals a chunk in place. `frame` is the room for prefix ‖ plaintext ‖ suffix, with the plaintext in place; all of
    /// it is written.
    ///
    /// # Errors
    /// Only if a nonce would repeat.
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error>;

    /// Seals a chunk whose plaintext is in another buffer, for layers. `prefix` is the layout's.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    fn seal_from(
        &self,
        id: ChunkId,
        plaintext: &[u8],
        prefix: usize,
        frame: &mut [u8],
    ) -> Result<(), Error> {
        frame[prefix..][..plaintext.len()].copy_from_slice(plaintext);
        self.seal(id, frame)
    }
}
