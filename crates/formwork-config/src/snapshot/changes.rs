//! The difference of two snapshots.

use std::collections::HashMap;
use std::sync::Arc;

use super::leaves::{self, Leaf};
use super::{Loaded, Snapshot, digest};
use crate::Section;
use crate::section::join;

/// A value that is different in another snapshot. The value itself is nobody's business here.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// The value's whole path, such as `http.listen`.
    pub path: String,
    /// The prefix of its section, such as `http`.
    pub prefix: String,
    /// Whether a running service takes the change over.
    pub dynamic: bool,
    /// Whether tenants may have their own of it.
    #[serde(skip)]
    pub of_tenants: bool,
}

pub(super) fn between(old: &Snapshot, new: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    for (section, loaded) in old.sections.iter().zip(&old.loaded) {
        let index = new.by_prefix.get(section.prefix());
        let next = index.map(|index| &new.loaded[*index]);
        compare(section, Some(loaded), next, &mut changes);
    }
    for (section, loaded) in new.sections.iter().zip(&new.loaded) {
        if !old.by_prefix.contains_key(section.prefix()) {
            compare(section, None, Some(loaded), &mut changes);
        }
    }
    changes
}

fn compare(
    section: &Section,
    old: Option<&Loaded>,
    new: Option<&Loaded>,
    changes: &mut Vec<Change>,
) {
    if let (Some(old), Some(new)) = (old, new)
        && (Arc::ptr_eq(&old.node, &new.node) || old.node.same_values(&new.node))
    {
        return;
    }
    let (old, new) = (leaves_of(section, old), leaves_of(section, new));
    let mut change = |leaf: &Leaf<'_>| {
        changes.push(Change {
            path: join(section.prefix(), &leaf.path),
            prefix: section.prefix().to_owned(),
            dynamic: leaf.traits.dynamic,
            of_tenants: leaf.traits.tenant,
        });
    };
    let mut unmatched: HashMap<&str, &Leaf<'_>> =
        new.iter().map(|leaf| (leaf.path.as_str(), leaf)).collect();
    for leaf in &old {
        match unmatched.remove(leaf.path.as_str()) {
            Some(next) if digest::same(leaf, next) => {}
            Some(_) => change(leaf),
            // A table that is not set has one path, one that is set those of its values.
            None if leaf.node.is_some() => change(leaf),
            None => {}
        }
    }
    let fresh = new
        .iter()
        .filter(|leaf| leaf.node.is_some() && unmatched.contains_key(leaf.path.as_str()));
    fresh.for_each(change);
}

fn leaves_of<'a>(section: &Section, loaded: Option<&'a Loaded>) -> Vec<Leaf<'a>> {
    loaded.map_or_else(Vec::new, |it| leaves::of(section.schema(), &it.node))
}
