//! The values of one tenant.

use std::collections::BTreeSet;

use super::files::{File, Files};
use super::validate::Validation;
use super::{Loading, shown};
use crate::error::{Errors, Mistakes, Violation, ViolationKind};
use crate::naming::is_file_name;
use crate::node::{Node, Value};
use crate::section::{INSTANCES, Keys, Place};
use crate::{OriginKind, Schema, Shape, Snapshot};

pub(super) fn load(files: &Files, base: &Snapshot, tenant: &str) -> Result<Snapshot, Errors> {
    if !is_file_name(tenant) {
        return Err(Errors::new(vec![Violation {
            path: String::new(),
            origin: None,
            kind: ViolationKind::Source,
            message: format!("the tenant `{}` can have no file", shown(tenant)),
            hint: Some("use letters, digits, `-`, `_` and `.`, as in the name of a file".into()),
        }]));
    }
    let keys = Keys::new(base.sections())?;
    let mut loading = Loading::new(base.naming().clone(), &keys);
    let file = File::new(&files.tenants(), tenant, false);
    let Some(mut own) = loading.read(OriginKind::TenantFile, &file) else {
        if !loading.mistakes.is_empty() {
            return Err(loading.mistakes.into_errors());
        }
        let sources = sources(base, loading.sources);
        return Ok(base.of_tenant(tenant, base.loaded().to_vec(), sources));
    };
    let mut mistakes = loading.mistakes;
    branch(&keys, "", &mut own, &mut mistakes);

    let base_name = file_name(files, tenant);
    let validation = Validation {
        naming: base.naming(),
        base: &base_name,
    };
    let mut loaded = base.loaded().to_vec();
    for (section, loaded) in base.sections().iter().zip(&mut loaded) {
        let path = section.base_path();
        let (Some(own), Some(layers)) = (own.find(&path), &base.layers) else {
            continue;
        };
        let mut root = Node::default();
        let node = root.at(&path);
        node.overlay(layers.lower.find(&path).cloned().unwrap_or_default());
        node.overlay(own.clone());
        node.overlay(layers.upper.find(&path).cloned().unwrap_or_default());
        let node = section.values(&mut root);
        if let Some(values) = validation.load(section, node, &mut mistakes) {
            *loaded = values;
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes.into_errors());
    }
    let sources = sources(base, loading.sources);
    Ok(base.of_tenant(tenant, loaded, sources))
}

/// The base's sources and the tenant's.
fn sources(base: &Snapshot, own: BTreeSet<crate::WatchedSource>) -> Vec<crate::WatchedSource> {
    let all: BTreeSet<_> = base.sources().iter().cloned().chain(own).collect();
    all.into_iter().collect()
}

fn file_name(files: &Files, tenant: &str) -> String {
    let path = files.tenants().join(format!("{tenant}.toml"));
    path.display().to_string()
}

/// Takes out and reports what is the same for all tenants.
fn branch(keys: &Keys, path: &str, node: &mut Node, mistakes: &mut Mistakes) {
    match keys {
        Keys::Section(place) => section(place, path, node, mistakes),
        Keys::Branch(branches) => {
            let Value::Table(entries) = &mut node.value else {
                return;
            };
            for (key, child) in entries {
                if let Some(keys) = branches.get(key) {
                    branch(keys, &crate::section::join(path, key), child, mistakes);
                }
            }
        }
    }
}

fn section(place: &Place, path: &str, node: &mut Node, mistakes: &mut Mistakes) {
    let Value::Table(entries) = &mut node.value else {
        return;
    };
    let instances = match place.instances.is_empty() {
        true => None,
        false => entries.remove(INSTANCES),
    };
    structure(place.schema, path, node, mistakes);
    let (Some(mut instances), Value::Table(entries)) = (instances, &mut node.value) else {
        return;
    };
    if let Value::Table(named) = &mut instances.value {
        for (name, child) in named {
            let path = format!("{path}.{INSTANCES}.{name}");
            structure(place.schema, &path, child, mistakes);
        }
    }
    entries.insert(INSTANCES.to_owned(), instances);
}

fn structure(schema: &Schema, path: &str, node: &mut Node, mistakes: &mut Mistakes) {
    let Value::Table(entries) = &mut node.value else {
        return;
    };
    entries.retain(|key, child| {
        let Some(field) = schema.field(key) else {
            return true;
        };
        if field.tenant {
            return true;
        }
        let path = crate::section::join(path, key);
        // A struct may have fields of tenants without being one as a whole.
        if let Shape::Struct(inner) = field.shape.bare() {
            structure(inner, &path, child, mistakes);
            return true;
        }
        let names: Vec<_> = schema.fields.iter().filter(|it| it.tenant).collect();
        let may = match names.as_slice() {
            [] => "nothing beside it may differ".to_owned(),
            fields => {
                let names = fields.iter().map(|field| format!("`{}`", field.key));
                format!("{} may differ", names.collect::<Vec<_>>().join(", "))
            }
        };
        mistakes.push(Violation {
            path: shown(&path),
            origin: Some(child.origin.clone()),
            kind: ViolationKind::Shared,
            message: "is the same for all tenants".to_owned(),
            hint: Some(format!("take it out of the tenant's file; {may}")),
        });
        false
    });
}
