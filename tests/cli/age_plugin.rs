//! Plugins of age: one process for each, and what it is kept from.

use crate::cli_common::{Dir, Ended, Fetool, fetool, shell, vector};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A directory with a plugin in `bin`, an identity that is none of its business (`me`) and plaintext (`plain`).
pub fn dir() -> Dir {
    let dir = Dir::new();
    for name in ["bin", "tree"] {
        fs::create_dir(dir.path(name)).unwrap();
    }
    install(&dir, "toy", "toy");
    dir.write("me", fs::read(vector("age/x25519.key")).unwrap());
    dir.write("toy", IDENTITY);
    dir.write("plain", PLAIN);
    dir
}

/// Puts a plugin of the tests into `bin`, under a name that need not be its own.
pub fn install(dir: &Dir, plugin: &str, name: &str) {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/age_plugins");
    let link = dir.path(format!("bin/age-plugin-{name}"));
    symlink(plugins.join(format!("age-plugin-{plugin}")), link).unwrap();
}

pub const PLAIN: &str = "For your eyes only\n";
/// That without data.
const IDENTITY: &str = "AGE-PLUGIN-TOY-177ZNG8\n";

pub fn with_plugin(fetool: Fetool, dir: &Dir) -> Fetool {
    let path = std::env::var("PATH").unwrap();
    fetool
        .within(dir)
        .env("PATH", format!("{}:{path}", dir.text("bin")))
}

pub fn run(dir: &Dir, line: &str) -> Ended {
    with_plugin(fetool(line.split(' ')), dir).run()
}

/// How often the plugin was started since the last look.
pub fn starts(dir: &Dir) -> usize {
    let text = fs::read_to_string(dir.path("bin/starts")).unwrap_or_default();
    let _ = fs::remove_file(dir.path("bin/starts"));
    text.lines().count()
}

#[test]
fn a_name_stands_for_an_identity() {
    let dir = dir();
    run(&dir, "seal --plugin toy plain -o f.age").succeeds();
    assert_eq!(
        run(&dir, "open --plugin TOY f.age").succeeds(),
        PLAIN.as_bytes()
    );
    assert_eq!(run(&dir, "open -k @toy f.age").succeeds(), PLAIN.as_bytes());
    let inspected = run(&dir, "inspect --plugin toy f.age").succeeds();
    let inspected = String::from_utf8(inspected).unwrap();
    assert!(inspected.contains("toy"), "{inspected}");
    run(&dir, "rekey -i --plugin toy --to @me f.age").succeeds();
    assert_eq!(run(&dir, "open -k @me f.age").succeeds(), PLAIN.as_bytes());
    run(&dir, "rekey -i -k @me --add --to @toy f.age").succeeds();
    assert_eq!(run(&dir, "open -k @toy f.age").succeeds(), PLAIN.as_bytes());
    run(&dir, "open --plugin ../toy f.age").fails(
        2,
        "fetool: invalid plugin name: only letters, digits and the characters + - . _ are allowed\n",
    );
    fetool(["open", "--plugin", "toy", "f.age"]).within(&dir).run().fails(
        1,
        "fetool: age-plugin-toy is not in PATH\n\
         fetool: hint: install the plugin, which is a program of its own, or add its directory to PATH: \
         fetool runs age-plugin-toy for this key\n",
    );
    run(&dir, "seal --plugin toy -p=@plain plain").fails(
        2,
        "fetool: a passphrase cannot be used together with --key, --plugin or --to\n\
         fetool: hint: Dexios takes several secrets: --passphrase and --add-key, with --format dexios\n",
    );
}

#[test]
fn one_process_serves_all_identities_of_a_plugin() {
    let dir = dir();
    run(&dir, "seal --plugin toy --to @toy -k @toy plain -o f.age").succeeds_saying(
        "fetool: note: an identity of age-plugin-toy, not shown, is named twice, and gets one stanza\n\
         fetool: note: an identity of age-plugin-toy, not shown, is named twice, and gets one stanza\n",
    );
    assert_eq!(starts(&dir), 1);
    run(&dir, "open --plugin toy -k @toy -k @me f.age").succeeds();
    assert_eq!(starts(&dir), 1);
}

/// It is in a list that is encrypted, so the plugin is found when that is opened.
#[test]
fn an_encrypted_identity_file_may_hold_identities_of_plugins() {
    let dir = dir();
    dir.write("pass", "correct horse");
    run(&dir, "seal -p=@pass --work-factor 2 toy -o locked").succeeds();
    let unlock = "--identity-passphrase @pass";
    run(&dir, &format!("seal -k @locked {unlock} plain -o f.age")).succeeds();
    let opened = run(&dir, &format!("open -k @locked {unlock} f.age")).succeeds();
    assert_eq!(opened, PLAIN.as_bytes());
    fetool([
        "open",
        "-k",
        "@locked",
        "--identity-passphrase",
        "@pass",
        "f.age",
    ])
    .within(&dir)
    .run()
    .fails(
        1,
        "fetool: f.age: age-plugin-toy is not in PATH\n\
         fetool: hint: install the plugin, which is a program of its own, or add its directory to PATH: \
         fetool runs age-plugin-toy for this key\n",
    );
}

/// Those that options name, and those of encrypted files, which are opened only when a file needs them.
#[test]
fn one_process_serves_the_identities_in_encrypted_files_as_well() {
    let dir = dir();
    dir.write("pass", "correct horse");
    let mine = String::from_utf8(dir.read("me")).unwrap();
    dir.write("both", mine + IDENTITY);
    for name in ["toy", "both"] {
        let line = format!("seal -p=@pass --work-factor 2 {name} -o locked_{name}");
        run(&dir, &line).succeeds();
    }
    for name in ["a", "b", "c"] {
        let line = format!("seal --plugin toy plain -o tree/{name}.age");
        run(&dir, &line).succeeds();
    }
    run(&dir, "seal --to @me plain -o mine.age").succeeds();
    let locked = "-k @locked_toy -k @locked_both --identity-passphrase @pass";
    let other = "-k @other";
    dir.write("other", fs::read(vector("age/x25519b.key")).unwrap());
    starts(&dir);

    for keys in [
        locked.to_owned(),
        format!("{locked} --plugin toy"),
        format!("{locked} {other}"),
        format!("{other} -k @toy {locked}"),
    ] {
        run(&dir, &format!("open {keys} tree/a.age")).succeeds();
        assert_eq!(starts(&dir), 1, "{keys}");
        run(&dir, &format!("open -r -q --force {keys} tree -O out")).succeeds();
        assert_eq!(starts(&dir), 1, "{keys}");
        assert_eq!(dir.read("out/tree/c"), PLAIN.as_bytes());
    }
    run(&dir, &format!("check -r -q {locked} tree")).succeeds();
    assert_eq!(starts(&dir), 1);
    let line = format!("inspect --verify -q {locked} tree/a.age tree/b.age");
    run(&dir, &line).succeeds();
    assert_eq!(starts(&dir), 1);
    run(&dir, &format!("rekey -r -i -q {locked} --to @me tree")).succeeds();
    assert_eq!(starts(&dir), 1);
    // The other identity in the file is enough, so nothing is started.
    run(&dir, &format!("open -r -q --force {locked} tree -O out")).succeeds();
    run(&dir, &format!("open {locked} --plugin toy mine.age")).succeeds();
    assert_eq!(starts(&dir), 0);
    // Its passphrase is not asked for where it is not needed.
    run(&dir, "open -r -q --force -k @me -k @locked_toy tree -O out").succeeds();
    assert_eq!(starts(&dir), 0);
}

/// The plugin of one encrypted file is asked although another one does not open.
#[test]
fn an_encrypted_file_that_does_not_open_hides_no_plugin() {
    let dir = dir();
    dir.write("pass", "correct horse");
    dir.write("other_pass", "battery staple");
    run(&dir, "seal -p=@pass --work-factor 2 toy -o locked").succeeds();
    run(&dir, "seal -p=@other_pass --work-factor 2 me -o wrong").succeeds();
    run(&dir, "seal --plugin toy plain -o f.age").succeeds();
    let unlock = "--identity-passphrase @pass";
    for keys in ["-k @locked -k @wrong", "-k @wrong -k @locked"] {
        let opened = run(&dir, &format!("open {keys} {unlock} f.age")).succeeds();
        assert_eq!(opened, PLAIN.as_bytes(), "{keys}");
        run(&dir, &format!("inspect --verify -q {keys} {unlock} f.age")).succeeds();
    }
    run(&dir, &format!("open -k @wrong {unlock} f.age")).fails(
        1,
        "fetool: wrong: wrong passphrase for identity file wrong\n",
    );
}

/// What the caller leaves open may lead to a secret, whatever it was opened for.
#[test]
fn no_descriptor_reaches_a_plugin() {
    let dir = dir();
    dir.write(
        "bin/first",
        "for n in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$n; done > \"$here/open\" 2>/dev/null\n\
         cat <&5 > \"$here/stolen\"\n\
         echo \"$TOY\" > \"$here/variable\"\n",
    );
    let script = "\"$FETOOL\" seal --plugin toy 5<me 7<plain plain -o f.age && \
                  exec \"$FETOOL\" open -k env:TOY -k fd:5 f.age 5<me 7<plain";
    let opened = with_plugin(shell(script, [""; 0]), &dir)
        .env("TOY", IDENTITY)
        .run();
    assert_eq!(opened.succeeds(), PLAIN.as_bytes());
    assert_eq!(starts(&dir), 2);
    let open = String::from_utf8(dir.read("bin/open")).unwrap();
    assert!(open.lines().all(|name| name == "/dev/null"), "{open}");
    assert_eq!(dir.read("bin/stolen"), b"");
    assert_eq!(dir.read("bin/variable"), b"\n");
}

/// One PIN and one touch are enough for as many files as there are.
#[test]
fn one_process_serves_all_files_of_a_run() {
    let dir = dir();
    for name in ["a", "b", "c", "mine"] {
        dir.write(name, name);
    }
    for name in ["a", "b", "c"] {
        run(
            &dir,
            &format!("seal --plugin toy {name} -o tree/{name}.age"),
        )
        .succeeds();
    }
    run(&dir, "seal --to @me mine -o tree/mine.age").succeeds();
    dir.write("tree/other", "not sealed");
    starts(&dir);

    run(&dir, "open -r -q --plugin toy -k @me tree -O out").succeeds();
    assert_eq!(starts(&dir), 1);
    for name in ["a", "b", "c", "mine"] {
        assert_eq!(dir.read(format!("out/tree/{name}")), name.as_bytes());
    }
    run(&dir, "check -r -q --plugin toy -k @me tree").succeeds();
    assert_eq!(starts(&dir), 1);
    run(
        &dir,
        "inspect --verify -q --plugin toy tree/a.age tree/b.age",
    )
    .succeeds();
    assert_eq!(starts(&dir), 1);
    run(&dir, "rekey -r -i -q --plugin toy -k @me --to @me tree").succeeds();
    assert_eq!(starts(&dir), 1);
    run(&dir, "open -r -q --force -k @me tree -O out").succeeds();
    assert_eq!(starts(&dir), 0);

    run(&dir, "seal -r -q --plugin toy --to @me out/tree -O again").succeeds();
    assert_eq!(starts(&dir), 1);
    run(&dir, "open -r -q --plugin toy again -O last").succeeds();
    assert_eq!(starts(&dir), 1);
    assert_eq!(dir.read("last/again/tree/a"), b"a");
}

/// Nobody is asked once more for each file when a plugin fails.
#[test]
fn a_plugin_that_fails_is_started_once() {
    let dir = dir();
    for name in ["a", "b"] {
        run(&dir, &format!("seal --plugin toy plain -o tree/{name}.age")).succeeds();
    }
    run(&dir, "seal --to @me plain -o tree/mine.age").succeeds();
    starts(&dir);
    dir.write("bin/first", "exit 1\n");
    let ended = run(&dir, "open -r -q --plugin toy -k @me tree -O out");
    assert_eq!(ended.code(), Some(1));
    let said = ended.stderr();
    let failed = "age-plugin-toy: ended with exit status: 1 before it was done";
    for name in ["a", "b"] {
        assert!(
            said.contains(&format!("tree/{name}.age: {failed}\n")),
            "{said}"
        );
    }
    assert_eq!(dir.read("out/tree/mine"), PLAIN.as_bytes());
    assert_eq!(starts(&dir), 1);
    run(&dir, "seal -r -q --plugin toy --to @me out -O again")
        .fails(1, &format!("fetool: {failed}\n"));
    assert_eq!(starts(&dir), 1);
}

/// It is nobody's to read, and must not hold the plugin up.
#[test]
fn what_a_plugin_says_on_standard_error_is_dropped() {
    let dir = dir();
    dir.write("bin/first", "head -c 1000000 /dev/zero >&2\n");
    run(&dir, "seal --plugin toy plain -o f.age").succeeds();
    let opened = run(&dir, "open --plugin toy f.age").succeeds();
    assert_eq!(opened, PLAIN.as_bytes());
}
