//! The layout of GoCrypt 1.0: one layer, and no layer number. It is only read.

use super::GoCrypt;
use super::codec::{NONCE_LEN, plaintext_of};
use super::header::{
    SALT_LEN, codec, description, fields, geometry, nonce_and_salt, proof, try_first,
};
use crate::aead::Algorithm;
use crate::format::{
    Claim, Description, Evidence, Format, Frames, Geometry, Header, Limits, Payload, SealRequest,
    Sealer, shorter_than,
};
use crate::{Error, Hint, Identity};

const HEADER_LEN: usize = NONCE_LEN + SALT_LEN;

/// The format.
pub struct GoCryptV1;

impl Format for GoCryptV1 {
    fn name(&self) -> &'static str {
        "gocrypt-v1"
    }

    fn title(&self) -> &'static str {
        "GoCrypt 1.0"
    }

    fn suffix(&self) -> &'static str {
        ".enc"
    }

    fn derives_keys(&self) -> bool {
        true
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[]
    }

    fn successor(&self) -> Option<&'static dyn Format> {
        Some(&GoCrypt)
    }

    fn probe(&self, _head: &[u8]) -> Claim {
        Claim::No
    }

    fn evidence(&self, head: &[u8], len: Option<u64>) -> Result<Evidence, String> {
        if head.len() < HEADER_LEN {
            return Err(shorter_than(HEADER_LEN));
        }
        V1::decode(head).map_err(|error| error.to_string())?;
        let mut evidence = Evidence::default();
        let Some(len) = len else {
            return Ok(evidence);
        };
        let plaintext = plaintext_of(len.saturating_sub(HEADER_LEN as u64), "it")
            .map_err(|_| format!("no plaintext makes {len} bytes"))?;
        evidence.supporting.push(format!(
            "the length fits {plaintext} bytes of plaintext, as nearly every length fits some"
        ));
        Ok(evidence)
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(V1::decode(head)?))
    }

    fn sealer(&self, _request: SealRequest<'_>) -> Result<Sealer, Error> {
        Err(Error::usage_hint(
            "the old format of GoCrypt 1.0 is only read",
            Hint::OneLayer,
        ))
    }
}

struct V1 {
    nonce: [u8; NONCE_LEN],
    salt: [u8; SALT_LEN],
}

impl V1 {
    fn decode(head: &[u8]) -> Result<Self, Error> {
        let (nonce, salt) = nonce_and_salt(head).ok_or_else(|| {
            Error::truncated(
                head.len() as u64,
                format!("the input ends inside the header of {HEADER_LEN} bytes"),
            )
        })?;
        Ok(Self { nonce, salt })
    }
}

impl Header for V1 {
    fn size(&self) -> usize {
        HEADER_LEN
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        geometry("the input").frames()
    }

    fn geometry(&self, _limits: &Limits) -> Geometry {
        Geometry::Uniform(geometry("the input"))
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        let secret = identity.secret()?;
        let codec = codec(secret, &self.nonce, &self.salt)?;
        let codec = try_first(codec, HEADER_LEN, first)?;
        let (proof, warnings) = proof(1, first);
        Ok(Payload {
            codec,
            key_proven: first.is_some(),
            layers: Vec::new(),
            reading: "the layout of GoCrypt 1.0".to_owned(),
            warnings,
            proof,
        })
    }

    fn describe(&self) -> Description {
        Description {
            version: Some(1),
            stanzas: Vec::new(),
            post_quantum: None,
            fields: fields(None, &self.nonce, &self.salt),
            ..description(1)
        }
    }
}
