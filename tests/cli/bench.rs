//! `bench`: what is measured, how it is told, and what is refused. Never how fast anything is.

use crate::cli_common::{Dir, fetool, until};
use nix::sys::signal::Signal;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::process::Stdio;

/// Arguments of a run that takes no time.
const TINY: [&str; 3] = ["bench", "--size", "64KiB"];

const MEMBERS: [&str; 18] = [
    "part",
    "operation",
    "aead",
    "engine",
    "format",
    "layers",
    "kdf",
    "kdf_name",
    "way",
    "chunk_size",
    "jobs",
    "size",
    "memory",
    "turns",
    "rate",
    "seconds",
    "limit",
    "percent",
];

/// The results of a tiny run.
#[track_caller]
fn results(args: &[&str]) -> Vec<Map<String, Value>> {
    let printed = fetool(TINY).args(args).arg("--json").run().succeeds();
    let printed = String::from_utf8(printed).expect("JSON is text");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    let object: Value = serde_json::from_str(&printed).expect("it is JSON");
    assert_eq!(object["fetool"], env!("CARGO_PKG_VERSION"));
    assert!(object["cores"].as_u64().is_some_and(|cores| cores > 0));
    let results = object["results"].as_array().expect("there are results");
    let results = results
        .iter()
        .map(|it| it.as_object().expect("each is one"));
    results.cloned().collect()
}

/// The different values of a member, as text; those that are null left out.
fn values(results: &[Map<String, Value>], member: &str) -> Vec<String> {
    let values = results.iter().map(|it| &it[member]);
    let values = values.filter(|value| !value.is_null());
    let values = values.map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

fn without_limits(results: &[Map<String, Value>]) -> Vec<Map<String, Value>> {
    let results = results.iter().filter(|it| it["operation"] != "copy");
    results.cloned().collect()
}

/// How many engines have what aws-lc has.
const ENGINES: usize = if cfg!(feature = "aws-lc") { 2 } else { 1 };

#[test]
fn every_result_has_the_same_members() {
    for args in [
        &["aead", "--aead", "aes-256-gcm"][..],
        &["kdf", "--format", "gocrypt"],
        &["format", "--format", "gfe"],
    ] {
        for result in results(args) {
            let members: Vec<&str> = result.keys().map(String::as_str).collect();
            let (mut members, mut expected) = (members, MEMBERS);
            members.sort_unstable();
            expected.sort_unstable();
            assert_eq!(members, expected, "{args:?}");
            let is_time = args[0] == "kdf";
            let (there, absent) = if is_time {
                ("seconds", "rate")
            } else {
                ("rate", "seconds")
            };
            assert!(result[absent].is_null());
            let quartile = |name| result[there][name].as_f64().expect("a number");
            assert!(0.0 < quartile("low") && quartile("low") <= quartile("median"));
            assert!(quartile("median") <= quartile("high"));
            assert!(result["turns"].as_u64().is_some_and(|turns| turns > 0));
            let unlimited = is_time || result["operation"] == "copy";
            assert_eq!(result["limit"].is_null(), unlimited);
            assert_eq!(result["percent"].is_null(), unlimited);
        }
    }
}

#[test]
fn an_aead_has_every_engine_chunk_and_number_of_jobs() {
    let all = results(&["aead", "--aead", "aes-256-gcm", "-j", "1,2"]);
    let results = without_limits(&all);
    assert_eq!(all.len() - results.len(), 3 * 2);
    assert_eq!(results.len(), ENGINES * 3 * 2 * 2);
    assert_eq!(values(&results, "aead"), ["aes-256-gcm"]);
    assert_eq!(values(&results, "chunk_size"), ["1048576", "4096", "65536"]);
    assert_eq!(values(&results, "jobs"), ["1", "2"]);
    assert_eq!(values(&results, "operation"), ["open", "seal"]);
    assert_eq!(values(&results, "size"), ["65536"]);
    let engines = values(&results, "engine");
    let expected = ["aws-lc", "rustcrypto"];
    assert_eq!(engines, expected[2 - ENGINES..]);
}

#[test]
fn an_engine_is_of_the_aeads_alone() {
    let results = results(&[
        "--engine",
        "rustcrypto",
        "--aead",
        "chacha20-poly1305",
        "-j1",
    ]);
    assert_eq!(values(&results, "part"), ["aead"]);
    assert_eq!(values(&results, "engine"), ["rustcrypto"]);
    assert_eq!(values(&results, "aead"), ["chacha20-poly1305"]);
    assert_eq!(values(&results, "jobs"), ["1"]);
}

#[test]
fn an_aead_is_measured_in_the_formats_too() {
    let results = results(&[
        "format",
        "--aead",
        "aes-256-gcm,chacha20-poly1305",
        "-j",
        "1",
    ]);
    let found: BTreeSet<_> = without_limits(&results)
        .iter()
        .map(|it| (it["format"].to_string(), it["aead"].to_string()))
        .collect();
    let expected = [
        ("age", "chacha20-poly1305"),
        ("dexios", "aes-256-gcm"),
        ("gfe", "aes-256-gcm"),
        ("parallel-encryptor", "aes-256-gcm"),
    ]
    .map(|(format, aead)| (format!("{format:?}"), format!("{aead:?}")));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_format_goes_with_its_key_derivations() {
    let results = results(&["--format", "gfe,parallel-encryptor", "--jobs", "1"]);
    assert_eq!(values(&results, "part"), ["format", "kdf"]);
    assert_eq!(values(&results, "format"), ["gfe", "parallel-encryptor"]);
    assert_eq!(
        values(&results, "kdf"),
        [
            "Argon2id, 3 passes, 4 lanes",
            "PBKDF2-HMAC-SHA256, 600000 iterations",
            "SHA-256, once",
        ]
    );
    assert_eq!(values(&results, "memory"), ["0", "67108864"]);
    assert_eq!(values(&results, "way"), ["memory", "pipe"]);
    assert_eq!(values(&results, "size"), ["65536"]);
}

#[test]
fn layers_are_of_gocrypt_alone() {
    let results = results(&["--layers", "1,3", "-j", "2"]);
    assert_eq!(values(&results, "part"), ["format"]);
    assert_eq!(values(&results, "format"), ["gocrypt"]);
    assert_eq!(values(&results, "layers"), ["1", "3"]);
    let results = without_limits(&results);
    assert_eq!(results.len(), 2 * 2 * 2);
    assert_eq!(values(&results, "jobs"), ["2"]);
}

#[test]
fn jobs_are_measured_once_and_0_is_every_core() {
    let cores = std::thread::available_parallelism().unwrap().to_string();
    let results = results(&["format", "--format", "gfe", "-j", "0,0"]);
    assert_eq!(values(&results, "jobs"), [cores]);
    assert_eq!(without_limits(&results).len(), 4);
}

#[test]
fn the_table_is_plain_where_there_is_no_terminal() {
    let args = [
        "aead",
        "--aead",
        "aes-256-gcm",
        "--engine",
        "rustcrypto",
        "-j1",
    ];
    let printed = fetool(TINY).args(args).run().succeeds();
    let printed = String::from_utf8(printed).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines[0],
        "AEADs on chunks in memory: GiB/s, and % of copying the chunks"
    );
    // How many turns there were depends on how busy the machine is.
    let note = lines[1].strip_prefix("median of ");
    let note = note.and_then(|note| note.strip_suffix(" turns; ± reaches over half of them"));
    assert!(
        note.is_some_and(|turns| turns.parse::<u8>().is_ok()),
        "{}",
        lines[1]
    );
    let words: Vec<&str> = lines[2].split_whitespace().collect();
    assert_eq!(words, ["seal", "open"]);
    assert_eq!(lines[3], "aes-256-gcm, rustcrypto");
    assert_eq!(lines[7], "copying alone");
    assert_eq!(lines[11], "");
    assert!(lines[12].starts_with("AES-256-GCM runs, at "), "{printed}");
    assert_eq!(lines.len(), 13);
    for group in [4, 8] {
        for (line, size) in lines[group..][..3].iter().zip(["4 KiB", "64 KiB", "1 MiB"]) {
            let label = format!("{size}  1 job");
            assert!(line.trim_start().starts_with(&label), "{line}");
            // Two rates with their percentages, or one without.
            let percents = line.matches('%').count();
            assert_eq!(percents, if group == 4 { 4 } else { 1 }, "{line}");
        }
    }
    assert!(!printed.contains(['\x1b', '█', '▒']), "{printed}");
}

#[test]
fn parts_follow_each_other_with_a_gap() {
    let args = ["--format", "parallel-encryptor", "-j1"];
    let printed = fetool(TINY).args(args).run().succeeds();
    let printed = String::from_utf8(printed).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "Key derivations: time for a key, and memory");
    assert_eq!(lines[3], "parallel-encryptor");
    assert!(lines[4].starts_with("  SHA-256, once "), "{}", lines[4]);
    assert_eq!(lines[5], "");
    assert_eq!(
        lines[6],
        "Streams: GiB/s of plaintext, and % of copying it the same way"
    );
    assert_eq!(lines[9], "parallel-encryptor, aes-256-gcm, 64 KiB");
    assert_eq!(lines[15], "");
    assert!(
        lines[16].contains("parallel-encryptor reaches "),
        "{printed}"
    );
    assert_eq!(lines.len(), 17);
}

#[test]
fn a_terminal_gets_bars_of_its_width() {
    let run = |no_color: &str| {
        let (ended, seen) = fetool(TINY)
            .args(["aead", "--aead", "aes-256-gcm", "-j1"])
            .env("NO_COLOR", no_color)
            .stderr(Stdio::piped())
            .on_terminal()
            .end();
        ended.succeeds();
        seen
    };
    let coloured = run("");
    assert!(coloured.contains("\x1b[32m█"), "{coloured}");
    let plain = run("1");
    assert!(plain.contains('█') && !plain.contains('\x1b'), "{plain}");
    let widest = plain.lines().map(|line| line.trim_end().chars().count());
    let widest = widest.max().unwrap();
    assert!((70..=79).contains(&widest), "{widest}: {plain}");
}

#[test]
fn a_directory_is_as_it_was() {
    let dir = Dir::new();
    dir.write("mine", "as it was");
    let mine = dir.text("");
    let results = results(&["format", "-f", "gfe,gocrypt", "-j", "1", "--dir", &mine]);
    assert_eq!(values(&results, "way"), ["file", "memory", "pipe"]);
    dir.holds_only(&["mine"]);
}

#[test]
fn a_signal_ends_it_at_once_and_leaves_nothing() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let dir = Dir::new();
        let args = ["bench", "format", "-f", "gfe", "--size", "8MiB", "--dir"];
        let job = fetool(args).arg(dir.path("")).start();
        until("there are files", || dir.names().len() >= 3);
        job.signal(signal);
        job.end().dies_of(signal);
        dir.holds_only(&[]);
    }
}

#[test]
fn bad_values_are_refused() {
    for (args, message) in [
        (
            &["--aead", "rot13"][..],
            "fetool: invalid value 'rot13' for '--aead <AEAD>'\n  [possible values: aes-256-gcm, \
             chacha20-poly1305, xchacha20-poly1305, deoxys-ii-256]\n\n\
             For more information, try '--help'.\n",
        ),
        (
            &["--engine", "steam"],
            "fetool: invalid value 'steam' for '--engine <ENGINE>'\n  [possible values: fetool, \
             aws-lc, rustcrypto]\n\nFor more information, try '--help'.\n",
        ),
        (
            &["--format", "gocrypt-v1"],
            "fetool: invalid value 'gocrypt-v1' for '--format <NAME>'\n  [possible values: gfe, \
             dexios, gocrypt, parallel-encryptor, age]\nfetool: hint: a similar value exists: 'gocrypt'\n\n\
             For more information, try '--help'.\n",
        ),
        (
            &["--layers", "201"],
            "fetool: invalid value '201' for '--layers <N>': 201 is not in 1..=200\n\n\
             For more information, try '--help'.\n",
        ),
        (
            &["-j", "1,257"],
            "fetool: invalid value '257' for '--jobs <N>': 257 is not in 0..=256\n\n\
             For more information, try '--help'.\n",
        ),
        (
            &["--size", "much"],
            "fetool: invalid value 'much' for '--size <SIZE>': a size is a number of bytes, as \
             65536, 64KiB or 1MiB\n\nFor more information, try '--help'.\n",
        ),
        (
            &["everything"],
            "fetool: invalid value 'everything' for '[PART]...'\n  [possible values: aead, kdf, \
             format]\n\nFor more information, try '--help'.\n",
        ),
        (
            &["--size", "0"],
            "fetool: --size 0 leaves nothing to measure\n",
        ),
        (
            &["--engine", "aws-lc", "--aead", "deoxys-ii-256"],
            "fetool: no benchmark matches the selection\n\
             fetool: hint: filters are combined (AND); give fewer of them\n",
        ),
        (
            &["--format", "gfe", "--layers", "2"],
            "fetool: no benchmark matches the selection\n\
             fetool: hint: filters are combined (AND); give fewer of them\n",
        ),
        (
            &["aead", "--dir", "."],
            "fetool: --dir requires a format to measure\n",
        ),
    ] {
        fetool(["bench"]).args(args).run().fails(2, message);
    }
}

#[test]
fn a_missing_directory_is_reported_before_anything_is_measured() {
    fetool(["bench", "--dir", "nowhere/at/all"])
        .run()
        .fails(1, "fetool: nowhere/at/all: no such file or directory\n");
}

/// The last line says what the numbers mean, and JSON has the same sentence.
#[test]
fn it_ends_with_a_conclusion() {
    let aeads = "aes-256-gcm,chacha20-poly1305";
    let args = ["aead", "--aead", aeads, "-j1"];
    let printed = fetool(TINY).args(args).run().succeeds();
    let printed = String::from_utf8(printed).unwrap();
    let last = printed.lines().last().unwrap();
    let (name, rest) = last.split_once(' ').unwrap();
    assert!(
        ["AES-256-GCM", "ChaCha20-Poly1305"].contains(&name),
        "{last}"
    );
    assert!(rest.starts_with("is the fastest AEAD here, at "), "{last}");
    assert!(rest.ends_with(" GiB/s."), "{last}");

    let printed = fetool(TINY)
        .args(["kdf", "-f", "parallel-encryptor", "--json"])
        .run()
        .succeeds();
    let object: Value = serde_json::from_slice(&printed).unwrap();
    let conclusion = object["conclusion"].as_str().unwrap();
    assert!(conclusion.starts_with("a guess at a passphrase costs up to "));
    assert!(conclusion.ends_with(" (SHA-256, once)."), "{conclusion}");
}
