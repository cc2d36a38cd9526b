//! Reading a sealed file at positions: only the necessary chunks are read and opened.

use super::{Open, Unlocked, fault};
use crate::armor::UnarmorAt;
use crate::format::{ChunkId, ChunkMap, Limits, OpenChunk, Payload, Proof};
use crate::peek::PeekReader;
use crate::pipeline::{Ends, RangeJob, RunOptions, open_range};
use crate::positioned::{Positioned, ReadAt};
use crate::try_alloc::zeros;
use crate::{Error, Hint};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use zeroize::Zeroizing;

/// The maximum of opened chunks to keep, in bytes. A single longer chunk is kept alone.
const CACHE: usize = 4 << 20;

impl Open<'_> {
    /// Reads the header and tries the secret, for a caller that reads parts of the plaintext at any positions. The
    /// input must not change meanwhile.
    ///
    /// # Errors
    /// Those of [`start`](Self::start), and [`Error::Usage`] with the reason if the positions of the file's chunks
    /// cannot be computed.
    pub fn start_at<R: ReadAt>(mut self, input: R) -> Result<OpenAt<R>, Error> {
        let size = input.size().map_err(Error::Read)?;
        self = self.input_len(Some(size));
        let mut start = PeekReader::new(Positioned {
            file: &input,
            position: 0,
        });
        let file = self.unlock(&mut start)?;
        let map = file.chunk_map(&mut start)?;
        let sealed = match start.is_armored() {
            true => Sealed::Armored(UnarmorAt::new(input)?),
            false => Sealed::Plain(input),
        };
        let size = sealed.size().map_err(Error::Read)?;
        Ok(OpenAt {
            position: 0,
            file: Arc::new(File {
                format: file.format,
                map: Arc::new(map),
                payload: file.payload,
                offset: file.offset,
                stored: size.saturating_sub(file.offset),
                sealed,
                options: self.options,
                len: OnceLock::new(),
                cache: Mutex::default(),
            }),
        })
    }
}

impl Unlocked {
    /// Computes the positions of the chunks. The input is at the first frame, and nothing of it is consumed.
    ///
    /// # Errors
    /// [`Error::Usage`] with the reason if that is not possible, [`Error::Refused`] if single chunks prove nothing.
    pub(crate) fn chunk_map<R: Read>(&self, input: &mut PeekReader<R>) -> Result<ChunkMap, Error> {
        let lead = self.header.frames(&self.limits).prefix_len();
        let lead = input.peek(lead).map_err(Error::Read)?;
        if !self.payload.layers.is_empty() {
            return Err(Error::usage_hint(
                format!(
                    "the file has {} layers, and chunks of an inner one can be found only by opening all \
                     before them",
                    self.payload.layers.len() + 1
                ),
                Hint::OpenWhole,
            ));
        }
        let proof = &self.payload.proof;
        if matches!(proof, Proof::WholeFile { .. } | Proof::AnyStart) {
            let what = "additive nonce: only the whole file shows that no chunks are missing at the \
                        beginning";
            return Err(Error::Refused {
                what: what.to_owned(),
            });
        }
        self.header.chunk_map(&self.limits, lead)
    }
}

/// Opens a frame into `room`. The error for one that does not authenticate says which other chunk it is, if that can be
/// found.
pub(crate) fn open_or_explain(
    codec: &dyn OpenChunk,
    id: ChunkId,
    frame: &[u8],
    room: &mut [u8],
) -> Result<Range<usize>, Error> {
    codec.open_from(id, frame, room).map_err(|error| {
        let other = codec.open_as_other(id, frame, room);
        other.map_or(error, |(_, fault)| fault)
    })
}

/// The plaintext of a sealed file, at any position.
///
/// It is a reader with a position of its own ([`Read`] and [`Seek`]), and many threads can read it at any position
/// ([`ReadAt`]). A clone is cheap, has its own position, and shares the chunks that were opened last.
///
/// Every byte is authenticated, at its own position. The end of the file is authenticated once the last chunk was
/// opened as the last: by a read behind the end, [`SeekFrom::End`], [`ReadAt::size`] or
/// [`plaintext_len`](Self::plaintext_len). A failed read contains the [`Error`], which [`io::Error::downcast`] returns.
///
/// List the names in a sealed tar archive, reading only the headers:
///
/// ```
/// use fetool::{Open, Seal, Secret};
/// use std::io::{Read, Seek, SeekFrom};
/// # let mut tar = vec![0; 0];
/// # for (name, len) in [("photos/sea.jpg", 3_000_000), ("notes.txt", 11)] {
/// #     let mut header = [0; 512];
/// #     header[..name.len()].copy_from_slice(name.as_bytes());
/// #     header[124..135].copy_from_slice(format!("{len:011o}").as_bytes());
/// #     tar.extend(header);
/// #     tar.resize(tar.len() + usize::next_multiple_of(len, 512), 0);
/// # }
/// # tar.resize(tar.len() + 1024, 0);
///
/// let key = Secret::key([7; 32]);
/// let mut sealed = Vec::new();
/// Seal::new(&key).run(&tar[..], &mut sealed)?;
///
/// let mut archive = Open::new(&key).start_at(sealed)?;
/// let mut names = Vec::new();
/// let mut header = [0; 512];
/// while archive.read_exact(&mut header).is_ok() && header[0] != 0 {
///     let text = |field: &[u8]| {
///         let end = field.iter().position(|byte| *byte == 0);
///         String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
///     };
///     names.push(text(&header[..100]));
///     let size = u64::from_str_radix(text(&header[124..136]).trim(), 8)?;
///     archive.seek(SeekFrom::Current(size.next_multiple_of(512) as i64))?;
/// }
/// assert_eq!(names, ["photos/sea.jpg", "notes.txt"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OpenAt<R> {
    file: Arc<File<R>>,
    position: u64,
}

/// What all readers of a file share.
struct File<R> {
    format: &'static str,
    sealed: Sealed<R>,
    payload: Payload,
    map: Arc<ChunkMap>,
    /// The offset of the first frame.
    offset: u64,
    /// The number of bytes from there on.
    stored: u64,
    options: RunOptions,
    /// Length of the plaintext, once it is authenticated.
    len: OnceLock<u64>,
    cache: Mutex<Cache>,
}

/// A sealed file, or its text.
enum Sealed<R> {
    Plain(R),
    Armored(UnarmorAt<R>),
}

impl<R: ReadAt> ReadAt for Sealed<R> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read_at(into, position),
            Self::Armored(text) => text.read_at(into, position),
        }
    }

    fn size(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => file.size(),
            Self::Armored(text) => text.size(),
        }
    }
}

/// An opened chunk.
struct Chunk {
    frame: Zeroizing<Vec<u8>>,
    plaintext: Range<usize>,
}

impl Chunk {
    fn plaintext(&self) -> &[u8] {
        &self.frame[self.plaintext.clone()]
    }
}

/// The chunks that were read last, the latest at the end.
#[derive(Default)]
struct Cache(Vec<(u64, Arc<Chunk>)>);

impl Cache {
    fn get(&mut self, index: u64) -> Option<Arc<Chunk>> {
        let at = self.0.iter().position(|(cached, _)| *cached == index)?;
        let found = self.0.remove(at);
        let chunk = found.1.clone();
        self.0.push(found);
        Some(chunk)
    }

    fn put(&mut self, index: u64, chunk: Arc<Chunk>) {
        self.0.retain(|(cached, _)| *cached != index);
        self.0.push((index, chunk));
        let mut bytes = 0;
        let kept = self.0.iter().rev().take_while(|(_, chunk)| {
            bytes += chunk.frame.len();
            bytes <= CACHE
        });
        let kept = kept.count().max(1);
        self.0.drain(..self.0.len() - kept);
    }
}

impl<R: ReadAt> File<R> {
    fn at(&self, position: u64) -> Positioned<'_, dyn ReadAt + '_> {
        Positioned {
            file: &self.sealed,
            position,
        }
    }

    /// Returns chunk `index`, or `None` behind the last one.
    fn chunk(&self, index: u64) -> Result<Option<Arc<Chunk>>, Error> {
        if let Some(chunk) = self.cache().get(index) {
            return Ok(Some(chunk));
        }
        let Some(chunk) = self.open_chunk(index)? else {
            return Ok(None);
        };
        let chunk = Arc::new(chunk);
        self.cache().put(index, chunk.clone());
        Ok(Some(chunk))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_chunk(&self, index: u64) -> Result<Option<Chunk>, Error> {
        let Some(span) = self.map.span(index, self.stored) else {
            return Ok(None);
        };
        let frames = self.map.frames_from(index);
        if span.frame > self.options.memory {
            return Err(frames.too_large(self.options.memory));
        }
        let id = ChunkId {
            index,
            last: self.map.is_last(index, self.stored),
            offset: self.offset + span.offset,
        };
        // Includes the bytes that show the next frame's length. Announced bytes that do not exist take no memory.
        let there = self.stored.saturating_sub(span.offset);
        let wanted = (span.frame + frames.prefix_len() as u64).min(there) as usize;
        let mut bytes = Zeroizing::new(zeros(wanted)?);
        let read = self.at(id.offset).read_all(&mut bytes);
        if !read.map_err(|error| Error::Read(error).root())? {
            return Err(Error::truncated(
                id.offset,
                "the file got shorter meanwhile",
            ));
        }
        let len = bytes.len().min(span.frame as usize);
        self.map
            .check(index, id.offset, &bytes[..len], &bytes[len..])?;
        let codec = &self.payload.codec;
        let plaintext = if codec.looks_again() {
            // The frame stays intact: one that does not open is examined again.
            let mut room = Zeroizing::new(zeros(len)?);
            let frame = &bytes[..len];
            let opened = open_or_explain(&**codec, id, frame, &mut room);
            bytes = room;
            opened
        } else {
            codec.open(id, &mut bytes[..len])
        };
        Ok(Some(Chunk {
            plaintext: plaintext.map_err(|error| self.attribute(error))?,
            frame: bytes,
        }))
    }

    fn attribute(&self, error: Error) -> Error {
        fault(error, self.payload.key_proven)
    }

    /// Returns the length of the plaintext, after opening the last chunk as the last.
    fn len(&self) -> Result<u64, Error> {
        if let Some(len) = self.len.get() {
            return Ok(*len);
        }
        let count = self.map.count(self.stored, self.offset)?;
        if let Some(last) = count.chunks.checked_sub(1) {
            self.chunk(last)?;
        }
        Ok(*self.len.get_or_init(|| count.plaintext))
    }

    fn read_at(&self, into: &mut [u8], position: u64) -> Result<usize, Error> {
        if into.is_empty() {
            return Ok(0);
        }
        let (index, within) = self.map.layout().locate(position);
        if let Some(chunk) = self.chunk(index)?
            && let Some(bytes) = chunk.plaintext().get(within..)
            && !bytes.is_empty()
        {
            let len = bytes.len().min(into.len());
            into[..len].copy_from_slice(&bytes[..len]);
            return Ok(len);
        }
        self.len()?;
        Ok(0)
    }

    fn write_range(&self, range: Range<u64>, output: &mut dyn Write) -> Result<(), Error>
    where
        R: Send,
    {
        let Range { start, end } = range;
        if end <= start || end > self.map.whole(self.stored) {
            let len = self.len()?;
            in_plaintext(start, end, len)?;
        }
        if end <= start {
            return Ok(());
        }
        let last = self.map.layout().locate(end - 1).0;
        let job = RangeJob {
            map: self.map.clone(),
            codec: &*self.payload.codec,
            offset: self.offset,
            start,
            end: Some(end),
            ends: Ends::At(self.map.is_last(last, self.stored).then_some(last)),
            limits: Limits {
                memory: self.options.memory,
                input_len: Some(self.offset + self.stored),
            },
        };
        let frames = job.frames();
        let mut input = self
            .at(self.offset + frames.start)
            .take(frames.end.min(self.stored) - frames.start);
        let done = open_range(&mut input, output, &job, &self.options.run());
        let done = done.map_err(|error| self.attribute(error))?;
        if done.written < end - start {
            let offset = self.offset + self.stored;
            return Err(Error::truncated(offset, "the file got shorter meanwhile"));
        }
        Ok(())
    }
}

/// Checks that a range is in the plaintext.
///
/// # Errors
/// [`Error::Usage`], which contains the length.
pub(crate) fn in_plaintext(start: u64, end: u64, len: u64) -> Result<(), Error> {
    let what = match (start, end) {
        (start, _) if start > len => format!("the range starts at byte {start}"),
        (_, end) if end > len => format!("the range ends behind byte {end}"),
        _ => return Ok(()),
    };
    Err(Error::usage(format!(
        "{what}, and the plaintext has {len} bytes"
    )))
}

impl<R> OpenAt<R> {
    /// Returns the name of the file's format.
    pub fn format(&self) -> &'static str {
        self.file.format
    }

    /// Returns the reading of the format that opens the file, for people.
    pub fn reading(&self) -> &str {
        &self.file.payload.reading
    }

    /// Returns what the file does not protect, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.file.payload.warnings
    }
}

impl<R: ReadAt> OpenAt<R> {
    /// Returns the length of the plaintext. The first call opens the last chunk as the last.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Malformed`] and those of the last chunk: the file was cut, or something was
    /// appended.
    pub fn plaintext_len(&self) -> Result<u64, Error> {
        self.file.len()
    }

    /// Writes the bytes of a range, all of them or an error, and flushes the output. Chunks are opened on several
    /// threads, as set in [`Open`], and do not go through the cache.
    ///
    /// An empty range writes nothing, and authenticates the length of the plaintext.
    ///
    /// # Errors
    /// [`Error::Usage`] if the plaintext ends before, and those of [`Opening::run`](crate::Opening::run), the first in
    /// the order of the data. The output then has the good beginning of the range.
    pub fn write_range(&self, range: Range<u64>, mut output: impl Write) -> Result<(), Error>
    where
        R: Send,
    {
        self.file.write_range(range, &mut output)
    }
}

impl<R> Clone for OpenAt<R> {
    /// Creates another reader of the same file, at the same position.
    fn clone(&self) -> Self {
        Self {
            file: self.file.clone(),
            position: self.position,
        }
    }
}

impl<R: ReadAt + Send> ReadAt for OpenAt<R> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        Ok(self.file.read_at(into, position)?)
    }

    /// Returns the length of the plaintext.
    fn size(&self) -> io::Result<u64> {
        Ok(self.plaintext_len()?)
    }
}

impl<R: ReadAt> Read for OpenAt<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<R: ReadAt> Seek for OpenAt<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(position) => (position, 0),
            SeekFrom::Current(by) => (self.position, by),
            SeekFrom::End(by) => (self.plaintext_len()?, by),
        };
        self.position = from
            .checked_add_signed(by)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no such position"))?;
        Ok(self.position)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.position)
    }
}
