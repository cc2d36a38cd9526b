//! `fetool open --range`.

use super::Args;
use super::request::Request;
use crate::cli::failure::{Failure, Subjects, say};
use crate::cli::work::{show_progress, warn};
use crate::io::output::Output;
use crate::size;
use fetool::{Error, OpenAt, Opening, PeekReader, ReadAt};
use std::io::Read;

/// A range of the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// From `start` to before `end`, or to the last byte.
    From { start: u64, end: Option<u64> },
    /// This many bytes at the end.
    Last(u64),
}

/// Parses `START+LENGTH`, `START-END` (both included, as in HTTP), `START-` or `-LAST`.
pub fn parse(text: &str) -> Result<ByteRange, String> {
    let too_far = || "the range ends behind 2^64 - 1 bytes".to_owned();
    if let Some(last) = text.strip_prefix('-') {
        return Ok(ByteRange::Last(size::parse(last)?));
    }
    if let Some((start, len)) = text.split_once('+') {
        let start = size::parse(start)?;
        let end = start.checked_add(size::parse(len)?).ok_or_else(too_far)?;
        let end = Some(end);
        return Ok(ByteRange::From { start, end });
    }
    let Some((start, last)) = text.split_once('-') else {
        return Err("a range is START+LENGTH, START-END, START- or -LAST".to_owned());
    };
    let start = size::parse(start)?;
    if last.is_empty() {
        return Ok(ByteRange::From { start, end: None });
    }
    let last = size::parse(last)?;
    if last < start {
        return Err("the range ends before it starts".to_owned());
    }
    let end = Some(last.checked_add(1).ok_or_else(too_far)?);
    Ok(ByteRange::From { start, end })
}

/// Opens a range of one file.
pub fn run(args: &Args, range: ByteRange) -> Result<(), Failure> {
    let mut request = Request::of(args)?;
    let input = request.input()?;
    let file = request.file_at(&input)?;
    if file.is_none() && matches!(range, ByteRange::Last(_)) {
        return Err(
            Failure::usage("a range counted from the end needs a file, and not a pipe")
                .about(request.source.name())
                .hint("give the file as PATH, or count from the beginning: START+LENGTH"),
        );
    }
    let total = input.size();
    let mut output = request.output(&input)?;
    let mut keys = request.keys()?;
    let (source, target, subjects) = (&request.source, &request.target, &request.subjects);

    let job = Job {
        args,
        subjects,
        range,
    };
    let mut input = PeekReader::new(input);
    let (done, progress) = loop {
        let (meter, progress) = show_progress(&args.work, source, Some(target), None);
        let open = request.open(&keys, total).meter(meter);
        let error = match &file {
            Some(file) => match open.start_at(file.at()) {
                Ok(opened) => break (job.write_at(&opened, &mut output), progress),
                Err(error) => error,
            },
            None => match open.start_ahead(input) {
                Ok(opening) => break (job.write(opening, &mut output), progress),
                Err((error, rest)) => {
                    input = rest;
                    error
                }
            },
        };
        drop(progress);
        let failure = request.attribute(&error);
        if !keys.ask_again(&failure)? {
            return Err(failure);
        }
    };
    drop(progress);
    let (what, written) = done.map_err(|e| request.attribute(&e))?;
    output
        .commit()
        .map_err(|e| subjects.attribute(&Error::Write(e)))?;
    if args.work.verbose {
        say(
            Some(&subjects.input),
            &format!("opened {} as {what}", size::exact(written)),
        );
    }
    Ok(())
}

/// An input whose key is known, and its output.
struct Job<'a> {
    args: &'a Args,
    subjects: &'a Subjects,
    range: ByteRange,
}

/// The format of the file, and the number of bytes written.
type Written = (String, u64);

impl Job<'_> {
    fn opened_as(&self, format: &str, reading: &str, warnings: &[String]) -> String {
        warn(&self.args.work, self.subjects, warnings);
        format!("{format} ({reading})")
    }

    /// Reads at the range's position.
    fn write_at(
        &self,
        opened: &OpenAt<impl ReadAt + Send>,
        output: &mut Output,
    ) -> Result<Written, Error> {
        let what = self.opened_as(opened.format(), opened.reading(), opened.warnings());
        let (start, end) = match self.range {
            ByteRange::From {
                start,
                end: Some(end),
            } => (start, end),
            ByteRange::From { start, end: None } => (start, opened.plaintext_len()?),
            ByteRange::Last(last) => {
                let len = opened.plaintext_len()?;
                let start = len.checked_sub(last).ok_or_else(|| {
                    Error::usage(format!(
                        "the range has the last {last} bytes, and the plaintext has {len}"
                    ))
                })?;
                (start, len)
            }
        };
        opened.write_range(start..end, output)?;
        Ok((what, end.saturating_sub(start)))
    }

    /// Skips what is before the range.
    fn write(
        &self,
        opening: Opening<impl Read + Send>,
        output: &mut Output,
    ) -> Result<Written, Error> {
        let what = self.opened_as(opening.format(), opening.reading(), opening.warnings());
        let ByteRange::From { start, end } = self.range else {
            return Err(Error::usage("the end of a pipe is not known before"));
        };
        Ok((what, opening.run_range(start, end, output)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(start: u64, end: impl Into<Option<u64>>) -> Result<ByteRange, String> {
        let end = end.into();
        Ok(ByteRange::From { start, end })
    }

    #[test]
    fn ranges_are_read() {
        for (text, range) in [
            ("0+0", from(0, 0)),
            ("5+10", from(5, 15)),
            ("1MiB+64KiB", from(1 << 20, (1 << 20) + 65536)),
            ("0-0", from(0, 1)),
            ("500-999", from(500, 1000)),
            ("1K-2K", from(1024, 2049)),
            ("7-", from(7, None)),
            ("-1KiB", Ok(ByteRange::Last(1024))),
            ("-0", Ok(ByteRange::Last(0))),
        ] {
            assert_eq!(parse(text), range, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let size = "a size is a number of bytes, as 65536, 64KiB or 1MiB";
        for (text, why) in [
            ("", "a range is START+LENGTH, START-END, START- or -LAST"),
            ("5", "a range is START+LENGTH, START-END, START- or -LAST"),
            ("9-8", "the range ends before it starts"),
            ("5+", size),
            ("+5", size),
            ("-", size),
            ("--5", size),
            ("a-b", size),
            (
                "18446744073709551615+1",
                "the range ends behind 2^64 - 1 bytes",
            ),
            (
                "0-18446744073709551615",
                "the range ends behind 2^64 - 1 bytes",
            ),
            ("16777216TiB-", "more than 2^64 - 1 bytes"),
        ] {
            assert_eq!(parse(text), Err(why.to_owned()), "{text}");
        }
    }
}
