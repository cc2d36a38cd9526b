//! Showing what a sealed file is, without a key.

use crate::detect;
use crate::format::{
    Count, Description, FORMATS, Format, Geometry, HEAD_MAX, Header, Limits, Uniform, Walker,
};
use crate::open::Checked;
use crate::peek::PeekReader;
use crate::pipeline::Meter;
use crate::{Error, Identity};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Inspects a sealed file: decodes its header, and walks its frames to the end by their lengths alone. Nothing is
/// authenticated, so the report shows what the file claims to be.
///
/// ```
/// use fetool::{Fault, Inspect, Inspected, Seal, Secret, status};
///
/// let mut sealed = Vec::new();
/// Seal::new(&Secret::key([7; 32])).chunk_size(Some(4096)).run(&[1; 10_000][..], &mut sealed)?;
/// sealed.truncate(5000);
///
/// let Inspected { title, chunks, plaintext_len, fault, .. } = Inspect::new().run(&sealed[..])?;
/// assert_eq!((title, chunks, plaintext_len), ("GFE (go-fileencrypt)", 1, 4096));
/// let Some(Fault { offset, status, .. }) = fault else { panic!("it was truncated") };
/// assert_eq!((offset, status), (Some(5000), status::TRUNCATED));
/// # Ok::<(), fetool::Error>(())
/// ```
pub struct Inspect<'a> {
    formats: &'a [&'a dyn Format],
    format: Option<&'a dyn Format>,
    detached: Option<&'a [u8]>,
    identities: Vec<Identity<'a>>,
    meter: Meter,
}

/// The result of inspecting a file.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The format's name on the command line.
    pub format: &'static str,
    /// The format's name for people.
    pub title: &'static str,
    /// What the header shows.
    pub description: Description,
    /// Length of the header, in bytes.
    pub header_len: u64,
    /// Plaintext bytes in a chunk: according to the header, or else those of the first chunk.
    pub chunk_size: Option<u64>,
    /// Whole chunks, up to the end or the first fault.
    pub chunks: u64,
    /// Plaintext bytes in them.
    pub plaintext_len: u64,
    /// Length of the sealed file in bytes, if known. Without a fault, it always is.
    pub sealed_len: Option<u64>,
    /// The numbers of the stanzas that the identities open. No chunk is authenticated for that.
    pub opened: Vec<usize>,
    /// Whether it is text, for formats that have armor. Offsets and the other lengths are those of the bytes that the
    /// text encodes.
    pub armored: Option<bool>,
    /// The number of bytes that armor adds.
    pub armor_len: u64,
    /// The first fault in the structure.
    pub fault: Option<Fault>,
}

/// The position and the nature of a fault in a file.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Bytes from the start of the file.
    pub offset: Option<u64>,
    /// The exit status that it maps to, one of [`status`](crate::status).
    pub status: u8,
    /// The message.
    pub message: String,
    /// The error, for callers with their own messages.
    pub error: Arc<Error>,
}

/// Compares the messages of faults.
impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        let said = |fault: &Self| (fault.offset, fault.status);
        said(self) == said(other) && self.message == other.message
    }
}

impl Eq for Fault {}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self {
            offset: error.offset(),
            status: error.status(),
            message: error.to_string(),
            error: Arc::new(error),
        }
    }
}

impl<'a> Inspect<'a> {
    /// Creates the default settings, which detect the format.
    pub fn new() -> Self {
        Self {
            formats: FORMATS,
            format: None,
            detached: None,
            identities: Vec::new(),
            meter: Meter::unwatched(),
        }
    }

    /// Sets the formats to detect [default: all of [`FORMATS`]].
    pub fn among(mut self, formats: &'a [&'a dyn Format]) -> Self {
        self.formats = formats;
        self
    }

    /// Sets the format to read; `None` detects it.
    pub fn format(mut self, format: Option<&'a dyn Format>) -> Self {
        self.format = format;
        self
    }

    /// Sets a detached header. The input starts with the first chunk, or with a hole
    /// ([`Header::leaves_hole`]).
    pub fn detached_header(mut self, header: Option<&'a [u8]>) -> Self {
        self.detached = header;
        self
    }

    /// Adds an identity. The report has the stanzas that it opens.
    pub fn add_identity(mut self, identity: impl Into<Identity<'a>>) -> Self {
        self.identities.push(identity.into());
        self
    }

    /// Sets the meter that counts the bytes of the sealed file that were read or skipped.
    pub fn meter(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// Inspects a stream, reading all of it.
    ///
    /// # Errors
    /// [`Error::Read`], and the errors of a header that cannot be decoded. Faults behind the
    /// header are part of the report.
    pub fn run(self, input: impl Read) -> Result<Inspected, Error> {
        self.inspect(Stream(input)).map_err(Error::root)
    }

    /// Inspects a file from its current position on. Reads little more than its header and its chunks' lengths.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub fn run_seekable(self, mut input: impl Read + Seek) -> Result<Inspected, Error> {
        let mut len = || {
            let start = input.stream_position()?;
            let end = input.seek(SeekFrom::End(0))?;
            input.seek(SeekFrom::Start(start))?;
            Ok(end.saturating_sub(start))
        };
        let len = len().map_err(Error::Read)?;
        let file = File {
            input: BufReader::new(input),
            len,
            position: 0,
        };
        self.inspect(file).map_err(Error::root)
    }

    fn inspect(&self, input: impl Skim) -> Result<Inspected, Error> {
        let mut input = PeekReader::new(Counted { input, read: 0 });
        let (format, header) = match self.detached {
            Some(head) => detect::read_header_among(self.formats, self.format, head)?,
            None => match detect::peek_header(self.formats, self.format, &mut input) {
                Err(Error::UnknownFormat(_)) if self.format.is_none() => {
                    return Err(self.possible(&mut input)?);
                }
                header => header?,
            },
        };
        let offset = match self.detached {
            Some(_) => detect::hole(&*header, input.peek(header.size()).map_err(Error::Read)?),
            None => header.size() as u64,
        };
        input.consume(offset as usize);
        let mut report = Inspected {
            format: format.name(),
            title: format.title(),
            description: header.describe(),
            header_len: header.size() as u64,
            chunk_size: None,
            chunks: 0,
            plaintext_len: 0,
            sealed_len: input.known_len(),
            opened: Vec::new(),
            armored: format.has_armor().then_some(input.is_armored()),
            armor_len: 0,
            fault: None,
        };
        report.chunk_size = report.description.chunk_size;
        for identity in &self.identities {
            report.opened.extend(header.opened_by(identity)?);
        }
        let walked = walk(&*header, offset, &mut input, &mut report, &self.meter);
        let walked = walked.and_then(|end| {
            let inside = header.plaintext_len(report.plaintext_len);
            report.plaintext_len = inside.map_err(|error| error.at(end))?;
            report.sealed_len = Some(end);
            match input.is_armored() {
                // Finds faults behind the last chunk.
                true => input.skip(u64::MAX).map(drop).map_err(Error::Read),
                false => Ok(()),
            }
        });
        match walked.map_err(Error::root) {
            Ok(()) => {}
            Err(Error::Read(error)) => return Err(Error::Read(error)),
            Err(fault) => report.fault = Some(Fault::from(fault)),
        }
        if input.is_armored() {
            let text = input.input().read;
            report.armor_len = text.saturating_sub(report.sealed_len.unwrap_or(text));
        }
        Ok(report)
    }

    /// Returns the possible formats of a file without a magic number.
    fn possible(&self, input: &mut PeekReader<Counted<impl Skim>>) -> Result<Error, Error> {
        let formats = match input.is_armored() {
            true => &detect::with_armor(self.formats)[..],
            false => self.formats,
        };
        let head = input.peek(HEAD_MAX).map_err(Error::Read)?.to_vec();
        let len = match input.known_len() {
            Some(len) => len,
            None => input.skip(u64::MAX).map_err(Error::Read)?,
        };
        let unknown = detect::possible(formats, &head, Some(len));
        Ok(Error::UnknownFormat(Box::new(unknown)))
    }
}

impl Default for Inspect<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Inspected {
    /// Adds the result of authenticating the same file ([`Open::check`](crate::Open::check)): warnings that only the
    /// secret reveals, and the first fault. Returns the reading of the format that authenticated the file, or `None` if
    /// it is not authentic.
    ///
    /// # Errors
    /// Those that do not concern the file's bytes, such as [`Error::Read`] and [`Error::Secret`].
    pub fn checked(&mut self, check: Result<Checked, Error>) -> Result<Option<String>, Error> {
        match check {
            Ok(Checked { reading, warnings }) => {
                for warning in warnings {
                    if !self.description.warnings.contains(&warning) {
                        self.description.warnings.push(warning);
                    }
                }
                Ok(Some(reading))
            }
            Err(error)
                if error.offset().is_some()
                    || is_unauthenticated(&error)
                    || matches!(error, Error::Armor { .. }) =>
            {
                let earlier =
                    |fault: &Fault| is_unauthenticated(&error) || fault.offset <= error.offset();
                if !self.fault.as_ref().is_some_and(earlier) {
                    self.fault = Some(Fault::from(error));
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns whether a file was read to its end but its tags prove nothing.
fn is_unauthenticated(error: &Error) -> bool {
    matches!(error, Error::Unauthenticated(_))
}

/// An input that is mostly skipped.
trait Skim: Read {
    /// Skips at most `len` bytes; fewer only at the end.
    fn skip(&mut self, len: u64) -> io::Result<u64>;

    /// Returns its whole length, if known in advance.
    fn known_len(&mut self) -> Option<u64>;
}

struct Stream<R>(R);

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: Read> Skim for Stream<R> {
    fn skip(&mut self, len: u64) -> io::Result<u64> {
        io::copy(&mut (&mut self.0).take(len), &mut io::sink())
    }

    fn known_len(&mut self) -> Option<u64> {
        None
    }
}

/// An input, and the number of bytes read of it.
struct Counted<S> {
    input: S,
    read: u64,
}

impl<S: Skim> Read for Counted<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl<S: Skim> Skim for PeekReader<Counted<S>> {
    fn skip(&mut self, len: u64) -> io::Result<u64> {
        let ahead = (self.buffered().len() as u64).min(len);
        self.consume(ahead as usize);
        let skipped = match self.is_armored() {
            true => io::copy(&mut self.take(len - ahead), &mut io::sink()),
            false => self.input().input.skip(len - ahead),
        };
        Ok(ahead + skipped?)
    }

    fn known_len(&mut self) -> Option<u64> {
        match self.is_armored() {
            true => None,
            false => self.input().input.known_len(),
        }
    }
}

struct File<R> {
    input: BufReader<R>,
    len: u64,
    position: u64,
}

impl<R: Read> Read for File<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<R: Read + Seek> Skim for File<R> {
    fn skip(&mut self, len: u64) -> io::Result<u64> {
        let len = len.min(self.len.saturating_sub(self.position));
        // Frames are far shorter than 2⁶³ bytes.
        self.input.seek_relative(len as i64)?;
        self.position += len;
        Ok(len)
    }

    fn known_len(&mut self) -> Option<u64> {
        Some(self.len)
    }
}

/// Counts the chunks of a uniform geometry: only the number of remaining bytes matters. Returns the end of the file.
fn count(
    uniform: &Uniform,
    offset: u64,
    input: &mut dyn Skim,
    report: &mut Inspected,
    meter: &Meter,
) -> Result<u64, Error> {
    let mut stored = 0;
    loop {
        let skipped = input.skip(SKIPPED).map_err(Error::Read)?;
        meter.add(skipped);
        stored += skipped;
        if skipped < SKIPPED {
            break;
        }
    }
    let layout = uniform.layout();
    let counted = layout.count(stored);
    let Count { chunks, plaintext } = counted.unwrap_or_else(|_| {
        // The whole chunks before the fault.
        let whole = stored / layout.frame() as u64;
        let chunks = whole.min(layout.max_chunks);
        Count {
            chunks,
            plaintext: layout.span(chunks).plaintext,
        }
    });
    (report.chunks, report.plaintext_len) = (chunks, plaintext);
    if chunks > 0 {
        let first = plaintext.min(layout.chunk as u64);
        report.chunk_size.get_or_insert(first);
    }
    counted.map_err(|bad| uniform.error(bad, offset))?;
    Ok(offset + stored)
}

/// Bytes skipped between two reports of progress.
const SKIPPED: u64 = 64 << 20;

/// Bytes between two reports of progress.
const METERED: u64 = 1 << 20;

/// Walks the frames, and counts them in the report. Returns the end of the file.
fn walk(
    header: &dyn Header,
    offset: u64,
    input: &mut PeekReader<Counted<impl Skim>>,
    report: &mut Inspected,
    meter: &Meter,
) -> Result<u64, Error> {
    // Nothing is held in memory here.
    let limits = Limits {
        memory: u64::MAX >> 1,
        input_len: None,
    };
    let frames = match header.geometry(&limits) {
        Geometry::Uniform(uniform) => {
            return count(&uniform, offset, input, report, meter);
        }
        Geometry::Sequential(frames) => frames,
    };
    let mut walker = Walker::new(frames, offset);
    let mut metered = 0;
    loop {
        // Reporting every short chunk would be too slow.
        if walker.offset - metered >= METERED {
            meter.add(walker.offset - metered);
            metered = walker.offset;
        }
        let lead = input.peek(walker.frames.prefix_len());
        let Some(announced) = walker.next(lead.map_err(Error::Read)?)? else {
            return Ok(walker.offset);
        };
        let skipped = input.skip(announced as u64).map_err(Error::Read)?;
        let len = skipped as usize; // no more than announced
        if len < announced {
            walker.short_at_eof(len)?;
        }
        let plaintext = len.saturating_sub(walker.frames.overhead()) as u64;
        report.chunk_size.get_or_insert(plaintext);
        report.chunks += 1;
        report.plaintext_len += plaintext;
    }
}
