//! age files whose recipients change.

use super::*;

#[test]
fn recipients_are_added_replaced_and_removed_in_place() {
    let dir = dir();
    run(&dir, "seal --to ME plain -o f").succeeds();
    let before = dir.read("f");
    run(&dir, "rekey -i -k @me --add --to YOU -v f")
        .succeeds_saying("fetool: f: 2 key slots used now\n");
    opens(&dir, "-k @you", "f");
    opens(&dir, "-k @me", "f");
    // What is behind the header stays, the nonce too.
    let payload = PLAIN.len() + 16 + 16;
    assert_eq!(
        dir.read("f")[before.len() + 98 - payload..],
        before[before.len() - payload..]
    );
    run(&dir, "rekey -i -k @me --add --to PQ f").fails(
        2,
        "fetool: a post-quantum recipient cannot share a file with recipients that are not \
         post-quantum: whoever breaks one of those could open the file\n\
         fetool: hint: seal once for each kind, or ask for recipients of one kind\n",
    );
    run(&dir, "rekey -i -k @me --remove f").succeeds();
    run(&dir, "open -k @me f").fails(3, &format!("fetool: f: {NOT_MINE}"));
    opens(&dir, "-k @you", "f");
    // One header is as long as the other, so the file stays the same one.
    run(&dir, "rekey -i -k @you --to ME f").succeeds();
    opens(&dir, "-k @me", "f");
    run(&dir, "rekey -i -k @me --remove f").fails(
        2,
        "fetool: this is the last stanza, and without it nobody could open the file\n\
         fetool: hint: replace it by naming new recipients, or add another one first\n",
    );
    run(&dir, "rekey -i -k @me --add --to YOU f").succeeds();
    run(&dir, "rekey -i -k @me --remove --stanza 2 f").fails(
        2,
        "fetool: there is no stanza 2: the file has 2, numbered from 0\n",
    );
    run(&dir, "rekey -i -k @me --remove --to YOU f").fails(
        2,
        "fetool: a stanza does not tell which recipient it is for\n\
         fetool: hint: name it by its number with --stanza N (see --list), or give the identity with \
         --to @FILE\n",
    );
    run(&dir, "rekey -i -k @me --remove --to @you f").succeeds();
    run(&dir, "open -k @you f").fails(3, &format!("fetool: f: {NOT_MINE}"));
    opens(&dir, "-k @me", "f");
    assert_eq!(dir.mode("f"), 0o600);
    dir.holds_only(&["f", "me", "plain", "pq", "you"]);
}

#[test]
fn armored_files_stay_armored_when_they_are_rekeyed() {
    let dir = dir();
    run(&dir, "seal -a --to ME plain -o f").succeeds();
    for line in ["rekey -k @me --to YOU f -o g", "rekey -i -k @me --to YOU f"] {
        run(&dir, line).succeeds();
    }
    for name in ["f", "g"] {
        assert!(
            dir.read(name)
                .starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
        );
        opens(&dir, "-k @you", name);
    }
}

#[test]
fn all_given_identities_are_replaced_and_removed_together() {
    let dir = dir();
    run(&dir, "seal --to ME --to YOU plain -o both").succeeds();
    run(&dir, "rekey -k @me -k @you --to ME both -o mine").succeeds();
    opens(&dir, "-k @me", "mine");
    run(&dir, "open -k @you mine").fails(3, &format!("fetool: mine: {NOT_MINE}"));
    run(&dir, "rekey -k @me -k @you --remove both -o none").fails(
        2,
        "fetool: this is the last stanza, and without it nobody could open the file\n\
         fetool: hint: replace it by naming new recipients, or add another one first\n",
    );
}

#[test]
fn armor_is_kept_when_a_file_is_sealed_again_and_is_around_age_only() {
    let dir = dir();
    run(&dir, "seal -a --to ME plain -o f").succeeds();
    run(&dir, "rekey --reseal -i -k @me --to YOU f").succeeds();
    assert!(
        dir.read("f")
            .starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    );
    opens(&dir, "-k @you", "f");
    // The magic number of GFE.
    let text =
        "-----BEGIN AGE ENCRYPTED FILE-----\nR0ZFAQAAAAA=\n-----END AGE ENCRYPTED FILE-----\n";
    dir.write("gfe", text);
    let refused = run(&dir, "open -k env:TEST_KEY gfe");
    assert_eq!(refused.code(), Some(4), "{}", refused.stderr());
    let refused = run(&dir, "inspect gfe");
    assert_eq!(refused.code(), Some(4), "{}", refused.stderr());
}

#[test]
fn files_that_an_earlier_run_has_rekeyed_are_skipped() {
    let dir = dir();
    fs::create_dir(dir.path("tree")).unwrap();
    for name in ["tree/a", "tree/b"] {
        run(&dir, &format!("seal --to ME plain -o {name}.age")).succeeds();
    }
    for new in ["--to @you", "--new-key @you"] {
        run(&dir, "rekey -q -r -i -k @me -k @you --to ME tree").succeeds();
        run(&dir, &format!("rekey -i -k @me {new} tree/a.age")).succeeds();
        let before = dir.read("tree/a.age");
        let line = format!("rekey -q -r -i -k @me {new} tree");
        run(&dir, &line).succeeds();
        assert_eq!(dir.read("tree/a.age"), before);
        opens(&dir, "-k @you", "tree/b.age");
        run(&dir, &line).succeeds();
    }
    // Of a recipient alone nothing tells whether a file is for it.
    run(&dir, "rekey -q -r -i -k @me --to YOU tree").fails(
        3,
        "fetool: tree/a.age: the identity matches none of the file's recipients
\
         fetool: hint: if an earlier run rekeyed it, name the identities of the new recipients: --to \
         @FILE
\
         fetool: tree/b.age: the identity matches none of the file's recipients
",
    );
}

/// The system copies from file to file, and not where it appends; fetool itself from and to pipes.
#[test]
fn rekeyed_copies_have_the_same_data_wherever_they_go() {
    let dir = dir();
    let text = data(3 << 20);
    dir.write("text", &text);
    run(&dir, "seal --to ME text -o f").succeeds();
    let sealed = dir.read("f");
    let data_len = text.len() + 48 * 16 + 16;
    let behind = &sealed[sealed.len() - data_len..];
    let rekey = |line: &str| run(&dir, &format!("rekey -q -k @me --add --to YOU {line}"));

    rekey("f -o new").succeeds();
    let to_pipe = rekey("f").succeeds();
    dir.write("appended", "before");
    let file = OpenOptions::new().append(true).open(dir.path("appended"));
    let line = ["rekey", "-q", "-k", "@me", "--add", "--to", "@you", "f"];
    let appended = fetool(line).within(&dir).stdout(file.unwrap());
    appended.run().succeeds();
    for copy in [dir.read("new"), to_pipe, dir.read("appended")] {
        assert!(copy.ends_with(behind), "{}", copy.len());
        assert!(copy.len() > sealed.len());
    }
    assert!(
        dir.read("appended")
            .starts_with(b"beforeage-encryption.org/v1\n")
    );
    let opened = run(&dir, "open -k @you new").succeeds();
    assert!(opened == text);
}
