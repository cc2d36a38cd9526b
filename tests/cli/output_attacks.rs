//! Outputs in directories where others can write: what they planted there is not written to, and
//! gives nobody more than they had. The attacker is the user 65534 where the tests run as root, the only
//! one who can play somebody else; everything that needs nobody else is tested as any user.

use crate::cli_common::{Dir, Ended, K, KEY, data, fetool, opened, sealed, shell};
use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};
use std::fs::{self, OpenOptions, Permissions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;

const MALLORY: u32 = 65_534;

/// A file in directories that need not be there.
fn put(dir: &Dir, path: &str, content: &str) {
    fs::create_dir_all(dir.path(path).parent().unwrap()).unwrap();
    dir.write(path, content);
}

/// Gives something to the attacker, links themselves included; false where nobody can.
fn give_away(path: &Path) -> bool {
    if !geteuid().is_root() {
        return false;
    }
    lchown(path, Some(MALLORY), Some(MALLORY)).unwrap();
    true
}

/// A directory where everybody can write, as /tmp.
fn shared() -> Dir {
    let dir = Dir::new();
    dir.set_mode("", 0o1777);
    dir
}

fn open_to(dir: &Dir, target: &str, more: &[&str]) -> Ended {
    fetool(["open", "-k", K, "-o", target])
        .args(more)
        .within(dir)
        .input(sealed(b"plaintext", "4"))
        .run()
}

fn fifo(dir: &Dir) -> fs::File {
    let path = dir.path("out");
    mkfifo(&path, Mode::from_bits_truncate(0o622)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o622)).unwrap();
    // The attacker reads it already.
    OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(path)
        .unwrap()
}

#[test]
fn plaintext_does_not_go_into_a_planted_fifo() {
    let dir = shared();
    let mut reader = fifo(&dir);
    if give_away(&dir.path("out")) {
        for more in [&[][..], &["--force"]] {
            open_to(&dir, "out", more).fails(
                1,
                "fetool: out: refusing to write to a FIFO of another user\n\
                 fetool: hint: if that is what you want, write to standard output and redirect it: \
                 > FILE\n",
            );
        }
        // Nor through a link of the user's own.
        symlink("out", dir.path("link")).unwrap();
        assert_eq!(open_to(&dir, "link", &[]).code(), Some(1));
        let mut got = Vec::new();
        assert_eq!(reader.read_to_end(&mut got).unwrap(), 0);
        // In a directory where nobody else could have made it, it is what the user wants.
        dir.set_mode("", 0o755);
        open_to(&dir, "out", &[]).succeeds();
    } else {
        open_to(&dir, "out", &[]).succeeds();
    }
    let mut got = [0; 9];
    reader.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"plaintext");
}

#[test]
fn a_fifo_of_ones_own_is_written_to() {
    let dir = shared();
    let mut reader = fifo(&dir);
    open_to(&dir, "out", &[]).succeeds();
    let mut got = [0; 9];
    reader.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"plaintext");
    assert!(fs::symlink_metadata(dir.path("out")).unwrap().uid() == geteuid().as_raw());
}

#[test]
fn links_of_others_are_not_followed() {
    let dir = shared();
    put(&dir, "elsewhere/there", "before");
    for (link, to) in [
        ("dangling", "elsewhere/new"),
        ("planted", "elsewhere/there"),
    ] {
        symlink(to, dir.path(link)).unwrap();
        let ended = |more: &[&str]| open_to(&dir, link, more);
        let before = fs::read(dir.path(to)).ok();
        if give_away(&dir.path(link)) {
            for more in [&[][..], &["--force"]] {
                ended(more).fails(
                    1,
                    &format!(
                        "fetool: {link}: refusing to follow a symbolic link of another user\n\
                         fetool: hint: give the path that it leads to, or redirect standard output: > \
                         FILE\n"
                    ),
                );
            }
            assert_eq!(fs::read(dir.path(to)).ok(), before);
            lchown(dir.path(link), Some(0), Some(0)).unwrap();
        }
        // One's own are followed, and stay links.
        ended(&["--force"]).succeeds();
        assert_eq!(dir.read(to), b"plaintext");
        assert!(fs::symlink_metadata(dir.path(link)).unwrap().is_symlink());
    }
}

/// Those of the directory's owner are: who owns it can put anything there anyway.
#[test]
fn links_of_the_directorys_owner_are_followed() {
    let dir = shared();
    put(&dir, "home/file", "before");
    symlink("file", dir.path("home/link")).unwrap();
    if give_away(&dir.path("home/link")) {
        give_away(&dir.path("home"));
    }
    open_to(&dir, "home/link", &["--force"]).succeeds();
    assert_eq!(dir.read("home/file"), b"plaintext");
}

#[test]
fn the_mode_of_another_users_file_is_not_taken_over() {
    let dir = shared();
    dir.write("out", "planted");
    dir.set_mode("out", 0o666);
    let foreign = give_away(&dir.path("out"));
    for command in ["open", "seal"] {
        shell(
            r#"umask 077; exec "$FETOOL" "$@""#,
            [command, "-k", K, "-o", "out", "--force"],
        )
        .within(&dir)
        .input(sealed(b"plaintext", "4"))
        .run()
        .succeeds();
        let expected = if foreign || command == "open" {
            0o600
        } else {
            0o666
        };
        assert_eq!(dir.mode("out"), expected, "{command}");
        dir.set_mode("out", 0o666);
        if foreign {
            give_away(&dir.path("out"));
        }
    }
}

/// 0640 is for one group; another one must not get what it was for.
#[test]
fn group_permissions_stay_with_the_group() {
    let dir = Dir::new();
    put(&dir, "t/a", "a");
    fs::set_permissions(dir.path("t"), Permissions::from_mode(0o3750)).unwrap();
    dir.set_mode("t/a", 0o640);
    let group = if geteuid().is_root() {
        chown(dir.path("t"), None, Some(12_345)).unwrap();
        chown(dir.path("t/a"), Some(MALLORY), Some(12_345)).unwrap();
        // Changing the owner takes such bits away.
        fs::set_permissions(dir.path("t"), Permissions::from_mode(0o3750)).unwrap();
        12_345
    } else {
        fs::metadata(dir.path("t/a")).unwrap().gid()
    };
    let run = |args: &[&str]| {
        shell(r#"umask 022; exec "$FETOOL" "$@""#, args.iter().copied())
            .within(&dir)
            .run()
            .succeeds()
    };
    run(&["seal", "-q", "-r", "-k", K, "t", "-O", "sealed"]);
    run(&["open", "-q", "-r", "-k", K, "sealed/", "-O", "opened"]);
    for (path, mode) in [
        ("sealed/t/a.gfe", 0o640),
        ("sealed/t", 0o3750),
        ("opened/t/a", 0o640),
        ("opened/t", 0o3750),
    ] {
        let metadata = fs::metadata(dir.path(path)).unwrap();
        assert_eq!(metadata.mode() & 0o7777, mode, "{path}");
        assert_eq!(metadata.gid(), group, "{path}");
    }
    if geteuid().is_root() {
        let owner = |path: &str| fs::metadata(dir.path(path)).unwrap().uid();
        assert_eq!([owner("sealed/t/a.gfe"), owner("opened/t/a")], [MALLORY; 2]);
        run(&[
            "open",
            "-q",
            "-r",
            "-k",
            K,
            "sealed/",
            "-O",
            "plain",
            "--no-preserve",
        ]);
        assert_eq!(
            [owner("plain/t/a"), u32::from(dir.mode("plain/t/a") as u16)],
            [0, 0o600]
        );
    }
}

/// With an access control list, the group bits of a mode are the most that anybody in the list has. The
/// list is not carried over, and the group must not get what one user in it had.
#[test]
fn what_a_list_gives_to_one_user_does_not_go_to_the_group() {
    let dir = Dir::new();
    put(&dir, "t/a", "a");
    put(&dir, "replaced", "a");
    // As linux/posix_acl_xattr.h has it: version 2, then tag, permissions and id of each entry.
    let mut list = 2u32.to_le_bytes().to_vec();
    let nobody = u32::MAX;
    for (tag, permissions, id) in [
        (0x01u16, 6u16, nobody), // the owner
        (0x02, 6, MALLORY),      // one user
        (0x04, 0, nobody),       // the group
        (0x10, 6, nobody),       // the mask
        (0x20, 0, nobody),       // others
    ] {
        list.extend(tag.to_le_bytes());
        list.extend(permissions.to_le_bytes());
        list.extend(id.to_le_bytes());
    }
    for path in ["t/a", "t", "replaced"] {
        let set = rustix::fs::setxattr(
            dir.path(path),
            "system.posix_acl_access",
            &list,
            rustix::fs::XattrFlags::empty(),
        );
        if set == Err(rustix::io::Errno::NOTSUP) {
            eprintln!("no access control lists on this file system: nothing to protect");
            return;
        }
        set.unwrap();
        assert_eq!(dir.mode(path) & 0o070, 0o060);
    }
    fetool(["seal", "-q", "-r", "-k", K, "t", "-O", "o"])
        .within(&dir)
        .run()
        .succeeds();
    // The directory is as its own: the list takes the right to enter it from the owner.
    assert_eq!((dir.mode("o/t/a.gfe"), dir.mode("o/t")), (0o600, 0o600));
    fetool(["seal", "-q", "-k", K, "t/a", "-o", "replaced", "--force"])
        .within(&dir)
        .run()
        .succeeds();
    assert_eq!(dir.mode("replaced"), 0o600);
}

#[test]
fn opened_trees_are_no_more_open_than_the_umask_leaves() {
    let dir = Dir::new();
    put(&dir, "t/d/a", "a");
    dir.set_mode("t/d/a", 0o666);
    dir.set_mode("t/d", 0o777);
    let run = |args: &[&str]| {
        shell(r#"umask 077; exec "$FETOOL" "$@""#, args.iter().copied())
            .within(&dir)
            .run()
            .succeeds()
    };
    run(&["seal", "-q", "-r", "-k", K, "t", "-O", "sealed"]);
    assert_eq!(
        (dir.mode("sealed/t/d/a.gfe"), dir.mode("sealed/t/d")),
        (0o666, 0o777)
    );
    run(&["open", "-q", "-r", "-k", K, "sealed/", "-O", "opened"]);
    assert_eq!(
        (dir.mode("opened/t/d/a"), dir.mode("opened/t/d")),
        (0o600, 0o700)
    );
    run(&[
        "open", "-q", "-r", "-k", K, "sealed/", "-O", "full", "--perms",
    ]);
    assert_eq!(
        (dir.mode("full/t/d/a"), dir.mode("full/t/d")),
        (0o666, 0o777)
    );
}

/// Two names of one directory: the second result would replace the first, and its source be gone.
#[test]
fn two_sources_do_not_become_one_result() {
    let dir = Dir::new();
    put(&dir, "d/a", "one");
    symlink("d", dir.path("e")).unwrap();
    let ended = fetool(["seal", "-r", "-j", "1", "-k", K, "--force", "d", "e"])
        .within(&dir)
        .run();
    assert_eq!(ended.code(), Some(1), "{}", ended.stderr());
    let says = "fetool: e/a.gfe: another file of this run is there already\n";
    assert!(ended.stderr().starts_with(says), "{}", ended.stderr());
    assert_eq!(opened(dir.read("d/a.gfe")), b"one");
}

/// A detached header is read as the data is: it must not be written over.
#[test]
fn what_is_read_is_not_written_over() {
    let dir = Dir::new();
    dir.write("plain", data(100));
    dir.write("key", KEY);
    fetool([
        "seal", "-q", "-f", "dexios", "--kdf", "balloon", "-k", "@key", "plain",
    ])
    .args(["-o", "x", "--header", "h"])
    .within(&dir)
    .run()
    .succeeds();
    let header = dir.read("h");
    let same = "the output is a file that is read, too\n";
    fetool([
        "open", "-k", "@key", "--header", "h", "x", "-o", "h", "--force",
    ])
    .within(&dir)
    .run()
    .fails(1, &format!("fetool: h: {same}"));
    assert!(dir.read("h") == header);
    // A key that comes by a descriptor is a file, too; by whatever name.
    for (script, key) in [
        (
            r#"exec "$FETOOL" seal plain -k fd:3 -o key --force 3<key"#,
            "fd:3",
        ),
        (
            r#"exec "$FETOOL" seal plain -k @- -o key --force <key"#,
            "@-",
        ),
        (
            r#"exec "$FETOOL" seal plain -k @/dev/fd/3 -o key --force 3<key"#,
            "@/dev/fd/3",
        ),
    ] {
        shell(script, [""; 0])
            .within(&dir)
            .run()
            .fails(1, &format!("fetool: key: {same}"));
        assert_eq!(dir.read("key"), KEY, "{key}");
    }
    // Nor is it sealed under itself and removed.
    let script = r#"exec "$FETOOL" seal -q -r --remove-source -k fd:3 . 3<key"#;
    shell(script, [""; 0]).within(&dir).run().succeeds();
    assert_eq!(dir.read("key"), KEY);
    assert_eq!(opened(dir.read("plain.gfe")), data(100));
}
