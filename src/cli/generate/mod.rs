//! `fetool generate`: manual pages and shell completions, from the definitions of the command line.

mod bash;
mod fish;
mod zsh;

use super::failure::Failure;
use super::{manual, work};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, ValueEnum, ValueHint};
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

/// Prints what is generated from `cli`, the whole command line.
pub fn run(args: &Args, cli: Command) -> Result<(), Failure> {
    let is_page = matches!(args.kind, Kind::Man);
    if !is_page && args.command.is_some() {
        return Err(Failure::usage("completions are for the whole command line"));
    }
    let text = match args.kind {
        Kind::Man => manual::page(cli, args.command.as_deref())?,
        Kind::Bash => bash::script(&completed(&cli)).into(),
        Kind::Zsh => zsh::script(&completed(&cli)).into(),
        Kind::Fish => fish::script(&completed(&cli)).into(),
        Kind::Powershell => generic(Shell::PowerShell, &completed(&cli)).into(),
        Kind::Elvish => generic(Shell::Elvish, &completed(&cli)).into(),
    };
    work::print(&text)
}

/// Returns the script of `clap_complete`.
fn generic(shell: Shell, cli: &Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli.clone(), "fetool", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns the command line to complete: without hidden subcommands, and with a hint for every value.
fn completed(cli: &Command) -> Command {
    let visible = || cli.get_subcommands().filter(|it| !it.is_hide_set());
    let names = visible().map(|it| {
        let name = it.get_name().to_owned();
        PossibleValue::new(name).help(it.get_about().cloned().unwrap_or_default())
    });
    let names: Vec<PossibleValue> = names.collect();
    let subcommands = visible().map(|subcommand| {
        let subcommand = subcommand.clone().mut_args(hinted);
        match subcommand.get_name() {
            "help" => subcommand.mut_arg("command", |arg| {
                arg.value_parser(PossibleValuesParser::new(names.clone()))
            }),
            _ => subcommand,
        }
    });
    let mut completed = Command::new("fetool")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_subcommand(true)
        .subcommands(subcommands);
    completed.build();
    completed
}

/// Adds hints to values that are not files: shells complete file names by default.
fn hinted(arg: Arg) -> Arg {
    let said = arg.get_value_hint() != ValueHint::Unknown || !arg.get_possible_values().is_empty();
    match said || is_spec(&arg) {
        true => arg,
        false => arg.value_hint(ValueHint::Other),
    }
}

/// Returns whether the value is the source of a secret: @FILE, env:NAME or fd:N.
fn is_spec(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    names.iter().any(|name| name.as_str() == "SPEC")
}

/// The kinds of values to complete.
enum Value {
    Words(Vec<PossibleValue>),
    Spec,
    File,
    Dir,
    /// Nothing that can be completed.
    Other,
}

impl Value {
    /// Returns `None` for flags.
    fn of(arg: &Arg) -> Option<Self> {
        let takes_values = arg
            .get_num_args()
            .is_none_or(|number| number.takes_values());
        let words = arg.get_possible_values();
        takes_values.then(|| match arg.get_value_hint() {
            _ if is_spec(arg) => Self::Spec,
            _ if !words.is_empty() => Self::Words(words),
            ValueHint::AnyPath | ValueHint::FilePath => Self::File,
            ValueHint::DirPath => Self::Dir,
            _ => Self::Other,
        })
    }
}

/// Returns all names of an option, with their dashes.
fn spellings(arg: &Arg) -> Vec<String> {
    let short = arg.get_short_and_visible_aliases().unwrap_or_default();
    let long = arg.get_long_and_visible_aliases().unwrap_or_default();
    let short = short.into_iter().map(|it| format!("-{it}"));
    short
        .chain(long.into_iter().map(|it| format!("--{it}")))
        .collect()
}
