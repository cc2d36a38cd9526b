//! The completion script for zsh: that of `clap_complete`, and a function for SPECs.

use super::generic;
use clap::Command;
use clap_complete::Shell;

const SPEC: &str = r#"
_fetool_spec() {
    if compset -P '@'; then
        _files
    elif compset -P 'env:'; then
        _parameters -g '*export*'
    elif ! compset -P 'fd:'; then
        local -a specs=('@:bytes of a file' 'env\::an environment variable' 'fd\::a file descriptor')
        _describe -t specs 'where the secret is' specs -S ''
    fi
}
"#;

pub fn script(cli: &Command) -> String {
    let script = generic(Shell::Zsh, cli);
    let lines = script.lines().map(|line| {
        let line = line.replace(":SPEC:_default", ":SPEC:_fetool_spec");
        // An optional value follows '=' in the same word.
        match line.contains("]::SPEC:") {
            true => line.replace("+[", "=-[").replace("=[", "=-["),
            false => line,
        }
    });
    let script = lines.collect::<Vec<_>>().join("\n") + "\n";
    let (head, rest) = script
        .split_once("\n_fetool() {")
        .expect("the script has one main function");
    format!("{head}{SPEC}\n_fetool() {{{rest}")
}
