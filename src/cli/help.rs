//! `fetool help`.

use super::failure::{Failure, Subjects, shown};
use super::{external, usage};
use crate::io::standard;
use fetool::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

/// Print help for fetool or one of its subcommands
#[derive(clap::Args)]
pub struct Args {
    /// The subcommand
    command: Option<OsString>,
}

/// The options that `-h` lists. `--help` has all of them in a line or two, and the manual explains each.
const COMMON: &[&str] = &[
    "add",
    "age",
    "armor",
    "check",
    "comment",
    "delete",
    "dry-run",
    "exclude",
    "force",
    "format",
    "help",
    "in-place",
    "jobs",
    "json",
    "key",
    "list",
    "new-key",
    "new-passphrase",
    "output",
    "output-dir",
    "passphrase",
    "pq",
    "quiet",
    "range",
    "record",
    "recursive",
    "remove",
    "reseal",
    "salvage",
    "since",
    "strict",
    "sync",
    "to",
    "update",
    "verbose",
    "verify",
];

/// Prints the help of a subcommand: all of it for `--help`, the common options for `-h`.
pub fn of_subcommand(command: &clap::Command, long: bool) -> io::Result<()> {
    // std ignores errors of writing to a closed descriptor.
    standard::check_stdout()?;
    let about = match long {
        true => command.get_long_about(),
        false => command.get_about(),
    };
    let about = about.cloned().unwrap_or_default();
    let page = format!("fetool-{}(1)", command.get_name());
    let bin_name = format!("fetool {}", command.get_name());
    let mut shown = command
        .clone()
        .bin_name(bin_name)
        .about(about)
        .mut_args(|arg| {
            let is_common = arg.get_long().is_none_or(|name| COMMON.contains(&name));
            arg.hide(!long && !is_common)
        });
    let rest = match long {
        true => format!("{page} says more about each option."),
        false => format!(
            "'fetool {} --help' lists all options; {page} explains them.",
            command.get_name()
        ),
    };
    let examples = command.get_after_help().cloned().unwrap_or_default();
    shown = shown.after_help(format!("{examples}\n\n{rest}"));
    shown.print_help()?;
    io::stdout().flush()
}

/// Prints the help of `cli`, the whole command line, or of one of its subcommands.
pub fn run(args: &Args, mut cli: clap::Command) -> Result<(), Failure> {
    cli.build();
    // std ignores errors of writing to a closed descriptor.
    let open = standard::check_stdout;
    let printed = match &args.command {
        None => open().and_then(|()| overview(&mut cli)),
        Some(name) => match cli.find_subcommand_mut(name) {
            Some(command) => of_subcommand(command, true),
            None => return external_help(name),
        },
    };
    printed.map_err(|e| Subjects::stdout().attribute(&Error::Write(e)))
}

fn overview(cli: &mut clap::Command) -> io::Result<()> {
    cli.print_long_help()?;
    let names = external::names();
    let mut output = io::stdout().lock();
    if !names.is_empty() {
        writeln!(output, "\nSubcommands of other programs in PATH:")?;
    }
    for name in names {
        writeln!(output, "  {}", shown(Path::new(&name)))?;
    }
    output.flush()
}

/// Runs another program for its own help.
fn external_help(name: &OsString) -> Result<(), Failure> {
    let args = [name.clone(), OsString::from("--help")];
    Err(external::run(&args).unwrap_or_else(|| {
        Failure::usage(format!(
            "there is no subcommand '{}'",
            shown(Path::new(name))
        ))
        .hint(usage::instead_of(name).unwrap_or_else(|| "'fetool help' lists them".to_owned()))
    }))
}
