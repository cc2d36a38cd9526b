//! `fetool open`.

mod range;
mod request;
mod salvage;

use super::args::{OutputArgs, ReadArgs, RefuseArgs, SecretArgs, WorkArgs};
use super::failure::Failure;
use super::inspect::{hex_of, json_line};
use super::manual;
use super::secrets::keys::Keys;
use super::secrets::{Purpose, SecretSource};
use super::tree::{
    self, Operation, Task, TreeArgs, list_on_stdin, refuse_in_trees, some_path_exists,
};
use super::work::{Clock, all_paths_exist, needs_tree, print, show_progress, warn};
use crate::io::file_to_file::FileToFile;
use crate::io::output::Output;
use crate::io::terminal_safe;
use clap::ValueHint;
use fetool::{CancelToken, Error, Fill, Opened, Opening, PeekReader};
use range::ByteRange;
use request::Request;
use salvage::SalvageArg;
use serde::Serialize;
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// Authenticate and decrypt a sealed stream or file
///
/// Reads PATH, or standard input, and writes the plaintext to standard output, or to FILE. It writes only authenticated
/// bytes. If the beginning of a file is good and a later part is not, standard output gets the good part before the
/// error is known. With -o, FILE appears only if everything is good.
#[derive(clap::Args)]
#[command(after_help = manual::OPEN_EXAMPLES)]
pub struct Args {
    /// The file to open; '-' or nothing is standard input. With -r, files and directories
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    secret: SecretArgs,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    refuse: RefuseArgs,

    /// Authenticate everything, and write nothing
    ///
    /// With --json it prints one JSON object about a file that is authentic.
    #[arg(long, conflicts_with = "output", help_heading = "Output")]
    check: bool,

    /// Write only these bytes: START+LENGTH, START-END, START- or -LAST
    ///
    /// Bytes of the plaintext count from 0. START-END includes both, as in HTTP: 0-499 are the first 500 bytes. -LAST
    /// is a number of bytes at the end. Sizes have suffixes, as in 10GiB+64KiB. fetool reads only the header and the
    /// chunks that hold the range, and the last chunk if the length of the plaintext matters. From a pipe it skips what
    /// comes before, and -LAST is not possible. Cannot be used with -r. GFE files without a size, GoCrypt files of
    /// several layers and Dexios files in memory mode have no ranges.
    #[arg(
        long,
        value_name = "RANGE",
        value_parser = range::parse,
        allow_hyphen_values = true,
        conflicts_with = "check",
        help_heading = "Output"
    )]
    range: Option<ByteRange>,

    /// Leave out blocks of zeros, so that opened files have holes there
    #[arg(long, help_heading = "Trees")]
    sparse: bool,
    /// Write everything of a damaged file that still authenticates
    ///
    /// A chunk that does not authenticate becomes zeros of its length with 'zero', and is left out with
    /// 'skip'. Requires -o FILE or -r, and a file that is not a pipe. fetool prints each damaged part;
    /// with --json, as one JSON object. FILE appears even though the status is 3, 4 or 5, that of the
    /// first damaged part; the status is 0 only if nothing is damaged. If the header is damaged, give a
    /// copy of it with --header.
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "zero",
        conflicts_with_all = ["check", "range"],
        help_heading = "Output"
    )]
    salvage: Option<SalvageArg>,

    #[command(flatten)]
    tree: TreeArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    work: WorkArgs,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if args.tree.walk.wanted() {
        return open_tree(args);
    }
    match args.tree.tree_only_option() {
        // One file can be checked for a program.
        Some("--json") if args.check || args.salvage.is_some() => {}
        Some("--json") => {
            return Err(Failure::usage(
                "--json requires --check, --salvage, -r or --files0-from",
            ));
        }
        Some(option) => return Err(needs_tree(option)),
        None if args.sparse => return Err(needs_tree("--sparse")),
        None => {}
    }
    if let Some(range) = args.range {
        return range::run(args, range);
    }
    if let Some(salvage) = args.salvage {
        return salvage::run(args, salvage.into());
    }
    let mut request = Request::of(args)?;
    let input = request.input()?;
    let total = input.size();
    let output = match args.check {
        true => None,
        false => Some(request.output(&input)?),
    };
    let places = match &output {
        Some(output) => FileToFile::of(&input, output)
            .map_err(|e| request.subjects.attribute(&Error::Write(e)))?,
        None => None,
    };
    let mut keys = request.keys()?;
    let (source, target, subjects) = (&request.source, &request.target, &request.subjects);

    let again = request.file_at(&input);
    let mut input = PeekReader::new(input);
    let (opening, clock, progress) = loop {
        let clock = Clock::start();
        let (meter, progress) =
            show_progress(&args.work, source, output.as_ref().map(|_| target), None);
        match request.open(&keys, total).meter(meter).start_ahead(input) {
            Ok(opening) => break (opening, clock, progress),
            Err((error, rest)) => {
                drop(progress);
                let failure = request.explain(&error);
                if !keys.ask_again(&failure)? {
                    return Err(failure);
                }
                input = rest;
            }
        }
    };
    if opening.only_whole()
        && output.is_some()
        && let Some(input) = again?
    {
        // Nothing is written before all of it was authenticated.
        request
            .open(&keys, total)
            .run(input.at(), io::sink())
            .map_err(|e| subjects.attribute(&e))?;
    }
    let json = args.tree.walk.json;
    if !json {
        warn(&args.work, subjects, opening.warnings());
    }
    let (format, reading) = (opening.format(), opening.reading().to_owned());
    let warnings = opening.warnings().to_vec();
    let what = format!("opened as {} ({})", opening.format(), opening.reading());
    let opened = finish(opening, places, output);
    drop(progress);
    let opened = opened.map_err(|e| request.explain(&e))?;
    if args.work.verbose {
        clock.tell(subjects, &what, opened.plaintext_len, opened.chunks);
    }
    if json {
        let path = source.path().unwrap_or(Path::new("-"));
        let line = json_line(&Verified {
            path: path.to_string_lossy(),
            path_hex: hex_of(path),
            format,
            reading: &reading,
            chunks: opened.chunks,
            plaintext_size: opened.plaintext_len,
            verified: true,
            warnings: &warnings,
        });
        print(terminal_safe::json(&line).as_bytes())?;
    }
    Ok(())
}

/// The object of a checked file; documented in fetool-open(1).
#[derive(Serialize)]
struct Verified<'a> {
    path: Cow<'a, str>,
    path_hex: Option<String>,
    format: &'a str,
    reading: &'a str,
    chunks: u64,
    plaintext_size: u64,
    verified: bool,
    warnings: &'a [String],
}

/// Opens each sealed file of a tree.
fn open_tree(args: &Args) -> Result<(), Failure> {
    let stray = [
        (
            args.output.output.is_some(),
            "-o",
            "-O DIR names the directory for the files",
        ),
        (
            args.read.header.is_some(),
            "--header",
            "each file has a header of its own",
        ),
        (
            args.check,
            "--check",
            "'fetool check -r' authenticates every file of a tree",
        ),
        (args.range.is_some(), "--range", "give one PATH, without -r"),
    ];
    if args.salvage.is_some() && args.tree.update {
        return Err(Failure::usage("--salvage cannot be used with --update"));
    }
    refuse_in_trees(&stray, &args.paths, &args.tree.walk)?;
    let plans = SecretSource::to_open(&args.secret)?;
    SecretSource::check_stdin(&plans, list_on_stdin(&args.tree.walk))?;
    some_path_exists(&args.paths)?;
    if plans.iter().any(SecretSource::asks) {
        all_paths_exist(&args.paths)?;
    }
    let keys = Keys::load(&plans, Purpose::Open(None), &args.work)?;
    let keys = keys.for_many_files_within(args.read.max_memory);
    let stop = CancelToken::new();
    let operation = Operation::Open {
        keys: &keys,
        format: args.read.format(),
        formats: args.read.formats(),
        strict: args.refuse.strict,
        legacy_slots: args.read.allow_legacy_slots,
        max_work_factor: args.read.max_work_factor,
        memory: args.read.max_memory,
        sparse: args.sparse,
        salvage: args.salvage.map(Fill::from),
    };
    let mut task = Task::new(operation, &args.tree, &args.work, &stop);
    task.force = args.output.force;
    task.sync = args.output.sync;
    task.key = keys.name();
    task.keys = plans.iter().flat_map(SecretSource::files).collect();
    let done = tree::run(&task, &args.paths, &args.work).map(drop);
    salvage::list(&task.salvaged(), args.work.quiet);
    done
}

/// Opens everything to the output, or only authenticates if there is none.
fn finish(
    opening: Opening<impl io::Read + Send>,
    places: Option<FileToFile>,
    output: Option<Output>,
) -> Result<Opened, Error> {
    let Some(mut output) = output else {
        return opening.run(io::sink());
    };
    let opened = match places {
        Some(places) => places.work(|input, output| opening.run_at(input, output))?,
        None => opening.run(&mut output)?,
    };
    output.commit().map_err(Error::Write)?;
    Ok(opened)
}
