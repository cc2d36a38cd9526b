//! What users of the library can name, in lines. Implementations that a macro writes are not among them.

use super::print::{full, generics, head_of, indented, inherent, names, tidy, value, with_fields};
use super::source::{Library, Path, attributes, docs, is_active, is_public, joined, leaves, name};
use std::collections::{BTreeMap, BTreeSet};
use syn::{
    Attribute, GenericArgument, Generics, ImplItem, Item, ItemImpl, PathArguments, TraitItem, Type,
    UseTree, Visibility,
};

/// An item at the public path where it is listed, which is the shortest that it has.
pub struct Listed<'a> {
    pub path: Path,
    pub item: &'a Item,
}

pub struct Listing<'a> {
    library: &'a Library,
    /// By the path of the definition.
    pub items: BTreeMap<Path, Listed<'a>>,
    /// The public modules, each with the other names under which it has items.
    modules: BTreeMap<Path, Vec<(String, Path)>>,
    impls: Vec<(Path, &'a ItemImpl)>,
}

impl<'a> Listing<'a> {
    pub fn new(library: &'a Library) -> Self {
        let modules = library.0.iter();
        let impls = modules.flat_map(|(module, content)| {
            content.items.iter().filter_map(|item| match item {
                Item::Impl(item) => Some((module.clone(), item)),
                _ => None,
            })
        });
        let mut listing = Self {
            library,
            items: BTreeMap::new(),
            modules: BTreeMap::new(),
            impls: impls.collect(),
        };
        let mut level = vec![Path::new()];
        while !level.is_empty() {
            level = level
                .iter()
                .flat_map(|module| listing.add(module))
                .collect();
        }
        listing
    }

    /// Adds what is public in a public module, and returns the modules in it.
    fn add(&mut self, module: &Path) -> Vec<Path> {
        let mut below = Vec::new();
        let mut again = Vec::new();
        for item in self.library.0[module]
            .items
            .iter()
            .filter(|item| is_public(item))
        {
            let names = match item {
                Item::Use(item) => leaves(&item.tree),
                item => name(item)
                    .map(|name| (name.to_string(), vec![name.to_string()]))
                    .into_iter()
                    .collect(),
            };
            for (alias, names) in names {
                let path = joined(module, &alias);
                let found = self
                    .library
                    .resolve(module, &names)
                    .expect("it is in the library");
                let Some(item) = self.library.item(&found) else {
                    continue;
                };
                match item {
                    Item::Mod(_) => below.push(found),
                    _ if self.items.contains_key(&found) => again.push((alias, found)),
                    item => _ = self.items.insert(found, Listed { path, item }),
                }
            }
        }
        self.modules.insert(module.clone(), again);
        below
    }

    /// The public modules, each with the items that are listed in it.
    pub fn by_module(&self) -> BTreeMap<&Path, Vec<(&Path, &Listed<'a>)>> {
        let mut all: BTreeMap<_, Vec<_>> = self
            .modules
            .keys()
            .map(|module| (module, Vec::new()))
            .collect();
        for (definition, listed) in &self.items {
            let module = &listed.path[..listed.path.len() - 1];
            all.get_mut(&module.to_vec())
                .expect("a public module")
                .push((definition, listed));
        }
        for items in all.values_mut() {
            items.sort_by_key(|(_, listed)| &listed.path);
        }
        all
    }

    /// The items that the examples in a text import, by the paths of their definitions.
    pub fn used<'t>(&'t self, docs: &'t str) -> impl Iterator<Item = Path> + 't {
        let code = docs.split("```").skip(1).step_by(2);
        let imports = code.flat_map(|code| code.split("use fetool::").skip(1));
        imports.flat_map(|import| {
            let (tree, _) = import.split_once(';').expect("the end of an import");
            let tree: UseTree = syn::parse_str(&tree.replace("# ", "")).expect("an import");
            let paths = leaves(&tree).into_iter().map(|(_, path)| path);
            paths.filter_map(|path| self.library.resolve(&[], &path))
        })
    }

    /// The public functions, free ones and those of public types and traits, with their comments.
    pub fn functions(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (definition, Listed { path, item }) in &self.items {
            let mut add = |name: &str, attrs: &[Attribute]| {
                all.push((format!("{} {name}", full(path)), docs(attrs)));
            };
            match item {
                Item::Fn(it) => add("", &it.attrs),
                Item::Trait(it) => it.items.iter().for_each(|item| {
                    if let TraitItem::Fn(it) = item {
                        add(&it.sig.ident.to_string(), &it.attrs);
                    }
                }),
                _ => {}
            }
            let of = |(module, item): &&(Path, &ItemImpl)| {
                item.trait_.is_none()
                    && self
                        .type_of(module, item)
                        .is_some_and(|of| of == *definition)
            };
            for it in self
                .impls
                .iter()
                .filter(of)
                .flat_map(|(_, item)| &item.items)
            {
                if let ImplItem::Fn(it) = it
                    && matches!(it.vis, Visibility::Public(_))
                    && is_active(&it.attrs)
                {
                    add(&it.sig.ident.to_string(), &it.attrs);
                }
            }
        }
        all
    }

    pub fn text(&self) -> String {
        let mut text = String::from(HEAD);
        for (module, items) in self.by_module() {
            text += &format!("\nmod {}\n", full(module));
            for (definition, listed) in items {
                for line in self.lines(definition, listed.item) {
                    text += &format!("    {line}\n");
                }
            }
            for (alias, definition) in &self.modules[module] {
                text += &format!(
                    "    pub use {} as {alias}\n",
                    full(&self.items[definition].path)
                );
            }
        }
        text += "\nimplementations for other types\n";
        let others = self.impls.iter().filter(|(module, item)| {
            let is_ours = self
                .type_of(module, item)
                .is_some_and(|of| self.library.item(&of).is_some());
            let own = item.trait_.as_ref().map(|(path, _)| self.own(module, path));
            !is_ours && own.is_some_and(|own| !own.is_empty() && self.all_public(&own))
        });
        let others: BTreeSet<_> = others.map(|(_, item)| head_of(item)).collect();
        others
            .iter()
            .for_each(|line| text += &format!("    {line}\n"));
        text
    }

    fn lines(&self, definition: &Path, item: &Item) -> Vec<String> {
        let mut lines = Vec::new();
        for attr in attributes(item) {
            if attr.path().is_ident("derive") || attr.path().is_ident("non_exhaustive") {
                lines.push(tidy(attr));
            }
        }
        match item {
            Item::Const(it) => lines.push(format!(
                "pub const {}: {}{}",
                it.ident,
                tidy(&it.ty),
                value(&it.expr)
            )),
            Item::Static(it) => lines.push(format!("pub static {}: {}", it.ident, tidy(&it.ty))),
            Item::Type(it) => lines.push(format!(
                "pub type {}{} = {}",
                it.ident,
                tidy(&it.generics),
                tidy(&it.ty)
            )),
            Item::Fn(it) => lines.push(format!("pub {}", tidy(&it.sig))),
            Item::Struct(it) => {
                let of = format!("pub struct {}", it.ident);
                lines.extend(with_fields(&of, &it.generics, &it.fields, true));
            }
            Item::Enum(it) => {
                lines.push(format!("pub enum {}{}", it.ident, generics(&it.generics)));
                for variant in it.variants.iter().filter(|it| is_active(&it.attrs)) {
                    let of = variant.ident.to_string();
                    let fields = with_fields(&of, &Generics::default(), &variant.fields, false);
                    lines.extend(indented(fields));
                }
            }
            Item::Trait(it) => {
                let bounds = match it.supertraits.is_empty() {
                    true => String::new(),
                    false => format!(": {}", tidy(&it.supertraits)),
                };
                lines.push(format!(
                    "pub trait {}{}{bounds}",
                    it.ident,
                    generics(&it.generics)
                ));
                let items = it.items.iter().map(|item| match item {
                    TraitItem::Fn(it) if it.default.is_some() => {
                        format!("{} {{ … }}", tidy(&it.sig))
                    }
                    TraitItem::Fn(it) => tidy(&it.sig),
                    other => tidy(other),
                });
                lines.extend(indented(items));
            }
            other => panic!("{}: what is it?", tidy(other)),
        }
        let impls = self.impls.iter().filter(|(module, item)| {
            self.type_of(module, item)
                .is_some_and(|of| of == *definition)
        });
        let mut traits = BTreeSet::new();
        for (module, item) in impls {
            match &item.trait_ {
                Some((path, _)) if !self.all_public(&self.own(module, path)) => {}
                Some(_) => _ = traits.insert(head_of(item)),
                None => lines.extend(inherent(item)),
            }
        }
        lines.extend(traits);
        lines
    }

    /// The type that an `impl` is for, if that is a path.
    fn type_of(&self, module: &Path, item: &ItemImpl) -> Option<Path> {
        match &*item.self_ty {
            Type::Path(path) => self.library.resolve(module, &names(&path.path)),
            _ => None,
        }
    }

    /// The library's own items in the name of a trait: the trait, and what is between its brackets.
    fn own(&self, module: &Path, of: &syn::Path) -> Vec<Path> {
        let mut named = vec![names(of)];
        for segment in &of.segments {
            if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
                named.extend(arguments.args.iter().filter_map(|argument| match argument {
                    GenericArgument::Type(Type::Path(path)) => Some(names(&path.path)),
                    _ => None,
                }));
            }
        }
        let found = named
            .iter()
            .filter_map(|path| self.library.resolve(module, path));
        found.collect()
    }

    fn all_public(&self, items: &[Path]) -> bool {
        items.iter().all(|item| self.items.contains_key(item))
    }
}

const HEAD: &str = "\
The public items of the library: built for Linux with the features age-plugin, age-ssh and age-tag, without cli.
A change of this file is a change for those who use the library. This writes it anew:
FETOOL_UPDATE=1 cargo test --test cli public_api
";
