//! Outputs: what they are named, when they are replaced, and what is said where they fail.

use super::*;

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
