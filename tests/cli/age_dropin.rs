//! `fetool age` and `fetool age-keygen`, and links of these names: what scripts that call age rely on.

use crate::cli_common::{Dir, Ended, Fetool, fetool, linked, shell, vector};
use std::fs;
use std::os::unix::fs::symlink;

/// A directory with keys (`me`, `you`, `pq`, SSH keys), sealed files of the real age and plaintext (`plain`).
pub fn dir() -> Dir {
    let dir = Dir::new();
    for (name, file) in [
        ("me", "x25519.key"),
        ("you", "x25519b.key"),
        ("pq", "hybrid.key"),
        ("ssh", "ssh_ed25519"),
        ("ssh.pub", "ssh_ed25519.pub"),
        ("ssh_pw", "ssh_ed25519_pw"),
        ("ssh_pw.pub", "ssh_ed25519_pw.pub"),
        ("rsa", "ssh_rsa"),
        ("rsa.pub", "ssh_rsa.pub"),
        ("locked", "identities_encrypted.age"),
        ("real", "age_x25519_131072.age"),
        ("scrypt", "age_scrypt10_1000.age"),
    ] {
        dir.write(name, fs::read(vector(&format!("age/{file}"))).unwrap());
    }
    dir.write("plain", PLAIN);
    dir
}

pub const PLAIN: &str = "For your eyes only\n";

/// The recipient in a key file's comment.
fn recipient(dir: &Dir, name: &str) -> String {
    let text = String::from_utf8(dir.read(name)).unwrap();
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}

/// `fetool LINE`, in which `ME`, `YOU` and `PQ` stand for recipients.
pub fn command(dir: &Dir, line: &str) -> Fetool {
    let words = line.split(' ').map(|word| match word {
        "ME" => recipient(dir, "me"),
        "YOU" => recipient(dir, "you"),
        "PQ" => recipient(dir, "pq"),
        word => word.to_owned(),
    });
    fetool(words).within(dir)
}

fn run(dir: &Dir, line: &str) -> Ended {
    command(dir, line).run()
}

#[track_caller]
fn opens(dir: &Dir, identity: &str, name: &str) {
    let plain = run(dir, &format!("age -d -i {identity} {name}")).succeeds();
    assert_eq!(plain, PLAIN.as_bytes(), "{identity} {name}");
}

/// Nothing but the message, whose status is 1.
#[track_caller]
fn refused(dir: &Dir, line: &str, message: &str) {
    let before = dir.names();
    run(dir, line).fails(1, &format!("age: error: {message}\n"));
    assert_eq!(dir.names(), before, "{line}");
}

#[test]
fn files_go_both_ways_in_every_spelling() {
    let dir = dir();
    dir.write("list", format!("# team\n\n{}\r\n", recipient(&dir, "you")));
    for (line, identity) in [
        ("-r ME", "me"),
        ("-e -r ME -r YOU", "you"),
        ("-e -r ME -r YOU", "me"),
        ("--encrypt --recipient ME", "me"),
        ("-encrypt -armor=false -recipient ME", "me"),
        ("-R list", "you"),
        ("--recipients-file=list -r ME", "you"),
        ("-r PQ", "pq"),
        ("-e -i me --identity you", "you"),
        ("-a -r ME -o other", "me"),
    ] {
        run(&dir, &format!("age {line} -o f plain")).succeeds();
        opens(&dir, identity, "f");
        opens(&dir, &format!("pq -i you -identity={identity} --"), "f");
    }
    assert!(!dir.path("other").exists());
}

#[test]
fn links_are_the_commands() {
    let dir = dir();
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    linked(&dir, "age-keygen", words("-o key"))
        .within(&dir)
        .run();
    let recipient = recipient(&dir, "key");
    let sealed = linked(&dir, "age", ["-r", &recipient])
        .within(&dir)
        .input(PLAIN)
        .run()
        .succeeds();
    let opened = linked(&dir, "age", words("-d -i key"))
        .within(&dir)
        .input(sealed)
        .run();
    assert_eq!(opened.succeeds(), PLAIN.as_bytes());
    linked(&dir, "age", ["seal"]).within(&dir).run().fails(
        1,
        "age: error: missing recipients\nage: hint: name them with -r/--recipient or \
         -R/--recipients-file, or ask for a passphrase with -p/--passphrase\n",
    );
    // Any other name is fetool.
    assert_eq!(
        linked(&dir, "fetool2", ["age", "--version"])
            .run()
            .succeeds(),
        VERSION
    );
}

const VERSION: &[u8] = b"1.3.1 (fetool 0.1.0)\n";

#[test]
fn pipes_carry_data_and_nothing_else() {
    let dir = dir();
    let script = "printf '%s' \"$1\" | \"$FETOOL\" age -r \"$2\" | \"$FETOOL\" age -d -i me -o -";
    let me = recipient(&dir, "me");
    let opened = shell(script, [PLAIN, &me]).within(&dir).run().succeeds();
    assert_eq!(opened, PLAIN.as_bytes());
    // Identities and lists of recipients are read once, wherever they come from.
    let script = "\"$FETOOL\" age -R - plain <<EOF > f\n$1\nEOF\n\
                  \"$FETOOL\" age -d -i - f < me && \"$FETOOL\" age -d -i /dev/fd/5 f 5< me";
    let opened = shell(script, [&me]).within(&dir).run().succeeds();
    assert_eq!(opened, PLAIN.repeat(2).as_bytes());
    for line in [
        "age -r ME -R -",
        "age -R - -",
        "age -d -i -",
        "age -e -i - -R - plain",
    ] {
        refused(&dir, line, "standard input is used for multiple purposes");
    }
    let sealed = run(&dir, "age -a -r ME plain").succeeds();
    assert!(sealed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
    let opened = command(&dir, "age -d -i you -i me -").input(sealed).run();
    assert_eq!(opened.succeeds(), PLAIN.as_bytes());
}

#[test]
fn options_that_age_does_not_have_are_status_2() {
    let dir = dir();
    for (line, what) in [
        ("age -da plain", "flag provided but not defined: -da"),
        ("age --force plain", "flag provided but not defined: -force"),
        ("age -r", "flag needs an argument: -r"),
        (
            "age -a=maybe plain",
            "invalid boolean value \"maybe\" for -a",
        ),
        ("age -k @me plain", "flag provided but not defined: -k"),
    ] {
        run(&dir, line).fails(
            2,
            &format!("age: error: {what}\nage: hint: 'age -h' lists the options\n"),
        );
    }
    run(&dir, "age-keygen -x").fails(
        2,
        "age-keygen: error: flag provided but not defined: -x\n\
         age-keygen: hint: 'age-keygen -h' lists the options\n",
    );
    for line in ["age -h", "age --help", "age -d -help x", "age-keygen -h"] {
        let help = String::from_utf8(run(&dir, line).succeeds()).unwrap();
        assert!(help.starts_with("Usage: age"), "{help}");
        assert!(help.contains("--output <OUTPUT>"), "{help}");
    }
    let usage = run(&dir, "age");
    assert_eq!(usage.code(), Some(1));
    assert!(usage.stderr().starts_with("Usage: age [-e] "));
    for line in ["age --version", "age-keygen -version"] {
        assert_eq!(run(&dir, line).succeeds(), VERSION);
    }
}

#[test]
fn options_that_say_nothing_together_are_refused() {
    let dir = dir();
    let by_itself = "age: hint: fetool detects what kind of file it is";
    let secret = "age: hint: the secret that decrypts is named with -i/--identity";
    let mode = "age: hint: -d decrypts; -e -i encrypts to the recipients of the identities";
    for (line, what, hint) in [
        ("-d -e", "-e/--encrypt can't be used with -d/--decrypt", ""),
        (
            "-d -a",
            "-a/--armor can't be used with -d/--decrypt",
            by_itself,
        ),
        (
            "-d -p",
            "-p/--passphrase can't be used with -d/--decrypt",
            by_itself,
        ),
        (
            "-d -r ME",
            "-r/--recipient can't be used with -d/--decrypt",
            secret,
        ),
        (
            "-d -R me",
            "-R/--recipients-file can't be used with -d/--decrypt",
            secret,
        ),
        (
            "-i me",
            "-i/--identity and -j can't be used in encryption mode unless -e/--encrypt is given",
            mode,
        ),
        (
            "-j toy",
            "-i/--identity and -j can't be used in encryption mode unless -e/--encrypt is given",
            mode,
        ),
        (
            "-p -r ME",
            "-p/--passphrase can't be combined with -r/--recipient",
            "",
        ),
        (
            "-p -R me",
            "-p/--passphrase can't be combined with -R/--recipients-file",
            "",
        ),
        (
            "-e -p -i me",
            "-p/--passphrase can't be combined with -i/--identity",
            "",
        ),
        (
            "-e -p -j toy",
            "-p/--passphrase can't be combined with -j",
            "",
        ),
        (
            "-e",
            "missing recipients",
            "age: hint: name them with -r/--recipient or -R/--recipients-file, or ask for a passphrase \
             with -p/--passphrase",
        ),
        (
            "-r ME other",
            "too many INPUT arguments: \"other\" \"plain\"",
            "age: hint: only one INPUT is taken at a time",
        ),
    ] {
        let message = match hint {
            "" => what.to_owned(),
            hint => format!("{what}\n{hint}"),
        };
        refused(&dir, &format!("age {line} plain"), &message);
    }
    refused(
        &dir,
        "age -d -i me real -o out",
        "too many INPUT arguments: \"real\" \"-o\" \"out\"\n\
         age: hint: options come before INPUT; did you mean: age -d -i me -o out real",
    );
}

#[test]
fn recipients_are_checked_and_never_repeated() {
    let dir = dir();
    let me = recipient(&dir, "me");
    let secret = String::from_utf8(dir.read("me")).unwrap();
    let secret = secret.lines().last().unwrap().to_owned();
    for (word, what) in [
        (
            "hunter2",
            "invalid age recipient: it does not begin with age1",
        ),
        ("age1xyz", "invalid age recipient: wrong length"),
        (
            &me.to_uppercase(),
            "invalid age recipient: it does not begin with age1",
        ),
        (
            &secret,
            "an identity was given as a recipient: it is secret, and nobody needs it to seal\n\
             age: hint: give its recipient, age1…",
        ),
        (
            "github:somebody",
            "fetool downloads no recipients from GitHub\n\
             age: hint: download https://github.com/USER.keys and name that file with -R",
        ),
        (
            "ssh-ed25519",
            "invalid SSH recipient: it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one space \
             between",
        ),
    ] {
        refused(
            &dir,
            &format!("age -r {word} plain"),
            &format!("malformed recipient: {what}"),
        );
    }
    dir.write("bad", format!("{me}\nhunter2\n"));
    dir.write("empty", "# nobody\n");
    for (name, what) in [
        (
            "bad",
            "line 2: invalid age recipient: it does not begin with age1",
        ),
        ("empty", "no recipient in the recipients file"),
        ("missing", "no such file or directory"),
        (
            "me",
            "this is an identity file\nage: hint: 'age-keygen -y' prints the recipients of identities; \
             -e -i encrypts to them",
        ),
    ] {
        let message = format!("failed to parse recipient file \"{name}\": {what}");
        refused(&dir, &format!("age -R {name} plain"), &message);
    }
    refused(
        &dir,
        "age -r ME -r PQ plain",
        "a post-quantum recipient cannot share a file with recipients that are not post-quantum: whoever \
         breaks one of those could open the file\n\
         age: hint: seal once for each kind, or ask for recipients of one kind",
    );
    // The same recipient twice is one stanza, without a word.
    let twice = run(&dir, "age -r ME -r ME plain").succeeds();
    assert_eq!(twice.len(), run(&dir, "age -r ME plain").succeeds().len());
}

#[test]
fn identities_are_checked_before_anything_is_asked() {
    let dir = dir();
    dir.write("empty", "# nothing\n");
    dir.write("list", recipient(&dir, "me"));
    dir.write("bad", "AGE-SECRET-KEY-1XYZ\n");
    run(&dir, "age -r ME -o for_me plain").succeeds();
    for (name, what) in [
        ("empty", "no secret keys found"),
        ("plain", "no secret keys found"),
        ("missing", "no such file or directory"),
        (
            "list",
            "these are recipients, which open nothing\n\
             age: hint: -R encrypts to them; the identity of one of them decrypts",
        ),
        ("bad", "line 1: invalid age identity: wrong length"),
    ] {
        for line in ["age -d -i locked -i", "age -e -i locked -i"] {
            let message = format!("reading \"{name}\": {what}");
            refused(&dir, &format!("{line} {name} for_me"), &message);
        }
    }
    refused(
        &dir,
        "age -d -i you for_me",
        "no identity matched any of the recipients",
    );
    refused(
        &dir,
        "age -d for_me",
        "identities are required to decrypt this file\n\
         age: hint: name the file of one with -i/--identity",
    );
    refused(
        &dir,
        "age -d -i me scrypt",
        "file is passphrase-encrypted but identities were specified with -i/--identity or -j\n\
         age: hint: leave out all -i/--identity and -j; fetool asks for the passphrase",
    );
    let nobody = "no terminal to ask for a passphrase on: standard input is not a terminal, and /dev/tty \
                  cannot be opened";
    refused(&dir, "age -d scrypt", nobody);
    refused(&dir, "age -p plain", nobody);
    refused(
        &dir,
        "age -r ME missing",
        "failed to open input file \"missing\": no such file or directory",
    );
    refused(
        &dir,
        "age -r ME -o missing/f plain",
        "failed to open output file \"missing/f\": no such file or directory",
    );
}

#[test]
fn an_output_is_replaced_when_it_is_complete() {
    let dir = dir();
    let real = dir.read("real");
    dir.write("cut", &real[..100_000]);
    dir.write("out", "old");
    dir.set_mode("out", 0o640);
    let cut = "failed to decrypt and authenticate payload chunk: authentication failed in chunk 1 (at \
               offset 65736): the file was tampered with";
    let shown =
        run(&dir, "age -d -i me cut").fails_after_output(1, &format!("age: error: {cut}\n"));
    assert_eq!(shown.len(), 65536);
    refused(&dir, "age -d -i me -o out cut", cut);
    refused(&dir, "age -d -i me -o new cut", cut);
    assert_eq!(dir.read("out"), b"old");
    run(&dir, "age -d -i me -o out real").succeeds();
    assert_eq!(dir.read("out")[..65536], shown);
    assert_eq!(dir.mode("out") & 0o777, 0o640);
    // A new one has the mode of all new files.
    let script = "umask 027 && \"$FETOOL\" age -d -i me -o new real && \
                  \"$FETOOL\" age -e -i me -o sealed new";
    shell(script, [""; 0]).within(&dir).run().succeeds();
    assert_eq!(dir.mode("new") & 0o777, 0o640);
    assert_eq!(dir.mode("sealed") & 0o777, 0o640);
    // Nothing is a plaintext too.
    dir.write("nothing", "");
    run(&dir, "age -r ME -o f nothing").succeeds();
    run(&dir, "age -d -i me -o out f").succeeds();
    assert_eq!(dir.read("out"), b"");

    dir.write("list", recipient(&dir, "me"));
    symlink("plain", dir.path("link")).unwrap();
    for (line, name) in [
        ("age -r ME -o plain plain", "plain"),
        ("age -r ME -o ./plain plain", "./plain"),
        ("age -r ME -o link plain", "link"),
        ("age -R list -o list plain", "list"),
        ("age -d -i me -o me real", "me"),
        ("age -d -i me -o real real", "real"),
    ] {
        let message = format!("input and output file are the same: \"{name}\"");
        refused(&dir, line, &message);
    }
    assert_eq!(dir.read("plain"), PLAIN.as_bytes());
}

/// The system's errors name the file, in either direction.
#[test]
fn an_output_that_cannot_be_written_is_named() {
    let dir = dir();
    let full = "no space left on device";
    for line in [
        "age -r ME -o /dev/full plain",
        "age -d -i me -o /dev/full real",
    ] {
        run(&dir, line).fails(1, &format!("age: error: /dev/full: {full}\n"));
    }
    // The limit on the length of files is another such error, for files that appear whole.
    for (line, name) in [
        ("age -d -i me -o out real", "out"),
        ("age -r ME -o out real", "out"),
        ("age -d -i me real > out", "stdout"),
    ] {
        let script = format!("ulimit -f 8; exec \"$FETOOL\" {line}");
        let script = script.replace("ME", &recipient(&dir, "me"));
        let ran = shell(&script, [""; 0]).within(&dir).run();
        ran.fails(1, &format!("age: error: {name}: file too large\n"));
        let _ = fs::remove_file(dir.path("out"));
    }
    let printed = shell("\"$FETOOL\" age -d -i me real > /dev/full", [""; 0]);
    let printed = printed.within(&dir).run();
    printed.fails(1, &format!("age: error: stdout: {full}\n"));
    let keys = shell("\"$FETOOL\" age-keygen > /dev/full", [""; 0])
        .within(&dir)
        .run();
    keys.fails(1, &format!("age-keygen: error: stdout: {full}\n"));
}

#[test]
fn damaged_files_are_told_in_the_words_that_wrappers_know() {
    let dir = dir();
    let sealed = run(&dir, "age -r ME plain").succeeds();
    let mac = sealed
        .windows(4)
        .position(|bytes| bytes == b"--- ")
        .unwrap()
        + 6;
    let changed = |at: usize, to: &[u8]| {
        let mut file = sealed.clone();
        file.splice(at..at + 1, to.iter().copied());
        file
    };
    let other = if sealed[mac] == b'A' { b"B" } else { b"A" };
    let armored = run(&dir, "age -a -r ME plain").succeeds();
    let utf16: Vec<u8> = b"\xFF\xFE"
        .iter()
        .copied()
        .chain(armored.iter().flat_map(|&byte| [byte, 0]))
        .collect();
    let end = sealed.len() - 1;
    for (file, message) in [
        (
            changed(mac, other),
            "bad header MAC: the header was changed",
        ),
        (
            changed(end, &[!sealed[end]]),
            "failed to decrypt and authenticate payload chunk: authentication failed in chunk 0 (at offset \
             184): the file was tampered with",
        ),
        (
            b"hello".to_vec(),
            "failed to read header: this is not an age file",
        ),
        (
            sealed[..100].to_vec(),
            "failed to read header: unexpected EOF: the input ends inside the header (at offset 100)",
        ),
        (
            changed(21, b"\r\n"),
            "failed to read header: the first line ends with CR LF: the file was changed as if it were text, \
             as PowerShell does (at offset 21)",
        ),
        (
            utf16,
            "failed to read header: the file was changed to UTF-16, as PowerShell's > does (at offset 0)",
        ),
    ] {
        dir.write("damaged", file);
        refused(&dir, "age -d -i me damaged", message);
    }
}

#[cfg(feature = "age-ssh")]
#[test]
fn ssh_keys_come_in_files_and_from_servers() {
    let dir = dir();
    let [ed25519, rsa] = ["ssh.pub", "rsa.pub"].map(|name| dir.read(name));
    for (name, line) in [("ssh", ed25519.clone()), ("rsa", rsa)] {
        let line = String::from_utf8(line).unwrap();
        fetool(["age", "-r", line.trim_end(), "-o", "f", "plain"])
            .within(&dir)
            .run()
            .succeeds();
        opens(&dir, name, "f");
        // The public half comes from the private one.
        run(&dir, &format!("age -e -i {name} -o f plain")).succeeds();
        opens(&dir, name, "f");
    }
    let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJ8Qe+Iv2bFvgLrn\
                 Fk0xN4vqnE0Sm0lYl3vTZ3xBzdMlU0vF7ROdH6M3V6c2ZfJYbmnBqQm2s3wqN2mT3cGqY1g=";
    let keys = [ecdsa.as_bytes(), b"\n", &ed25519].concat();
    let sealed = command(&dir, "age -R - plain").input(keys).run();
    assert_eq!(
        sealed.stderr(),
        "age: warning: -: line 1: passed over an SSH key of type ecdsa-sha2-nistp256, which only signs\n"
    );
    dir.write("f", sealed.output.stdout);
    opens(&dir, "ssh", "f");
    // Encrypted keys seal without their passphrase.
    run(&dir, "age -e -i ssh_pw -o f plain").succeeds();
}

#[test]
fn keygen_makes_and_converts_identities() {
    let dir = dir();
    let made = run(&dir, "age-keygen -o key");
    let public = recipient(&dir, "key");
    assert_eq!(
        made.succeeds_saying(&format!("Public key: {public}\n")),
        b""
    );
    assert_eq!(dir.mode("key") & 0o777, 0o600);
    let text = String::from_utf8(dir.read("key")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("# created: 20") && lines[2].starts_with("AGE-SECRET-KEY-1"));
    let before = text;
    run(&dir, "age-keygen -o key").fails(
        1,
        "age-keygen: error: failed to open output file \"key\": file exists, and a key is \
         never overwritten\n",
    );
    assert_eq!(dir.read("key"), before.as_bytes());
    assert_eq!(
        run(&dir, "age-keygen -y key").succeeds(),
        format!("{public}\n").as_bytes()
    );
    let input = [dir.read("key"), dir.read("me")].concat();
    let both = command(&dir, "age-keygen -y").input(input).run().succeeds();
    assert_eq!(
        both,
        format!("{public}\n{}\n", recipient(&dir, "me")).as_bytes()
    );
    run(&dir, "age-keygen -y -o list key").succeeds();
    run(&dir, "age -R list -o f plain").succeeds();
    opens(&dir, "key", "f");

    let made = run(&dir, "age-keygen -pq");
    assert!(made.stderr().starts_with("Public key: age1pq1"));
    let text = made.stdout();
    dir.write("pq2", &text);
    assert!(text.contains("\nAGE-SECRET-KEY-PQ-1"));
    run(&dir, "age -e -i pq2 -o f plain").succeeds();
    opens(&dir, "pq2", "f");
    dir.write("plugin", "AGE-PLUGIN-TOY-177ZNG8\n");
    for (line, what) in [
        (
            "-y plain",
            "failed to parse input \"plain\": line 1: invalid age identity: it does not begin with AGE-SECRET-KEY-1 or AGE-SECRET-KEY-PQ-1",
        ),
        (
            "-y missing",
            "failed to open input file \"missing\": no such file or directory",
        ),
        (
            "-y locked",
            "failed to parse input \"locked\": this file is encrypted: decrypt it first, 'age -d FILE | age-keygen -y'",
        ),
        (
            "me",
            "too many INPUT arguments: \"me\"\nage-keygen: hint: only one INPUT is taken at a time",
        ),
        ("-y -pq me", "-pq can't be used with -y"),
    ] {
        run(&dir, &format!("age-keygen {line}")).fails(1, &format!("age-keygen: error: {what}\n"));
    }
    #[cfg(feature = "age-plugin")]
    run(&dir, "age-keygen -y plugin").fails(
        1,
        "age-keygen: error: failed to parse input \"plugin\": only the plugin knows the recipient of its \
         identity\n",
    );
    // A shell makes files that others can read.
    let script = "umask 022; \"$FETOOL\" age-keygen 2>&1 > readable";
    let said = shell(script, [""; 0]).within(&dir).run().succeeds();
    let said = String::from_utf8(said).unwrap();
    assert!(
        said.starts_with(
            "age-keygen: warning: stdout: other users can read this file (mode 0644)\n"
        ),
        "{said}"
    );
}

#[test]
fn empty_names_are_as_good_as_none() {
    let dir = dir();
    let me = recipient(&dir, "me");
    let age = |words: &[&str]| fetool([&["age"], words].concat()).within(&dir);
    let sealed = age(&["-o", "", "-r", &me, ""])
        .input(PLAIN)
        .run()
        .succeeds();
    let opened = age(&["-d", "-i", "me", "-o="]).input(sealed).run();
    assert_eq!(opened.succeeds(), PLAIN.as_bytes());
    // But no file has such a name.
    let message = "age: error: reading \"\": no such file or directory\n";
    age(&["-d", "-i", "", "real"]).run().fails(1, message);
    let message = "age: error: failed to parse recipient file \"\": no such file or directory\n";
    age(&["-R", "", "plain"]).run().fails(1, message);
    let keygen = |words: &[&str]| fetool([&["age-keygen"], words].concat()).within(&dir);
    let line = keygen(&["-y", "-o", "", ""]).input(dir.read("me")).run();
    assert_eq!(line.succeeds(), format!("{me}\n").as_bytes());
}

#[test]
fn standard_output_may_be_named_where_it_is_a_file() {
    let dir = dir();
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let script = "\"$FETOOL\" age -e -i me -o \"$1\" plain > f && \
                      \"$FETOOL\" age -d -i me -o \"$1\" f > opened";
        shell(script, [name]).within(&dir).run().succeeds();
        assert_eq!(dir.read("opened"), PLAIN.as_bytes(), "{name}");
    }
    let script = "\"$FETOOL\" age -d -i me -o /dev/stdout real >> real";
    let message = "age: error: input and output file are the same: \"stdout\"\n";
    shell(script, [""; 0]).within(&dir).run().fails(1, message);
}
