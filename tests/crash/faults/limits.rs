//! No more descriptors, and no more threads.

use super::{both, words};
use crate::cli_common::{Dir, Ended, K, data, sealed, shell};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is left when a command has ended under a limit: 0 and all that it should do, or 1, a line
/// that says why, and nothing.
fn all_or_nothing(
    ended: &Ended,
    why: &str,
    what: &str,
    done: impl FnOnce(),
    nothing: impl FnOnce(),
) {
    let stderr = ended.stderr();
    if ended.code() == Some(0) {
        assert_eq!(stderr, "", "{what}");
        done();
    } else {
        assert_eq!(ended.code(), Some(1), "{what}: {stderr}");
        assert!(
            stderr.starts_with("fetool: ") && stderr.contains(why),
            "{what}: {stderr}"
        );
        nothing();
    }
}

/// Whoever runs the tests may have left some open.
const CLOSED: &str = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-";

#[test]
fn a_limit_on_descriptors() {
    let dir = both(1000);
    let files = ["plain", "sealed"];
    let before = files.map(|name| dir.read(name));
    let reseal = "rekey --reseal -k env:TEST_KEY --new-key env:OTHER_KEY";
    // Those that need more than one, and those that write a new file.
    for (line, many, all) in [
        ("seal -k env:TEST_KEY plain -o new", true, true),
        ("open -k env:TEST_KEY sealed -o new", true, true),
        ("open -k env:TEST_KEY sealed", true, false),
        ("inspect --verify -k env:TEST_KEY sealed", false, false),
        ("check -q -k env:TEST_KEY sealed", false, false),
        (&format!("{reseal} sealed -o new"), true, true),
        (&format!("{reseal} -i sealed"), true, false),
    ] {
        let mut ends = Vec::new();
        // With fewer the program cannot even be loaded; with most of these it can do everything.
        for most in 4..20 {
            let what = format!("{line}, {most} descriptors");
            let script = format!(r#"{CLOSED}; ulimit -n {most}; exec "$FETOOL" "$@""#);
            let ended = shell(&script, words(line)).within(&dir).run();
            let done = || {
                if all {
                    fs::remove_file(dir.path("new")).expect(&what);
                }
            };
            let nothing = || {
                assert!(files.map(|name| dir.read(name)) == before, "{what}");
            };
            all_or_nothing(&ended, "too many open files", &what, done, nothing);
            dir.holds_only(&files);
            dir.write("sealed", &before[1]);
            ends.push(ended.code());
        }
        assert!(ends.is_sorted_by(|a, b| a >= b), "{line}: {ends:?}");
        let ends = (ends[0], ends[15]);
        assert_eq!(ends, (Some(many.into()), Some(0)), "{line}");
    }
}

/// Runs a command of somebody who may have one process, without any thread beside it: not root, for
/// whom such a limit does not count.
fn without_threads(dir: &Dir, line: &str) -> Ended {
    dir.set_mode("", 0o777);
    let script = if nix::unistd::geteuid().is_root() {
        // The program may lie where others cannot go.
        r#"cp "$FETOOL" program && exec prlimit --nproc=1 setpriv --reuid=$WHO --clear-groups \
            --bounding-set=-all ./program "$@""#
    } else {
        r#"cp "$FETOOL" program && exec prlimit --nproc=1 ./program "$@""#
    };
    // Somebody for whom nobody else does anything meanwhile.
    static TURN: AtomicU32 = AtomicU32::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let who = 60_000 + (std::process::id() * 16 + turn) % 5000;
    let job = shell(script, words(line)).env("WHO", who.to_string());
    let ended = job.within(dir).run();
    fs::remove_file(dir.path("program")).unwrap();
    ended
}

#[test]
fn no_threads_at_all() {
    let dir = both(16 << 20);
    dir.write("pass", "a passphrase");
    dir.write("salt", "0123456789abcdef");
    let names = ["pass", "plain", "salt", "sealed"];
    for name in names {
        dir.set_mode(name, 0o666);
    }
    for (line, what) in [
        ("seal -k env:TEST_KEY plain", "cannot start a thread"),
        ("open -k env:TEST_KEY sealed", "cannot start a thread"),
        // Argon2 computes its lanes side by side.
        ("seal -p=@pass --salt @salt plain", "cannot start a thread"),
        ("seal -r -k env:TEST_KEY plain", ""),
        (
            "rekey --reseal -k env:TEST_KEY --new-key env:OTHER_KEY sealed",
            "cannot start a thread",
        ),
        // Nobody would clean up after a signal.
        ("seal -k env:TEST_KEY plain -o new", "new"),
    ] {
        let ended = without_threads(&dir, line);
        let what = if what.is_empty() {
            String::new()
        } else {
            format!("{what}: ")
        };
        let told = format!("fetool: {what}resource temporarily unavailable\n");
        assert_eq!((ended.stderr(), ended.code()), (told, Some(1)), "{line}");
        dir.holds_only(&names);
    }
    let small = sealed(&data(1000), "100");
    dir.write("small", &small);
    dir.set_mode("small", 0o644);
    let opened = without_threads(&dir, &format!("open -k {K} small"));
    assert!(opened.succeeds() == data(1000));
}
