//! The format: a header for recipients or a passphrase, and the chunks behind it.

use super::chunks::{CHUNK_LEN, Chunks, LAYOUT};
use super::keys::NONCE_LEN;
use super::wrap::wrap_for;
use super::{AgeHeader, ScryptLimits, armor, header, scrypt};
use crate::aead::Algorithm;
use crate::format::{
    Claim, Description, Format, Frames, Geometry, HEADER_MAX, Header, KeyPolicy, Limits, NewFiles,
    Payload, Proof, RekeyRequest, Rekeyed, SealRequest, Sealer, Uniform, Untried,
};
use crate::kdf::Derivation;
use crate::{Error, FileKey, Hint, Identity, Recipient, Setting, UnwrapKey, WrapKey};
use std::sync::Arc;

/// age, version 1.
pub struct Age;

impl Format for Age {
    fn name(&self) -> &'static str {
        "age"
    }

    fn title(&self) -> &'static str {
        "age"
    }

    fn suffix(&self) -> &'static str {
        ".age"
    }

    fn derives_keys(&self) -> bool {
        true
    }

    fn has_recipients(&self) -> bool {
        true
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::ChaCha20Poly1305]
    }

    fn derivations(&self) -> Vec<(Option<&'static str>, Derivation)> {
        vec![(None, scrypt::derivation(scrypt::WORK_FACTOR))]
    }

    fn probe(&self, head: &[u8]) -> Claim {
        let magic = header::MAGIC;
        let common = head.len().min(magic.len());
        match head[..common] == magic[..common] {
            true if common == magic.len() => Claim::Yes,
            true => Claim::TooShort,
            false => Claim::No,
        }
    }

    fn has_armor(&self) -> bool {
        true
    }

    fn armored(&self, head: &[u8]) -> Claim {
        armor::probe(head)
    }

    fn damage(&self, head: &[u8]) -> Option<&'static str> {
        armor::text_damage(head)
    }

    fn weaknesses(&self, _new: &NewFiles) -> Vec<String> {
        Vec::new()
    }

    fn header_max(&self) -> usize {
        HEADER_MAX
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(AgeFileHeader::decode(head)?))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        request.refuse_algorithms_but(self, Algorithm::ChaCha20Poly1305)?;
        if request.kdf.is_some() {
            return Err(Error::Fixed {
                what: "age derives keys with scrypt".to_owned(),
                setting: Setting::Kdf,
            });
        }
        request.refuse_layers(self)?;
        if request
            .chunk_size
            .is_some_and(|size| size != CHUNK_LEN as u64)
        {
            return Err(Error::Fixed {
                what: "age uses fixed 64 KiB chunks".to_owned(),
                setting: Setting::ChunkSize,
            });
        }
        let wrap_keys = request.recipients.iter().filter_map(Recipient::as_wrap_key);
        let file_key = match wrap_keys.filter_map(WrapKey::prepared_key).next() {
            Some(prepared) => prepared,
            None => FileKey::generate(request.random)?,
        };
        let SealRequest {
            recipients,
            work_factor,
            random,
            ..
        } = request;
        let stanzas = wrap_for(recipients, work_factor, &file_key, random)?.stanzas;
        let mut header = AgeHeader::encode(&stanzas, &file_key.mac_key())?;
        if work_factor.is_some() && stanzas.iter().all(|stanza| stanza.kind != scrypt::KIND) {
            return Err(Error::usage(
                "a work factor is for a passphrase, and there is none",
            ));
        }
        let mut nonce = [0; NONCE_LEN];
        random(&mut nonce)?;
        header.extend(nonce);
        Ok(Sealer {
            header,
            layout: LAYOUT,
            codec: Box::new(Chunks::new(&file_key.payload_key(&nonce))),
            layers: Vec::new(),
            file_key: Some(file_key),
        })
    }
}

/// A decoded header with the nonce of the payload.
pub struct AgeFileHeader {
    pub(super) header: AgeHeader,
    pub(super) nonce: [u8; NONCE_LEN],
    scrypt: ScryptLimits,
}

impl AgeFileHeader {
    /// Decodes the first bytes of a file that is not armored.
    ///
    /// # Errors
    /// Those of [`AgeHeader::decode`].
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        let header = AgeHeader::decode(head)?;
        let Some(nonce) = head[header.len()..].first_chunk() else {
            return Err(Error::truncated(
                head.len() as u64,
                "the input ends inside the nonce",
            ));
        };
        Ok(Self {
            nonce: *nonce,
            header,
            scrypt: ScryptLimits::default(),
        })
    }

    /// Returns the file key.
    ///
    /// # Errors
    /// Those of [`Header::unlock`].
    pub(super) fn file_key(&self, identity: &Identity<'_>) -> Result<FileKey, Error> {
        let file_key = self.unwrap(identity)?;
        self.header.verify(&file_key.mac_key())?;
        Ok(file_key)
    }

    /// Returns the file key without checking the MAC of the header.
    fn unwrap(&self, identity: &Identity<'_>) -> Result<FileKey, Error> {
        match identity.as_unwrap_key() {
            Some(key) => key
                .unwrap_key(&self.header.stanzas)
                .map_err(|error| self.locate(key, error))?
                .ok_or(Error::NoMatch { tried: 1 }),
            None => self.by_passphrase(identity),
        }
    }

    fn payload(&self, file_key: &FileKey) -> Payload {
        Payload {
            codec: Arc::new(Chunks::new(&file_key.payload_key(&self.nonce))),
            key_proven: true,
            layers: Vec::new(),
            reading: "version 1".to_owned(),
            warnings: Vec::new(),
            proof: Proof::Chunks,
        }
    }

    /// Identities know no offsets: this finds the stanza that one of them refuses.
    fn locate(&self, key: &dyn UnwrapKey, error: Error) -> Error {
        if !matches!(error, Error::Malformed { .. }) {
            return error;
        }
        let stanzas = self.header.stanzas.iter().zip(&self.header.spans);
        let refused = stanzas.filter(|(stanza, _)| {
            let refused = key.unwrap_key(std::slice::from_ref(stanza));
            matches!(refused, Err(Error::Malformed { .. }))
        });
        match refused.map(|(_, span)| span.start).next() {
            Some(offset) => error.at(offset as u64),
            None => error,
        }
    }

    fn by_passphrase(&self, identity: &Identity<'_>) -> Result<FileKey, Error> {
        if self.header.stanzas[0].kind != scrypt::KIND {
            return Err(Error::Secret {
                what: "this age file is for recipients, and opens with an identity".to_owned(),
                hint: Some(Hint::GiveIdentity),
            });
        }
        let secret = identity.secret()?;
        if !secret.is_passphrase() {
            return Err(Error::Secret {
                what: "this age file is for a passphrase, and opens with no key".to_owned(),
                hint: Some(Hint::GivePassphrase),
            });
        }
        let offset = self.header.spans[0].start as u64;
        scrypt::unwrap(secret, self.scrypt, &self.header.stanzas[0])
            .map_err(|error| error.at(offset))?
            .ok_or(Error::Authentication { chunk: 0, offset })
    }

    fn uniform(&self) -> Uniform {
        Uniform::new(LAYOUT, "the input")
    }
}

impl Header for AgeFileHeader {
    fn size(&self) -> usize {
        self.header.len() + NONCE_LEN
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        self.uniform().frames()
    }

    fn geometry(&self, _limits: &Limits) -> Geometry {
        Geometry::Uniform(self.uniform())
    }

    fn tries_first_frame(&self) -> bool {
        false
    }

    fn unlock(&self, identity: &Identity<'_>, _first: Option<&[u8]>) -> Result<Payload, Error> {
        Ok(self.payload(&self.file_key(identity)?))
    }

    /// A stanza that unwraps a key authenticates it. If another stanza is damaged, the header's MAC does
    /// not match, and the chunks show whether the key is right.
    fn unlock_untried(&self, identity: &Identity<'_>) -> Result<Vec<Untried>, Error> {
        let file_key = self.unwrap(identity)?;
        Ok(vec![Untried {
            payload: self.payload(&file_key),
            fault: self.header.verify(&file_key.mac_key()).err(),
            first_decides: false,
        }])
    }

    fn set_policy(&mut self, policy: KeyPolicy) {
        self.scrypt = ScryptLimits {
            work_factor: policy.max_work_factor,
            memory: policy.memory,
        };
    }

    fn has_slots(&self) -> bool {
        true
    }

    fn opened_by(&self, identity: &Identity<'_>) -> Result<Vec<usize>, Error> {
        match identity.as_unwrap_key() {
            Some(_) => super::rekey::opened(identity, &self.header.stanzas),
            None => Ok(Vec::new()),
        }
    }

    fn rekey(&self, request: RekeyRequest<'_>, _first: Option<&[u8]>) -> Result<Rekeyed, Error> {
        super::rekey::rekey(self, &request)
    }

    fn describe(&self) -> Description {
        super::describe::describe(self)
    }
}
