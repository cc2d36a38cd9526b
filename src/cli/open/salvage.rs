//! `fetool open --salvage`.

use super::Args;
use super::request::Request;
use crate::cli::damage::{json, summary, tell};
use crate::cli::failure::{Failure, say};
use crate::cli::work::{Clock, print, show_progress, warn};
use crate::io::output::Target;
use fetool::{Error, Fill, Salvage};
use std::path::Path;

/// The replacement of a damaged chunk.
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
    let mut request = Request::of(args)?;
    if !matches!(request.target, Target::File { .. }) {
        return Err(
            Failure::usage("--salvage requires -o FILE").hint("fetool open --salvage PATH -o FILE")
        );
    }
    let input = request.input()?;
    let Some(file) = request.file_at(&input)? else {
        return Err(not_a_file(&request, input.id().is_some()));
    };
    let total = input.size();
    let mut output = request.output(&input)?;
    let mut keys = request.keys()?;
    let (source, target, subjects) = (&request.source, &request.target, &request.subjects);

    let as_json = args.tree.walk.json;
    let path = source.path().unwrap_or(Path::new("-"));
    // The first failure to print is reported at the end.
    let mut printed = Ok(());
    let (salvaged, clock) = loop {
        let clock = Clock::start();
        let (meter, progress) = show_progress(&args.work, source, Some(target), None);
        let open = request.open(&keys, total).meter(meter);
        let salvage = Salvage::new(open).fill(fill);
        let done = salvage.run(file.at(), &mut output, |damage| {
            if !as_json {
                tell(&subjects.input, &damage);
            } else if printed.is_ok() {
                printed = print(json(path, &damage).as_bytes());
            }
        });
        drop(progress);
        let error = match done {
            Ok(salvaged) => break (salvaged, clock),
            Err(error) => error,
        };
        let failure = request.attribute(&error);
        if !keys.ask_again(&failure)? {
            return Err(failure);
        }
    };
    printed?;
    warn(&args.work, subjects, &salvaged.warnings);
    output
        .commit()
        .map_err(|e| subjects.attribute(&Error::Write(e)))?;
    if args.work.verbose {
        let what = format!("salvaged as {} ({})", salvaged.format, salvaged.reading);
        clock.tell(subjects, &what, salvaged.plaintext_len, salvaged.chunks);
    }
    if salvaged.status == fetool::status::OK {
        return Ok(());
    }
    if !args.work.quiet {
        say(Some(&subjects.input), &summary(&salvaged));
    }
    Err(Failure::already_reported(salvaged.status))
}

fn not_a_file(request: &Request<'_>, is_empty: bool) -> Failure {
    if is_empty {
        return request.subjects.attribute(&Error::Truncated {
            offset: 0,
            what: "the input is empty".to_owned(),
        });
    }
    Failure::usage("--salvage reads a file at many positions, and cannot read a pipe")
        .about(request.source.name())
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
