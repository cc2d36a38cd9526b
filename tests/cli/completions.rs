//! What the committed completions offer, in the real shells. They run where bash, zsh and fish are
//! installed: `cargo test --test cli -- --ignored completions::`.

use crate::cli_common::{Dir, Fetool, shell, until};
use std::fs;
use std::path::Path;

/// What is typed behind `fetool`, and all that its last word can become.
const CASES: [(&str, &[&str]); 32] = [
    ("se", &["seal"]),
    ("seal -k @ke", &["@key.bin"]),
    ("seal --key @ke", &["@key.bin"]),
    ("seal --key=@ke", &["--key=@key.bin"]),
    ("seal -p=@ke", &["-p=@key.bin"]),
    ("seal --passphrase=@ke", &["--passphrase=@key.bin"]),
    ("seal -p pl", &["plain.txt"]),
    ("seal --add-key @ke", &["@key.bin"]),
    ("seal -k @dir/in", &["@dir/inner"]),
    ("seal -k @my", &["@my key"]),
    ("seal -o my", &["my key"]),
    ("seal -O di", &["dir"]),
    ("rekey --new-key @ke", &["@key.bin"]),
    ("rekey --new-passphrase=@ke", &["--new-passphrase=@key.bin"]),
    ("seal -k env:FETOOL_COM", &["env:FETOOL_COMPLETED"]),
    ("seal --key=env:FETOOL_COM", &["--key=env:FETOOL_COMPLETED"]),
    ("open --salt env:FETOOL_COM", &["env:FETOOL_COMPLETED"]),
    ("seal -k zz", &[]),
    ("seal -k fd:zz", &[]),
    ("open --header he", &["header.bin"]),
    ("seal -o pl", &["plain.txt"]),
    ("seal --output=pl", &["--output=plain.txt"]),
    ("seal -k @key.bin pl", &["plain.txt"]),
    ("inspect pl", &["plain.txt"]),
    ("keygen -o pl", &["plain.txt"]),
    ("seal -c zz", &[]),
    ("seal --kdf ba", &["balloon"]),
    ("bench zz", &[]),
    ("bench ", &["aead", "format", "kdf"]),
    ("help zz", &[]),
    ("help re", &["rekey"]),
    (
        "help ",
        &[
            "age",
            "age-keygen",
            "bench",
            "check",
            "header",
            "help",
            "inspect",
            "keygen",
            "open",
            "rekey",
            "seal",
        ],
    ),
];

fn home() -> Dir {
    let dir = Dir::new();
    for name in ["key.bin", "header.bin", "plain.txt", "my key", "zz"] {
        dir.write(name, "");
    }
    fs::create_dir(dir.path("dir")).unwrap();
    dir.write("dir/inner", "");
    dir
}

fn completions(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    path.join(name).to_str().expect("a plain name").to_owned()
}

fn run(dir: &Dir, command: &str) -> Fetool {
    shell(command, [""; 0])
        .within(dir)
        .env("HOME", dir.path(""))
        .env("FETOOL_COMPLETED", "1")
        .env("LC_ALL", "C.UTF-8")
}

/// Types every line in a shell on a terminal, asks for completion, and reads the arguments that a command
/// of that name gets. `all` inserts all completions at once.
fn on_terminal(command: &str, setup: &str, all: &str) {
    let dir = home();
    let screen = run(&dir, command).on_terminal();
    let records = || fs::read_to_string(dir.path("dir/arguments")).unwrap_or_default();
    let setup = format!(
        "{setup}; fetool() {{ printf '%s\\n' \"$@\" END >>dir/arguments; }}; fetool ready\n"
    );
    screen.types(&setup);
    until("the shell is ready", || records() == "ready\nEND\n");
    for (typed, expected) in CASES {
        fs::write(dir.path("dir/arguments"), "").unwrap();
        let key = if expected.len() > 1 { all } else { "\t" };
        screen.types(format!("fetool {typed}{key}\n"));
        until(typed, || records().ends_with("END\n"));
        let record = records();
        let before = typed.split(' ').filter(|word| !word.is_empty()).count();
        let fixed = if typed.ends_with(' ') {
            before
        } else {
            before - 1
        };
        let found = record.lines().skip(fixed);
        // zsh takes the slash behind a directory away when nothing follows.
        let mut found: Vec<&str> = found.map(|it| it.trim_end_matches('/')).collect();
        found.pop();
        found.sort_unstable();
        let unchanged = [typed.rsplit(' ').next().unwrap()];
        let expected = if expected.is_empty() {
            &unchanged
        } else {
            expected
        };
        assert_eq!(found, expected, "{command}: {typed}: {}", screen.seen());
    }
    screen.types("exit\n");
    screen.end();
}

#[test]
#[ignore = "needs bash, zsh and fish; .ci/run runs it"]
fn bash_completes() {
    let setup = format!("source '{}'", completions("fetool.bash"));
    on_terminal("exec bash --norc --noprofile -i", &setup, "\x1b*");
}

/// bash-completion changes how bash splits words and reads files.
#[test]
#[ignore = "needs bash, zsh and fish; .ci/run runs it"]
fn bash_completes_beside_bash_completion() {
    let script = "/usr/share/bash-completion/bash_completion";
    assert!(
        Path::new(script).exists(),
        "bash-completion is not installed"
    );
    let setup = format!("source {script}; source '{}'", completions("fetool.bash"));
    on_terminal("exec bash --norc --noprofile -i", &setup, "\x1b*");
}

#[test]
#[ignore = "needs bash, zsh and fish; .ci/run runs it"]
fn zsh_completes() {
    let setup = format!(
        "fpath=('{}' $fpath); autoload -Uz compinit; compinit -u -D; zstyle ':completion:*' menu no; \
         insert_all() {{ _main_complete; compstate[insert]=all }}; \
         zle -C insert-all complete-word insert_all; bindkey '^Xa' insert-all",
        completions("")
    );
    on_terminal("exec zsh -f -i", &setup, "\x18a");
}

#[test]
#[ignore = "needs bash, zsh and fish; .ci/run runs it"]
fn fish_completes() {
    let dir = home();
    let mut script = format!("source '{}'\n", completions("fetool.fish"));
    for (typed, _) in CASES {
        script += &format!("complete -C 'fetool {typed}'\necho END\n");
    }
    dir.write("dir/script", script);
    let found = run(&dir, "exec fish dir/script").run().succeeds();
    let found = String::from_utf8(found).unwrap();
    let mut found = found.split("END\n");
    for (typed, expected) in CASES {
        let lines = found.next().expect("each has an end").lines();
        let words = lines.map(|it| it.split('\t').next().unwrap());
        let mut words: Vec<_> = words.map(|it| it.trim_end_matches('/')).collect();
        words.sort_unstable();
        // To fish, a short option's value begins behind its letter.
        if typed.contains(" -p=") {
            continue;
        }
        assert_eq!(words, expected, "{typed}");
    }
}
