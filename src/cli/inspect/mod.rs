//! `fetool inspect`.

mod json;
mod report;

pub use json::{JsonKey, JsonStanza, hex_of, json_line};

use super::args::{ReadArgs, SecretArgs, WorkArgs};
use super::columns;
use super::failure::{Failure, Subjects};
use super::manual;
use super::secrets::keys::Keys;
use super::secrets::{For, Purpose, SecretSource};
use super::work::{Source, all_paths_exist, print, show_progress};
use crate::io::input::Input;
use crate::io::output::Target;
use crate::progress::Display;
use clap::ValueHint;
use fetool::format::Format;
use fetool::{CancelToken, Checked, Error, Inspect, Inspected, Meter, Open, PeekReader, status};
use report::Report;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::thread;

/// Show what sealed files are, without a key
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
    let header = args.read.detached()?;
    let mut keys = secret(args, &sources)?;
    if let (Some(keys), [_, _, ..]) = (&keys, &sources[..]) {
        keys.prepare_files(sources.iter().filter_map(Source::path), For::Opening);
    }
    let mut worst = status::OK;
    for (i, source) in sources.iter().enumerate() {
        let report = report(args, source, header.as_deref(), keys.as_mut());
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

fn secret(args: &Args, sources: &[Source]) -> Result<Option<Keys>, Failure> {
    if args.verify {
        let plans = SecretSource::to_open(&args.secret)?;
        SecretSource::check_stdin(&plans, sources.contains(&Source::Stdin))?;
        if plans.iter().any(SecretSource::asks) {
            all_paths_exist(sources.iter().filter_map(Source::path))?;
        }
        let only = match sources {
            [source] => source.path(),
            _ => None,
        };
        return Ok(Some(Keys::load(&plans, Purpose::Open(only), &args.work)?));
    }
    if !args.secret.is_given() {
        return Ok(None);
    }
    let plans = SecretSource::given(&args.secret)?;
    SecretSource::check_stdin(&plans, sources.contains(&Source::Stdin))?;
    if plans.iter().all(SecretSource::is_key) {
        let keys = Keys::load(&plans, Purpose::Open(None), &args.work)?;
        if keys.are_identities() {
            return Ok(Some(keys));
        }
    }
    Err(Failure::usage("inspect needs no key").hint("to authenticate every chunk, add --verify"))
}

/// How to inspect one file.
struct Request<'a> {
    args: &'a Args,
    source: &'a Source,
    header: Option<&'a [u8]>,
    len: Option<u64>,
}

impl<'a> Request<'a> {
    fn inspect(&self, meter: Meter) -> Inspect<'a> {
        let read = &self.args.read;
        Inspect::new()
            .among(read.formats())
            .format(read.format())
            .meter(meter)
            .detached_header(self.header)
    }

    /// Detects the format, for which the secret may be needed.
    fn detect(
        &self,
        keys: &Keys,
        input: &mut PeekReader<impl Read>,
    ) -> Result<&'static dyn Format, Error> {
        let name = self.open(keys).detect(input)?.name();
        let mut formats = self.args.read.formats().iter();
        let format = formats.find(|format| format.name() == name);
        Ok(*format.expect("it is one of these"))
    }

    fn open<'s>(&'s self, keys: &'s Keys) -> Open<'s> {
        let read = &self.args.read;
        keys.open()
            .among(read.formats())
            .format(read.format())
            .detached_header(self.header)
            .legacy_slots(read.allow_legacy_slots)
            .max_work_factor(read.max_work_factor)
            .limits(read.limits(self.len))
            .jobs(self.args.work.jobs())
            .authenticated(true)
    }

    fn progress(&self) -> (Meter, Display) {
        let target = Target::Stdout { any: true };
        show_progress(&self.args.work, self.source, Some(&target), self.len)
    }
}

fn report(args: &Args, source: &Source, header: Option<&[u8]>, keys: Option<&mut Keys>) -> Report {
    let subjects = Subjects {
        input: source.name(),
        output: "stdout".to_owned(),
        key: keys.as_ref().map(|keys| keys.name()).unwrap_or_default(),
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
    report.inspected = inspect(args, source, header, keys, &mut report);
    report
}

fn inspect(
    args: &Args,
    source: &Source,
    header: Option<&[u8]>,
    keys: Option<&mut Keys>,
    report: &mut Report,
) -> Result<Inspected, Failure> {
    // Not shared with the opening, and so never cancelled: behind a bad chunk, the input is still read for its
    // structure.
    let stop = CancelToken::new();
    let input = source.open_sealed(&stop).map_err(|failure| match source {
        Source::Path(path) if path.is_dir() => failure.hint("name the files in it"),
        _ => failure,
    })?;
    let request = Request {
        args,
        source,
        header,
        len: input.size(),
    };
    if !args.verify {
        let (meter, progress) = request.progress();
        let identities = keys.iter().flat_map(|keys| keys.identities());
        let inspect = identities.fold(request.inspect(meter), Inspect::add_identity);
        let inspected = match input.as_seekable() {
            Some(file) => inspect.run_seekable(file),
            None => inspect.run(input),
        };
        drop(progress);
        return inspected.map_err(|error| failed(report, &error));
    }
    let keys = keys.expect("--verify needs a key");
    let (mut inspected, checked) = match input.as_seekable() {
        Some(file) => verify_file(&request, file, keys, report)?,
        None => verify_stream(&request, input, keys, report)?,
    };
    if checked.is_ok() {
        keys.recover();
    }
    let reading = inspected.checked(checked);
    let reading = reading.map_err(|error| failed(report, &error))?;
    if let Some(fault) = &mut inspected.fault {
        fault.message = report.subjects.message(&fault.error);
    }
    report.verified = Some(reading.is_some());
    report.reading = reading;
    Ok(inspected)
}

/// Records the possible formats of a file, and returns what is wrong with it.
fn failed(report: &mut Report, error: &Error) -> Failure {
    if let Error::UnknownFormat(unknown) = error {
        report.possible.clone_from(&unknown.possible);
    }
    report.subjects.attribute(error)
}

/// The structure of a file, and the result of authenticating its chunks.
type Verified = (Inspected, Result<Checked, Error>);

/// Walks the structure and authenticates the chunks, and so reads the file twice.
fn verify_file(
    request: &Request<'_>,
    mut file: &File,
    keys: &mut Keys,
    report: &mut Report,
) -> Result<Verified, Failure> {
    let start = file.stream_position().map_err(Error::Read);
    let start = start.map_err(|error| failed(report, &error))?;
    loop {
        let (meter, progress) = request.progress();
        let try_secret = || {
            let back = |mut file: &File| file.seek(SeekFrom::Start(start)).map_err(Error::Read);
            back(file)?;
            let format = Some(request.detect(keys, &mut PeekReader::new(file))?);
            back(file)?;
            let inspected = request.inspect(meter).format(format).run_seekable(file)?;
            back(file)?;
            Ok((inspected, request.open(keys).format(format).check(file)))
        };
        let verified = try_secret();
        drop(progress);
        let error = match &verified {
            Ok((_, checked)) => checked.as_ref().err(),
            Err(error) => Some(error),
        };
        if let Some(error) = error
            && keys.ask_again(&report.subjects.attribute(error))?
        {
            continue;
        }
        return verified.map_err(|error| failed(report, &error));
    }
}

/// Does the same for a stream, which goes to both at once.
fn verify_stream(
    request: &Request<'_>,
    input: Input,
    keys: &mut Keys,
    report: &mut Report,
) -> Result<Verified, Failure> {
    let (meter, progress) = request.progress();
    let mut input = PeekReader::new(input);
    let format = loop {
        match request.detect(keys, &mut input) {
            Ok(format) => break Some(format),
            Err(error) if keys.ask_again(&report.subjects.attribute(&error))? => {}
            Err(error) => return Err(failed(report, &error)),
        }
    };
    let inspect = request.inspect(meter).format(format);
    let (copy, tee) = io::pipe().map_err(|error| failed(report, &Error::Read(error)))?;
    let mut tee = Tee {
        input: &mut input,
        copy: tee,
    };
    let (inspected, checked) = thread::scope(|scope| {
        let walking = thread::Builder::new()
            .name("inspecting".to_owned())
            .spawn_scoped(scope, move || inspect.run(copy))
            .map_err(|error| failed(report, &Error::Thread(error)))?;
        let mut ahead = PeekReader::new(&mut tee);
        let checked = loop {
            let open = request.open(keys).format(format);
            match open.start_ahead(ahead) {
                Ok(opening) => break opening.check(),
                Err((error, rest)) => {
                    if !keys.ask_again(&report.subjects.attribute(&error))? {
                        break Err(error);
                    }
                    ahead = rest;
                }
            }
        };
        // What follows a bad chunk still belongs to the structure.
        let rest = io::copy(&mut tee, &mut io::sink());
        let checked = checked.and_then(|checked| rest.map(|_| checked).map_err(Error::Read));
        // Ends the input of the walk.
        drop(tee);
        let inspected = walking.join().unwrap_or(Err(Error::Panic("inspecting")));
        Ok((inspected, checked))
    })?;
    drop(progress);
    let inspected = inspected.map_err(|error| failed(report, &error))?;
    Ok((inspected, checked))
}

/// Copies what is read, as long as the other end takes it.
struct Tee<'a, R, W> {
    input: &'a mut R,
    copy: W,
}

impl<R: Read, W: Write> Read for Tee<'_, R, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        // The walk ends at the first fault, and then takes no more.
        let _ = self.copy.write_all(&into[..read]);
        Ok(read)
    }
}
