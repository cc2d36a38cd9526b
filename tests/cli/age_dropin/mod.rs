//! `fetool age` and `fetool age-keygen`, and links of these names: what scripts that call age rely on.

mod files;
mod keygen;
mod refusals;
mod terminal;

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
