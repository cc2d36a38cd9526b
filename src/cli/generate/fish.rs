//! The completion script for fish: that of `clap_complete`, which knows only options, with a function for SPECs and
//! lines for positional arguments.

use super::{Value, generic, spellings};
use clap::Command;
use clap_complete::Shell;
use std::fmt::Write;

const SPEC: &str = r#"
function __fish_fetool_spec
    set -l value (string replace -r -- '^(--[^=]+=|-\w=?)' '' (commandline -ct))
    if string match -q -- '@*' $value
        for file in (__fish_complete_path (string sub -s 2 -- $value))
            echo @$file
        end
    else if string match -q -- 'env:*' $value
        for name in (set --names --export)
            echo env:$name
        end
    else if not string match -q -- 'fd:*' $value
        printf '%s\t%s\n' @ 'Bytes of a file' env: 'Environment variable' fd: 'File descriptor'
    end
end
"#;

pub fn script(cli: &Command) -> String {
    // Options of the same name have the same kind of value in all subcommands.
    let needs_equals = |line: &str| {
        let options = cli.get_subcommands().flat_map(|it| it.get_opts());
        options
            .filter(|arg| arg.is_require_equals_set())
            .flat_map(spellings)
            .filter_map(|it| it.strip_prefix("--").map(|long| format!(" -l {long} ")))
            .any(|long| line.contains(&long))
    };
    let mut script = String::new();
    for line in generic(Shell::Fish, cli).lines() {
        // All values but SPECs have a hint, and so more text behind this.
        match line.strip_suffix(" -r") {
            None => script += line,
            Some(line) => {
                let required = if needs_equals(line) { "" } else { " -r" };
                script += &format!("{line}{required} -f -a \"(__fish_fetool_spec)\"");
            }
        }
        script += "\n";
    }
    for subcommand in cli.get_subcommands() {
        let name = subcommand.get_name();
        let start = format!("complete -c fetool -n \"__fish_fetool_using_subcommand {name}\" -f");
        let end = match subcommand.get_positionals().next().and_then(Value::of) {
            None | Some(Value::Other) => String::new(),
            Some(Value::Words(words)) => {
                let words = words.iter().map(|it| {
                    let help = it.get_help().map(ToString::to_string).unwrap_or_default();
                    format!("{}\\t'{}'", it.get_name(), help.replace('\'', "\\'"))
                });
                format!(" -a \"{}\"", words.collect::<Vec<_>>().join("\n"))
            }
            // fish completes files by default.
            Some(Value::File | Value::Dir | Value::Spec) => continue,
        };
        let _ = writeln!(script, "{start}{end}");
    }
    script + SPEC
}
