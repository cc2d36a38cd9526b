//! From file to file, where large files are read and written in any order: nobody must notice.

use crate::cli_common::{Dir, K, MIB, data, fetool, opened, sealed, shell};

/// More than is worked on in its order, and no whole number of chunks.
const LEN: usize = 9 * MIB + 1000;

#[test]
fn every_format_seals_and_opens_as_through_pipes() {
    let plain = data(LEN);
    for format in [
        &["gfe"][..],
        &["gfe", "-c", "4KiB"],
        &["dexios"],
        &["parallel-encryptor"],
        &["gocrypt", "--layers", "1"],
    ] {
        let dir = Dir::new();
        dir.write("plain", &plain);
        let seal = |ends: &[&str]| {
            let args = ["seal", "-q", "-k", K, "-f"].iter();
            fetool(args.chain(format).chain(ends)).within(&dir)
        };
        let open = |ends: &[&str]| {
            let args = ["open", "-q", "-k", K, "-f", format[0]];
            fetool(args.iter().chain(ends)).within(&dir)
        };
        seal(&["plain", "-o", "sealed"]).run().succeeds();
        let through_pipes = open(&[]).input(dir.read("sealed")).run().succeeds();
        assert!(through_pipes == plain, "{format:?}");

        let piped = seal(&[]).input(&plain[..]).run().succeeds();
        dir.write("piped", piped);
        open(&["piped", "-o", "opened"]).run().succeeds();
        assert!(dir.read("opened") == plain, "{format:?}");

        dir.holds_only(&["opened", "piped", "plain", "sealed"]);
    }
}

#[test]
fn what_is_before_and_behind_in_shared_files_stays() {
    let dir = Dir::new();
    let plain = data(LEN);
    dir.write("sealed", [b"12345", &sealed(&plain, "64KiB")[..]].concat());
    let script = r#"{ dd bs=5 count=1 status=none >&2; echo before; "$FETOOL" open -k "$1"; echo behind; cat
        } <sealed >out 2>/dev/null"#;
    shell(script, [K]).within(&dir).run().succeeds();
    let expected = [b"before\n", &plain[..], b"behind\n"].concat();
    assert!(dir.read("out") == expected);
}

#[test]
fn appended_and_overwritten_outputs() {
    let dir = Dir::new();
    let plain = data(LEN);
    dir.write("sealed", sealed(&plain, "64KiB"));
    let run = |script: &str| {
        shell(script, [K]).within(&dir).run().succeeds();
    };
    dir.write("appended", "already there");
    run(r#""$FETOOL" open -k "$1" sealed >>appended"#);
    assert!(dir.read("appended") == [b"already there", &plain[..]].concat());
    // Without cutting it off first: what is behind stays.
    dir.write("over", vec![b'x'; LEN + 100]);
    run(r#""$FETOOL" open -k "$1" sealed 1<>over"#);
    assert!(dir.read("over") == [&plain[..], &[b'x'; 100]].concat());
}

#[test]
fn an_error_leaves_the_good_beginning_in_a_redirected_output() {
    let dir = Dir::new();
    let plain = data(LEN);
    let mut file = sealed(&plain, "64KiB");
    let frame = 65_536 + 20;
    file[24 + 100 * frame + 50] ^= 1;
    dir.write("sealed", file);
    let ended = fetool(["open", "-k", K, "sealed"])
        .within(&dir)
        .stdout(dir.create("out"))
        .run();
    assert_eq!(ended.code(), Some(3), "{}", ended.stderr());
    assert!(dir.read("out") == plain[..100 * 65_536]);
    // With a name there is nothing at all.
    let ended = fetool(["open", "-k", K, "sealed", "-o", "named"])
        .within(&dir)
        .run();
    assert_eq!(ended.code(), Some(3));
    dir.holds_only(&["out", "sealed"]);
    assert!(opened(sealed(&plain, "1MiB")) == plain);
}
