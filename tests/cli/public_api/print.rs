//! Parts of an item as lines, written as the source is.

use super::source::{Path, is_active};
use quote::ToTokens;
use syn::{Fields, Generics, ImplItem, ItemImpl, Visibility};

/// The public functions and constants of an `impl` without a trait.
pub fn inherent(item: &ItemImpl) -> Vec<String> {
    let public = |vis: &Visibility, attrs| matches!(vis, Visibility::Public(_)) && is_active(attrs);
    let mut lines: Vec<_> = indented(item.items.iter().filter_map(|it| match it {
        ImplItem::Fn(it) if public(&it.vis, &it.attrs) => Some(format!("pub {}", tidy(&it.sig))),
        ImplItem::Const(it) if public(&it.vis, &it.attrs) => Some(format!(
            "pub const {}: {}{}",
            it.ident,
            tidy(&it.ty),
            value(&it.expr)
        )),
        _ => None,
    }))
    .collect();
    if !lines.is_empty() {
        lines.insert(0, head_of(item));
    }
    lines
}

pub fn head_of(item: &ItemImpl) -> String {
    let mut head = item.clone();
    head.attrs.clear();
    head.items.clear();
    tidy(&head).trim_end_matches(" {}").to_owned()
}

/// A struct or a variant with its fields; private ones are said to be there.
pub fn with_fields(of: &str, with: &Generics, fields: &Fields, only_public: bool) -> Vec<String> {
    let head = format!("{of}{}", generics(with));
    let shown = fields.iter().filter(|field| {
        is_active(&field.attrs) && (!only_public || matches!(field.vis, Visibility::Public(_)))
    });
    let shown: Vec<_> = shown.collect();
    let is_partial = shown.len() < fields.len();
    let types = shown.iter().map(|field| {
        let vis = if only_public { "pub " } else { "" };
        let name = field.ident.as_ref().map(|name| format!("{name}: "));
        format!("{vis}{}{}", name.unwrap_or_default(), tidy(&field.ty))
    });
    let rest = is_partial.then(|| "_".to_owned());
    match fields {
        Fields::Named(_) => {
            let rest = is_partial.then(|| "private fields".to_owned());
            std::iter::once(head)
                .chain(indented(types.chain(rest)))
                .collect()
        }
        Fields::Unnamed(_) => {
            let types: Vec<_> = types.chain(rest).collect();
            vec![format!("{head}({})", types.join(", "))]
        }
        Fields::Unit => vec![head],
    }
}

pub fn indented(lines: impl IntoIterator<Item = String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("    {line}"))
}

pub fn generics(of: &Generics) -> String {
    let bounds = of
        .where_clause
        .as_ref()
        .map(|bounds| format!(" {}", tidy(bounds)));
    tidy(of) + &bounds.unwrap_or_default()
}

/// The value of a constant that is a number or a text, which users may rely on.
pub fn value(of: &syn::Expr) -> String {
    match of {
        syn::Expr::Lit(_) | syn::Expr::Binary(_) => format!(" = {}", tidy(of)),
        _ => String::new(),
    }
}

pub fn names(path: &syn::Path) -> Path {
    path.segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect()
}

pub fn full(path: &[String]) -> String {
    std::iter::once("fetool")
        .chain(path.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join("::")
}

/// Source as it is usually written, of tokens with blanks between them.
pub fn tidy(of: &impl ToTokens) -> String {
    let mut text = of.to_token_stream().to_string();
    let rules = [
        (" ::", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" ;", ";"),
        (" :", ":"),
        ("& ", "&"),
        ("? ", "?"),
        ("# ", "#"),
        (",)", ")"),
        ("(mut ", "("),
        (", mut ", ", "),
        ("{ }", "{}"),
    ];
    for (from, to) in rules {
        text = text.replace(from, to);
    }
    // A list of arguments, and no tuple.
    let mut tidied = String::new();
    for (index, part) in text.split(" (").enumerate() {
        let is_call =
            tidied.ends_with(|c: char| c.is_alphanumeric() || c == '>') && !tidied.ends_with("->");
        if index > 0 {
            tidied += if is_call { "(" } else { " (" };
        }
        tidied += part;
    }
    tidied
}
