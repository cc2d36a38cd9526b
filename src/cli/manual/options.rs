//! The options that a page lists.

use clap::builder::Resettable;
use clap::{Arg, Command};

/// Refers to the page that describes shared options.
pub const NOTE: &str = "fetool-open(1) says more about the options that both commands have.";

/// Returns a subcommand for its list of options, with one line for each option that the page of `open` describes, if it
/// opens files too. The other result says whether there are such options.
pub fn of_page(cli: &Command, command: &Command) -> (Command, bool) {
    let open = cli.find_subcommand("open").expect("it is a subcommand");
    if !["check", "header", "inspect", "rekey"].contains(&command.get_name()) {
        return (command.clone(), false);
    }
    let text = |arg: &Arg| arg.get_long_help().map(ToString::to_string);
    let is_described = |arg: &Arg| {
        let same = open.get_arguments().find(|it| it.get_id() == arg.get_id());
        text(arg).is_some() && same.is_some_and(|it| text(it) == text(arg))
    };
    let shortened = command.get_arguments().any(is_described);
    let command = command.clone().mut_args(|arg| match is_described(&arg) {
        true => arg.long_help(Resettable::Reset),
        false => arg,
    });
    (command, shortened)
}
