//! A crate as a tree of modules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use syn::{Attribute, Item, UseTree};

/// The parsed sources of a library.
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) root: Module,
}

pub(super) struct Module {
    pub(super) items: Vec<Item>,
    pub(super) children: BTreeMap<String, Module>,
}

impl Crate {
    pub(super) fn read(name: &str, file: &Path) -> Result<Self> {
        let folder = file.parent().context("a file has a folder")?;
        Ok(Self {
            name: name.to_owned(),
            root: Module::read(file, folder)?,
        })
    }

    /// The module at this path from the root.
    pub(super) fn module(&self, path: &[String]) -> Option<&Module> {
        path.iter()
            .try_fold(&self.root, |module, name| module.children.get(name))
    }
}

impl Module {
    fn read(file: &Path, folder: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("could not read `{}`", file.display()))?;
        let parsed = syn::parse_file(&text)
            .with_context(|| format!("could not parse `{}`", file.display()))?;
        Self::of(parsed.items, folder)
    }

    fn of(items: Vec<Item>, folder: &Path) -> Result<Self> {
        let mut module = Self {
            items: Vec::new(),
            children: BTreeMap::new(),
        };
        for item in items {
            if attributes(&item).iter().any(is_for_tests) {
                continue;
            }
            if let Item::Mod(inner) = &item {
                let name = inner.ident.to_string();
                let below = folder.join(&name);
                let child = match &inner.content {
                    Some((_, items)) => Self::of(items.clone(), &below)?,
                    None => Self::read(&file_of(folder, &name)?, &below)?,
                };
                module.children.insert(name, child);
            }
            module.items.push(item);
        }
        Ok(module)
    }
}

fn file_of(folder: &Path, name: &str) -> Result<PathBuf> {
    let places = [
        folder.join(format!("{name}.rs")),
        folder.join(name).join("mod.rs"),
    ];
    let Some(place) = places.into_iter().find(|place| place.is_file()) else {
        bail!("there is no module `{name}` in `{}`", folder.display());
    };
    Ok(place)
}

pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute
            .parse_args::<syn::Path>()
            .is_ok_and(|path| path.is_ident("test") || path.is_ident("doctest"))
}

/// Every name a `use` brings in, with the path it stands for.
pub(super) fn flattened(tree: &UseTree, path: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let with = |name: &dyn ToString| [path, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(inner) => flattened(&inner.tree, &with(&inner.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.extend(path.last().map(|last| (last.clone(), path.to_vec())));
        }
        UseTree::Name(name) => found.push((name.ident.to_string(), with(&name.ident))),
        UseTree::Rename(name) => found.push((name.rename.to_string(), with(&name.ident))),
        UseTree::Glob(_) => found.push(("*".to_owned(), with(&"*"))),
        UseTree::Group(group) => {
            for tree in &group.items {
                flattened(tree, path, found);
            }
        }
    }
}
