//! The library's public items are those of `docs/public-api.txt`, and each has an example.

mod listing;
mod print;
mod source;

use crate::layers::root;
use listing::{Listed, Listing};
use print::full;
use source::{Library, attributes, docs};
use std::collections::BTreeSet;

/// Public items without an example, each with the reason.
const WITHOUT: [(&str, &str); 6] = [
    ("fetool::format::OpenLayer", LAYERS),
    ("fetool::format::OpenedLayer", LAYERS),
    ("fetool::format::SealLayer", LAYERS),
    (
        "fetool::format::RekeyRequest",
        "only formats take it, and those with key slots are no short examples",
    ),
    (
        "fetool::format::Untried",
        "only formats make it, of damaged headers",
    ),
    (
        "fetool::format::age::Random",
        "the type of an argument, for which every example has `random`",
    ),
];

const LAYERS: &str = "only formats have it whose streams nest, and they are no short examples";

#[test]
fn the_public_items_are_those_that_are_committed() {
    let library = Library::load();
    let fresh = Listing::new(&library).text();
    let path = root().join("docs/public-api.txt");
    if std::env::var_os("FETOOL_UPDATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let changed: Vec<_> = fresh
        .lines()
        .filter(|line| !committed.contains(line))
        .collect();
    assert!(
        committed == fresh,
        "the library's public items have changed: {changed:#?}\n\
         if that is meant, run: FETOOL_UPDATE=1 cargo test --test cli public_api"
    );
}

/// An item's own example, or another one that imports it.
#[test]
fn every_public_item_has_an_example_or_a_reason() {
    let library = Library::load();
    let listing = Listing::new(&library);
    let modules = library.0.values().map(|module| module.docs.clone());
    let own = |listed: &Listed<'_>| docs(attributes(listed.item));
    let all: Vec<_> = modules.chain(listing.items.values().map(own)).collect();
    let used: BTreeSet<_> = all.iter().flat_map(|docs| listing.used(docs)).collect();
    assert!(
        used.len() > 100,
        "only {} items are in examples",
        used.len()
    );

    let items = listing.items.iter();
    let without = items
        .filter(|(definition, listed)| !own(listed).contains("```") && !used.contains(*definition));
    let without: BTreeSet<_> = without.map(|(_, listed)| full(&listed.path)).collect();
    let reasons: BTreeSet<_> = WITHOUT.iter().map(|(item, _)| (*item).to_owned()).collect();
    assert_eq!(without, reasons);
}

/// "Returns …", "Sets …": what a function does, in the third person.
#[test]
fn functions_say_what_they_do() {
    let library = Library::load();
    let listing = Listing::new(&library);
    let mut wrong = Vec::new();
    for (path, docs) in listing.functions() {
        let first = docs.split_whitespace().next().unwrap_or_default();
        let is_verb = first.ends_with('s') && first.starts_with(char::is_uppercase);
        if !is_verb || ["As", "This", "Its"].contains(&first) {
            wrong.push(format!(
                "{path}: {}",
                docs.lines().next().unwrap_or_default().trim()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
