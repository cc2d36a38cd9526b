//! `fetool inspect`.

use super::args::{ReadArgs, SecretArgs, WorkArgs};
use super::failure::{Failure, Subjects, say};
use super::manual;
use super::secrets::{Found, Plan, Purpose};
use super::size::exact;
use super::work::{Source, print};
use crate::io::input::Input;
use clap::ValueHint;
use fetool::format::Field;
use fetool::{Error, Inspect, Inspected, Open, Stop, status};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::thread;

/// Tell what sealed files are, without a key
///
/// Shows format, algorithm, chunks, sizes, how the length is protected, the header field by field,
/// and the first fault in the structure. Needs no key, and so authenticates nothing, unless
/// --verify asks for it.
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
    let found = secret(args, on_stdin > 0)?;
    let mut worst = status::OK;
    for (i, source) in sources.iter().enumerate() {
        let report = report(args, source, found.as_ref());
        worst = worst.max(report.status());
        if args.json {
            print(report.json().as_bytes())?;
            continue;
        }
        report.tell();
        if let Some(text) = report.text() {
            let gap = if i > 0 { "\n" } else { "" };
            print((gap.to_owned() + &text).as_bytes())?;
        }
    }
    match worst {
        status::OK => Ok(()),
        status => Err(Failure::told(status)),
    }
}

fn secret(args: &Args, stdin_taken: bool) -> Result<Option<Found>, Failure> {
    if args.verify {
        let plan = Plan::to_open(&args.secret)?;
        Plan::check_stdin(&[&plan], stdin_taken)?;
        return Ok(Some(plan.find(Purpose::Open)?));
    }
    if args.secret.key.is_some() || args.secret.passphrase.is_some() {
        return Err(Failure::usage("inspect needs no key")
            .hint("to authenticate every chunk, add --verify"));
    }
    Ok(None)
}

/// What is known of one file.
struct Report {
    path: String,
    subjects: Subjects,
    inspected: Result<Inspected, Failure>,
    verified: Option<bool>,
    reading: Option<String>,
}

fn report(args: &Args, source: &Source, found: Option<&Found>) -> Report {
    let subjects = Subjects {
        input: source.name(),
        output: "stdout".to_owned(),
        key: found.map(|found| found.name.clone()).unwrap_or_default(),
    };
    let mut report = Report {
        path: match source {
            Source::Stdin => "-".to_owned(),
            Source::Path(path) => path.to_string_lossy().into_owned(),
        },
        inspected: Err(Failure::told(status::SYSTEM)),
        subjects,
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
    let input = source.open_sealed(&stop)?;
    let header = args.read.detached()?;
    let inspect = Inspect::new()
        .format(args.read.format)
        .detached_header(header.as_deref());
    let verified = match found {
        None => match input.as_seekable() {
            Some(file) => inspect.run_seekable(file),
            None => inspect.run(input),
        },
        Some(found) => {
            let open = Open::new(&found.secret)
                .format(args.read.format)
                .detached_header(header.as_deref())
                .limits(args.read.limits(input.size()))
                .jobs(args.work.jobs());
            verify(inspect, open, input).map(|(inspected, reading)| {
                report.verified = Some(reading.is_some());
                report.reading = reading;
                inspected
            })
        }
    };
    verified.map_err(|error| report.subjects.blame(&error))
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
            let inspected = inspect.run_seekable(file)?;
            file.seek(SeekFrom::Start(start)).map_err(Error::Read)?;
            (inspected, open.check(input))
        }
        None => {
            let (copy, tee) = io::pipe().map_err(Error::Read)?;
            let mut tee = Tee {
                input: &mut input,
                copy: tee,
            };
            thread::scope(|scope| {
                let checking = scope.spawn(move || {
                    let checked = open.check(&mut tee);
                    // What follows a bad chunk is still part of the structure.
                    let rest = io::copy(&mut tee, &mut io::sink());
                    checked.and_then(|checked| rest.map(|_| checked).map_err(Error::Read))
                });
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
struct Tee<'a, W> {
    input: &'a mut Input,
    copy: W,
}

impl<W: Write> Read for Tee<'_, W> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        // The walker ends at the first fault, and then takes no more.
        let _ = self.copy.write_all(&into[..read]);
        Ok(read)
    }
}

impl Report {
    fn status(&self) -> u8 {
        match &self.inspected {
            Ok(inspected) => inspected.fault.as_ref().map_or(status::OK, |f| f.status),
            Err(failure) => failure.status(),
        }
    }

    /// Says on standard error what is wrong.
    fn tell(&self) {
        match &self.inspected {
            Ok(inspected) => {
                if let Some(fault) = &inspected.fault {
                    say(Some(&self.subjects.input), &fault.message);
                }
            }
            Err(failure) => failure.print(),
        }
    }

    /// One line of JSON.
    fn json(&self) -> String {
        let json = match &self.inspected {
            Ok(inspected) => Json::new(self, inspected),
            Err(failure) => Json {
                path: &self.path,
                fault: Some(JsonFault {
                    status: failure.status(),
                    offset: None,
                    message: failure.message(),
                }),
                ..Json::default()
            },
        };
        let mut line = serde_json::to_string(&json).expect("strings and numbers have JSON");
        line.push('\n');
        line
    }

    /// For a person; nothing where the file is of no known format.
    fn text(&self) -> Option<String> {
        let inspected = self.inspected.as_ref().ok()?;
        let description = &inspected.description;
        let mut text = format!("{}\n", self.subjects.input);
        let mut row = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<11}{value}");
        };
        let version = description
            .version
            .map(|version| format!(", version {version}"));
        row(
            "format",
            &format!("{}{}", inspected.title, version.unwrap_or_default()),
        );
        row("algorithm", description.algorithm);
        if let Some(mode) = description.mode {
            row("mode", mode);
        }
        for derivation in &description.derivations {
            row("key", derivation);
        }
        row("chunks", &chunks(inspected));
        row("plaintext", &exact(inspected.plaintext_len));
        if let Some(sealed) = inspected.sealed_len {
            row("sealed", &exact(sealed));
            row(
                "overhead",
                &exact(sealed.saturating_sub(inspected.plaintext_len)),
            );
        }
        row("length", &description.length_protection);
        row("end", &description.end_meaning);
        row("protected", &description.authenticated);
        match (self.verified, &self.reading) {
            (Some(true), Some(reading)) => row("verified", &format!("yes ({reading})")),
            (Some(_), _) => row("verified", "no"),
            (None, _) => row(
                "verified",
                "not asked for: what is said here is what the file claims",
            ),
        }
        for warning in &description.warnings {
            row("warning", warning);
        }
        if let Some(fault) = &inspected.fault {
            row("fault", &fault.message);
        }
        text.push_str("  header\n    offset  size  field                    hex                       meaning\n");
        for (offset, field) in offsets(&description.fields) {
            let _ = writeln!(
                text,
                "    {offset:>6}  {:>4}  {:<23}  {:<24}  {}",
                field.bytes.len(),
                field.name,
                hex(&field.bytes),
                field.meaning
            );
        }
        Some(text)
    }
}

fn chunks(inspected: &Inspected) -> String {
    match (inspected.chunks, inspected.chunk_size) {
        (0, Some(size)) => format!("0, of {} each", exact(size)),
        (0, None) => "0".to_owned(),
        (1, _) => "1".to_owned(),
        (chunks, Some(size)) => format!("{chunks}, the first of {}", exact(size)),
        (chunks, None) => chunks.to_string(),
    }
}

/// Header fields with their offsets.
fn offsets(fields: &[Field]) -> impl Iterator<Item = (usize, &Field)> {
    fields.iter().scan(0, |offset, field| {
        let start = *offset;
        *offset += field.bytes.len();
        Some((start, field))
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One file's object; documented in fetool-inspect(1).
#[derive(Default, Serialize)]
struct Json<'a> {
    path: &'a str,
    format: Option<&'a str>,
    title: Option<&'a str>,
    version: Option<u32>,
    algorithm: Option<&'a str>,
    mode: Option<&'a str>,
    keys: &'a [String],
    header_size: Option<u64>,
    chunk_size: Option<u64>,
    chunks: Option<u64>,
    plaintext_size: Option<u64>,
    sealed_size: Option<u64>,
    overhead: Option<u64>,
    declared_size: Option<u64>,
    length_protection: Option<&'a str>,
    end: Option<&'a str>,
    authenticated: Option<&'a str>,
    header: Vec<JsonField<'a>>,
    warnings: &'a [String],
    verified: Option<bool>,
    reading: Option<&'a str>,
    fault: Option<JsonFault<'a>>,
}

#[derive(Serialize)]
struct JsonField<'a> {
    offset: usize,
    size: usize,
    hex: String,
    field: &'a str,
    meaning: &'a str,
}

#[derive(Serialize)]
struct JsonFault<'a> {
    status: u8,
    offset: Option<u64>,
    message: &'a str,
}

impl<'a> Json<'a> {
    fn new(report: &'a Report, inspected: &'a Inspected) -> Self {
        let description = &inspected.description;
        Self {
            path: &report.path,
            format: Some(inspected.format),
            title: Some(inspected.title),
            version: description.version,
            algorithm: Some(description.algorithm),
            mode: description.mode,
            keys: &description.derivations,
            header_size: Some(inspected.header_len),
            chunk_size: inspected.chunk_size,
            chunks: Some(inspected.chunks),
            plaintext_size: Some(inspected.plaintext_len),
            sealed_size: inspected.sealed_len,
            overhead: inspected
                .sealed_len
                .and_then(|sealed| sealed.checked_sub(inspected.plaintext_len)),
            declared_size: description.declared_size,
            length_protection: Some(&description.length_protection),
            end: Some(description.end),
            authenticated: Some(&description.authenticated),
            header: offsets(&description.fields)
                .map(|(offset, field)| JsonField {
                    offset,
                    size: field.bytes.len(),
                    hex: hex(&field.bytes),
                    field: field.name,
                    meaning: &field.meaning,
                })
                .collect(),
            warnings: &description.warnings,
            verified: report.verified,
            reading: report.reading.as_deref(),
            fault: inspected.fault.as_ref().map(|fault| JsonFault {
                status: fault.status,
                offset: fault.offset,
                message: &fault.message,
            }),
        }
    }
}
