//! `fetool inspect`.

mod json;
mod report;

pub use json::{JsonKey, hex_of, json_line};

use super::args::{ReadArgs, SecretArgs, WorkArgs};
use super::columns;
use super::failure::{Failure, Subjects};
use super::manual;
use super::secrets::{Found, Plan, Purpose};
use super::work::{Source, all_paths_exist, print, show_progress};
use crate::io::input::Input;
use crate::io::output::Target;
use clap::ValueHint;
use fetool::{Error, Inspect, Inspected, Lookahead, Open, Stop, status};
use report::Report;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::thread;

/// Tell what sealed files are, without a key
///
/// Shows format, algorithm, chunks, sizes, how the length is protected, the header field by field,
/// and the first fault in the structure. Needs no key, and so authenticates nothing, unless
/// --verify asks for it. With -q it prints faults only; the status says whether there are any.
#[derive(clap::Args)]
#[command(after_help = manual::INSPECT_EXAMPLES)]
pub struct Args {
    /// The files; '-' or nothing is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::FilePath)]
    paths: Vec<PathBuf>,

    /// Print one JSON object a file
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Authenticate every chunk too; needs a secret
    #[arg(long, help_heading = "Secrets")]
    verify: bool,

    #[command(flatten)]
    secret: SecretArgs,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    work: WorkArgs,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let sources: Vec<Source> = match args.paths.as_slice() {
        [] => vec![Source::Stdin],
        paths => paths.iter().map(|path| Source::new(Some(path))).collect(),
    };
    let on_stdin = sources.iter().filter(|source| source.is_stdin()).count();
    if on_stdin > 1 {
        return Err(Failure::usage("standard input can be inspected only once"));
    }
    let found = secret(args, &sources)?;
    let mut worst = status::OK;
    for (i, source) in sources.iter().enumerate() {
        let report = report(args, source, found.as_ref());
        worst = worst.max(report.status());
        if args.json {
            print(report.json().as_bytes())?;
            continue;
        }
        report.tell();
        if args.work.quiet {
            continue;
        }
        if let Some(text) = report.text(columns::of_stdout()) {
            let gap = if i > 0 { "\n" } else { "" };
            print((gap.to_owned() + &text).as_bytes())?;
        }
    }
    match worst {
        status::OK => Ok(()),
        status => Err(Failure::already_reported(status)),
    }
}

fn secret(args: &Args, sources: &[Source]) -> Result<Option<Found>, Failure> {
    if args.verify {
        let plan = Plan::to_open(&args.secret)?;
        Plan::check_stdin(&[&plan], sources.contains(&Source::Stdin))?;
        if plan.asks() {
            all_paths_exist(sources.iter().filter_map(Source::path))?;
        }
        return Ok(Some(plan.find(Purpose::Open, &args.work)?));
    }
    if args.secret.key.is_some() || args.secret.passphrase.is_some() {
        return Err(Failure::usage("inspect needs no key")
            .hint("to authenticate every chunk, add --verify"));
    }
    Ok(None)
}

fn report(args: &Args, source: &Source, found: Option<&Found>) -> Report {
    let subjects = Subjects {
        input: source.name(),
        output: "stdout".to_owned(),
        key: found.map(|found| found.name.clone()).unwrap_or_default(),
    };
    let mut report = Report {
        path: match source {
            Source::Stdin => PathBuf::from("-"),
            Source::Path(path) => path.clone(),
        },
        inspected: Err(Failure::already_reported(status::SYSTEM)),
        subjects,
        possible: Vec::new(),
        verified: None,
        reading: None,
    };
    report.inspected = inspect(args, source, found, &mut report);
    report
}

fn inspect(
    args: &Args,
    source: &Source,
    found: Option<&Found>,
    report: &mut Report,
) -> Result<Inspected, Failure> {
    // Not given to `open` below, and so never thrown: behind a bad chunk the input is read on, for
    // its structure.
    let stop = Stop::new();
    let input = source.open_sealed(&stop).map_err(|failure| match source {
        Source::Path(path) if path.is_dir() => failure.hint("name the files in it"),
        _ => failure,
    })?;
    let header = args.read.detached()?;
    let (meter, progress) = show_progress(
        &args.work,
        source,
        Some(&Target::Stdout { any: true }),
        input.size(),
    );
    let inspect = Inspect::new()
        .among(args.read.formats())
        .format(args.read.format())
        .meter(meter)
        .detached_header(header.as_deref());
    let verified = match found {
        None => match input.as_seekable() {
            Some(file) => inspect.run_seekable(file),
            None => inspect.run(input),
        },
        Some(found) => {
            let open = Open::new(&found.secret)
                .among(args.read.formats())
                .format(args.read.format())
                .detached_header(header.as_deref())
                .legacy_slots(args.read.allow_legacy_slots)
                .limits(args.read.limits(input.size()))
                .jobs(args.work.jobs());
            verify(inspect, open, input).map(|(inspected, reading)| {
                report.verified = Some(reading.is_some());
                report.reading = reading;
                inspected
            })
        }
    };
    drop(progress);
    verified.map_err(|error| {
        if let Error::UnknownFormat(unknown) = &error {
            report.possible.clone_from(&unknown.possible);
        }
        report.subjects.blame(&error)
    })
}

/// Walks the structure and authenticates the chunks. A file is read twice; a stream goes to both
/// at once.
fn verify(
    inspect: Inspect<'_>,
    open: Open<'_>,
    mut input: Input,
) -> Result<(Inspected, Option<String>), Error> {
    let (inspected, checked) = match input.as_seekable() {
        Some(mut file) => {
            let start = file.stream_position().map_err(Error::Read)?;
            let back = |mut file: &File| file.seek(SeekFrom::Start(start)).map_err(Error::Read);
            // The secret may be what tells the format.
            let format = Some(open.detect(&mut Lookahead::new(file))?);
            back(file)?;
            let inspected = inspect.format(format).run_seekable(file)?;
            back(file)?;
            (inspected, open.format(format).check(input))
        }
        None => {
            let mut input = Lookahead::new(&mut input);
            let format = Some(open.detect(&mut input)?);
            let (inspect, open) = (inspect.format(format), open.format(format));
            let (copy, tee) = io::pipe().map_err(Error::Read)?;
            let mut tee = Tee {
                input: &mut input,
                copy: tee,
            };
            thread::scope(|scope| {
                let check = move || {
                    let checked = open.check(&mut tee);
                    // What follows a bad chunk is still part of the structure.
                    let rest = io::copy(&mut tee, &mut io::sink());
                    checked.and_then(|checked| rest.map(|_| checked).map_err(Error::Read))
                };
                let checking = thread::Builder::new()
                    .name("verifying".to_owned())
                    .spawn_scoped(scope, check)
                    .map_err(Error::Thread)?;
                let inspected = inspect.run(copy)?;
                let checked = checking.join().unwrap_or(Err(Error::Panic("verifying")));
                Ok((inspected, checked))
            })?
        }
    };
    let mut inspected = inspected;
    let reading = inspected.checked(checked)?;
    Ok((inspected, reading))
}

/// Copies what is read, for as long as somebody takes it.
struct Tee<'a, R, W> {
    input: &'a mut R,
    copy: W,
}

impl<R: Read, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        // The walker ends at the first fault, and then takes no more.
        let _ = self.copy.write_all(&into[..read]);
        Ok(read)
    }
}
