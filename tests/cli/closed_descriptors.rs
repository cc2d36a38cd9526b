//! Standard descriptors that were closed when the program started, as `<&-` and `>&-` do.

use crate::cli_common::{Dir, Fetool, K, data, fetool, shell};

/// `fetool ARGS` with what the script does to its descriptors: `<&-`, `>/dev/null`.
fn redirected(dir: &Dir, args: &str, redirections: &str) -> Fetool {
    let script = format!(r#""$FETOOL" {args} {redirections}"#);
    shell(&script, [""; 0]).within(dir)
}

fn files() -> Dir {
    let dir = Dir::new();
    dir.write("plain", data(1000));
    fetool(["seal", "-k", K, "plain", "-o", "sealed"])
        .within(&dir)
        .run()
        .succeeds();
    dir
}

#[test]
fn output_to_a_closed_descriptor_is_an_error() {
    let dir = files();
    for args in [
        "seal -k env:TEST_KEY plain",
        "seal -k env:TEST_KEY plain -o -",
        "open -k env:TEST_KEY sealed",
        "inspect sealed",
        "inspect --json sealed",
        "keygen",
        "help",
        "help seal",
        "--help",
        "--version",
        "seal --help",
        "generate man",
    ] {
        let ended = redirected(&dir, args, ">&-").run();
        ended.fails(1, "fetool: stdout: the file descriptor is closed\n");
    }
    // By name, too.
    for name in ["/dev/stdout", "/dev/fd/1"] {
        let args = format!("open -k env:TEST_KEY sealed --force -o {name}");
        let ended = redirected(&dir, &args, ">&-").run();
        assert_eq!(ended.code(), Some(1), "{name}: {}", ended.stderr());
    }
}

#[test]
fn input_from_a_closed_descriptor_is_an_error() {
    let dir = files();
    for args in [
        "seal -k env:TEST_KEY -o new",
        "seal -k @- plain -o new",
        "seal -f dexios -k fd:0 plain -o new",
        "open -k env:TEST_KEY -o new",
        "open -k @- sealed -o new",
        "inspect",
    ] {
        let ended = redirected(&dir, args, "<&-").run();
        ended.fails(1, "fetool: stdin: the file descriptor is closed\n");
        assert!(!dir.path("new").exists(), "{args}");
    }
    for (args, redirections) in [
        ("seal -k env:TEST_KEY /dev/stdin -o new", "<&-"),
        ("seal -k env:TEST_KEY --files0-from - -O new", "<&-"),
        ("seal -f dexios -k fd:1 plain -o new", ">&-"),
        ("seal -f dexios -k fd:2 plain -o new", "2>&-"),
    ] {
        let ended = redirected(&dir, args, redirections).run();
        assert_eq!(ended.code(), Some(1), "{args}: {}", ended.stderr());
        assert!(!dir.path("new").is_file(), "{args}");
    }
}

#[test]
fn closed_descriptors_that_are_not_needed_do_no_harm() {
    let dir = files();
    let args = "open -k env:TEST_KEY sealed -o opened";
    let ended = redirected(&dir, args, "<&- >&- 2>&-").run();
    assert_eq!(ended.code(), Some(0));
    assert_eq!(dir.read("opened"), data(1000));
    let ended = redirected(&dir, "open -k env:OTHER_KEY sealed", "<&- 2>&-").run();
    assert_eq!(ended.code(), Some(3));
}

/// Some programs open it for reading and writing, as Rust's runtime does in place of what is closed.
#[test]
fn a_null_device_that_the_caller_gave_is_one() {
    let dir = files();
    for redirection in [">/dev/null", "1<>/dev/null"] {
        redirected(&dir, "open -k env:TEST_KEY sealed", redirection)
            .run()
            .succeeds();
    }
    for redirection in ["</dev/null", "0<>/dev/null"] {
        let args = "seal -k env:TEST_KEY --force -o empty";
        redirected(&dir, args, redirection).run().succeeds();
        let open = fetool(["open", "-k", K, "empty"]).within(&dir);
        assert_eq!(open.run().succeeds(), b"");
    }
}
