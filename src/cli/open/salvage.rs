//! `fetool open --salvage`.

use super::{Args, builder};
use crate::cli::damage::{summary, tell};
use crate::cli::failure::{Failure, Subjects, say};
use crate::cli::inspect::{hex_of, json_line};
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::{Purpose, SecretSource};
use crate::cli::work::{Clock, Source, print, show_progress, single, subjects, target, warn};
use crate::io::FileId;
use crate::io::output::{Content, Output, Target};
use crate::io::terminal_safe;
use fetool::{CancelToken, Damage, Error, Fill, Salvage};
use serde::Serialize;
use std::borrow::Cow;
use std::path::Path;

/// What takes the place of a damaged chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SalvageArg {
    /// As many zeros
    Zero,
    /// Nothing
    Skip,
}

impl From<SalvageArg> for Fill {
    fn from(arg: SalvageArg) -> Self {
        match arg {
            SalvageArg::Zero => Self::Zeros,
            SalvageArg::Skip => Self::Nothing,
        }
    }
}

/// Salvages one file.
pub fn run(args: &Args, fill: Fill) -> Result<(), Failure> {
    let source = Source::new(single(&args.paths)?);
    let plans = SecretSource::to_open(&args.secret)?;
    SecretSource::check_stdin(&plans, source.is_stdin())?;
    let header = args.read.detached()?;
    let target = target(&args.output)?;
    if !matches!(target, Target::File { .. }) {
        return Err(
            Failure::usage("--salvage requires -o FILE").hint("fetool open --salvage PATH -o FILE")
        );
    }
    let mut subjects = subjects(&source, &target);

    let stop = CancelToken::new();
    let input = source.open_sealed(&stop)?;
    let file = input
        .as_file_at()
        .map_err(|e| subjects.attribute(&Error::Read(e)))?;
    let Some(file) = file else {
        return Err(not_a_file(&source, &subjects, input.id().is_some()));
    };
    let header_file = args.read.header.as_deref().and_then(FileId::of_path);
    let read: Vec<_> = input
        .id()
        .into_iter()
        .chain(header_file)
        .chain(plans.iter().flat_map(SecretSource::files))
        .collect();
    let total = input.size();
    let mut output =
        Output::open(&target, Content::Opened, &read).map_err(|e| subjects.refused(e))?;
    let mut keys = Keys::load(&plans, Purpose::Open(source.path()), &args.work)?;
    subjects.key = keys.name();

    let json = args.tree.walk.json;
    let path = source.path().unwrap_or(Path::new("-"));
    // The first failure to print is told at the end.
    let mut printed = Ok(());
    let (salvaged, clock) = loop {
        let clock = Clock::start();
        let (meter, progress) = show_progress(&args.work, &source, Some(&target), None);
        let open = builder(args, &keys, header.as_deref(), total, &stop).meter(meter);
        let salvage = Salvage::new(open).fill(fill);
        let done = salvage.run(file.at(), &mut output, |damage| {
            if !json {
                tell(&subjects.input, &damage);
            } else if printed.is_ok() {
                printed = print(line(path, &damage).as_bytes());
            }
        });
        drop(progress);
        let error = match done {
            Ok(salvaged) => break (salvaged, clock),
            Err(error) => error,
        };
        let failure = attribute(&subjects, &error);
        if !keys.ask_again(&failure)? {
            return Err(failure);
        }
    };
    printed?;
    warn(&args.work, &subjects, &salvaged.warnings);
    output
        .commit()
        .map_err(|e| subjects.attribute(&Error::Write(e)))?;
    if args.work.verbose {
        let what = format!("salvaged as {} ({})", salvaged.format, salvaged.reading);
        clock.tell(&subjects, &what, salvaged.plaintext_len, salvaged.chunks);
    }
    if salvaged.status == fetool::status::OK {
        return Ok(());
    }
    if !args.work.quiet {
        say(Some(&subjects.input), &summary(&salvaged));
    }
    Err(Failure::already_reported(salvaged.status))
}

fn not_a_file(source: &Source, subjects: &Subjects, is_empty: bool) -> Failure {
    if is_empty {
        return subjects.attribute(&Error::Truncated {
            offset: 0,
            what: "the input is empty".to_owned(),
        });
    }
    Failure::usage("--salvage reads a file at many positions, and cannot read a pipe")
        .about(source.name())
        .hint("save it in a FILE first: fetool open --salvage FILE -o OUT")
}

/// Prints which files of a tree were damaged.
pub fn list(damaged: &[(String, String)], quiet: bool) {
    if damaged.is_empty() || quiet {
        return;
    }
    let plural = if damaged.len() == 1 { "" } else { "s" };
    say(None, &format!("{} damaged file{plural}:", damaged.len()));
    for (file, summary) in damaged {
        say(Some(file), summary);
    }
}

/// Blames the input for what cannot be done with it.
fn attribute(subjects: &Subjects, error: &Error) -> Failure {
    let failure = subjects.attribute(error);
    match error {
        Error::Usage { .. } => failure.about(&subjects.input),
        _ => failure,
    }
}

/// A damaged part's object; documented in fetool-open(1).
#[derive(Serialize)]
struct DamageJson<'a> {
    path: Cow<'a, str>,
    path_hex: Option<String>,
    offset: u64,
    length: u64,
    plaintext_offset: u64,
    plaintext_length: u64,
    chunk: u64,
    chunks: u64,
    status: u8,
    reason: String,
}

fn line(path: &Path, damage: &Damage) -> String {
    let line = json_line(&DamageJson {
        path: path.to_string_lossy(),
        path_hex: hex_of(path),
        offset: damage.file.start,
        length: damage.file.end - damage.file.start,
        plaintext_offset: damage.plaintext.start,
        plaintext_length: damage.plaintext.end - damage.plaintext.start,
        chunk: damage.chunks.start,
        chunks: damage.chunks.end - damage.chunks.start,
        status: damage.error.status(),
        reason: damage.error.to_string(),
    });
    terminal_safe::json(&line).to_string()
}
