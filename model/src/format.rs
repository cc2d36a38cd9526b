/// Which chunk is meant; nothing of it matters here.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChunkId;
