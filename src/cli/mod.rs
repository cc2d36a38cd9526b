//! The command line: one file a subcommand, and the list of them.

mod args;
mod bench;
mod check;
mod columns;
mod external;
mod failure;
mod generate;
mod help;
mod inspect;
mod keygen;
mod manual;
mod open;
mod rekey;
mod seal;
mod secrets;
mod tree;
mod usage;
mod work;

use crate::io::standard;
use clap::{CommandFactory, Parser, Subcommand};
use failure::Failure;
use std::ffi::OsString;
use std::process::ExitCode;

/// Seal, open and inspect encrypted files, in pipes and on every core
///
/// fetool turns plaintext into sealed files and back. It reads standard input or a file and
/// writes standard output or a file, works on all cores in bounded memory, and never lets
/// out a byte that was not authenticated.
#[derive(Parser)]
#[command(
    name = "fetool",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = manual::SHORT_EXAMPLES,
    after_long_help = manual::long_help(),
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Every subcommand. A new one is a file beside this, a variant here and a line in `run`.
#[derive(Subcommand)]
enum Command {
    Seal(seal::Args),
    Open(open::Args),
    Check(check::Args),
    Inspect(inspect::Args),
    Rekey(rekey::Args),
    Keygen(keygen::Args),
    Bench(bench::Args),
    Generate(generate::Args),
    Help(help::Args),
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Self::Seal(args) => seal::run(&args),
            Self::Open(args) => open::run(&args),
            Self::Check(args) => check::run(&args),
            Self::Inspect(args) => inspect::run(&args),
            Self::Rekey(args) => rekey::run(&args),
            Self::Keygen(args) => keygen::run(&args),
            Self::Bench(args) => bench::run(&args),
            Self::Generate(args) => generate::run(&args, Cli::command()),
            Self::Help(args) => help::run(&args, Cli::command()),
        }
    }
}

/// Runs the command line `args`, the program's name first, and tells the exit status.
pub fn main(args: Vec<OsString>) -> ExitCode {
    if let Err(error) = standard::plug() {
        return Failure::from_system(error).report();
    }
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) if error.kind() == clap::error::ErrorKind::InvalidSubcommand => {
            return match external::run(&args[1..]) {
                Some(failure) => failure.report(),
                // Not there either: clap says so, and what may have been meant.
                None => usage::tell(error, &args),
            };
        }
        Err(error) => return usage::tell(error, &args),
    };
    if let Some(failure) = usage::misread(&args) {
        return failure.report();
    }
    match crate::io::process::prepare()
        .map_err(Failure::from_system)
        .and_then(|()| cli.command.run())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
