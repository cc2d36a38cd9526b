//! The committed manual pages and completions are what the command line's definitions give, and the
//! documents name what is there.
//!
//! `FETOOL_UPDATE=1 cargo test --test cli generated` writes the pages and completions anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const PAGES: [(&str, &[&str]); 14] = [
    ("man/fetool.1", &["man"]),
    ("man/fetool-formats.5", &["man", "formats"]),
    ("man/fetool-trees.7", &["man", "trees"]),
    ("man/fetool-seal.1", &["man", "seal"]),
    ("man/fetool-open.1", &["man", "open"]),
    ("man/fetool-check.1", &["man", "check"]),
    ("man/fetool-inspect.1", &["man", "inspect"]),
    ("man/fetool-rekey.1", &["man", "rekey"]),
    ("man/fetool-header.1", &["man", "header"]),
    ("man/fetool-keygen.1", &["man", "keygen"]),
    ("man/fetool-age.1", &["man", "age"]),
    ("man/fetool-age-keygen.1", &["man", "age-keygen"]),
    ("man/fetool-bench.1", &["man", "bench"]),
    ("man/fetool-help.1", &["man", "help"]),
];

const COMPLETIONS: [(&str, &[&str]); 5] = [
    ("completions/fetool.bash", &["bash"]),
    ("completions/_fetool", &["zsh"]),
    ("completions/fetool.fish", &["fish"]),
    ("completions/_fetool.ps1", &["powershell"]),
    ("completions/fetool.elv", &["elvish"]),
];

fn generated(args: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_fetool"))
        .arg("generate")
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "generate {args:?}: {output:?}");
    assert!(!output.stdout.is_empty());
    output.stdout
}

fn check(files: &[(&str, &[&str])]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, args) in files {
        let path = root.join(file);
        let fresh = generated(args);
        if std::env::var_os("FETOOL_UPDATE").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        let committed = std::fs::read(&path).unwrap_or_default();
        assert!(
            committed == fresh,
            "{file} is stale; run: FETOOL_UPDATE=1 cargo test --test cli generated"
        );
    }
}

#[test]
fn manual_pages_are_fresh() {
    check(&PAGES);
}

#[test]
fn completions_are_fresh() {
    check(&COMPLETIONS);
}

/// A page or a completion that is no longer generated would never be noticed to be stale.
#[test]
fn nothing_else_is_committed_beside_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (dir, files) in [("man", PAGES.len()), ("completions", COMPLETIONS.len())] {
        let found = std::fs::read_dir(root.join(dir)).unwrap().count();
        assert_eq!(found, files, "files in {dir}");
    }
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether a file has a test of that name; other attributes may come in between.
fn is_test(file: &str, function: &str) -> bool {
    let function = format!("fn {function}(");
    file.split("#[test]").skip(1).any(|test| {
        let lines = test.lines().map(str::trim);
        let mut lines = lines.skip_while(|line| line.is_empty() || line.starts_with("#["));
        lines.next().is_some_and(|line| line.starts_with(&function))
    })
}

/// A document that names a test which is not there promises more than it knows.
#[test]
fn the_tests_that_the_security_document_names_exist() {
    let text = read("docs/security.md");
    let mut named = 0;
    for name in code(&text) {
        let path = name.rsplit_once("::").filter(|_| !name.contains('\n'));
        let Some((file, function)) = path else {
            continue;
        };
        let module = format!("tests/{}", file.replace("::", "/"));
        let file = match file.contains('/') {
            true => file.to_owned(),
            false if Path::new(&module).is_dir() => match module.matches('/').count() {
                1 => format!("{module}/main.rs"),
                _ => format!("{module}/mod.rs"),
            },
            false => format!("{module}.rs"),
        };
        assert!(is_test(&read(&file), function), "{name}");
        named += 1;
    }
    assert!(named >= 150, "only {named} tests are named");
    let promises = text.split("\n### ").skip(1);
    for promise in promises.take_while(|promise| !promise.starts_with("Fuzzing")) {
        let title = promise.lines().next().unwrap_or_default();
        let untested = title == "Tags and keys are compared in constant time";
        assert_eq!(promise.contains("::"), !untested, "{title}");
    }
}

/// The direct dependencies of the sections whose title ends so.
fn direct(section: &str) -> BTreeSet<String> {
    let manifest = read("Cargo.toml");
    let sections = manifest.split("\n[").filter_map(|part| {
        let (title, lines) = part.split_once("]\n")?;
        let title = title.rsplit('.').next()?;
        (title == section).then_some(lines)
    });
    sections
        .flat_map(str::lines)
        .filter_map(|line| line.split_once(" = "))
        // The package itself gives its tests their hooks.
        .filter(|(name, _)| !name.starts_with('#') && *name != "fetool")
        .map(|(name, _)| name.to_owned())
        .collect()
}

#[test]
fn every_dependency_has_its_reason() {
    let text = read("docs/dependencies.md");
    let (_, tables) = text.split_once("\n## In the program\n").unwrap();
    let (program, tests) = tables.split_once("\n## In tests").unwrap();
    for (table, section) in [(program, "dependencies"), (tests, "dev-dependencies")] {
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        let named: Vec<_> = rows.filter_map(|row| code(row).next()).collect();
        let direct = direct(section);
        assert!(direct.len() > 4, "{section}");
        assert_eq!(named, direct.iter().collect::<Vec<_>>(), "{section}");
    }
}

/// Names and versions of all crates in the lock file, fetool among them.
fn locked() -> Vec<(String, String)> {
    let value = |line: Option<&str>| line.unwrap().split('"').nth(1).unwrap().to_owned();
    let lock = read("Cargo.lock");
    lock.split("[[package]]\n")
        .skip(1)
        .map(|package| (value(package.lines().next()), value(package.lines().nth(1))))
        .collect()
}

#[test]
fn the_number_of_crates_is_as_told() {
    let built = |edges: &str, features: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "tree",
                "--locked",
                "--prefix=none",
                "--format={p}",
                "-e",
                edges,
            ])
            .args(["--target", "x86_64-unknown-linux-gnu"])
            .args(features)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let crates: BTreeSet<Vec<_>> = text
            .lines()
            .map(|line| line.split(' ').take(2).collect())
            .collect();
        crates.len()
    };
    let counts = [
        built("normal,build", &[]),
        built("normal,build", &["--no-default-features"]),
        built(
            "normal,build",
            &["--no-default-features", "--features=aws-lc"],
        ),
        built("normal,build,dev", &[]),
        locked().len(),
    ];
    // fetool is one of each.
    let counts: Vec<_> = counts.map(|count| (count - 1).to_string()).into();
    let text = read("docs/dependencies.md");
    let told: Vec<_> = text.split("**").skip(1).step_by(2).collect();
    assert_eq!(told, counts);
}

/// A build without tests has no hook of theirs.
#[test]
fn only_tests_have_their_hooks() {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "tree",
            "--locked",
            "--depth=0",
            "-e=normal,build",
            "--format={p} {f}",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let features = text.trim().rsplit(' ').next().unwrap();
    let expected = "age-plugin,age-ssh,age-tag,aws-lc,cli,default";
    assert_eq!(features, expected, "{text}");
    for file in [
        "src/kdf/mod.rs",
        "src/open/mod.rs",
        "src/rekey.rs",
        "src/seal.rs",
        "src/secret.rs",
    ] {
        let text = read(file);
        let before: Vec<_> = text.split("_for_tests(").collect();
        for part in &before[..before.len() - 1] {
            let gate = part.rfind("#[cfg(feature = \"test-hooks\")]").expect(file);
            // The gate of this function, or of this call.
            assert!(
                part[gate..].matches("fn ").count() <= 1,
                "{file}: a hook without a gate"
            );
        }
    }
}

/// Of a crate in several versions, all but the newest have their reason.
#[test]
fn no_crate_is_there_twice_without_a_reason() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, version) in locked() {
        versions.entry(name).or_default().push(version);
    }
    let mut older = BTreeSet::new();
    for (name, versions) in &mut versions {
        // The lock file has them in their order, the newest last.
        versions.pop();
        older.extend(versions.iter().map(|version| format!("{name}@{version}")));
    }
    let deny = read("deny.toml");
    let (_, skipped) = deny.split_once("\nskip = [").unwrap();
    let (skipped, _) = skipped.split_once("\n]").unwrap();
    let skipped: BTreeSet<_> = skipped
        .split("crate = \"")
        .skip(1)
        .map(|entry| entry.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(skipped, older);
}

/// Such a run is a line of the source that lost its backslash.
#[test]
fn the_pages_have_no_runs_of_blanks() {
    for (page, _) in PAGES {
        let text = read(page);
        // In literal lines, columns may be aligned.
        let mut filled = true;
        for line in text.lines() {
            match line {
                ".nf" => filled = false,
                ".fi" => filled = true,
                _ if filled => assert!(!line.contains("   "), "{page}: {line}"),
                _ => {}
            }
            assert_eq!(line, line.trim_end(), "{page}");
        }
    }
}
