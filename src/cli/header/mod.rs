//! `fetool header`: copies of the headers of sealed files.

mod restore;
mod save;
mod target;

use super::args::{OutputArgs, SecretArgs, WorkArgs, bytes, format};
use super::failure::{Failure, shown};
use super::manual;
use super::secrets::SecretSource;
use super::secrets::keys::Keys;
use clap::ValueHint;
use fetool::format::{Format, HEADER_MAX};
use fetool::{Error, Open};
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Save the header of a sealed file, or put a saved one back
///
/// A file with a damaged header does not open, even if its data is good. 'save FILE -o COPY' copies the
/// header of FILE, and 'restore COPY FILE' puts it back in place. The data is not touched.
#[derive(clap::Args)]
#[command(
    after_help = manual::HEADER_EXAMPLES,
    override_usage = "fetool header save [OPTIONS] FILE -o COPY\n       fetool header restore [OPTIONS] COPY FILE"
)]
pub struct Args {
    /// What to do
    #[arg(value_name = "ACTION", value_enum)]
    action: Action,

    /// The FILE to save from; or the COPY, and the FILE to restore
    #[arg(
        value_name = "PATH",
        required = true,
        num_args = 1..=2,
        value_hint = ValueHint::FilePath
    )]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    secret: SecretArgs,

    /// The format of the file [default: auto-detect]
    #[arg(short, long, value_name = "NAME", value_parser = format(), help_heading = "Format")]
    format: Option<&'static dyn Format>,

    /// Open with a Dexios key slot that may be forged
    ///
    /// See fetool-open(1).
    #[arg(long, help_heading = "Format")]
    allow_legacy_slots: bool,

    /// The highest work factor of a passphrase that an age file may ask for [default: 22]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u8).range(1..=30),
        help_heading = "Format"
    )]
    max_work_factor: Option<u8>,

    /// Memory that a key derivation or the first chunk may need
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "1GiB",
        value_parser = bytes,
        help_heading = "Format"
    )]
    max_memory: u64,

    /// restore: put the header back even if nothing shows that it belongs to FILE
    ///
    /// The header that FILE has now is lost: copy FILE first.
    #[arg(long, help_heading = "Restore")]
    unchecked: bool,

    /// restore: fail instead of waiting for a rekey of FILE
    #[arg(long, help_heading = "Restore")]
    no_wait: bool,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Action {
    /// Copy the header of FILE to COPY
    Save,
    /// Put the header in COPY back into FILE
    Restore,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let restores = args.action == Action::Restore;
    for (given, option, action, fits) in [
        (args.unchecked, "--unchecked", "restore", restores),
        (args.no_wait, "--no-wait", "restore", restores),
        (args.output.output.is_some(), "-o", "save", !restores),
        (args.output.force, "--force", "save", !restores),
        (args.output.sync, "--sync", "save", !restores),
    ] {
        if given && !fits {
            let usage = Failure::usage(format!("{option} requires 'header {action}'"));
            return Err(match option {
                "--force" => {
                    usage.hint("--unchecked puts a header back that may not belong to FILE")
                }
                _ => usage,
            });
        }
    }
    match (args.action, &args.paths[..]) {
        (Action::Save, [file]) => save::run(args, file),
        (Action::Restore, [copy, file]) => restore::run(args, copy, file),
        (Action::Save, _) => {
            Err(Failure::usage("'header save' takes one FILE")
                .hint("fetool header save FILE -o COPY"))
        }
        (Action::Restore, _) => Err(Failure::usage("'header restore' needs COPY and FILE")
            .hint("fetool header restore COPY FILE")),
    }
}

impl Args {
    /// Returns the secrets, if there are any.
    fn plans(&self) -> Result<Vec<SecretSource>, Failure> {
        let given = SecretSource::given(&self.secret)?;
        match given.is_empty() && self.secret.kdf.is_none() {
            true => Ok(given),
            false => SecretSource::to_open(&self.secret),
        }
    }

    fn opener<'k>(&self, keys: &'k Keys, format: &'static dyn Format) -> Open<'k> {
        keys.open()
            .format(Some(format))
            .memory(self.max_memory)
            .legacy_slots(self.allow_legacy_slots)
            .max_work_factor(self.max_work_factor)
            .authenticated(true)
            .jobs(NonZeroUsize::MIN)
    }
}

/// Authenticates the first chunk of `input`.
fn open_first_chunk(open: Open<'_>, input: impl Read + Send) -> Result<(), Error> {
    let mut first = FirstWrite(false);
    match open.start(input)?.run(&mut first) {
        Err(_) if first.0 => Ok(()),
        opened => opened.map(drop),
    }
}

/// Drops what is written, and records whether there was something. All of that was authenticated.
struct FirstWrite(bool);

impl Write for FirstWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 |= !bytes.is_empty();
        Err(io::Error::other("the first chunk is enough"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a copy of a header, and no more than a header can have.
fn read_copy(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut copy = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEADER_MAX as u64 + 1).read_to_end(&mut copy))
        .map_err(|error| Failure::system(shown(path), &error))?;
    Ok(copy)
}
