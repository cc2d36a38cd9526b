//! Files that real Dexios programs made, of all five versions of the header.

use crate::dexios_common::{Folder, Vector, sha256, vector, vector_path, vectors, watchdog};
use fetool::{Inspect, Open, Secret, status};
use std::io::Cursor;
use std::num::NonZeroUsize;

fn of_version(version: u32, expected: usize) -> Vec<Vector> {
    let found: Vec<_> = vectors()
        .into_iter()
        .filter(|vector| vector.header_version == version)
        .collect();
    assert_eq!(found.len(), expected, "vectors of version {version}");
    found
}

fn check(vector: &Vector, secret: &Secret) {
    let header = vector.header();
    let opening = Open::new(secret)
        .detached_header(header.as_deref())
        .jobs(NonZeroUsize::new(2).unwrap())
        .start(Cursor::new(vector.bytes()))
        .unwrap_or_else(|error| panic!("{}: {error}", vector.file));
    if vector.aad_order.is_some() && vector.mode == "stream" {
        assert_eq!(opening.reading(), "as Dexios 8.4 wrote it");
    }
    let mut opened = Vec::new();
    let done = opening
        .run(&mut opened)
        .unwrap_or_else(|error| panic!("{}: {error}", vector.file));
    assert_eq!(done.plaintext_len, vector.plaintext_len, "{}", vector.file);
    assert_eq!(opened.len() as u64, vector.plaintext_len, "{}", vector.file);
    assert_eq!(sha256(&opened), vector.plaintext_sha256, "{}", vector.file);
}

fn check_all(version: u32, expected: usize) {
    let _dog = watchdog();
    for vector in of_version(version, expected) {
        check(&vector, &vector.secret.secret());
    }
}

#[test]
fn version_1() {
    check_all(1, 4);
}

#[test]
fn version_2() {
    check_all(2, 3);
}

#[test]
fn version_3() {
    check_all(3, 7);
}

#[test]
fn version_4() {
    check_all(4, 3);
}

#[test]
fn version_5() {
    check_all(5, 11);
}

#[test]
fn a_file_with_two_keys_opens_with_both() {
    let _dog = watchdog();
    let two: Vec<_> = vectors()
        .into_iter()
        .filter_map(|vector| vector.other_secret.clone().map(|other| (vector, other)))
        .collect();
    assert_eq!(two.len(), 1);
    for (vector, other) in two {
        check(&vector, &other.secret());
    }
}

/// What can be told without a key.
#[test]
fn inspect_tells_what_they_are() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 28);
    for vector in vectors {
        let header = vector.header();
        let seen = Inspect::new()
            .detached_header(header.as_deref())
            .run_seekable(Cursor::new(vector.bytes()))
            .unwrap();
        let streamed = Inspect::new()
            .detached_header(header.as_deref())
            .run(&vector.bytes()[..])
            .unwrap();
        for seen in [seen, streamed] {
            assert_eq!(seen.format, "dexios");
            assert_eq!(seen.description.version, Some(vector.header_version));
            assert_eq!(seen.description.algorithm, vector.algorithm());
            assert_eq!(seen.description.mode, Some(&*vector.mode));
            assert_eq!(seen.plaintext_len, vector.plaintext_len, "{}", &vector.file);
            let chunks = match &*vector.mode {
                "memory" => 1,
                _ => vector.plaintext_len / (1 << 20) + 1,
            };
            assert_eq!(seen.chunks, chunks, "{}", vector.file);
            assert_eq!(seen.sealed_len, Some(vector.bytes().len() as u64));
            assert_eq!(seen.fault, None);
            // The fields are the header's bytes, without gaps.
            let fields: Vec<u8> = seen
                .description
                .fields
                .iter()
                .flat_map(|field| field.bytes.clone())
                .collect();
            let sealed = header.clone().unwrap_or_else(|| vector.bytes());
            assert_eq!(fields, sealed[..seen.header_len as usize]);
            let authenticated = match vector.header_version {
                1 => "none of the header; salt and nonce by their use".to_owned(),
                2 => "bytes 0-47, by the HMAC in bytes 48-63".to_owned(),
                3 => "the whole header, as associated data of every block".to_owned(),
                4 => format!(
                    "bytes 0-47 and {}-127, as associated data of every block; the wrapped key by \
                     its tag",
                    96 + match vector.algorithm() {
                        "AES-256-GCM" => 12,
                        "XChaCha20-Poly1305" => 24,
                        _ => 15,
                    }
                ),
                _ => "bytes 0-31, as associated data of every block; each wrapped key by its tag"
                    .to_owned(),
            };
            assert_eq!(seen.description.authenticated, authenticated);
            let few = "the secret is hashed over 8 MiB only";
            let mode = "the mode is not authenticated: this may be one block of a longer stream";
            let warnings: &[&str] = match vector.header_version {
                1 if vector.file.contains("_memory_") => &[few, mode],
                1 => &[few],
                _ => &[],
            };
            assert_eq!(seen.description.warnings, warnings, "{}", vector.file);
        }
    }
}

#[test]
fn a_header_without_a_slot_is_warned_of() {
    let mut file = vector("dexios_v5_aes256gcm_balloon_1000.dx");
    file[32..416].fill(0);
    let seen = Inspect::new().run(&file[..]).unwrap();
    let warning = "no key slot is used: no secret opens this file";
    assert_eq!(seen.description.warnings, [warning]);
}

#[test]
fn inspect_tells_of_bytes_that_should_be_zero() {
    let mut file = vector("dexios_v5_aes256gcm_balloon_1000.dx");
    let seen = |file: &[u8]| {
        let fields = Inspect::new().run(file).unwrap().description.fields;
        let unused = fields.iter().position(|field| field.name == "unused");
        let unused = unused.expect("there are some");
        let end: usize = fields[..=unused]
            .iter()
            .map(|field| field.bytes.len())
            .sum();
        (end, fields[unused].meaning.clone())
    };
    let (end, meaning) = seen(&file);
    assert_eq!(meaning, "zero");
    file[end - 1] = 1;
    assert_eq!(seen(&file), (end, "not zero".to_owned()));
}

/// The slots with their real costs; the hashes of versions 1 to 4 go with the version.
#[test]
fn inspect_tells_the_cost_of_the_hash() {
    for (file, costs) in [
        (
            "dexios_v1_aes256gcm_memory_1000.dx",
            &["Argon2id, 8 MiB, 8 passes, 4 lanes"][..],
        ),
        (
            "dexios_v2_aes256gcm_memory_1000.dx",
            &["Argon2id, 256 MiB, 8 passes, 4 lanes"],
        ),
        (
            "dexios_v3_aes256gcm_stream_1000.dx",
            &["Argon2id, 256 MiB, 10 passes, 4 lanes"],
        ),
        (
            "dexios_v4_aes256gcm_stream_1000.dx",
            &["BLAKE3-Balloon, space 262144, 1 pass, 1 lane: about 8 MiB in fact"],
        ),
        (
            "dexios_v5_aes256gcm_argon2id_0.dx",
            &["Argon2id, 256 MiB, 10 passes, 4 lanes"],
        ),
        (
            "dexios_v5_two_keys.dx",
            &["BLAKE3-Balloon, space 278528, 1 pass, 1 lane: about 9 MiB in fact"; 2],
        ),
    ] {
        let seen = Inspect::new().run(&vector(file)[..]).unwrap();
        let derivations = seen.description.derivations.iter();
        let derivations: Vec<String> = derivations.map(ToString::to_string).collect();
        assert_eq!(derivations, costs, "{file}");
    }
}

#[test]
fn the_program_opens_them() {
    let folder = Folder::new();
    let secret = vector_path("secret.txt");
    let v1 = "dexios_v1_deoxys2-256_memory_1000.dx";
    let two = "dexios_v5_two_keys.dx";
    for (file, secret) in [
        (v1, format!("-k @{secret}")),
        (v1, format!("--passphrase=@{secret} --format dexios")),
        (two, "-k @two".to_owned()),
        (two, format!("--passphrase=@{secret}")),
    ] {
        let expected = vectors()
            .into_iter()
            .find(|vector| vector.file == file)
            .unwrap()
            .plaintext_sha256;
        let path = vector_path(file);
        let ran = folder.run(&format!("open {secret} {path}")).is(status::OK);
        assert_eq!(sha256(&ran.stdout), expected);
        let ran = folder
            .pipe(&format!("open {secret}"), &vector(file))
            .is(status::OK);
        assert_eq!(sha256(&ran.stdout), expected);
    }
    // A passphrase in a file may end in a line end, a key's bytes are what they are.
    folder.write("line", b"correct horse battery staple\n");
    let path = vector_path(v1);
    folder
        .run(&format!("open --passphrase=@line --check {path}"))
        .is(status::OK);
    folder
        .run(&format!("open -k @line {path}"))
        .fails(status::KEY, "authentication failed");
}

#[test]
fn a_header_that_is_kept_apart() {
    let folder = Folder::new();
    let data = vector_path("dexios_v5_detached.dx");
    let header = vector_path("dexios_v5_detached.hdr");
    let all = vectors();
    let expected = &all
        .iter()
        .find(|vector| vector.detached_header.is_some())
        .unwrap()
        .plaintext_sha256;
    let ran = folder
        .run(&format!("open -k @one --header {header} {data}"))
        .is(status::OK);
    assert_eq!(sha256(&ran.stdout), *expected);
    let ran = folder
        .pipe(
            &format!("open -k @one --header {header}"),
            &vector("dexios_v5_detached.dx"),
        )
        .is(status::OK);
    assert_eq!(sha256(&ran.stdout), *expected);

    // Without its header it is nothing known; the header alone is a file without its data; and
    // another file's header, though the same secret opens it, does not fit.
    folder
        .run(&format!("open -k @one {data}"))
        .fails(status::FORMAT, "not a sealed file of a known format");
    folder
        .run(&format!("open -k @one {header}"))
        .fails(status::TRUNCATED, "unexpected EOF");
    let other = vector_path("dexios_v5_aes256gcm_balloon_1000.dx");
    folder
        .run(&format!("open -k @one --header {other} {data}"))
        .fails(status::KEY, "authentication failed");

    let ran = folder
        .run(&format!("inspect --json --header {header} {data}"))
        .is(status::OK);
    let json: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(json["header_size"], 416);
    assert_eq!(json["plaintext_size"], 1000);
    assert_eq!(json["fault"], serde_json::Value::Null);
}

#[test]
fn a_wrong_secret_writes_nothing() {
    let folder = Folder::new();
    folder.write("existing", b"what was there");
    for file in [
        "dexios_v1_xchacha20poly1305_memory_1000.dx",
        "dexios_v1_deoxys2-256_stream_1049076.dx",
        "dexios_v2_xchacha20poly1305_memory_1000.dx",
        "dexios_v4_aes256gcm_stream_1000.dx",
        "dexios_v5_aes256gcm_balloon_0.dx",
    ] {
        let path = vector_path(file);
        folder
            .run(&format!("open -k @two {path} -o existing --force"))
            .fails(status::KEY, "authentication failed");
        assert_eq!(folder.read("existing"), b"what was there");
        assert_eq!(folder.names(), ["existing"], "{file}");
    }
    let path = vector_path("dexios_v1_xchacha20poly1305_memory_1000.dx");
    folder
        .run(&format!("open -k @two {path} -o new"))
        .fails(status::KEY, "authentication failed");
    folder
        .run(&format!("open --passphrase=@two {path}"))
        .fails(status::KEY, "authentication failed");
    assert_eq!(folder.names(), ["existing"]);
}
