//! The format: a header for recipients or a passphrase, and the chunks behind it.

use super::keys::NONCE_LEN;
use super::{AgeHeader, AgeIdentity, AgeRecipient, Random, ScryptLimits, armor, header, scrypt};
use crate::aead::{Aead, Algorithm, TAG_LEN, Tag};
use crate::format::{
    ChunkId, Claim, Description, End, Format, Frames, Geometry, HEADER_MAX, Header, KeyPolicy,
    Layout, Limits, NewFiles, OpenChunk, Payload, Proof, RekeyRequest, Rekeyed, SealChunk,
    SealRequest, Sealer, Uniform, Untried,
};
use crate::kdf::{Derivation, Key};
use crate::{
    Error, FileKey, Hint, Identity, Recipient, Secret, Setting, Stanza, UnwrapKey, WrapKey,
};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Plaintext bytes of every chunk but the last.
pub const CHUNK_LEN: usize = 64 << 10;

const LAYOUT: Layout = Layout {
    chunk: CHUNK_LEN,
    prefix: 0,
    suffix: TAG_LEN,
    end: End::Full,
    // The counter has 88 bits.
    max_chunks: u64::MAX,
};

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

/// What wraps a file's key for new recipients.
pub(super) struct NewStanzas {
    pub stanzas: Vec<Stanza>,
    /// The labels that all of them have, if there is one that is known by no secret.
    pub labels: Option<BTreeSet<String>>,
}

/// Wraps a file's key for everybody who can open it.
pub(super) fn wrap_for(
    recipients: &[Recipient<'_>],
    work_factor: Option<u8>,
    file_key: &FileKey,
    random: &Random<'_>,
) -> Result<NewStanzas, Error> {
    let mut stanzas = Vec::new();
    let mut labels: Option<BTreeSet<String>> = None;
    for recipient in recipients {
        let Some(key) = recipient.as_wrap_key() else {
            let secret = passphrase(recipients, recipient)?;
            let work_factor = work_factor.unwrap_or(scrypt::WORK_FACTOR);
            stanzas.push(scrypt::wrap(secret, work_factor, file_key, random)?);
            continue;
        };
        let (wrapped, own) = key.wrap_labelled(file_key, random)?;
        if labels.get_or_insert_with(|| own.clone()) != &own {
            return Err(mixed());
        }
        stanzas.extend(wrapped);
    }
    Ok(NewStanzas { stanzas, labels })
}

/// What keeps recipients out of one file.
pub(super) fn mixed() -> Error {
    Error::usage_hint(
        "a post-quantum recipient cannot share a file with recipients that are not post-quantum: \
         whoever breaks one of those could open the file",
        "seal once for each kind, or ask for recipients of one kind",
    )
}

/// A passphrase, which must be alone.
fn passphrase<'a>(
    recipients: &[Recipient<'a>],
    recipient: &Recipient<'a>,
) -> Result<&'a Secret, Error> {
    let secret = recipient.secret()?;
    if !secret.is_passphrase() {
        return Err(Error::usage_hint(
            "age has no raw keys: its files are for recipients, or for a passphrase",
            Hint::Formats(&[("a raw key", "gfe"), ("keys and passphrases", "dexios")]),
        ));
    }
    if recipients.len() > 1 {
        return Err(Error::usage_hint(
            "an age file for a passphrase has no other recipients",
            Hint::Formats(&[("several secrets", "dexios")]),
        ));
    }
    Ok(secret)
}

impl WrapKey for AgeRecipient {
    fn wrap_key(
        &self,
        key: &FileKey,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Vec<Stanza>, Error> {
        Ok(vec![self.wrap(key, random)?])
    }

    fn labels(&self) -> BTreeSet<String> {
        let labels = AgeRecipient::labels(self).iter();
        labels.map(|label| (*label).to_owned()).collect()
    }
}

impl UnwrapKey for AgeIdentity {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        for stanza in stanzas {
            if let Some(key) = self.unwrap(stanza)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

/// The key of a file that was just sealed opens it, for whoever reads it back.
impl UnwrapKey for FileKey {
    fn unwrap_key(&self, _stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        Ok(Some(self.clone()))
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
    /// As [`AgeHeader::decode`].
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

    /// Returns the file key, and the number of the stanza that the identity opens if one alone can tell.
    ///
    /// # Errors
    /// As [`Header::unlock`].
    pub(super) fn file_key(&self, identity: &Identity<'_>) -> Result<FileKey, Error> {
        let file_key = self.unwrap(identity)?;
        self.header.verify(&file_key.mac_key())?;
        Ok(file_key)
    }

    /// Returns the file key, whether or not the rest of the header is what it was made with.
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

    /// Identities know no offsets: finds the stanza that one of them refuses.
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

/// The AEAD work on chunks. A chunk's nonce is its number in 11 bytes and whether it is the last.
struct Chunks(Aead);

impl Chunks {
    fn new(payload_key: &Key) -> Self {
        Self(Aead::new(Algorithm::ChaCha20Poly1305, payload_key))
    }

    fn nonce(index: u64, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = last.into();
        nonce
    }

    fn opened(&self, nonce: [u8; 12], frame: &[u8], room: &mut [u8]) -> Option<Range<usize>> {
        let (body, tag) = frame.split_last_chunk::<TAG_LEN>()?;
        let room = room.get_mut(..body.len())?;
        let opened = self.0.open_to(&nonce, b"", body, tag, room);
        opened.is_ok().then_some(0..body.len())
    }
}

impl SealChunk for Chunks {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        // The payload key is of this file alone, so no nonce repeats under it.
        let (plaintext, room) = frame
            .split_last_chunk_mut::<TAG_LEN>()
            .expect("the layout leaves room for the tag");
        *room = self
            .0
            .seal(&Self::nonce(id.index, id.last), b"", plaintext)
            .expect("the nonce has 12 bytes, and a chunk is no long message");
        Ok(())
    }
}

impl OpenChunk for Chunks {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let end = frame.len() - TAG_LEN; // the walk lets nothing shorter pass
        let (body, tag) = frame.split_at_mut(end);
        let tag: &Tag = (&*tag).try_into().expect("16 bytes were split off");
        self.0
            .open(&Self::nonce(id.index, id.last), b"", body, tag)
            .map_err(|_| id.not_authentic())?;
        Ok(0..end)
    }

    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        self.opened(Self::nonce(id.index, id.last), frame, room)
            .ok_or_else(|| id.not_authentic())
    }

    /// Which chunk is the last is known here by where the file ends. A full chunk that authenticates
    /// as the other kind shows that the file was cut, or that something was put behind its end.
    fn looks_again(&self) -> bool {
        true
    }

    fn open_as_other(
        &self,
        id: ChunkId,
        frame: &[u8],
        room: &mut [u8],
    ) -> Option<(Range<usize>, Error)> {
        if frame.len() < LAYOUT.frame() {
            return None;
        }
        let plaintext = self.opened(Self::nonce(id.index, !id.last), frame, room)?;
        let end = id.offset + frame.len() as u64;
        let fault = match id.last {
            true => Error::truncated(end, "the file ends without its last chunk"),
            false => Error::malformed(end, "data behind the last chunk"),
        };
        Some((plaintext, fault))
    }
}
