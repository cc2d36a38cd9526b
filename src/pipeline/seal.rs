//! Sealing: plaintext in, frames out.

use super::armor::{self, Encoding, TextSink, TextSpan};
use super::layers::{OuterLayers, ROOM, slab_target};
use super::parallel_io::UniformSpan;
use super::slab::{Chunk, Slab};
use super::stages::Sink;
use super::{Produce, Run, Totals, Work, run};
use crate::Error;
use crate::armor::ArmorWriter;
use crate::format::{ChunkId, Layout, SealChunk, SealLayer};
use crate::positioned::{Positioned, ReadAt, WriteAt};
use crate::try_alloc::append;
use std::io::{Read, Write};

/// What to seal, and how.
pub(crate) struct SealJob<'a> {
    pub layout: Layout,
    pub codec: &'a dyn SealChunk,
    /// The layers around it, from the inside out.
    pub layers: Vec<SealLayer>,
    /// The length of the header before the first frame.
    pub offset: u64,
    /// The number of chunks that are sealed already, all of them full.
    pub done: u64,
    /// The number of plaintext bytes that the input must have, if known.
    pub expected: Option<u64>,
}

/// Seals `input` to `output`.
pub(crate) fn seal(
    input: &mut (dyn Read + Send),
    mut output: &mut dyn Write,
    plan: SealJob<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    seal_slabs(input, &mut output, false, plan, options)
}

/// Seals `input` to text, behind what `output` has already.
pub(crate) fn seal_armored(
    input: &mut (dyn Read + Send),
    output: &mut ArmorWriter<impl Write>,
    plan: SealJob<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    seal_slabs(input, &mut TextSink(output), true, plan, options)
}

fn seal_slabs(
    input: &mut (dyn Read + Send),
    output: &mut dyn Sink,
    armored: bool,
    plan: SealJob<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let SealJob {
        layout,
        codec,
        expected,
        ..
    } = plan;
    let layers = plan.layers.len();
    let base = if layers == 0 { 0 } else { ROOM };
    // The header of its stream, which is in the file or in the layer around it.
    let header = plan.layers.first().map(|around| around.head.len() as u64);
    let done = layout.span(plan.done);
    let cutter = Cutter {
        input,
        layout,
        layers,
        armored,
        base,
        expected,
        offset: header.unwrap_or(plan.offset) + done.offset,
        index: done.index,
        read: done.plaintext,
        ahead: Vec::new(),
        ended: false,
    };
    let worker = Sealing {
        layout,
        codec,
        base,
        around: OuterLayers::new(plan.layers, plan.offset),
    };
    let options = if layers == 0 {
        options.with_len(expected)
    } else {
        options.at_once()
    };
    let frame = layout.frame() as u64;
    if armored {
        run(cutter, &Encoding(&worker), output, frame, &options)
    } else {
        run(cutter, &worker, output, frame, &options)
    }
}

/// Seals one file to another, whose header is written already. If it is large, workers read and write at many positions
/// at once.
pub(crate) fn seal_at(
    mut input: Positioned<'_, dyn ReadAt + '_>,
    mut output: Positioned<'_, dyn WriteAt + '_>,
    mut plan: SealJob<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let middle = seal_middle(input, output, None, &plan, options)?;
    input.position += middle.plaintext;
    output.position += middle.written;
    plan.done = middle.chunks;
    Ok(middle.plus(seal(&mut input, &mut output, plan, options)?))
}

/// Like [`seal_at`], to text.
pub(crate) fn seal_armored_at<'a>(
    mut input: Positioned<'_, dyn ReadAt + '_>,
    output: &mut ArmorWriter<Positioned<'a, dyn WriteAt + 'a>>,
    mut plan: SealJob<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let middle = seal_middle(input, *output.output(), Some(output), &plan, options)?;
    input.position += middle.plaintext;
    plan.done = middle.chunks;
    Ok(middle.plus(seal_armored(&mut input, output, plan, options)?))
}

/// Seals full chunks from the first on, none of which can be the last. A `writer` of text continues behind them.
fn seal_middle<'a>(
    input: Positioned<'_, dyn ReadAt + '_>,
    output: Positioned<'a, dyn WriteAt + 'a>,
    writer: Option<&mut ArmorWriter<Positioned<'a, dyn WriteAt + 'a>>>,
    plan: &SealJob<'_>,
    options: &Run<'_>,
) -> Result<Totals, Error> {
    let SealJob { layout, codec, .. } = *plan;
    let (chunk, frame) = (layout.chunk, layout.frame());
    let there = input.file.size().map_err(Error::Read)?;
    let there = there.saturating_sub(input.position);
    let (Some(expected), true) = (plan.expected, plan.layers.is_empty()) else {
        return Ok(Totals::default());
    };
    // The input may have another length than expected; the end shows that.
    let len = expected.min(there);
    let full = layout
        .locate(len.saturating_sub(1))
        .0
        .min(layout.max_chunks);
    let per_slab = match writer {
        Some(_) => armor::per_slab(options.tuning.batch, frame),
        None => (options.tuning.batch / frame).max(1),
    };
    let slabs = full / per_slab as u64;
    let (slab_in, sealed) = (per_slab * chunk, per_slab * frame);
    if slabs * (slab_in as u64) < options.tuning.parallel_io_min.max(1) {
        return Ok(Totals::default());
    }
    let rest = layout.sealed_len(len.saturating_sub(slabs * slab_in as u64));
    let start = plaintext_start(&layout, 0, per_slab);
    let lay_out = |slab: &mut Slab| {
        let first = slab.number * per_slab as u64;
        slab.chunks.extend((0..per_slab).map(|i| Chunk {
            id: ChunkId {
                index: first + i as u64,
                last: false,
                offset: plan.offset + layout.span(first + i as u64).offset,
            },
            bytes: start + i * chunk..start + (i + 1) * chunk,
        }));
        true
    };
    let worker = Sealing {
        layout,
        codec,
        base: 0,
        around: OuterLayers::new(Vec::new(), plan.offset),
    };
    let middle = UniformSpan {
        input,
        output,
        slabs,
        slab_in,
        slab_out: sealed,
        rest,
        ahead: 0,
        start,
        lay_out: &lay_out,
        text: None,
        worker: &worker,
    };
    let done = match writer {
        None => middle.run(options)?,
        Some(writer) => {
            let text = TextSpan::new(writer, sealed);
            let done = UniformSpan {
                slab_out: text.slab_text(),
                rest: text.len_of(rest),
                text: Some(&|slab| text.put(slab)),
                worker: &Encoding(&worker),
                ..middle
            }
            .run(options)?;
            text.go_on(done, writer);
            done
        }
    };
    let chunks = done * per_slab as u64;
    Ok(Totals {
        chunks,
        plaintext: chunks * chunk as u64,
        written: chunks * frame as u64,
    })
}

/// Returns the start of a slab's plaintext. It leaves enough room for every chunk's frame to be built before it,
/// without touching the plaintext of the next. A single chunk has its plaintext in place already. The frames begin at
/// `base`.
fn plaintext_start(layout: &Layout, base: usize, chunks: usize) -> usize {
    base + chunks * layout.overhead() - layout.suffix
}

/// The producer: divides plaintext into chunks of the layout's size.
struct Cutter<'a> {
    input: &'a mut (dyn Read + Send),
    layout: Layout,
    /// The number of layers around it.
    layers: usize,
    /// Whether the slabs become text.
    armored: bool,
    /// The start of the frames in a slab.
    base: usize,
    expected: Option<u64>,
    /// The offset of the next frame.
    offset: u64,
    /// The number of the next chunk.
    index: u64,
    /// Plaintext bytes read so far.
    read: u64,
    /// What was read behind the last slab's chunks: at least one byte, which shows that none of them was the last.
    ahead: Vec<u8>,
    /// Whether the last chunk was made.
    ended: bool,
}

impl Cutter<'_> {
    /// Returns the number of chunks in a slab.
    fn per_slab(&self, number: u64) -> usize {
        let target = match self.armored {
            true => armor::SLAB,
            false => slab_target(self.layers, number),
        };
        (target / self.layout.frame()).max(1)
    }

    fn check_length(&self, ended: bool) -> Result<(), Error> {
        match self.expected {
            Some(expected) if self.read > expected => Err(Error::InputLength {
                expected,
                found: None,
            }),
            Some(expected) if ended && self.read < expected => Err(Error::InputLength {
                expected,
                found: Some(self.read),
            }),
            _ => Ok(()),
        }
    }

    fn cut(&mut self, slab: &mut Slab, start: usize, len: usize) -> Result<(), Error> {
        if self.index == self.layout.max_chunks {
            return Err(self.layout.too_many_chunks());
        }
        slab.chunks.push(Chunk {
            id: ChunkId {
                index: self.index,
                last: false,
                offset: self.offset,
            },
            bytes: start..start + len,
        });
        self.index += 1;
        self.offset += (self.layout.prefix + len + self.layout.suffix) as u64;
        Ok(())
    }
}

impl Produce for Cutter<'_> {
    fn fill(&mut self, slab: &mut Slab) -> Result<(), Error> {
        let chunk = self.layout.chunk;
        let chunks = self.per_slab(slab.number);
        let start = plaintext_start(&self.layout, self.base, chunks);
        let had = start + self.ahead.len();
        slab.reserve(had)?;
        slab.buffer[start..had].copy_from_slice(&self.ahead);
        self.ahead.clear();
        // One byte too many shows that the slab's last chunk is not the last of the stream.
        let room = chunks * chunk;
        let known = self.expected.map(|all| all.saturating_sub(self.read));
        let (enough, target) = (start + chunk + 1, start + room + 1);
        let (filled, read) = slab.fill(self.input, had, enough, target, known);
        read?;
        self.read += (filled.to - had) as u64;
        self.ended = filled.ended;
        self.check_length(self.ended)?;
        let got = filled.to - start;
        let cut = self.layout.cut(got, self.ended, self.index);
        for i in 0..cut.min(chunks) {
            let at = i * chunk;
            self.cut(slab, start + at, chunk.min(got - at))?;
        }
        if cut > chunks {
            // A full slab has no room for another frame: the empty last chunk goes into the next.
            self.ended = false;
            return Ok(());
        }
        if !self.ended {
            append(
                &mut self.ahead,
                &slab.buffer[start + cut * chunk..filled.to],
            )?;
        }
        slab.last = self.ended;
        if let Some(chunk) = slab.chunks.last_mut() {
            chunk.id.last = self.ended;
        }
        Ok(())
    }
}

/// The workers' part.
struct Sealing<'a> {
    layout: Layout,
    codec: &'a dyn SealChunk,
    /// The start of the frames in a slab.
    base: usize,
    around: OuterLayers,
}

impl Work for Sealing<'_> {
    fn work(&self, slab: &mut Slab) -> Result<u64, Error> {
        let turn = self.around.turn(slab);
        let bytes = self.seal(slab)?;
        self.around.seal(slab, turn)?;
        Ok(bytes)
    }
}

impl Sealing<'_> {
    /// Seals the slab's chunks in place.
    fn seal(&self, slab: &mut Slab) -> Result<u64, Error> {
        let Layout { prefix, suffix, .. } = self.layout;
        // The last chunk's tag can lie behind the bytes that were read.
        let frames = slab.chunks.iter();
        slab.reserve(
            self.base
                + frames
                    .map(|c| prefix + c.bytes.len() + suffix)
                    .sum::<usize>(),
        )?;
        let mut end = self.base;
        let mut bytes = 0;
        for chunk in &slab.chunks {
            let len = chunk.bytes.len();
            let frame = end..end + prefix + len + suffix;
            if chunk.bytes.start != frame.start + prefix {
                slab.buffer
                    .copy_within(chunk.bytes.clone(), frame.start + prefix);
            }
            self.codec.seal(chunk.id, &mut slab.buffer[frame.clone()])?;
            end = frame.end;
            slab.output = self.base..end;
            bytes += len as u64;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::End;
    use crate::pipeline::slab::SLAB_TARGET;
    use crate::pipeline::{CancelToken, Meter, Tuning};
    use crate::try_alloc::LARGE;
    use std::num::NonZeroUsize;

    /// Marks its plaintext: `[index, last] ‖ plaintext ‖ '.'`.
    struct Marking;

    impl SealChunk for Marking {
        fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
            frame[0] = b'0' + id.index as u8;
            frame[1] = if id.last { b'L' } else { b'-' };
            *frame.last_mut().expect("suffix") = b'.';
            Ok(())
        }
    }

    fn layout(chunk: usize, end: End) -> Layout {
        Layout {
            chunk,
            prefix: 2,
            suffix: 1,
            end,
            max_chunks: 9,
        }
    }

    fn sealed(plaintext: &[u8], chunk: usize, end: End) -> String {
        let mut output = Vec::new();
        seal(
            &mut &*plaintext,
            &mut output,
            SealJob {
                layout: layout(chunk, end),
                codec: &Marking,
                layers: Vec::new(),
                offset: 0,
                done: 0,
                expected: None,
            },
            &Run {
                jobs: Some(NonZeroUsize::MIN),
                memory: u64::MAX,
                stop: &CancelToken::new(),
                meter: &Meter::unwatched(),
                tuning: Tuning::default(),
            },
        )
        .unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn chunks_are_numbered_and_the_last_is_known() {
        assert_eq!(sealed(b"", 3, End::Any), "");
        assert_eq!(sealed(b"ab", 3, End::Any), "0Lab.");
        assert_eq!(sealed(b"abc", 3, End::Any), "0Labc.");
        assert_eq!(sealed(b"abcdefg", 3, End::Any), "0-abc.1-def.2Lg.");
        assert_eq!(sealed(b"abcdef", 3, End::Any), "0-abc.1Ldef.");
    }

    #[test]
    fn streams_end_with_a_short_chunk() {
        assert_eq!(sealed(b"", 3, End::Short), "0L.");
        assert_eq!(sealed(b"ab", 3, End::Short), "0Lab.");
        assert_eq!(sealed(b"abc", 3, End::Short), "0-abc.1L.");
        assert_eq!(sealed(b"abcdefg", 3, End::Short), "0-abc.1-def.2Lg.");
    }

    #[test]
    fn only_an_empty_plaintext_has_an_empty_chunk() {
        assert_eq!(sealed(b"", 3, End::Full), "0L.");
        assert_eq!(sealed(b"ab", 3, End::Full), "0Lab.");
        assert_eq!(sealed(b"abc", 3, End::Full), "0Labc.");
        assert_eq!(sealed(b"abcdef", 3, End::Full), "0-abc.1Ldef.");
        assert_eq!(sealed(b"abcdefg", 3, End::Full), "0-abc.1-def.2Lg.");
    }

    #[test]
    fn the_last_chunk_is_known_at_the_edge_of_a_slab() {
        let plaintext = vec![b'x'; 2 * SLAB_TARGET];
        let any = sealed(&plaintext, SLAB_TARGET, End::Any);
        assert_eq!((&any[..2], &any[SLAB_TARGET + 3..][..2]), ("0-", "1L"));
        assert!(sealed(&plaintext, SLAB_TARGET, End::Full) == any);
        let short = sealed(&plaintext, SLAB_TARGET, End::Short);
        assert!(short.ends_with(".2L."));
        assert_eq!(&short[SLAB_TARGET + 3..][..2], "1-");
    }

    /// Only the next read, which returns nothing, shows that it has ended.
    #[test]
    fn an_input_that_ends_where_the_buffer_does() {
        const CHUNK: usize = 100_000;
        let layout = layout(CHUNK, End::Any);
        let start = plaintext_start(&layout, 0, SLAB_TARGET / layout.frame());
        for len in LARGE - start - 2..LARGE - start + 3 {
            let text = vec![b'x'; len];
            let (full, rest) = ("x".repeat(CHUNK), "x".repeat(len - CHUNK));
            let expected = format!("0-{full}.1L{rest}.");
            assert!(sealed(&text, CHUNK, End::Any) == expected, "{len}");
        }
    }
}
