//! GFE files with an additive nonce, of which the caller accepts any chunk that authenticates.

use super::{Gfe, GfeHeader};
use crate::aead::Algorithm;
use crate::format::{
    ChunkMap, Claim, Description, Format, Frames, Header, Limits, Payload, Proof, SealRequest,
    Sealer, Untried,
};
use crate::positioned::{Positioned, ReadAt};
use crate::{Error, Identity};

/// GFE, for files that are trusted to begin with their first chunk.
///
/// A file in which the chunk's number is added to the nonce can lose its first chunks unnoticed (see
/// `docs/formats/gfe.md`). [`Gfe`] reads such a file only if it is authenticated as a whole; this format reads every
/// one. Both have the same name.
pub struct GfeAdditive;

impl Format for GfeAdditive {
    fn name(&self) -> &'static str {
        Gfe.name()
    }

    fn title(&self) -> &'static str {
        Gfe.title()
    }

    fn suffix(&self) -> &'static str {
        Gfe.suffix()
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        Gfe.algorithms()
    }

    fn probe(&self, head: &[u8]) -> Claim {
        Gfe.probe(head)
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(Trusted(GfeHeader::decode(head)?)))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        Gfe.sealer(request)
    }
}

/// Trusts the file that its first chunk is the first.
fn trusted(payload: Payload) -> Payload {
    let proof = match payload.proof {
        Proof::WholeFile { .. } | Proof::AnyStart => Proof::Chunks,
        proof => proof,
    };
    Payload { proof, ..payload }
}

/// A header whose nonce may be additive.
struct Trusted(GfeHeader);

impl Header for Trusted {
    fn size(&self) -> usize {
        self.0.size()
    }

    fn frames(&self, limits: &Limits) -> Box<dyn Frames> {
        self.0.frames(limits)
    }

    fn chunk_map(&self, limits: &Limits, lead: &[u8]) -> Result<ChunkMap, Error> {
        self.0.chunk_map(limits, lead)
    }

    fn unlock(&self, identity: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        Ok(trusted(self.0.unlock(identity, first)?))
    }

    fn chunk_maps(
        &self,
        limits: &Limits,
        body: Positioned<'_, dyn ReadAt + '_>,
    ) -> Result<Vec<ChunkMap>, Error> {
        self.0.chunk_maps(limits, body)
    }

    fn unlock_untried(&self, identity: &Identity<'_>) -> Result<Vec<Untried>, Error> {
        let untried = self.0.unlock_untried(identity)?.into_iter();
        Ok(untried
            .map(|untried| Untried {
                payload: trusted(untried.payload),
                ..untried
            })
            .collect())
    }

    fn describe(&self) -> Description {
        self.0.describe()
    }
}
