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

/// Prints the help of `cli`, the whole command line, or of one of its subcommands.
pub fn run(args: &Args, mut cli: clap::Command) -> Result<(), Failure> {
    cli.build();
    // std takes what is written to a closed descriptor for written.
    let open = standard::check_stdout;
    let printed = match &args.command {
        None => open().and_then(|()| overview(&mut cli)),
        Some(name) => match cli.find_subcommand_mut(name) {
            Some(command) => open().and_then(|()| command.print_long_help()),
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

/// Other programs know best what they do.
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
