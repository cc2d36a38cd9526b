//! age-keygen.

use super::*;

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
