//! Messages, manual pages and documents use the standard words.

use crate::layers::{code, literals, root, sources};
use std::fs;
use std::path::PathBuf;

/// Paraphrases, each with what to write instead.
const BANNED: [(&str, &str); 24] = [
    ("folder", "directory"),
    ("goes with -", "requires -"),
    ("go with -", "require -"),
    ("go together", "cannot be used with"),
    ("kept apart", "detached"),
    ("header apart", "detached header"),
    ("is told", "say who does what"),
    ("are told", "say who does what"),
    ("mended", "fixed"),
    ("exists already", "exists"),
    ("a file we know", "a known file"),
    ("memory from the system", "cannot allocate"),
    (
        "random numbers from the system",
        "cannot read system randomness",
    ),
    ("lets out", "outputs"),
    ("let out", "output"),
    ("finds out what", "identifies"),
    ("found out by itself", "[default: auto-detect]"),
    ("works on many", "cannot be used with -r"),
    ("; 5 otherwise", "[default: 5]"),
    ("likewise", "say it again"),
    ("telling formats apart", "format detection"),
    ("brought to the disk", "fsynced"),
    ("in the place of", "instead of"),
    ("one thing at a time", "already used"),
];

/// What is said in a text that should be said otherwise.
fn dialect(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    let found = BANNED.iter().filter(|(banned, _)| text.contains(banned));
    found
        .map(|(banned, better)| format!("\"{banned}\" (better: {better})"))
        .collect()
}

/// The documents and the manual pages.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![];
    for dir in ["", "docs", "docs/formats", "man"] {
        for entry in fs::read_dir(root().join(dir)).expect("it is there") {
            let path = entry.expect("it can be read").path();
            let is_text = path
                .extension()
                .is_some_and(|it| ["md", "1", "5", "7"].contains(&it.to_str().unwrap_or_default()));
            if is_text {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn documents_and_pages_use_the_standard_words() {
    let documents = documents();
    assert!(documents.len() > 20, "{documents:?}");
    let mut wrong = Vec::new();
    for path in documents {
        let text = fs::read_to_string(&path).expect("it is text");
        // Names of tests are no prose.
        let prose: String = text.split('`').step_by(2).collect();
        for found in dialect(&prose) {
            wrong.push(format!("{}: {found}", path.display()));
        }
        let words: Vec<_> = prose.split_whitespace().collect();
        if words
            .windows(2)
            .any(|two| two[0].ends_with('.') && two[1] == "Where")
        {
            wrong.push(format!(
                "{}: a sentence begins with \"Where\" (better: If)",
                path.display()
            ));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn messages_and_comments_use_the_standard_words() {
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &[], &mut files);
    let mut wrong = Vec::new();
    for (file, _) in files {
        let text = fs::read_to_string(&file).expect("it can be read");
        // clap makes help of what is written above a field, and rustdoc pages of the rest.
        let docs = text.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("/// ").or(line.strip_prefix("//! "))
        });
        let docs: Vec<_> = docs.collect();
        let said = literals(&code(&text)).join(" | ");
        for found in [said, docs.join(" ")].iter().flat_map(|text| dialect(text)) {
            wrong.push(format!("{}: {found}", file.display()));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn dialect_is_found_across_lines() {
    assert_eq!(
        dialect("The header is kept\n  apart, and what is\ntold is not."),
        [
            "\"kept apart\" (better: detached)",
            "\"is told\" (better: say who does what)"
        ]
    );
    assert_eq!(dialect("a directory"), [""; 0]);
}
