//! Imports go down: the layers that `docs/architecture.md` names are those of the source.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules by the layer that they are on, the topmost 0.
type Layers = BTreeMap<String, usize>;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The layers of the document's block with that title, a line each.
fn layers(title: &str) -> Layers {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, block) = text.split_once(&format!("\n```{title}\n")).expect(title);
    let (block, _) = block.split_once("\n```").unwrap();
    let mut layers = Layers::new();
    for (layer, line) in block.lines().enumerate() {
        for module in line.split_whitespace() {
            let before = layers.insert(module.to_owned(), layer);
            assert_eq!(before, None, "{module} is on two layers");
        }
    }
    layers
}

/// Every source file below `dir`, with the path of its module.
pub fn sources(dir: &Path, module: &[String], found: &mut Vec<(PathBuf, Vec<String>)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut inner = module.to_vec();
        if path.is_dir() {
            inner.push(name);
            sources(&path, &inner, found);
        } else {
            if !["mod", "lib", "main"].contains(&name.as_str()) {
                inner.push(name);
            }
            found.push((path, inner));
        }
    }
}

/// The source without comments and without its unit tests, which may look at everything.
pub fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What a `use` tree names, each with all its segments.
fn expand(before: &[String], tree: &str, found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some(list) = tree.strip_prefix('{') {
        let list = list.strip_suffix('}').expect("a closed brace");
        let mut depth = 0;
        for part in list.split(|c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        }) {
            if !part.trim().is_empty() {
                expand(before, part, found);
            }
        }
        return;
    }
    let (first, rest) = match tree.split_once("::") {
        Some((first, rest)) => (first, Some(rest)),
        None => (tree.split(" as ").next().unwrap().trim(), None),
    };
    let mut path = before.to_vec();
    if first != "self" || before.is_empty() {
        path.push(first.to_owned());
    }
    match rest {
        Some(rest) => expand(&path, rest, found),
        None => found.push(path),
    }
}

/// The paths that a source names, in `use` lines and elsewhere, from the crate's root on.
fn paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut named = Vec::new();
    for part in code.split("use ").skip(1) {
        if let Some((tree, _)) = part.split_once(';')
            && ["crate::", "super::", "self::"]
                .iter()
                .any(|root| tree.starts_with(root))
        {
            expand(&[], tree, &mut named);
        }
    }
    for part in code.split("crate::").skip(1) {
        let end = part.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let path = &part[..end.unwrap_or(part.len())];
        let path = path.trim_end_matches(':').split("::").map(str::to_owned);
        named.push(std::iter::once("crate".to_owned()).chain(path).collect());
    }
    let absolute = named.into_iter().map(|path: Vec<String>| {
        let mut path = path.into_iter().peekable();
        let mut full = match path.peek().map(String::as_str) {
            Some("crate") => Vec::new(),
            _ => module.to_vec(),
        };
        while let Some(root) =
            path.next_if(|name| ["crate", "super", "self"].contains(&name.as_str()))
        {
            if root == "super" {
                full.pop();
            }
        }
        full.extend(path);
        full
    });
    absolute.filter(|path| !path.is_empty()).collect()
}

/// Names that the crate's root exports from its modules.
fn exports(root: &Path) -> BTreeMap<String, Vec<String>> {
    let code = code(&fs::read_to_string(root).unwrap());
    let mut exports = BTreeMap::new();
    for part in code.split("pub use ").skip(1) {
        let (tree, _) = part.split_once(';').unwrap();
        let mut paths = Vec::new();
        expand(&[], tree, &mut paths);
        for path in paths {
            exports.insert(path.last().unwrap().clone(), path);
        }
    }
    exports
}

/// The module of a layer that a path is in: the longest that fits.
fn place<'a>(layers: &'a Layers, path: &[String]) -> Option<(&'a str, usize)> {
    (1..=path.len()).rev().find_map(|len| {
        let found = layers.get_key_value(&path[..len].join("::"));
        found.map(|(module, layer)| (module.as_str(), *layer))
    })
}

/// Every import of `modules` that does not go down.
fn going_up(layers: &Layers, root: &str, is_part: impl Fn(&[String]) -> bool) -> Vec<String> {
    let src = self::root().join("src");
    let exports = exports(&src.join(root));
    let mut files = Vec::new();
    sources(&src, &[], &mut files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, module) in files.iter().filter(|(_, module)| is_part(module)) {
        let Some((here, layer)) = place(layers, module) else {
            wrong.push(format!("{}: on no layer", file.display()));
            continue;
        };
        for path in paths(&code(&fs::read_to_string(file).unwrap()), module) {
            let path = exports.get(&path[0]).unwrap_or(&path);
            let Some((there, below)) = place(layers, path) else {
                continue;
            };
            seen += 1;
            if there != here && below <= layer {
                let file = file.strip_prefix(self::root()).unwrap();
                wrong.push(format!(
                    "{}: {here} imports {}",
                    file.display(),
                    path.join("::")
                ));
            }
        }
    }
    assert!(seen > 100, "only {seen} imports were found");
    wrong
}

fn of_the_library(module: &[String]) -> bool {
    let top = module.first().map(String::as_str);
    !matches!(top, None | Some("cli" | "io" | "progress" | "size"))
}

fn of_the_command(module: &[String]) -> bool {
    !module.is_empty() && !of_the_library(module)
}

/// The string literals of a source.
pub fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = code.chars();
    while let Some(next) = chars.next() {
        // A quote as a character.
        if next == '\'' && chars.as_str().starts_with("\"'") {
            chars.next();
        }
        if next != '"' {
            continue;
        }
        let mut literal = String::new();
        while let Some(next) = chars.next().filter(|next| *next != '"') {
            literal.push(next);
            if next == '\\' {
                literal.extend(chars.next());
            }
        }
        found.push(literal);
    }
    found
}

/// Whether a text names an option: `--word`, or `-x` as a word of its own.
fn names_an_option(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || "'`(),;:…".contains(c));
    let letter = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    words
        .filter_map(|word| word.strip_prefix('-'))
        .any(|rest| match rest.strip_prefix('-') {
            Some(long) => letter(long),
            None => letter(rest) && rest.chars().count() == 1,
        })
}

#[test]
fn the_library_names_no_options() {
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &[], &mut files);
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (file, _) in files.iter().filter(|(_, module)| of_the_library(module)) {
        for literal in literals(&code(&fs::read_to_string(file).unwrap())) {
            seen += 1;
            // What age runs its plugins with.
            if names_an_option(&literal) && !literal.starts_with("--age-plugin={") {
                wrong.push(format!("{}: {literal}", file.display()));
            }
        }
    }
    assert!(seen > 500, "only {seen} literals were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn options_in_literals_are_found() {
    let code =
        r#"let q = '"'; f("a \" b", "give --salt (and -k)", "-----BEGIN", "sk-x", "a-b - c")"#;
    let literals = literals(code);
    assert_eq!(literals.len(), 5);
    let named: Vec<_> = literals.iter().map(|text| names_an_option(text)).collect();
    assert_eq!(named, [false, true, false, false, false]);
}

#[test]
fn the_library_imports_downwards() {
    let wrong = going_up(&layers("layers"), "lib.rs", of_the_library);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_command_imports_downwards() {
    let wrong = going_up(&layers("command-layers"), "main.rs", of_the_command);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_import_that_goes_up_is_named() {
    let mut layers = layers("layers");
    layers.insert("error".to_owned(), 0);
    let wrong = going_up(&layers, "lib.rs", of_the_library);
    let expected = "src/try_alloc.rs: try_alloc imports error::Error";
    assert!(wrong.iter().any(|line| line == expected), "{wrong:?}");
}

#[test]
fn trees_of_imports_are_read() {
    let module = ["a".to_owned(), "b".to_owned()];
    let code = "use super::{c, d::{E, f::G as H}};\nuse std::io;\nlet x = crate::y::z();";
    let mut found: Vec<_> = paths(code, &module)
        .iter()
        .map(|path| path.join("::"))
        .collect();
    found.sort();
    assert_eq!(found, ["a::c", "a::d::E", "a::d::f::G", "y::z"]);
}
