//! `fetool seal`.

use super::args::{OutputArgs, SecretArgs, WorkArgs, bytes, format};
use super::failure::{Failure, Subjects, shown};
use super::secrets::{self, Plan};
use super::work::{Clock, Source, target, target_name};
use super::{manual, size};
use crate::io::output::{Content, Output};
use crate::progress::Progress;
use clap::ValueHint;
use fetool::format::Format;
use fetool::{Seal, Secret, Stop, status};
use std::path::{Path, PathBuf};

/// Encrypt and authenticate a stream or a file
///
/// Reads PATH, or standard input, and writes the sealed file to standard output, or to FILE.
#[derive(clap::Args)]
#[command(after_help = manual::SEAL_EXAMPLES)]
pub struct Args {
    /// The file to seal; '-' or nothing is standard input
    #[arg(value_hint = ValueHint::FilePath)]
    path: Option<PathBuf>,

    #[command(flatten)]
    secret: SecretArgs,

    /// Make the key file named by -k @FILE first: 32 random bytes, mode 0600
    ///
    /// It is an error when the file is there already: a key is never overwritten.
    #[arg(long, requires = "key", help_heading = "Secrets")]
    new_key: bool,

    /// The format to write
    #[arg(
        short,
        long,
        value_name = "NAME",
        default_value = "gfe",
        value_parser = format(),
        help_heading = "Format"
    )]
    format: &'static dyn Format,

    /// Plaintext bytes a chunk, such as 64KiB or 1MiB
    ///
    /// GFE takes 1 byte to 10 MiB, and has 1 MiB chunks by default. Memory grows with it.
    #[arg(short, long, value_name = "SIZE", value_parser = bytes, help_heading = "Format")]
    chunk_size: Option<u64>,

    /// The plaintext's length, for a pipe; a different length is an error
    ///
    /// A file's length is known by itself. A stream of unknown length is sealed so that its end is
    /// authenticated too; with its length given, GFE writes it into the header.
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Format")]
    size: Option<u64>,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    work: WorkArgs,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let source = Source::new(args.path.as_deref());
    let plan = Plan::new(&args.secret, source.is_stdin())?;
    let new_key = new_key_file(args, &plan)?;
    let target = target(&args.output)?;
    let mut subjects = Subjects {
        input: source.name(),
        output: target_name(&target),
        key: String::new(),
    };

    let stop = Stop::new();
    let mut input = source.open(&stop)?;
    let size = announced_size(args, input.size())
        .map_err(|failure| failure.about(subjects.input.clone()))?;
    let read: Vec<_> = input.id().into_iter().chain(plan.files()).collect();
    let mut output =
        Output::open(&target, Content::Sealed, &read).map_err(|e| subjects.refused(e))?;
    if new_key.is_some_and(|path| output.goes_to(path)) {
        return Err(Failure::usage("the output is the file for the new key")
            .with_status(status::SYSTEM)
            .about(subjects.output));
    }

    let new_key = new_key
        .map(|path| Ok((path, secrets::new_key()?)))
        .transpose()?;
    let secret = match &new_key {
        Some((path, key)) => {
            subjects.key = shown(path);
            Secret::key(key.to_vec())
        }
        None => {
            let found = plan.find(true)?;
            subjects.key = found.name;
            found.secret
        }
    };
    let clock = Clock::start();
    let (meter, progress) = Progress::start(args.work.progress, args.work.quiet, size);
    let sealing = Seal::new(&secret)
        .format(args.format)
        .size(size)
        .chunk_size(args.chunk_size)
        .jobs(args.work.jobs())
        .stop(&stop)
        .meter(meter)
        .start()
        .map_err(|e| subjects.blame(&e))?;
    // Only now, when nothing but the data itself can go wrong.
    if let Some((path, key)) = &new_key {
        secrets::save_key(path, key.as_ref())?;
    }
    let sealed = sealing.run(&mut input, &mut output);
    drop(progress);
    let sealed = sealed.map_err(|e| subjects.blame(&e))?;
    output
        .commit()
        .map_err(|e| subjects.blame(&fetool::Error::Write(e)))?;
    if args.work.verbose {
        let what = format!("sealed as {}", args.format.name());
        clock.tell(&subjects, &what, sealed.plaintext_len, sealed.chunks);
    }
    Ok(())
}

/// The file for a new key, where one was asked for.
fn new_key_file<'a>(args: &Args, plan: &'a Plan) -> Result<Option<&'a Path>, Failure> {
    if !args.new_key {
        return Ok(None);
    }
    let path = plan.key_file().ok_or_else(|| {
        Failure::usage("--new-key needs a file to write the key to").hint("name it with -k @FILE")
    })?;
    if path.symlink_metadata().is_ok() {
        return Err(secrets::key_exists(path));
    }
    Ok(Some(path))
}

/// The plaintext's length, where it is known: found, or said, and both the same.
fn announced_size(args: &Args, found: Option<u64>) -> Result<Option<u64>, Failure> {
    match (args.size, found) {
        (Some(said), Some(found)) if said != found => Err(Failure::usage(format!(
            "{} long, but --size says {}",
            size::exact(found),
            size::exact(said)
        ))
        .with_status(status::SYSTEM)),
        (said, found) => Ok(said.or(found)),
    }
}
