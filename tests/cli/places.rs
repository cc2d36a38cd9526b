//! Outputs that are no plain files, and outputs that are read too.

use crate::cli_common::{Dir, Fetool, K, KEY, MIB, data, fetool, opened, sealed, shell};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, symlink};

fn seal_to(file: &str) -> Fetool {
    fetool(["seal", "-k", K, "-o", file])
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let dir = Dir::new();
    fs::create_dir(dir.path("far")).unwrap();
    fs::create_dir(dir.path("near")).unwrap();
    dir.write("far/file", "old");
    dir.set_mode("far/file", 0o640);
    symlink("../far/file", dir.path("near/link")).unwrap();
    symlink(dir.path("near/link"), dir.path("link")).unwrap();
    for link in ["link", "near/link"] {
        seal_to(link).within(&dir).input("data").run().fails(
            1,
            &format!(
                "fetool: {link}: file exists\n\
                 fetool: hint: overwrite it with --force\n"
            ),
        );
        seal_to(link)
            .arg("--force")
            .within(&dir)
            .input(link)
            .run()
            .succeeds();
        assert_eq!(opened(dir.read("far/file")), link.as_bytes());
        assert_eq!(dir.mode("far/file"), 0o640);
        assert_eq!(
            fs::read_link(dir.path("near/link")).unwrap().to_str(),
            Some("../far/file")
        );
        assert!(dir.path("link").is_symlink());
        assert!(!dir.path("far/file").is_symlink());
    }
    dir.holds_only(&["far", "link", "near"]);
    assert_eq!(fs::read_dir(dir.path("far")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(dir.path("near")).unwrap().count(), 1);
}

#[test]
fn a_link_to_nowhere_makes_its_target() {
    let dir = Dir::new();
    fs::create_dir(dir.path("far")).unwrap();
    symlink("far/file", dir.path("link")).unwrap();
    seal_to("link").within(&dir).input("data").run().succeeds();
    assert!(dir.path("link").is_symlink());
    assert_eq!(opened(dir.read("far/file")), b"data");
    assert_eq!(dir.mode("far/file"), 0o600);
    symlink("no/file", dir.path("lost")).unwrap();
    seal_to("lost")
        .within(&dir)
        .input("data")
        .run()
        .fails(1, "fetool: lost: no such file or directory\n");
    dir.holds_only(&["far", "link", "lost"]);
}

#[test]
fn links_that_go_round() {
    let dir = Dir::new();
    symlink("b", dir.path("a")).unwrap();
    symlink("a", dir.path("b")).unwrap();
    for force in [&[][..], &["--force"]] {
        let ended = seal_to("a").args(force).within(&dir).input("data").run();
        let stderr = ended.stderr();
        ended.fails(1, &stderr);
        assert!(
            stderr.starts_with("fetool: a: too many levels of symbolic links"),
            "{stderr}"
        );
    }
    dir.holds_only(&["a", "b"]);
}

#[test]
fn a_fifo_is_written_straight_to() {
    let dir = Dir::new();
    let fifo = dir.fifo("fifo");
    let plain = data(3 * MIB);
    let job = seal_to("fifo").within(&dir).input(&*plain).start();
    let bytes = fs::read(&fifo).unwrap();
    job.end().succeeds();
    assert!(opened(bytes) == plain);
    assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
    dir.holds_only(&["fifo"]);
}

#[test]
fn a_device_is_written_straight_to() {
    for force in [&[][..], &["--force"]] {
        seal_to("/dev/null")
            .args(force)
            .input("data")
            .run()
            .succeeds();
    }
    let file_type = fs::metadata("/dev/null").unwrap().file_type();
    assert!(file_type.is_char_device());
    let bytes = seal_to("/dev/stdout").input("data").run().succeeds();
    assert_eq!(opened(bytes), b"data");
}

#[test]
fn the_output_is_not_the_input() {
    let dir = Dir::new();
    let bytes = sealed(&data(1000), "7");
    dir.write("in", &bytes);
    symlink("in", dir.path("soft")).unwrap();
    fs::hard_link(dir.path("in"), dir.path("hard")).unwrap();
    for command in ["seal", "open"] {
        for output in ["in", "./in", "soft", "hard"] {
            let message = format!("fetool: {output}: the output is a file that is read, too\n");
            for force in [&[][..], &["--force"]] {
                let job = || {
                    fetool([command, "-k", K, "-o", output])
                        .args(force)
                        .within(&dir)
                };
                job().arg("in").run().fails(1, &message);
                job().arg("soft").run().fails(1, &message);
                job().stdin(dir.open("in")).run().fails(1, &message);
                assert!(dir.read("in") == bytes);
                dir.holds_only(&["hard", "in", "soft"]);
            }
        }
    }
}

#[test]
fn standard_output_is_not_the_input() {
    let dir = Dir::new();
    let bytes = sealed(&data(1000), "7");
    dir.write("in", &bytes);
    let message = "fetool: stdout: the output is a file that is read, too\n";
    for command in ["seal", "open"] {
        for script in [
            r#"exec "$FETOOL" "$@" <in >>in"#,
            r#"exec "$FETOOL" "$@" <in 1<>in"#,
            r#"exec "$FETOOL" "$@" in >>in"#,
        ] {
            let ended = shell(script, [command, "-k", K]).within(&dir).run();
            assert_eq!((ended.code(), ended.stderr().as_str()), (Some(1), message));
            assert!(dir.read("in") == bytes, "{script}");
        }
    }
}

#[test]
fn the_output_is_not_the_secret() {
    let dir = Dir::new();
    dir.write("key", KEY);
    symlink("key", dir.path("link")).unwrap();
    let bytes = sealed(b"data", "3");
    for command in ["seal", "open"] {
        for output in ["key", "link"] {
            for secret in [
                &["-k", "@key"][..],
                &["-k", "@link"],
                &["-p=@key", "--salt", "env:TEST_KEY"],
                &["-p=env:TEST_KEY", "--salt", "@key"],
            ] {
                fetool([command, "--force", "-o", output])
                    .args(secret)
                    .within(&dir)
                    .input(&*bytes)
                    .run()
                    .fails(
                        1,
                        &format!("fetool: {output}: the output is a file that is read, too\n"),
                    );
                assert_eq!(dir.read("key"), KEY);
            }
        }
        let key = OpenOptions::new()
            .append(true)
            .open(dir.path("key"))
            .unwrap();
        fetool([command, "-k", "@key"])
            .within(&dir)
            .input(&*bytes)
            .stdout(key)
            .run()
            .fails(
                1,
                "fetool: stdout: the output is a file that is read, too\n",
            );
        assert_eq!(dir.read("key"), KEY);
    }
    dir.holds_only(&["key", "link"]);
}

#[test]
fn the_same_device_is_no_same_file() {
    fetool(["seal", "-k", K, "/dev/null", "-o", "/dev/null"])
        .run()
        .succeeds();
}
