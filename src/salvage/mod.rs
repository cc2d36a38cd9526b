//! Salvaging a damaged file: everything that still authenticates, at its position.

mod chunks;
mod reading;
mod run;
mod search;
mod source;
mod start;
mod text;

use crate::format::Proof;
use crate::pipeline::CancelToken;
use crate::positioned::ReadAt;
use crate::{Error, Open};
use chunks::Chunks;
use run::{Run, Totals};
use std::io::Write;
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

/// What replaces a chunk that does not authenticate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fill {
    /// Zeros of the same length, so that everything behind them keeps its position. What is missing at the end of the
    /// file is not filled.
    #[default]
    Zeros,
    /// Nothing.
    Nothing,
}

/// How far from its position to look for a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// By this many bytes in both directions,
    bytes: u64,
    /// and by this many whole sectors.
    sectors: u64,
}

impl Window {
    const SECTOR: u64 = 512;

    fn new(bytes: u64) -> Self {
        Self {
            bytes,
            sectors: bytes / 4,
        }
    }
}

/// Reads a damaged file and writes everything that still authenticates.
///
/// A chunk counts only if it authenticates as the chunk with its number, so no byte comes out that was not
/// sealed at that position. Behind a damaged chunk, the next one is expected at its own position. If it is
/// not there, bytes may have been lost or inserted. The search then tries both directions: every number of
/// bytes up to the [window](Self::window), and whole sectors of 512 bytes up to 128 times as many. It finds
/// up to 16 frames that are missing or there twice. In GFE, whose frames begin with their length, it also
/// finds frames by that, up to 64 MiB further on. One search authenticates at most 32 GiB, and all of them
/// 256 GiB; chunks at their own positions are always found.
///
/// ```
/// use fetool::{Damage, Fill, Open, Salvage, Salvaged, Seal, Secret};
///
/// let key = Secret::key([7; 32]);
/// let mut sealed = Vec::new();
/// Seal::new(&key).chunk_size(Some(1000)).run(&[1; 5000][..], &mut sealed)?;
/// sealed[2000] ^= 1;
///
/// let (mut plaintext, mut damage): (_, Vec<Damage>) = (Vec::new(), Vec::new());
/// let salvaged: Salvaged = Salvage::new(Open::new(&key))
///     .fill(Fill::Zeros)
///     .run(sealed, &mut plaintext, |span| damage.push(span))?;
/// assert_eq!((salvaged.chunks, salvaged.plaintext_len, salvaged.lost), (5, 4000, 1000));
/// assert_eq!(damage[0].plaintext, 1000..2000);
/// assert_eq!(plaintext, [vec![1; 1000], vec![0; 1000], vec![1; 3000]].concat());
/// # Ok::<(), fetool::Error>(())
/// ```
pub struct Salvage<'a> {
    open: Open<'a>,
    fill: Fill,
    window: Window,
}

/// A part of a file that does not authenticate, or breaks a rule of the format.
#[derive(Debug)]
pub struct Damage {
    /// Its range in the sealed file, in bytes. It is empty if something is missing there.
    pub file: Range<u64>,
    /// The range of lost plaintext, in bytes of what was sealed. It can be empty.
    pub plaintext: Range<u64>,
    /// The numbers of the lost chunks.
    pub chunks: Range<u64>,
    /// The error.
    pub error: Error,
}

/// The result of salvaging a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// The name of the file's format.
    pub format: &'static str,
    /// The reading of the format that authenticated a chunk, for people.
    pub reading: String,
    /// What the file does not protect, one line each.
    pub warnings: Vec<String>,
    /// The number of chunks that authenticated.
    pub chunks: u64,
    /// Plaintext bytes in them.
    pub plaintext_len: u64,
    /// Plaintext bytes that are known to be lost.
    pub lost: u64,
    /// The number of damaged parts of the file.
    pub damaged: u64,
    /// The exit status of the first damaged part; 0 if there is none.
    pub status: u8,
}

impl<'a> Salvage<'a> {
    /// Creates the default settings: reads the file like `open`, and writes zeros for what is lost.
    pub fn new(open: Open<'a>) -> Self {
        Self {
            open,
            fill: Fill::default(),
            window: Window::new(4096),
        }
    }

    /// Sets what replaces damaged chunks [default: zeros].
    #[must_use]
    pub fn fill(mut self, fill: Fill) -> Self {
        self.fill = fill;
        self
    }

    /// Sets by how many bytes a chunk may have moved [default: 4096]. The time of a search grows with it.
    #[must_use]
    pub fn window(mut self, bytes: u64) -> Self {
        self.window = Window::new(bytes.min(1 << 30));
        self
    }

    /// Writes what authenticates to `output`, and flushes it. Each damaged part is given to `report` in
    /// the order of the file.
    ///
    /// # Errors
    /// Those of [`Open::start`] for a header that cannot be read and for a wrong key;
    /// [`Error::Authentication`], [`Error::Malformed`] or [`Error::Truncated`] if no chunk authenticates;
    /// [`Error::Usage`] with the reason if no chunk can be authenticated without those before it;
    /// [`Error::Read`], [`Error::Write`], [`Error::Stopped`]. Nothing is written before the key was found.
    pub fn run(
        mut self,
        input: impl ReadAt,
        mut output: impl Write,
        mut report: impl FnMut(Damage),
    ) -> Result<Salvaged, Error> {
        let (started, mut source) = reading::find(&mut self.open, &input, self.window)?;
        let size = source.size().map_err(Error::Read)?;
        let faults = source.take_faults();
        let options = &self.open.options;
        options.meter.expect(size.saturating_sub(started.offset));
        let chunks = Chunks {
            source: &source,
            start: started.offset,
            end: size,
            map: &started.map,
            codec: &*started.payload.codec,
            options,
            full_seen: AtomicBool::new(false),
        };
        let stretch = Arc::new(Mutex::new(CancelToken::new()));
        let current = stretch.clone();
        options.stop.on_stop(move || {
            let stretch = current.lock().unwrap_or_else(PoisonError::into_inner);
            stretch.stop();
        });
        let mut run = Run {
            chunks: &chunks,
            numbered: !matches!(started.payload.proof, Proof::Forgeable(_)),
            window: self.window,
            fill: self.fill,
            output: &mut output,
            report: &mut report,
            faults: faults.into(),
            totals: Totals::default(),
            stretch,
        };
        started.faults.into_iter().for_each(|fault| run.tell(fault));
        run.all()?;
        let Totals {
            chunks,
            salvaged,
            damaged,
            lost,
            status,
        } = run.totals;
        Ok(Salvaged {
            format: started.format,
            reading: started.payload.reading,
            warnings: started.payload.warnings,
            chunks,
            plaintext_len: salvaged,
            lost,
            damaged,
            status,
        })
    }
}
