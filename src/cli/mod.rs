//! The command line: one file for each subcommand, and the list of them.

mod age;
mod args;
mod bench;
mod check;
mod columns;
mod damage;
mod external;
mod failure;
mod generate;
mod header;
mod help;
mod inspect;
mod keygen;
mod manual;
mod open;
mod rekey;
mod seal;
mod secrets;
mod table;
mod tree;
mod usage;
mod work;

use crate::io::standard;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use failure::Failure;
use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

/// Seal, open and inspect encrypted files, in pipes and on every core
///
/// fetool turns plaintext into sealed files and back. It reads standard input or a file and
/// writes standard output or a file, works on all cores in bounded memory, and never outputs
/// unauthenticated data.
#[derive(Parser)]
#[command(
    name = "fetool",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = manual::SHORT_EXAMPLES,
)]
struct Cli {}

// All subcommands. A new one is a file beside this, a variant here, and lines in `run` and `definition`. clap would use
// a doc comment as the help of the whole command.
#[derive(Subcommand)]
enum Command {
    Seal(seal::Args),
    Open(open::Args),
    Check(check::Args),
    Inspect(inspect::Args),
    Rekey(rekey::Args),
    Header(header::Args),
    Keygen(keygen::Args),
    Age(age::Args),
    AgeKeygen(age::keygen::Args),
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
            Self::Header(args) => header::run(&args),
            Self::Keygen(args) => keygen::run(&args),
            // Called before clap, which does not have this kind of options.
            Self::Age(_) | Self::AgeKeygen(_) => unreachable!("they were run"),
            Self::Bench(args) => bench::run(&args),
            Self::Generate(args) => generate::run(&args, with_all()),
            Self::Help(args) => help::run(&args, with_all()),
        }
    }
}

/// Returns the function that defines the options of this subcommand.
fn definition(name: &str) -> Option<fn(clap::Command) -> clap::Command> {
    Some(match name {
        "seal" => seal::Args::augment_args,
        "open" => open::Args::augment_args,
        "check" => check::Args::augment_args,
        "inspect" => inspect::Args::augment_args,
        "header" => header::Args::augment_args,
        "rekey" => rekey::Args::augment_args,
        "keygen" => keygen::Args::augment_args,
        "bench" => bench::Args::augment_args,
        _ => return None,
    })
}

/// Returns the command line with this subcommand alone: defining the options of all takes longer than sealing a small
/// file. Returns `None` for rarely used ones, and for unknown names.
fn with_one(name: &OsStr) -> Option<clap::Command> {
    let name = name.to_str()?;
    let subcommand = definition(name)?(clap::Command::new(name.to_owned()));
    Some(Cli::command().subcommand(subcommand))
}

/// Returns the whole command line.
fn with_all() -> clap::Command {
    Command::augment_subcommands(Cli::command()).after_long_help(manual::long_help())
}

fn parse(args: &[OsString]) -> Result<Command, clap::Error> {
    let first = args.get(1);
    let mut command_line = first
        .and_then(|name| with_one(name))
        .unwrap_or_else(with_all);
    command_line
        .try_get_matches_from_mut(args)
        .and_then(|mut matches| Command::from_arg_matches_mut(&mut matches))
        .map_err(|error| error.format(&mut command_line))
}

/// Shows the help of a subcommand, if the command line asks for it.
fn show_help(args: &[OsString]) -> Option<ExitCode> {
    let command_line = with_all();
    let mut words = args[1..].iter();
    let mut command = command_line.find_subcommand(words.next()?)?;
    // clap prints the help of a nested subcommand.
    if let Some(nested) = words.next().and_then(|word| command.find_subcommand(word)) {
        command = nested;
    }
    let long = args.iter().any(|arg| arg == "--help");
    Some(match help::of_subcommand(command, long) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::Subjects::stdout()
            .attribute(&fetool::Error::Write(error))
            .report(),
    })
}

/// Runs the command line `args`, the program's name first, and returns the exit status.
pub fn main(args: Vec<OsString>) -> ExitCode {
    if let Err(error) = standard::plug() {
        return Failure::from_system(error).report();
    }
    if let Some((program, words)) = age::called(&args) {
        return program.main(words);
    }
    let command = match parse(&args) {
        Ok(command) => command,
        Err(error) if error.kind() == clap::error::ErrorKind::InvalidSubcommand => {
            return match external::run(&args[1..]) {
                Some(failure) => failure.report(),
                // There is no such program either: clap reports that, with a suggestion.
                None => usage::tell(error, &args),
            };
        }
        Err(error) if error.kind() == clap::error::ErrorKind::DisplayHelp => {
            return show_help(&args).unwrap_or_else(|| usage::tell(error, &args));
        }
        Err(error) => return usage::tell(error, &args),
    };
    if let Some(failure) = usage::misread(&args) {
        return failure.report();
    }
    match crate::io::process::prepare()
        .map_err(Failure::from_system)
        .and_then(|()| command.run())
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subcommand_alone_is_what_it_is_among_all() {
        let mut all = with_all();
        all.build();
        for among in all.get_subcommands_mut() {
            let name = among.get_name().to_owned();
            let Some(mut one) = with_one(OsStr::new(&name)) else {
                // These run before clap, or rarely.
                let others = ["age", "age-keygen", "generate", "help"];
                assert!(others.contains(&&*name), "{name}");
                continue;
            };
            one.build();
            let alone = one.find_subcommand_mut(&name).unwrap();
            let help = |command: &mut clap::Command| command.render_long_help().to_string();
            assert_eq!(help(alone), help(among));
        }
        assert!(with_one(OsStr::new("--help")).is_none());
    }
}
