//! `open --salvage`: bytes, statuses and messages.

use crate::cli_common::{Dir, Ended, K, OTHER, data, fetool, opened, sealed, vector};
use std::fs::File;

const CHUNK: usize = 65_536;
/// Length field, tag and data of a full chunk.
const FRAME: usize = CHUNK + 20;

/// A sealed file of five chunks, the third of which is changed.
fn damaged_in(dir: &Dir) -> Vec<u8> {
    let plaintext = data(300_000);
    let mut bytes = sealed(&plaintext, "64KiB");
    bytes[24 + 2 * FRAME + 100] ^= 1;
    dir.write("in", bytes);
    plaintext
}

const SAYS: &str = "fetool: in: damaged: bytes 131136-196691 of the file, bytes 131072-196607 of the \
                    plaintext: authentication failed in chunk 2 (at offset 131136): the file was tampered \
                    with\n\
                    fetool: in: salvaged 234464 bytes, lost 65536 in 1 damaged part\n";

fn salvage(dir: &Dir, args: &[&str]) -> Ended {
    let salvage = fetool(["open", "-k", K, "in", "-o", "out"]);
    salvage.args(args).within(dir).run()
}

#[test]
fn zeros_or_nothing_in_place_of_a_chunk() {
    for (how, zeros) in [
        ("--salvage", CHUNK),
        ("--salvage=zero", CHUNK),
        ("--salvage=skip", 0),
    ] {
        let dir = Dir::new();
        let plaintext = damaged_in(&dir);
        salvage(&dir, &[how]).fails(3, SAYS);
        let expected = [
            &plaintext[..2 * CHUNK],
            &vec![0; zeros],
            &plaintext[3 * CHUNK..],
        ];
        assert!(dir.read("out") == expected.concat(), "{how}");
    }
}

#[test]
fn a_good_file_is_opened_in_silence() {
    let dir = Dir::new();
    let plaintext = data(300_000);
    dir.write("in", sealed(&plaintext, "64KiB"));
    assert!(salvage(&dir, &["--salvage"]).succeeds().is_empty());
    assert!(dir.read("out") == plaintext);
    let input = File::open(dir.path("in")).unwrap();
    let salvage = fetool(["open", "-k", K, "--salvage", "-o", "other"]);
    salvage.stdin(input).within(&dir).run().succeeds();
    assert!(dir.read("other") == plaintext);
}

#[test]
fn a_line_of_json_each() {
    let dir = Dir::new();
    damaged_in(&dir);
    let mut bytes = dir.read("in");
    bytes.truncate(bytes.len() - 10_000);
    dir.write("in", bytes);
    let lines = salvage(&dir, &["--salvage", "--json"]).fails_after_output(
        3,
        "fetool: in: salvaged 196608 bytes, lost 93392 in 2 damaged parts\n",
    );
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(
        lines,
        "{\"path\":\"in\",\"path_hex\":null,\"offset\":131136,\"length\":65556,\
         \"plaintext_offset\":131072,\"plaintext_length\":65536,\"chunk\":2,\"chunks\":1,\"status\":3,\
         \"reason\":\"authentication failed in chunk 2 (at offset 131136): the file was tampered \
         with\"}\n\
         {\"path\":\"in\",\"path_hex\":null,\"offset\":262248,\"length\":27876,\
         \"plaintext_offset\":262144,\"plaintext_length\":27856,\"chunk\":4,\"chunks\":1,\"status\":5,\
         \"reason\":\"unexpected EOF: the input ends inside a chunk (at offset 290124)\"}\n"
    );
}

/// The first damage decides, in the order of the file.
#[test]
fn statuses() {
    let good = sealed(&data(300_000), "64KiB");
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    for (bytes, status, says) in [
        (
            changed(&|bytes| bytes.truncate(24 + 3 * FRAME)),
            5,
            "damaged: at byte 196692 of the file, no byte of the plaintext: unexpected EOF: the stream's \
             last chunk is missing (at offset 196692)",
        ),
        (
            changed(&|bytes| bytes.extend(b"noise")),
            4,
            "damaged: bytes 300124-300128 of the file, no byte of the plaintext: data behind the last \
             chunk (at offset 300124)",
        ),
        (
            changed(&|bytes| bytes[24] = 0xFF),
            4,
            "damaged: bytes 24-27 of the file, no byte of the plaintext: invalid chunk size 4278255632: \
             more than 10 MiB and a tag (at offset 24)",
        ),
        (
            changed(&|bytes| drop(bytes.drain(24..24 + FRAME))),
            3,
            "damaged: at byte 24 of the file, bytes 0-65535 of the plaintext: authentication failed in \
             chunk 0 (at offset 24): the file was tampered with",
        ),
    ] {
        let dir = Dir::new();
        dir.write("in", bytes);
        let ended = salvage(&dir, &["--salvage", "-q"]);
        ended.fails(status, &format!("fetool: in: {says}\n"));
        assert!(!dir.read("out").is_empty());
    }
}

#[test]
fn a_header_from_a_copy() {
    let dir = Dir::new();
    let plaintext = damaged_in(&dir);
    let mut bytes = dir.read("in");
    dir.write("header", &bytes[..24]);
    bytes[0] = b'X';
    dir.write("in", bytes);
    let ended = salvage(&dir, &["--salvage", "-f", "gfe"]);
    assert_eq!(ended.code(), Some(4));
    assert!(!dir.path("out").exists());
    let says = "fetool: in: damaged: bytes 0-23 of the file, no byte of the plaintext: the file's own header \
                is not the one that was given (at offset 0)\n";
    let says = format!("{says}{SAYS}").replace("in 1 damaged part", "in 2 damaged parts");
    salvage(&dir, &["--salvage", "--header", "header"]).fails(4, &says);
    assert!(dir.read("out")[3 * CHUNK..] == plaintext[3 * CHUNK..]);
}

#[test]
fn a_wrong_key_writes_nothing() {
    let dir = Dir::new();
    damaged_in(&dir);
    let salvage = fetool(["open", "-k", OTHER, "--salvage", "in", "-o", "out"]);
    let says = "authentication failed: wrong key, or the file was tampered with";
    salvage
        .within(&dir)
        .run()
        .fails(3, &format!("fetool: in: {says}\n"));
    assert!(!dir.path("out").exists());
}

#[test]
fn what_it_needs() {
    let dir = Dir::new();
    damaged_in(&dir);
    let open = |args: &[&str]| fetool(["open", "-k", K]).args(args).within(&dir);
    let no_output = "fetool: --salvage requires -o FILE\n\
                     fetool: hint: fetool open --salvage PATH -o FILE\n";
    open(&["--salvage", "in"]).run().fails(2, no_output);
    open(&["--salvage", "in", "-o", "-"])
        .run()
        .fails(2, no_output);
    open(&["--salvage", "-o", "out"])
        .input(dir.read("in"))
        .run()
        .fails(
            2,
            "fetool: stdin: --salvage reads a file at many positions, and cannot read a pipe\n\
         fetool: hint: save it in a FILE first: fetool open --salvage FILE -o OUT\n",
        );
    dir.write("empty", b"");
    open(&["--salvage", "empty", "-o", "out"]).run().fails(
        5,
        "fetool: empty: unexpected EOF: the input is empty (at offset 0)\n",
    );
    for option in ["--check", "--range=0+1"] {
        let ended = open(&["--salvage", option, "in", "-o", "out"]).run();
        assert_eq!(ended.code(), Some(2), "{option}");
        assert!(ended.stderr().contains("cannot be used with"), "{ended:?}");
    }
    open(&["--salvage", "-r", "--update", "."])
        .run()
        .fails(2, "fetool: --salvage cannot be used with --update\n");
    // What is there stays.
    dir.write("out", b"mine");
    open(&["--salvage", "in", "-o", "out"]).run().fails(
        1,
        "fetool: out: file exists\nfetool: hint: overwrite it with --force\n",
    );
    assert_eq!(dir.read("out"), b"mine");
}

#[test]
fn layers_are_refused() {
    let dir = Dir::new();
    let file = vector("gocrypt_32768_l3.enc");
    let open = fetool([
        "open",
        "--passphrase=env:PW",
        "-f",
        "gocrypt",
        "--salvage",
        "-o",
        "out",
    ]);
    let says = format!(
        "fetool: {}: the file has 3 layers: a damaged chunk of one layer moves all chunks of the layers \
         inside, so nothing behind it can be salvaged\n",
        file.display()
    );
    let open = open.arg(&file).env("PW", "correct horse battery staple");
    open.within(&dir).run().fails(2, &says);
}

#[test]
fn verbose() {
    let dir = Dir::new();
    damaged_in(&dir);
    let ended = salvage(&dir, &["--salvage", "-v"]);
    let says = "fetool: in: salvaged as gfe (counter suffix, the size field is associated data): 228.97 KiB, 4 \
                chunks, in ";
    assert!(ended.stderr().contains(says), "{}", ended.stderr());
}

/// Each file by itself; those that are damaged are listed at the end.
#[test]
fn a_tree() {
    let dir = Dir::new();
    let plaintext = damaged_in(&dir);
    let tree = dir.path("tree");
    std::fs::create_dir(&tree).unwrap();
    std::fs::rename(dir.path("in"), tree.join("bad.gfe")).unwrap();
    std::fs::write(tree.join("good.gfe"), sealed(b"good", "64KiB")).unwrap();
    let open = fetool([
        "open",
        "-k",
        K,
        "-r",
        "--salvage",
        "--remove-source",
        "tree",
    ]);
    let ended = open.within(&dir).run();
    assert_eq!(ended.code(), Some(3), "{ended:?}");
    let said = ended.stderr();
    let summary = "fetool: tree/bad.gfe: salvaged 234464 bytes, lost 65536 in 1 damaged part\n";
    assert!(
        said.starts_with(&SAYS.replace("fetool: in:", "fetool: tree/bad.gfe:")),
        "{said}"
    );
    assert!(
        said.contains("fetool: opened 1 file, 4 B, 0 skipped, 1 failed, in "),
        "{said}"
    );
    assert!(
        said.ends_with(&format!("fetool: 1 damaged file:\n{summary}")),
        "{said}"
    );
    let salvaged = std::fs::read(tree.join("bad")).unwrap();
    assert!(salvaged[3 * CHUNK..] == plaintext[3 * CHUNK..]);
    assert_eq!(std::fs::read(tree.join("good")).unwrap(), b"good");
    // The source of what is lost stays.
    assert!(tree.join("bad.gfe").exists() && !tree.join("good.gfe").exists());
}

/// With --json, all there is to read is on standard output.
#[test]
fn a_tree_in_json() {
    let dir = Dir::new();
    damaged_in(&dir);
    std::fs::create_dir(dir.path("tree")).unwrap();
    std::fs::rename(dir.path("in"), dir.path("tree/bad.gfe")).unwrap();
    let open = fetool(["open", "-k", K, "-r", "-q", "--salvage", "--json", "tree"]);
    let ended = open.within(&dir).run();
    let said = "fetool: tree/bad.gfe: salvaged 234464 bytes, lost 65536 in 1 damaged part\n";
    let lines = String::from_utf8(ended.fails_after_output(3, said)).unwrap();
    let mut lines = lines.lines();
    let part = "{\"path\":\"tree/bad.gfe\",\"path_hex\":null,\"offset\":131136,\"length\":65556,\
                \"plaintext_offset\":131072,\"plaintext_length\":65536,\"chunk\":2,\"chunks\":1,\
                \"status\":3,\"reason\":\"authentication failed in chunk 2 (at offset 131136): the file \
                was tampered with\"}";
    assert_eq!(lines.next(), Some(part));
    let file = lines.next().unwrap();
    assert!(file.contains("\"result\":\"failed\""), "{file}");
    assert!(lines.next().unwrap().starts_with("{\"summary\":"));
}

/// A file that is cut in its first chunk has nothing that could be salvaged: `open` says why.
#[test]
fn without_a_whole_chunk() {
    let whole = sealed(&data(1000), "64KiB");
    for len in [30, 44, 500, whole.len() - 1] {
        let dir = Dir::new();
        dir.write("in", &whole[..len]);
        let open = fetool(["open", "-k", K, "in"]).within(&dir).run();
        let said = open.stderr();
        assert!(said.starts_with("fetool: in: unexpected EOF: "), "{said}");
        open.fails(5, &said);
        salvage(&dir, &["--salvage"]).fails(5, &said);
        assert!(!dir.path("out").exists());
        // With a wrong key, too: nothing shows that it is one.
        let wrong = fetool(["open", "-k", OTHER, "--salvage", "in", "-o", "out"]);
        wrong.within(&dir).run().fails(5, &said);
    }
}

/// What `seal` writes, `--salvage` opens.
#[test]
fn the_output_is_that_of_open() {
    let dir = Dir::new();
    let bytes = sealed(&data(1000), "64KiB");
    dir.write("in", &bytes);
    salvage(&dir, &["--salvage"]).succeeds();
    assert!(dir.read("out") == opened(bytes));
}
