//! The completion script for bash.
//!
//! It is fetool's own: readline splits words at '@', '=' and ':', so the script of `clap_complete` completes nothing
//! inside `--key=@FILE` and `env:NAME`, and offers options instead of files.

use super::{Value, spellings};
use clap::Command;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("bash.template");

pub fn script(cli: &Command) -> String {
    let mut options = String::new();
    let mut values = String::new();
    let mut names = Vec::new();
    for subcommand in cli.get_subcommands() {
        let name = subcommand.get_name();
        names.push(name);
        let all = subcommand.get_arguments().filter(|arg| !arg.is_hide_set());
        let all: Vec<String> = all.flat_map(spellings).collect();
        let _ = writeln!(options, "        {name}) options='{}' ;;", all.join(" "));
        for arg in subcommand.get_arguments() {
            let Some(value) = Value::of(arg) else {
                continue;
            };
            // A positional argument has no name to type.
            let spelled = match arg.is_positional() {
                true => vec![String::new()],
                false => spellings(arg),
            };
            let patterns = spelled.iter().map(|option| format!("'{name} {option}'"));
            let patterns = patterns.collect::<Vec<_>>().join("|");
            let kind = match value {
                Value::Words(words) => {
                    let words = words.iter().filter(|word| !word.is_hide_set());
                    let words: Vec<&str> = words.map(|word| word.get_name()).collect();
                    format!("words values='{}'", words.join(" "))
                }
                Value::Spec => "spec".to_owned(),
                Value::File => "file".to_owned(),
                Value::Dir => "dir".to_owned(),
                Value::Other => "other".to_owned(),
            };
            let equals = match arg.is_require_equals_set() {
                true => " equals=1",
                false => "",
            };
            let _ = writeln!(values, "        {patterns}) kind={kind}{equals} ;;");
        }
    }
    TEMPLATE
        .replace("        {options}\n", &options)
        .replace("        {values}\n", &values)
        .replace("{commands}", &names.join(" "))
}
