//! From a plan to a tree.

use std::borrow::Cow;
use std::collections::BTreeMap;

use formwork_catalog::{Catalog, Feature};
use formwork_model::Model;
use formwork_resolve::Plan;

use crate::merge::{self, Contribution};
use crate::project::{Project, RuntimeFrom};
use crate::render::{Piece, Renderer};
use crate::runtime::RuntimeSources;
use crate::tree::{Class, Entry, Tree, is_executable, path_mistake};
use crate::{ComposeError, cargo_lock, dependencies, document, scenario};

/// A project in memory, and what a person or a program reviews before it is written.
#[derive(Debug, Clone)]
pub struct Composition {
    pub tree: Tree,
    pub document: document::PlanDocument,
    /// Files of the tree as packs store them, where that was done ahead of time.
    pub(crate) compressed: BTreeMap<String, Cow<'static, [u8]>>,
}

/// Renders, merges and checks everything; every mistake is reported.
pub fn compose(
    catalog: &Catalog,
    plan: &Plan,
    model: &Model,
    project: &Project,
    runtime: &RuntimeSources,
) -> Result<Composition, Vec<ComposeError>> {
    let mut errors = Vec::new();
    let mut features: Vec<&Feature> = Vec::with_capacity(plan.features.len());
    for planned in &plan.features {
        match catalog.feature(&planned.id, &planned.version) {
            Some(feature) => features.push(feature),
            None => errors.push(ComposeError::Missing {
                feature: planned.id.clone(),
                version: planned.version.to_string(),
            }),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }

    let dependencies = dependencies::collect(&features, &project.runtime, runtime, &mut errors);
    let renderer = Renderer::new(
        catalog,
        plan,
        &features,
        model,
        project,
        &dependencies,
        &mut errors,
    );
    let pieces = renderer.render(&mut errors);
    let probes = scenario::probes(&features, &renderer, &mut errors);
    let mut tree = assemble(pieces, &mut errors);

    // A model outside the project is not a part of it.
    let folder = Some(&project.model_folder).filter(|folder| path_mistake(folder).is_none());
    for (name, text) in folder.iter().flat_map(|_| &project.model) {
        let path = format!("{}/{name}", project.model_folder);
        add(
            &mut tree,
            path,
            text.clone().into_bytes(),
            Class::Seed,
            "the model",
            &mut errors,
        );
    }
    let mut compressed = BTreeMap::new();
    match runtime.closure(&dependencies.runtime) {
        Ok(closure) => {
            if project.runtime == RuntimeFrom::Vendor && !dependencies.runtime.is_empty() {
                match runtime.vendor(&closure) {
                    Ok(files) => {
                        for file in files {
                            if let Some(stored) = file.compressed {
                                compressed.insert(file.path.clone(), stored);
                            }
                            add(
                                &mut tree,
                                file.path,
                                file.bytes.into_owned(),
                                Class::Managed,
                                "runtime",
                                &mut errors,
                            );
                        }
                    }
                    Err(failed) => errors.extend(failed),
                }
            }
            if !runtime.lock().is_empty() {
                let lock = cargo_lock::select(
                    runtime.lock(),
                    dependencies.workspace.keys().map(String::as_str),
                    &closure,
                    &project.runtime,
                );
                if tree.get("Cargo.lock").is_none() {
                    add(
                        &mut tree,
                        "Cargo.lock".to_owned(),
                        lock.into_bytes(),
                        Class::Seed,
                        "runtime",
                        &mut errors,
                    );
                }
            }
        }
        Err(failed) => errors.extend(failed),
    }

    for (path, entry) in tree.iter() {
        for (end, _) in path.match_indices('/') {
            if let Some(file) = tree.get(&path[..end]) {
                errors.push(ComposeError::Folder {
                    path: path[..end].to_owned(),
                    first: file.features.first().cloned().unwrap_or_default(),
                    second: entry.features.first().cloned().unwrap_or_default(),
                });
            }
        }
    }
    if !errors.is_empty() {
        errors.sort();
        errors.dedup();
        return Err(errors);
    }
    let document = document::PlanDocument::new(
        catalog,
        plan,
        &features,
        project,
        &dependencies,
        probes,
        &tree,
    );
    Ok(Composition {
        tree,
        document,
        compressed,
    })
}

/// Puts pieces together: one owner per path, contributions merged into it.
fn assemble(pieces: Vec<Piece>, errors: &mut Vec<ComposeError>) -> Tree {
    let mut tree = Tree::default();
    let mut folded: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut owners: BTreeMap<String, Piece> = BTreeMap::new();
    let mut parts: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    for piece in pieces {
        if let Some(reason) = path_mistake(&piece.path) {
            errors.push(ComposeError::Path {
                feature: piece.feature,
                template: piece.from,
                path: piece.path,
                reason,
            });
            continue;
        }
        let other = folded
            .entry(piece.path.to_lowercase())
            .or_insert_with(|| (piece.path.clone(), piece.feature.clone()));
        if other.0 != piece.path {
            errors.push(ComposeError::Case {
                path: piece.path,
                other: other.0.clone(),
                first: other.1.clone(),
                second: piece.feature,
            });
            continue;
        }
        if piece.merge.is_some() {
            parts.entry(piece.path.clone()).or_default().push(piece);
        } else if let Some(owner) = owners.get(&piece.path) {
            errors.push(ComposeError::Owners {
                path: piece.path,
                first: owner.feature.clone(),
                second: piece.feature,
            });
        } else {
            owners.insert(piece.path.clone(), piece);
        }
    }
    for (path, mut parts) in parts {
        // What everything stands on comes first in a shared file, whoever needs whom.
        parts.sort_by(|a, b| (a.kind, &a.feature).cmp(&(b.kind, &b.feature)));
        let format = parts[0].merge.unwrap_or(formwork_catalog::Format::Toml);
        let owner = owners.remove(&path);
        let contributions: Vec<_> = owner
            .iter()
            .chain(&parts)
            .map(|piece| Contribution {
                feature: &piece.feature,
                from: &piece.from,
                bytes: &piece.bytes,
            })
            .collect();
        match merge::merge(&path, format, &contributions) {
            Ok(bytes) => {
                let mut features: Vec<String> = Vec::new();
                for contribution in &contributions {
                    if !features.iter().any(|id| id == contribution.feature) {
                        features.push(contribution.feature.to_owned());
                    }
                }
                let executable = is_executable(&bytes);
                tree.insert(
                    path,
                    Entry {
                        bytes,
                        class: Class::Managed,
                        features,
                        executable,
                    },
                );
            }
            Err(failed) => errors.extend(failed),
        }
    }
    for (path, piece) in owners {
        let executable = is_executable(&piece.bytes);
        tree.insert(
            path,
            Entry {
                bytes: piece.bytes,
                class: piece.class,
                features: vec![piece.feature],
                executable,
            },
        );
    }
    tree
}

/// Adds a file that no feature may own.
fn add(
    tree: &mut Tree,
    path: String,
    bytes: Vec<u8>,
    class: Class,
    owner: &str,
    errors: &mut Vec<ComposeError>,
) {
    if let Some(entry) = tree.get(&path) {
        errors.push(ComposeError::Owners {
            first: entry.features.first().cloned().unwrap_or_default(),
            path,
            second: owner.to_owned(),
        });
        return;
    }
    tree.insert(
        path,
        Entry {
            bytes,
            class,
            features: Vec::new(),
            executable: false,
        },
    );
}
