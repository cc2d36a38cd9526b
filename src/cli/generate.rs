//! `fetool generate`: manual pages and shell completions, from the definitions of the command line.

use super::Cli;
use super::failure::Failure;
use super::{manual, work};
use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell;

/// Print manual pages or shell completions, for packagers
#[derive(clap::Args)]
#[command(hide = true)]
pub struct Args {
    /// What to print
    kind: Kind,

    /// For 'man': the subcommand whose page is wanted
    command: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Man,
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

impl Kind {
    fn shell(self) -> Option<Shell> {
        Some(match self {
            Self::Man => return None,
            Self::Bash => Shell::Bash,
            Self::Zsh => Shell::Zsh,
            Self::Fish => Shell::Fish,
            Self::Powershell => Shell::PowerShell,
            Self::Elvish => Shell::Elvish,
        })
    }
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let mut cli = Cli::command();
    let mut text = Vec::new();
    match args.kind.shell() {
        Some(_) if args.command.is_some() => {
            return Err(Failure::usage("completions are for the whole command line"));
        }
        Some(shell) => clap_complete::generate(shell, &mut cli, "fetool", &mut text),
        None => text = manual::page(cli, args.command.as_deref())?,
    }
    work::print(&text)
}
