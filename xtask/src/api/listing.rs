//! What can be reached from outside, a line each.

use std::collections::BTreeSet;

use syn::{Fields, ImplItem, Item, ItemImpl, TraitItem, Type, Visibility};

use super::crates::{Crate, Module, attributes, flattened};
use super::text::text;

/// The lines, sorted.
pub(super) fn of(crate_: &Crate) -> String {
    let mut listing = Listing {
        crate_,
        lines: BTreeSet::new(),
    };
    listing.module(&[], &crate_.name);
    let mut text = String::new();
    for line in listing.lines {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

struct Listing<'a> {
    crate_: &'a Crate,
    lines: BTreeSet<String>,
}

impl Listing<'_> {
    /// Everything public of the module at `path`, which is reached as `prefix`.
    fn module(&mut self, path: &[String], prefix: &str) {
        let Some(module) = self.crate_.module(path) else {
            return;
        };
        for item in &module.items {
            match item {
                Item::Use(it) if is_public(&it.vis) => {
                    let mut names = Vec::new();
                    flattened(&it.tree, &[], &mut names);
                    for (name, target) in names {
                        self.reexport(path, &target, &format!("{prefix}::{name}"));
                    }
                }
                Item::Macro(it) => {
                    let exported = it.attrs.iter().any(|it| it.path().is_ident("macro_export"));
                    if let (true, Some(name)) = (exported, &it.ident) {
                        self.lines
                            .insert(format!("macro {}::{name}", self.crate_.name));
                    }
                }
                item => {
                    if let Some((visibility, name)) = named(item)
                        && is_public(visibility)
                    {
                        self.item(path, item, &format!("{prefix}::{name}"));
                    }
                }
            }
        }
    }

    /// What a `use` in the module at `from` makes public under the name `reached`.
    fn reexport(&mut self, from: &[String], target: &[String], reached: &str) {
        match self.resolve(from, target) {
            Some((path, name)) => {
                let module = self.crate_.module(&path);
                let items = module.into_iter().flat_map(|module| &module.items);
                let found: Vec<&Item> = items
                    .filter(|item| named(item).is_some_and(|(_, it)| it == name))
                    .collect();
                for item in found {
                    self.item(&path, item, reached);
                }
            }
            None => {
                self.lines
                    .insert(format!("use {reached} = {}", target.join("::")));
            }
        }
    }

    /// The module and the name an imported path stands for; `None` in another crate.
    fn resolve(&self, from: &[String], target: &[String]) -> Option<(Vec<String>, String)> {
        let (first, rest) = target.split_first()?;
        let mut path = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.to_vec(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            name if self.crate_.module(from)?.children.contains_key(name) => {
                [from, &[name.to_owned()]].concat()
            }
            _ => return None,
        };
        let (name, modules) = rest.split_last()?;
        path.extend_from_slice(modules);
        let module = self.crate_.module(&path)?;
        if module
            .items
            .iter()
            .any(|item| named(item).is_some_and(|(_, it)| it == *name))
        {
            return Some((path, name.clone()));
        }
        // It is passed on from further below.
        for item in &module.items {
            if let Item::Use(it) = item {
                let mut names = Vec::new();
                flattened(&it.tree, &[], &mut names);
                if let Some((_, target)) = names.into_iter().find(|(it, _)| it == name) {
                    return self.resolve(&path, &target);
                }
            }
        }
        None
    }

    fn item(&mut self, path: &[String], item: &Item, reached: &str) {
        let line = match item {
            Item::Mod(it) => {
                let inner = [path, &[it.ident.to_string()]].concat();
                self.module(&inner, reached);
                format!("mod {reached}")
            }
            Item::Fn(it) => function(&it.sig, reached),
            Item::Const(it) => format!("const {reached}: {}", text(&it.ty)),
            Item::Static(it) => format!("static {reached}: {}", text(&it.ty)),
            Item::Type(it) => format!("type {reached}{} = {}", text(&it.generics), text(&it.ty)),
            Item::Struct(it) => {
                self.fields(&it.fields, reached, true);
                self.members(path, &it.ident.to_string(), item, reached);
                format!("struct {reached}{}", text(&it.generics))
            }
            Item::Enum(it) => {
                for variant in &it.variants {
                    let reached = format!("{reached}::{}", variant.ident);
                    self.lines.insert(format!("variant {reached}"));
                    self.fields(&variant.fields, &reached, false);
                }
                self.members(path, &it.ident.to_string(), item, reached);
                format!("enum {reached}{}", text(&it.generics))
            }
            Item::Trait(it) => {
                for member in &it.items {
                    self.lines.insert(match member {
                        TraitItem::Fn(it) => {
                            let own = format!("{reached}::{}", it.sig.ident);
                            let given = if it.default.is_some() { " (given)" } else { "" };
                            format!("{}{given}", function(&it.sig, &own))
                        }
                        TraitItem::Const(it) => {
                            format!("const {reached}::{}: {}", it.ident, text(&it.ty))
                        }
                        TraitItem::Type(it) => format!("type {reached}::{}", it.ident),
                        other => format!("{reached}: {}", text(other)),
                    });
                }
                let bounds = text(&it.supertraits);
                let bounds = if bounds.is_empty() {
                    bounds
                } else {
                    format!(": {bounds}")
                };
                format!("trait {reached}{}{bounds}", text(&it.generics))
            }
            _ => return,
        };
        let open = attributes(item)
            .iter()
            .any(|it| it.path().is_ident("non_exhaustive"));
        self.lines
            .insert(line + if open { " (more may come)" } else { "" });
    }

    fn fields(&mut self, fields: &Fields, reached: &str, private_possible: bool) {
        for (index, field) in fields.iter().enumerate() {
            if private_possible && !is_public(&field.vis) {
                continue;
            }
            let name = field
                .ident
                .as_ref()
                .map_or(index.to_string(), ToString::to_string);
            self.lines
                .insert(format!("field {reached}.{name}: {}", text(&field.ty)));
        }
    }

    /// What is implemented and derived for a type.
    fn members(&mut self, path: &[String], name: &str, item: &Item, reached: &str) {
        for attribute in attributes(item)
            .iter()
            .filter(|it| it.path().is_ident("derive"))
        {
            let derived = attribute.parse_args_with(
                syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated,
            );
            for derived in derived.into_iter().flatten() {
                self.lines
                    .insert(format!("impl {} for {reached}", text(&derived)));
            }
        }
        let crate_ = self.crate_;
        self.implementations(&crate_.root, &mut Vec::new(), path, name, reached);
    }

    fn implementations(
        &mut self,
        module: &Module,
        at: &mut Vec<String>,
        path: &[String],
        name: &str,
        reached: &str,
    ) {
        let defines = |module: &Module| {
            let mut items = module.items.iter();
            items.any(|item| {
                !matches!(item, Item::Impl(_)) && named(item).is_some_and(|(_, it)| it == name)
            })
        };
        // A type of the same name in the same module is another one.
        if at[..] == *path || !defines(module) {
            for item in &module.items {
                if let Item::Impl(it) = item
                    && is_of(&it.self_ty, name)
                {
                    self.implementation(it, reached);
                }
            }
        }
        for (child, inner) in &module.children {
            at.push(child.clone());
            self.implementations(inner, at, path, name, reached);
            at.pop();
        }
    }

    fn implementation(&mut self, it: &ItemImpl, reached: &str) {
        if let Some((implemented, _)) = &it.trait_ {
            // However it is written, derived or by hand.
            let implemented = implemented.segments.last().map(text);
            self.lines.insert(format!(
                "impl {} for {reached}",
                implemented.unwrap_or_default()
            ));
            return;
        }
        for member in &it.items {
            match member {
                ImplItem::Fn(it) if is_public(&it.vis) => {
                    let own = format!("{reached}::{}", it.sig.ident);
                    self.lines.insert(function(&it.sig, &own));
                }
                ImplItem::Const(it) if is_public(&it.vis) => {
                    self.lines
                        .insert(format!("const {reached}::{}: {}", it.ident, text(&it.ty)));
                }
                _ => {}
            }
        }
    }
}

/// The signature with the whole path in the place of the name.
fn function(signature: &syn::Signature, reached: &str) -> String {
    let whole = text(signature);
    whole.replacen(
        &format!("fn {}", signature.ident),
        &format!("fn {reached}"),
        1,
    )
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_of(type_: &Type, name: &str) -> bool {
    let Type::Path(path) = type_ else {
        return false;
    };
    path.path
        .segments
        .last()
        .is_some_and(|last| last.ident == name)
}

fn named(item: &Item) -> Option<(&Visibility, String)> {
    let (visibility, name) = match item {
        Item::Const(it) => (&it.vis, &it.ident),
        Item::Enum(it) => (&it.vis, &it.ident),
        Item::Fn(it) => (&it.vis, &it.sig.ident),
        Item::Mod(it) => (&it.vis, &it.ident),
        Item::Static(it) => (&it.vis, &it.ident),
        Item::Struct(it) => (&it.vis, &it.ident),
        Item::Trait(it) => (&it.vis, &it.ident),
        Item::Type(it) => (&it.vis, &it.ident),
        _ => return None,
    };
    Some((visibility, name.to_string()))
}
