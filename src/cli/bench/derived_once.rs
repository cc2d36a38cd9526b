//! A format that derives its keys once, so that what is measured afterwards is the streams and not the
//! key derivation, which is measured by itself. Dexios would take a second for every turn.
//!
//! Sealing over and over under one header repeats nonces. It is done with the same plaintext each
//! time, and nothing of it is kept.

use fetool::format::{
    ChunkId, Claim, Description, Format, Frames, Header, Limits, OpenChunk, OpenLayer, OpenedLayer,
    Proof, SealChunk, SealLayer, SealRequest, Sealer, Unlocked,
};
use fetool::{Error, Secret};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A format with the header and the keys of one file.
pub struct DerivedOnce {
    format: &'static dyn Format,
    sealer: OnceLock<SharedSealer>,
    unlocked: Arc<OnceLock<SharedUnlocked>>,
}

struct SharedSealer {
    header: Vec<u8>,
    codec: SealWork,
    layout: fetool::format::Layout,
    layers: Vec<(Vec<u8>, fetool::format::Layout, SealWork)>,
}

struct SharedUnlocked {
    codec: OpenWork,
    layers: Vec<Arc<Layer>>,
    reading: String,
}

impl DerivedOnce {
    pub fn new(format: &'static dyn Format) -> Self {
        Self {
            format,
            sealer: OnceLock::new(),
            unlocked: Arc::default(),
        }
    }
}

impl Format for DerivedOnce {
    fn name(&self) -> &'static str {
        self.format.name()
    }

    fn title(&self) -> &'static str {
        self.format.title()
    }

    fn suffix(&self) -> &'static str {
        self.format.suffix()
    }

    fn claims(&self, head: &[u8]) -> Claim {
        self.format.claims(head)
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        Ok(Box::new(HeaderOnce {
            header: self.format.header(head)?,
            format: self.format,
            unlocked: self.unlocked.clone(),
        }))
    }

    /// What the first request made, whatever is requested.
    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        if let Some(shared) = self.sealer.get() {
            return Ok(shared.sealer());
        }
        let sealer = self.format.sealer(request)?;
        let shared = self.sealer.get_or_init(|| SharedSealer::new(sealer));
        Ok(shared.sealer())
    }
}

impl SharedSealer {
    fn new(sealer: Sealer) -> Self {
        let layers = sealer.layers.into_iter();
        Self {
            header: sealer.header,
            layout: sealer.layout,
            codec: SealWork(sealer.codec.into()),
            layers: layers
                .map(|layer| (layer.head, layer.layout, SealWork(layer.codec.into())))
                .collect(),
        }
    }

    fn sealer(&self) -> Sealer {
        let layers = self.layers.iter();
        Sealer {
            header: self.header.clone(),
            layout: self.layout,
            codec: Box::new(self.codec.clone()),
            layers: layers
                .map(|(head, layout, codec)| SealLayer {
                    head: head.clone(),
                    layout: *layout,
                    codec: Box::new(codec.clone()),
                })
                .collect(),
        }
    }
}

#[derive(Clone)]
struct SealWork(Arc<dyn SealChunk>);

impl SealChunk for SealWork {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        self.0.seal(id, frame)
    }

    fn seal_from(
        &self,
        id: ChunkId,
        plaintext: &[u8],
        prefix: usize,
        frame: &mut [u8],
    ) -> Result<(), Error> {
        self.0.seal_from(id, plaintext, prefix, frame)
    }
}

#[derive(Clone)]
struct OpenWork(Arc<dyn OpenChunk>);

impl OpenChunk for OpenWork {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        self.0.open(id, frame)
    }

    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        self.0.open_from(id, frame, room)
    }
}

struct HeaderOnce {
    header: Box<dyn Header>,
    format: &'static dyn Format,
    unlocked: Arc<OnceLock<SharedUnlocked>>,
}

impl Header for HeaderOnce {
    fn size(&self) -> usize {
        self.header.size()
    }

    fn frames(&self, limits: &Limits) -> Box<dyn Frames> {
        self.header.frames(limits)
    }

    fn tries_first_frame(&self) -> bool {
        self.header.tries_first_frame()
    }

    fn unlock(&self, secret: &Secret, first: Option<&[u8]>) -> Result<Unlocked, Error> {
        if let Some(shared) = self.unlocked.get() {
            return Ok(shared.unlocked());
        }
        let unlocked = self.header.unlock(secret, first)?;
        let layer = |layer| {
            Arc::new(Layer {
                layer,
                format: self.format,
                codec: OnceLock::new(),
            })
        };
        let shared = SharedUnlocked {
            codec: OpenWork(unlocked.codec.into()),
            layers: unlocked.layers.into_iter().map(layer).collect(),
            reading: unlocked.reading,
        };
        Ok(self.unlocked.get_or_init(|| shared).unlocked())
    }

    fn plaintext_len(&self, len: u64) -> Result<u64, Error> {
        self.header.plaintext_len(len)
    }

    fn describe(&self) -> Description {
        self.header.describe()
    }
}

impl SharedUnlocked {
    fn unlocked(&self) -> Unlocked {
        let layers = self.layers.iter();
        Unlocked {
            codec: Box::new(self.codec.clone()),
            layers: layers
                .map(|layer| -> Box<dyn OpenLayer> { Box::new(LayerOnce(layer.clone())) })
                .collect(),
            reading: self.reading.clone(),
            warnings: Vec::new(),
            proof: Proof::default(),
        }
    }
}

struct Layer {
    layer: Box<dyn OpenLayer>,
    format: &'static dyn Format,
    codec: OnceLock<OpenWork>,
}

struct LayerOnce(Arc<Layer>);

impl OpenLayer for LayerOnce {
    fn size(&self) -> usize {
        self.0.layer.size()
    }

    fn unlock(&self, head: &[u8], limits: &Limits) -> Result<OpenedLayer, Error> {
        let layer = &self.0;
        if let Some(codec) = layer.codec.get() {
            // Every layer is laid out as the outermost one is.
            let frames = layer.format.header(head)?.frames(limits);
            return Ok((frames, Box::new(codec.clone())));
        }
        let (frames, codec) = layer.layer.unlock(head, limits)?;
        let codec = layer.codec.get_or_init(|| OpenWork(codec.into()));
        Ok((frames, Box::new(codec.clone())))
    }
}
