//! Help, the version, and mistakes on the command line.

use crate::cli_common::{K, fetool};

fn printed(args: &[&str]) -> String {
    String::from_utf8(fetool(args).run().succeeds()).unwrap()
}

#[test]
fn the_version() {
    for option in ["--version", "-V"] {
        assert_eq!(
            printed(&[option]),
            format!("fetool {}\n", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn help_short_and_long() {
    for command in [&[][..], &["seal"], &["open"], &["inspect"]] {
        let help = |last: &str| printed(&[command, &[last]].concat());
        let (short, long) = (help("-h"), help("--help"));
        for text in [&short, &long] {
            let usage = ["Usage: fetool", command.first().unwrap_or(&"<COMMAND>")].join(" ");
            assert!(text.contains(&usage), "{text}");
            assert!(text.contains("-h, --help"), "{text}");
            assert!(text.contains("\nExamples:\n"), "{text}");
        }
        assert!(short.lines().count() < long.lines().count());
        assert!(!short.contains("Exit statuses"));
    }
    let long = printed(&["--help"]);
    assert!(long.contains("\nExit statuses:\n  0  success\n  1  input, output or system error\n"));
    for command in ["seal", "open", "inspect", "keygen", "bench", "help"] {
        assert!(long.contains(&format!("\n  {command} ")), "{long}");
    }
    // For packagers only.
    assert!(!long.contains("generate"), "{long}");
}

#[test]
fn help_fits_its_terminal() {
    for command in ["seal", "open", "inspect", "keygen", "bench", "help"] {
        let text = printed(&[command, "--help"]);
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
    }
}

#[test]
fn short_help_fits_a_screen_and_long_help_two() {
    for command in [
        "seal", "open", "check", "inspect", "rekey", "keygen", "bench",
    ] {
        let lines = |option| printed(&[command, option]).lines().count();
        let screen = if command == "rekey" { 53 } else { 50 };
        assert!(lines("-h") <= screen, "{command} -h: {} lines", lines("-h"));
        assert!(
            lines("--help") <= 100,
            "{command} --help: {} lines",
            lines("--help")
        );
    }
    let short = printed(&["seal", "-h"]);
    assert!(!short.contains("--one-file-system"), "{short}");
    let all = "\n'fetool seal --help' lists all options; fetool-seal(1) explains them.\n";
    assert!(short.ends_with(all), "{short}");
}

#[test]
fn help_is_a_subcommand_too() {
    for command in ["seal", "open", "inspect", "keygen", "bench"] {
        assert_eq!(printed(&["help", command]), printed(&[command, "--help"]));
    }
    // What other programs may add to it depends on the machine.
    assert!(printed(&["help"]).starts_with(&printed(&["--help"])));
    fetool(["help", "nosuch"]).run().fails(
        2,
        "fetool: there is no subcommand 'nosuch'\nfetool: hint: 'fetool help' lists them\n",
    );
}

#[test]
fn every_option_has_a_line() {
    let seal = printed(&["seal", "--help"]);
    for option in [
        "-k, --key <SPEC>",
        "-p, --passphrase[=<SPEC>]",
        "--salt <SPEC>",
        "--kdf <KDF>",
        "--new-key",
        "-f, --format <NAME>",
        "-c, --chunk-size <SIZE>",
        "--size <SIZE>",
        "-o, --output <FILE>",
        "--force",
        "--sync",
        "-j, --jobs <N>",
        "-q, --quiet",
        "-v, --verbose",
        "--progress <WHEN>",
    ] {
        assert!(seal.contains(&format!(" {option} ")), "{option}");
    }
    let open = printed(&["open", "--help"]);
    for option in [
        "--strict",
        "--check",
        "-k, --key <SPEC>",
        "-o, --output <FILE>",
    ] {
        assert!(open.contains(&format!(" {option} ")), "{option}");
    }
    let inspect = printed(&["inspect", "--help"]);
    for option in ["--json", "--verify", "-k, --key <SPEC>"] {
        assert!(inspect.contains(&format!(" {option} ")), "{option}");
    }
}

#[test]
fn mistakes_get_a_suggestion() {
    for (args, right) in [
        (&["seall"][..], "'seal'"),
        (&["opne"], "'open'"),
        (&["inspct"], "'inspect'"),
        (&["seal", "--chunk-sise", "1"], "'--chunk-size'"),
        (&["open", "--forse"], "'--force'"),
        (&["inspect", "--jsn"], "'--json'"),
        (&["seal", "-k", K, "--progress", "alwais"], "'always'"),
        (&["seal", "-k", K, "--kdf=argon2"], "'argon2id'"),
    ] {
        let ended = fetool(args).run();
        let stderr = ended.stderr();
        assert!(stderr.starts_with("fetool: "), "{stderr}");
        assert!(stderr.contains("hint: a similar "), "{args:?}: {stderr}");
        assert!(stderr.contains(right), "{args:?}: {stderr}");
        ended.fails(2, &stderr);
    }
}

#[test]
fn mistakes_without_one() {
    for args in [
        &["seal", "-k"][..],
        &["seal", "--nonsense"],
        &["-x"],
        &["seal", "--progress", "sometimes"],
        &["keygen", "-k", K],
        &["generate"],
        &["generate", "tcsh"],
        &["seal", "-k", K, "-k", K],
    ] {
        let ended = fetool(args).run();
        let stderr = ended.stderr();
        assert!(stderr.starts_with("fetool: "), "{args:?}: {stderr}");
        ended.fails(2, &stderr);
    }
}

#[test]
fn several_paths_are_a_tree() {
    let message = "fetool: more than one PATH\n\
                   fetool: hint: to work on each file by itself, add -r\n";
    fetool(["seal", "-k", K, "a", "b"]).run().fails(2, message);
    fetool(["open", "-k", K, "a", "b"]).run().fails(2, message);
}

#[test]
fn no_subcommand_gets_help_and_fails() {
    let ended = fetool::<&str>([]).run();
    let stderr = ended.stderr();
    assert!(stderr.contains("Usage: fetool <COMMAND>"), "{stderr}");
    ended.fails(2, &stderr);
}

#[test]
fn unknown_formats_are_named_with_the_known_ones() {
    let written = "gfe, dexios, gocrypt, parallel-encryptor, age";
    let read = "gfe, dexios, gocrypt, gocrypt-v1, parallel-encryptor, age";
    for (command, known) in [("seal", written), ("open", read), ("inspect", read)] {
        for name in ["nosuch", "GFE", ""] {
            let ended = fetool([command, "-f", name]).run();
            let stderr = ended.stderr();
            assert!(stderr.starts_with("fetool: "), "{stderr}");
            assert!(
                stderr.contains(&format!("[possible values: {known}]")),
                "{stderr}"
            );
            ended.fails(2, &stderr);
        }
    }
}

#[test]
fn packagers_get_pages_and_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = printed(&["generate", shell]);
        assert!(text.contains("chunk-size"), "{shell}");
    }
    assert!(printed(&["generate", "man"]).contains(".TH FETOOL 1"));
    assert!(printed(&["generate", "man", "seal"]).contains(".TH FETOOL-SEAL 1"));
    fetool(["generate", "bash", "seal"])
        .run()
        .fails(2, "fetool: completions are for the whole command line\n");
    let ended = fetool(["generate", "man", "nosuch"]).run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(2), ""));
}

#[test]
fn headings_are_words() {
    for command in [
        "seal", "open", "check", "inspect", "rekey", "header", "keygen", "bench",
    ] {
        let text = printed(&[command, "--help"]);
        let headings = text.lines().filter_map(|line| line.strip_suffix(':'));
        for heading in headings.filter(|line| !line.starts_with(' ')) {
            let capitals = heading.chars().filter(char::is_ascii_uppercase).count();
            assert_eq!(capitals, 1, "{command}: {heading}");
        }
    }
}
