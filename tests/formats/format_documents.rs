//! The documents of the formats tell the truth: every example in `docs/formats` is tried here.
//!
//! A block of `hex` is a file: lines `name: value` say what it was made of, and behind an empty line
//! come its bytes in rows, each field's first row with its name (and behind a semicolon more for
//! people); `00 x16` is sixteen zeros, and a row may begin with text in quotes. Without a plaintext, only
//! the header is shown. A block of `changes` behind it tells what becomes of that file: a change, a status,
//! and the error's words or, for the status 0, what comes out. A block of `armor` is the same file as text.

use crate::common::{hex, pattern};
use fetool::format::age::AgeIdentity;
use fetool::format::gfe::GfeAdditive;
use fetool::format::{self, Format};
use fetool::kdf::Kdf;
use fetool::{Error, Identity, Inspect, Open, Recipient, Seal, Secret};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn vector(name: &str) -> Vec<u8> {
    let path = path("tests/vectors").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

#[derive(Default)]
struct Example {
    /// The document and the line, for messages.
    place: String,
    inputs: BTreeMap<String, String>,
    /// Names and bytes, in their order.
    fields: Vec<(String, Vec<u8>)>,
    changes: Vec<String>,
    armor: Option<String>,
    /// Remembers what was derived from it: hashing takes most of the time here.
    secret: OnceCell<Secret>,
}

/// All examples of a document, of which there are so many, with so many changes.
fn examples(document: &str, expected: usize, changes: usize) -> Vec<Example> {
    let text = fs::read_to_string(path("docs/formats").join(document)).unwrap();
    let mut lines = text.lines().enumerate();
    let mut examples: Vec<Example> = Vec::new();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            continue;
        };
        let block = lines.by_ref().map(|(_, line)| line);
        let block: Vec<&str> = block.take_while(|line| *line != "```").collect();
        match kind {
            "hex" => examples.push(example(format!("{document}:{}", number + 1), &block)),
            "changes" => {
                let example = examples.last_mut().expect("changes of an example");
                example.changes.extend(block.into_iter().map(str::to_owned));
            }
            "armor" => {
                let example = examples.last_mut().expect("armor of an example");
                example.armor = Some(block.join("\n") + "\n");
            }
            "abnf" => {}
            other => panic!("{document}: a block of {other:?}"),
        }
    }
    assert_eq!(examples.len(), expected, "{document}: examples");
    let found: usize = examples.iter().map(|example| example.changes.len()).sum();
    assert_eq!(found, changes, "{document}: changes");
    examples
}

fn example(place: String, block: &[&str]) -> Example {
    let mut example = Example {
        place,
        ..Example::default()
    };
    let mut lines = block.iter();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").expect("name: value");
        example.inputs.insert(name.to_owned(), value.to_owned());
    }
    for row in lines {
        let (row, note) = row.split_once("  ").unwrap_or((row, ""));
        let name = note.split(';').next().unwrap_or_default().trim();
        if !name.is_empty() {
            example.fields.push((name.to_owned(), Vec::new()));
        }
        let (_, field) = example.fields.last_mut().expect("a name in the first row");
        field.extend(bytes(row));
    }
    example
}

fn bytes(row: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let row = match row.strip_prefix('"').and_then(|row| row.split_once('"')) {
        Some((text, rest)) => {
            bytes.extend(text.as_bytes());
            rest
        }
        None => row,
    };
    for word in row.split_whitespace() {
        match word.strip_prefix('x') {
            Some(times) => {
                let byte = bytes.pop().expect("a byte to repeat");
                bytes.resize(bytes.len() + times.parse::<usize>().unwrap(), byte);
            }
            None => bytes.extend(hex(word)),
        }
    }
    bytes
}

impl Example {
    fn get(&self, name: &str) -> Option<&str> {
        self.inputs.get(name).map(String::as_str)
    }

    fn file(&self) -> Vec<u8> {
        let fields = self.fields.iter().map(|(_, bytes)| &bytes[..]);
        fields.collect::<Vec<_>>().concat()
    }

    fn format(&self) -> &'static dyn Format {
        format::by_name(self.get("format").expect("a format")).expect("a format's name")
    }

    fn secret(&self) -> &Secret {
        let secret = || match (
            self.get("key"),
            self.get("key file"),
            self.get("passphrase"),
        ) {
            (Some(text), None, None) => Secret::key(text),
            (None, Some(file), None) => Secret::key(vector(file)),
            (None, None, Some(text)) => Secret::passphrase(text),
            _ => panic!("{}: one secret is needed", self.place),
        };
        self.secret.get_or_init(|| secret().for_many_files())
    }

    /// An identity of age, where it is that and no secret that opens the file.
    fn identity(&self) -> Option<AgeIdentity> {
        self.get("identity").map(|text| text.parse().unwrap())
    }

    /// `None` where only the header is shown.
    fn plaintext(&self) -> Option<Vec<u8>> {
        match (self.get("plaintext"), self.get("pattern")) {
            (text, None) => text.map(|text| text.trim_matches('"').into()),
            (None, Some(len)) => Some(pattern(len.parse().unwrap())),
            _ => panic!("{}: two plaintexts", self.place),
        }
    }

    fn seal(&self, plaintext: &[u8], armor: bool) -> Vec<u8> {
        let recipient = self.identity().map(|identity| identity.recipient());
        let recipient = match &recipient {
            Some(recipient) => Recipient::wrapping(recipient),
            None => self.secret().into(),
        };
        let next = AtomicU8::new(0);
        let count_up = |bytes: &mut [u8]| {
            bytes.fill_with(|| next.fetch_add(1, Ordering::Relaxed));
            Ok(())
        };
        let mut seal = Seal::new(recipient)
            .format(self.format())
            .armor(armor)
            .fixed_random_for_tests(&count_up);
        for option in self
            .get("options")
            .unwrap_or_default()
            .split_terminator(", ")
        {
            let (name, value) = option.split_once(' ').expect("a value");
            seal = match name {
                "size" => seal.size(value.parse().ok()),
                "chunk-size" => seal.chunk_size(value.parse().ok()),
                "work-factor" => seal.work_factor(value.parse().ok()),
                "layers" => seal.layers(value.parse().ok()),
                "kdf" if value == "balloon" => seal.kdf(Some(Kdf::Balloon)),
                _ => panic!("{}: {option}", self.place),
            };
        }
        let mut sealed = Vec::new();
        seal.run(plaintext, &mut sealed).unwrap();
        sealed
    }

    /// GFE with an additive nonce, where the example asks for it.
    fn additive(&self) -> Option<&'static dyn Format> {
        self.get("opened with").map(|option| {
            assert_eq!(option, "--gfe-nonce additive");
            &GfeAdditive as &dyn Format
        })
    }

    /// What comes out of a file, and the end of it: reading and warnings, or an error.
    fn open(&self, file: &[u8], strict: bool) -> (Vec<u8>, Result<(String, String), Error>) {
        let own = self.identity();
        let identity = match &own {
            Some(identity) => Identity::unwrapping(identity),
            None => self.secret().into(),
        };
        let mut opened = Vec::new();
        let done = Open::new(identity)
            .format(Some(self.additive().unwrap_or(self.format())))
            .strict(strict)
            .start(file)
            .and_then(|opening| {
                let said = (opening.reading().to_owned(), opening.warnings().join("; "));
                opening.run(&mut opened).map(|_| said)
            });
        (opened, done)
    }

    /// Its bytes are those that fetool, or the real program, made.
    fn is_genuine(&self) {
        let (file, plaintext) = (self.file(), self.plaintext());
        let genuine = match self.get("made by").expect("a maker") {
            "fetool" => self.seal(&plaintext.expect("a plaintext"), false),
            "hand" => return,
            program => {
                let name = self.get("file").expect("a file of the tests");
                assert!(maker(name).starts_with(program), "{}", self.place);
                let mut genuine = vector(name);
                if plaintext.is_none() {
                    genuine.truncate(file.len());
                }
                genuine
            }
        };
        assert!(
            file == genuine,
            "{} differs from\n{genuine:02x?}",
            self.place
        );
    }

    fn has_the_fields_that_inspect_finds(&self) {
        let report = Inspect::new()
            .format(Some(self.format()))
            .run(&self.file()[..])
            .unwrap();
        let header = report.description.fields.iter();
        let header: Vec<_> = header
            .map(|field| (field.name.to_owned(), field.bytes.clone()))
            .collect();
        let (head, body) = self.fields.split_at(header.len().min(self.fields.len()));
        assert_eq!(head, header, "{}", self.place);
        if self.plaintext().is_none() {
            assert_eq!(body, [], "{}: more than the header", self.place);
            return;
        }
        assert_eq!(report.fault, None, "{}", self.place);
        let mut tags = 0;
        for (name, bytes) in body {
            match (name.as_str(), bytes.len()) {
                ("length", 4) | ("ciphertext", 1..) => {}
                ("tag", 16) => tags += 1,
                other => panic!("{}: {other:?}", self.place),
            }
        }
        assert_eq!(tags, report.chunks, "{}", self.place);
    }

    fn opens_to_its_plaintext(&self) {
        let Some(plaintext) = self.plaintext() else {
            return;
        };
        let (opened, done) = self.open(&self.file(), false);
        let (reading, warnings) = done.unwrap_or_else(|error| panic!("{}: {error}", self.place));
        assert_eq!(opened, plaintext, "{}", self.place);
        assert_eq!(self.get("reading"), Some(&reading[..]), "{}", self.place);
        assert_eq!(
            self.get("warning").unwrap_or_default(),
            warnings,
            "{}",
            self.place
        );
    }

    fn changes_as_it_says(&self) {
        for line in &self.changes {
            let mut parts = line
                .split("  ")
                .map(str::trim)
                .filter(|part| !part.is_empty());
            let parts = [(); 3].map(|()| parts.next().expect("change, status, words"));
            let [change, status, words] = parts;
            let (opened, done) = self.open(&self.changed(change), change == "strict");
            let found = match &done {
                Ok(_) => (0, format!("{:?}", String::from_utf8_lossy(&opened))),
                Err(error) => {
                    let plaintext = self.plaintext().expect("a plaintext");
                    assert!(plaintext.starts_with(&opened), "{}: {line}", self.place);
                    (error.status(), error.to_string())
                }
            };
            let told = (status.parse().unwrap(), words.to_owned());
            assert_eq!(found, told, "{}: {change}", self.place);
        }
    }

    fn has_its_armor(&self) {
        let Some(armor) = &self.armor else {
            return;
        };
        let plaintext = self.plaintext().expect("a plaintext");
        let genuine = String::from_utf8(self.seal(&plaintext, true)).unwrap();
        assert_eq!(*armor, genuine, "{}", self.place);
        let (opened, done) = self.open(armor.as_bytes(), true);
        assert!(done.is_ok(), "{}: {done:?}", self.place);
        assert_eq!(opened, plaintext, "{}", self.place);
    }

    fn changed(&self, change: &str) -> Vec<u8> {
        let mut file = self.file();
        let (verb, rest) = change.split_once(' ').unwrap_or((change, ""));
        match verb {
            "strict" => {}
            "append" => file.extend(bytes(rest)),
            "cut" => file.truncate(rest.strip_prefix("to ").expect("to").parse().unwrap()),
            "at" => {
                let (at, new) = rest.split_once(": ").expect("bytes");
                let (at, new) = (at.parse::<usize>().unwrap(), bytes(new));
                file[at..at + new.len()].copy_from_slice(&new);
            }
            "without" => {
                let (from, to) = rest.split_once(" to ").expect("an end");
                file.drain(from.parse::<usize>().unwrap()..to.parse().unwrap());
            }
            _ => panic!("{}: {change}", self.place),
        }
        assert!(file != self.file() || verb == "strict", "{change}");
        file
    }

    fn is_true(&self) {
        self.is_genuine();
        self.has_the_fields_that_inspect_finds();
        self.opens_to_its_plaintext();
        self.changes_as_it_says();
        self.has_its_armor();
    }
}

/// Which program made a file of the tests.
fn maker(file: &str) -> String {
    let lists = [
        "manifest.json",
        "dexios.json",
        "weak.json",
        "age/manifest.json",
    ];
    let file = file.strip_prefix("age/").unwrap_or(file);
    lists
        .map(vector)
        .iter()
        .flat_map(|list| serde_json::from_slice::<Vec<Value>>(list).unwrap())
        .find(|entry| entry["file"] == file)
        .and_then(|entry| Some(entry["made_by"].as_str()?.to_owned()))
        .unwrap_or_else(|| panic!("{file} is in no list"))
}

#[test]
fn age() {
    for example in examples("age.md", 4, 27) {
        example.is_true();
    }
}

#[test]
fn gfe() {
    for example in examples("gfe.md", 7, 28) {
        example.is_true();
    }
}

#[test]
fn dexios() {
    let mut versions = BTreeSet::new();
    for example in examples("dexios.md", 7, 13) {
        example.is_true();
        versions.insert(example.file()[1]);
    }
    assert_eq!(versions, BTreeSet::from([1, 2, 3, 4, 5]));
}

#[test]
fn gocrypt() {
    for example in examples("gocrypt.md", 4, 14) {
        example.is_true();
    }
}

#[test]
fn parallel_encryptor() {
    for example in examples("parallel-encryptor.md", 3, 13) {
        example.is_true();
    }
}

#[test]
fn every_document_is_tried() {
    let folder = fs::read_dir(path("docs/formats")).unwrap();
    let names: BTreeSet<_> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let tried = [
        "age.md",
        "dexios.md",
        "gfe.md",
        "gocrypt.md",
        "parallel-encryptor.md",
    ];
    assert_eq!(names, tried.map(str::to_owned).into());
    let documents = tried.map(|name| fs::read_to_string(path("docs/formats").join(name)).unwrap());
    for format in format::FORMATS {
        let line = format!("\nformat: {}\n", format.name());
        assert!(documents.concat().contains(&line), "{}", format.name());
    }
}
