//! The modules of the library and the names in them, as the compiler sees them with some features.

use crate::layers::root;
use std::collections::BTreeMap;
use std::path::Path as File;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, Item, Lit, Meta, UseTree, Visibility};

/// A module's or an item's name, with the names of the modules around it.
pub type Path = Vec<String>;

/// The platform and the features for which the library is listed: all that its users may have.
const ACTIVE: [&str; 6] = [
    "unix",
    "linux",
    "x86_64",
    "age-plugin",
    "age-ssh",
    "age-tag",
];

pub struct Module {
    /// Its own comment.
    pub docs: String,
    pub items: Vec<Item>,
}

/// All modules of the library, public or not, by their paths in it.
#[derive(Default)]
pub struct Library(pub BTreeMap<Path, Module>);

impl Library {
    pub fn load() -> Self {
        let mut library = Self::default();
        library.read(&root().join("src/lib.rs"), &root().join("src"), Vec::new());
        library
    }

    /// Reads a module from its file, and those inside it from `dir`.
    fn read(&mut self, file: &File, dir: &File, path: Path) {
        let text = std::fs::read_to_string(file).expect("it can be read");
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let mut docs = self::docs(&parsed.attrs);
        // `#![doc = include_str!("…")]`
        for part in text.split("include_str!(\"").skip(1) {
            let included = part.split('"').next().expect("a name");
            docs += &std::fs::read_to_string(dir.join(included)).expect("it can be read");
        }
        self.add(docs, parsed.items, dir, path);
    }

    fn add(&mut self, docs: String, items: Vec<Item>, dir: &File, path: Path) {
        let mut module = Module {
            docs,
            items: Vec::new(),
        };
        for item in items.into_iter().flat_map(expanded) {
            if !is_active(attributes(&item)) {
                continue;
            }
            if let Item::Mod(inner) = &item {
                let name = inner.ident.to_string();
                let dir = dir.join(&name);
                let path = joined(&path, &name);
                match inner.content.clone() {
                    Some((_, items)) => self.add(self::docs(&inner.attrs), items, &dir, path),
                    None => {
                        let files = [dir.join("mod.rs"), dir.with_extension("rs")];
                        let file = files.iter().find(|file| file.exists()).expect("its file");
                        self.read(file, &dir, path);
                    }
                }
            }
            module.items.push(item);
        }
        self.0.insert(path, module);
    }

    /// The item that stands in that module under that name.
    pub fn item(&self, path: &[String]) -> Option<&Item> {
        let (name, module) = path.split_last()?;
        let mut items = self.0.get(module)?.items.iter();
        items.find(|item| self::name(item).is_some_and(|it| it == name))
    }

    /// Where the item or module is defined that a path names in a module; `None` outside the library.
    pub fn resolve(&self, module: &[String], path: &[String]) -> Option<Path> {
        self.walk(module, path, true)
    }

    fn walk(&self, module: &[String], path: &[String], imports: bool) -> Option<Path> {
        let mut at = module.to_vec();
        for (index, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => _ = at.pop(),
                // The first name of an import's own path is no import: that would go round and round.
                _ => at = self.look_up(&at, name, imports || index > 0)?,
            }
        }
        Some(at)
    }

    fn look_up(&self, module: &[String], name: &str, imports: bool) -> Option<Path> {
        let here = joined(module, name);
        if self.0.contains_key(&here) || self.item(&here).is_some() {
            return Some(here);
        }
        let uses = self.0.get(module).filter(|_| imports)?.items.iter();
        uses.filter_map(|item| match item {
            Item::Use(item) => Some(leaves(&item.tree)),
            _ => None,
        })
        .flatten()
        .find(|(alias, _)| alias == name)
        .and_then(|(_, path)| self.walk(module, &path, false))
    }
}

pub fn joined(path: &[String], name: &str) -> Path {
    let mut path = path.to_vec();
    path.push(name.to_owned());
    path
}

/// The names that a `use` brings, each with the path that it stands for.
pub fn leaves(tree: &UseTree) -> Vec<(String, Path)> {
    let leaf = |alias: &syn::Ident, name: &syn::Ident| {
        let alias = (alias != "self").then(|| alias.to_string());
        vec![(alias.unwrap_or_default(), vec![name.to_string()])]
    };
    match tree {
        UseTree::Path(path) => {
            let first = path.ident.to_string();
            let below = leaves(&path.tree).into_iter().map(|(alias, mut names)| {
                names.insert(0, first.clone());
                names.retain(|name| name != "self" || first == "self");
                (
                    if alias.is_empty() {
                        first.clone()
                    } else {
                        alias
                    },
                    names,
                )
            });
            below.collect()
        }
        UseTree::Name(name) => leaf(&name.ident, &name.ident),
        UseTree::Rename(rename) => leaf(&rename.rename, &rename.ident),
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        // Only tests and the model have any.
        _ => Vec::new(),
    }
}

/// The items of `cfg_if! { if #[cfg(…)] { … } }` where the condition holds, or the item itself.
fn expanded(item: Item) -> Vec<Item> {
    struct Block(Vec<Attribute>, Vec<Item>);
    impl Parse for Block {
        fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
            input.parse::<syn::Token![if]>()?;
            let attrs = input.call(Attribute::parse_outer)?;
            let inside;
            syn::braced!(inside in input);
            Ok(Self(attrs, inside.parse::<syn::File>()?.items))
        }
    }
    match item {
        Item::Macro(item) if item.mac.path.segments[0].ident == "cfg_if" => {
            let block: Block = item
                .mac
                .parse_body()
                .expect("one condition without an else");
            match is_active(&block.0) {
                true => block.1,
                false => Vec::new(),
            }
        }
        item => vec![item],
    }
}

/// Whether what has these attributes is compiled, and shown to users.
pub fn is_active(attrs: &[Attribute]) -> bool {
    attrs.iter().all(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            holds(&list.parse_args().expect("a condition"))
        }
        Meta::List(list) if list.path.is_ident("doc") => list.tokens.to_string() != "hidden",
        _ => true,
    })
}

fn holds(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("unix"),
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(value) => {
                matches!(&value.lit, Lit::Str(it) if ACTIVE.contains(&it.value().as_str()))
            }
            _ => false,
        },
        Meta::List(list) => {
            let all = list.parse_args_with(|input: ParseStream<'_>| {
                input.parse_terminated(Meta::parse, syn::Token![,])
            });
            let mut all = all.expect("conditions").into_iter();
            match list.path.get_ident().map(ToString::to_string).as_deref() {
                Some("not") => !holds(&all.next().expect("a condition")),
                Some("any") => all.any(|it| holds(&it)),
                Some("all") => all.all(|it| holds(&it)),
                _ => panic!("an unknown condition"),
            }
        }
    }
}

pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn named(item: &Item) -> Option<(&syn::Ident, &Visibility)> {
    match item {
        Item::Const(it) => Some((&it.ident, &it.vis)),
        Item::Enum(it) => Some((&it.ident, &it.vis)),
        Item::Fn(it) => Some((&it.sig.ident, &it.vis)),
        Item::Mod(it) => Some((&it.ident, &it.vis)),
        Item::Static(it) => Some((&it.ident, &it.vis)),
        Item::Struct(it) => Some((&it.ident, &it.vis)),
        Item::Trait(it) => Some((&it.ident, &it.vis)),
        Item::Type(it) => Some((&it.ident, &it.vis)),
        _ => None,
    }
}

pub fn name(item: &Item) -> Option<&syn::Ident> {
    named(item).map(|(name, _)| name)
}

/// Whether an item is `pub`: an import of others, or one that defines something.
pub fn is_public(item: &Item) -> bool {
    match item {
        Item::Use(it) => matches!(it.vis, Visibility::Public(_)),
        item => named(item).is_some_and(|(_, vis)| matches!(vis, Visibility::Public(_))),
    }
}

/// The text of doc comments.
pub fn docs(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(value) => match &value.lit {
                Lit::Str(line) => Some(line.value() + "\n"),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect()
}
