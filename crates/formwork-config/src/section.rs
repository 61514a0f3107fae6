//! The parts of a configuration, each with its prefix and its struct.

use std::any::{Any, TypeId};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Errors, Violation, ViolationKind};
use crate::field::Reader;
use crate::node::Value;
use crate::{Class, Config, Node, Schema, Shape};

/// The key under which the values of a section's instances lie.
pub(crate) const INSTANCES: &str = "instances";

/// A part of the configuration: a struct under a prefix such as `http`.
#[derive(Debug, Clone)]
pub struct Section {
    /// `postgres.instances.reports` of the instance `reports`, else the base.
    prefix: Arc<str>,
    /// The prefix that all instances share.
    base: Arc<str>,
    instance: Option<String>,
    schema: &'static Schema,
    type_id: TypeId,
    read: fn(&Node, &str) -> Typed,
}

/// A typed struct that anybody may share.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

/// What reading a section's struct gave.
pub(crate) struct Typed {
    /// The struct, unless a value does not fit.
    pub(crate) value: Option<Shared>,
    /// What the cross-field checks refuse.
    pub(crate) violations: Vec<Violation>,
}

impl Section {
    /// The struct `C` under `prefix`, whose parts are separated by full stops.
    pub fn of<C: Config>(prefix: impl Into<String>) -> Self {
        let prefix: Arc<str> = prefix.into().into();
        Self {
            base: Arc::clone(&prefix),
            prefix,
            instance: None,
            schema: const { &C::SCHEMA },
            type_id: TypeId::of::<C>(),
            read: |node, path| {
                let mut reader = Reader::at(path);
                let value = C::read(node, &mut reader);
                Typed {
                    value: value.map(|value| Arc::new(value) as Shared),
                    violations: reader.into_violations(),
                }
            },
        }
    }

    /// The instance called `name`, in kebab-case: its values are those under the prefix, overlaid
    /// by those under `{prefix}.instances.{name}`. A value of the instance itself beats a shared
    /// one whatever source either comes from, so that a variable with the URL of the main database
    /// does not send every instance there; among values of one kind the order of layers applies.
    ///
    /// The section's [`prefix`](Self::prefix) is `{prefix}.instances.{name}` then.
    #[must_use]
    pub fn instance(self, name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            prefix: format!("{}.{INSTANCES}.{name}", self.base).into(),
            instance: Some(name),
            ..self
        }
    }

    /// The prefix; of an instance `{base}.instances.{name}`. It identifies the section.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn shared_prefix(&self) -> &Arc<str> {
        &self.prefix
    }

    /// The prefix that all instances share: the one given to [`Section::of`].
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The name of the instance, unless this is the section without one.
    pub fn instance_name(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Whether the struct is a `C`.
    pub fn holds<C: Config>(&self) -> bool {
        self.type_id == TypeId::of::<C>()
    }

    /// What the struct says about itself.
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// The steps to the shared values.
    pub(crate) fn base_path(&self) -> Vec<String> {
        self.base.split('.').map(str::to_owned).collect()
    }

    /// The steps to the values of this section; the name of an instance is one step.
    pub(crate) fn path(&self) -> Vec<String> {
        let mut path = self.base_path();
        if let Some(instance) = &self.instance {
            path.extend([INSTANCES.to_owned(), instance.clone()]);
        }
        path
    }

    /// The values of this section in a tree: for an instance, the shared ones overlaid by its own.
    pub(crate) fn values(&self, root: &mut Node) -> Node {
        let shared = root.at(&self.base_path());
        // A struct with a field of that name has no instances.
        let instances = match &mut shared.value {
            Value::Table(entries) if self.schema.field(INSTANCES).is_none() => {
                entries.remove(INSTANCES)
            }
            _ => None,
        };
        let mut node = shared.clone();
        let Some(instances) = instances else {
            return node;
        };
        if let Some(own) = self.instance_name().and_then(|it| instances.entry(it)) {
            node.overlay(own.clone());
        }
        if let Value::Table(entries) = &mut shared.value {
            entries.insert(INSTANCES.to_owned(), instances);
        }
        node
    }

    /// The values of a section that shares them with none, taken out of a tree.
    pub(crate) fn take(&self, root: &mut Node) -> Node {
        let mut node = root;
        for step in self.base.split('.') {
            let Node { value, origin } = node;
            let next = match value {
                Value::Table(entries) => entries.get_mut(step),
                _ => None,
            };
            // Mostly no source says anything of a section, and no place is made for it.
            let Some(next) = next else {
                return Node::empty_table(origin.clone());
            };
            node = next;
        }
        std::mem::take(node)
    }

    /// The struct, and what the cross-field checks refuse.
    pub(crate) fn read(&self, node: &Node) -> Typed {
        (self.read)(node, &self.prefix)
    }
}

/// All sections as one tree of keys.
#[derive(Debug)]
pub(crate) enum Keys {
    /// A step on the way to a section.
    Branch(BTreeMap<String, Keys>),
    /// A section's struct.
    Section(Place),
}

fn is_kebab(name: &str) -> bool {
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    name.starts_with(|it: char| it.is_ascii_lowercase()) && name.chars().all(allowed)
}

/// Where a struct's values lie, for itself and for its instances.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) schema: &'static Schema,
    type_id: TypeId,
    /// Whether the struct is read without an instance too.
    plain: bool,
    pub(crate) instances: BTreeSet<String>,
}

/// What a path leads to.
pub(crate) enum Located {
    /// A single value, which may be a list or a map.
    Value {
        /// The shape at the end of the path, inside the field when that is a map.
        shape: &'static Shape,
        /// Who may see it, by any field on the way.
        class: Class,
    },
    /// A table that has keys of its own.
    Table,
    /// Nothing.
    Unknown,
}

impl Keys {
    /// The tree.
    ///
    /// # Errors
    /// Every prefix that is taken twice or lies within another one, and every instance with a name
    /// no variable could have.
    pub(crate) fn new(sections: &[Section]) -> Result<Self, Errors> {
        let mut root = Self::Branch(BTreeMap::new());
        let mut violations = Vec::new();
        let violation = |section: &Section, message: &str, hint: &str| Violation {
            path: section.prefix.to_string(),
            origin: None,
            kind: ViolationKind::Conflict,
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
        };
        for section in sections {
            if section.instance.as_deref().is_some_and(|it| !is_kebab(it)) {
                violations.push(violation(
                    section,
                    "is an instance whose name is not in kebab-case",
                    "use lower-case letters, digits and `-`",
                ));
            } else if !root.add(&section.base, section) {
                violations.push(violation(
                    section,
                    "is the prefix of two sections, or lies within another one",
                    "give each section a prefix of its own",
                ));
            }
        }
        if violations.is_empty() {
            Ok(root)
        } else {
            Err(Errors::new(violations))
        }
    }

    /// Whether tenants may have any value of their own.
    pub(crate) fn any_of_tenants(&self) -> bool {
        match self {
            Self::Branch(branches) => branches.values().any(Self::any_of_tenants),
            Self::Section(place) => place.schema.any_of_tenants(),
        }
    }

    fn add(&mut self, path: &str, section: &Section) -> bool {
        let Self::Branch(branches) = self else {
            return false;
        };
        if let Some((first, rest)) = path.split_once('.') {
            return branches
                .entry(first.to_owned())
                .or_insert_with(|| Self::Branch(BTreeMap::new()))
                .add(rest, section);
        }
        match branches.entry(path.to_owned()) {
            Entry::Vacant(entry) => {
                let mut place = Place::of(section);
                let free = place.add(section);
                entry.insert(Self::Section(place));
                free
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Self::Section(place) => place.add(section),
                Self::Branch(_) => false,
            },
        }
    }

    /// What `path` leads to.
    pub(crate) fn locate(&self, path: &[String]) -> Located {
        let mut keys = self;
        for (index, part) in path.iter().enumerate() {
            match keys {
                Self::Branch(branches) => match branches.get(part) {
                    Some(next) => keys = next,
                    None => return Located::Unknown,
                },
                Self::Section(place) => return place.locate(path, index),
            }
        }
        Located::Table
    }

    /// Every path to a value, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect(&self, prefix: &str, paths: &mut Vec<String>) {
        match self {
            Self::Branch(branches) => {
                for (key, keys) in branches {
                    keys.collect(&join(prefix, key), paths);
                }
            }
            Self::Section(place) => {
                collect(place.schema, prefix, paths);
                for name in &place.instances {
                    let prefix = format!("{prefix}.{INSTANCES}.{name}");
                    collect(place.schema, &prefix, paths);
                }
            }
        }
    }
}

impl Place {
    fn of(section: &Section) -> Self {
        Self {
            schema: section.schema,
            type_id: section.type_id,
            plain: false,
            instances: BTreeSet::new(),
        }
    }

    /// Whether the section is a new one of the same struct.
    fn add(&mut self, section: &Section) -> bool {
        let same = self.type_id == section.type_id;
        same && match &section.instance {
            None => !std::mem::replace(&mut self.plain, true),
            Some(name) => {
                self.schema.field(INSTANCES).is_none() && self.instances.insert(name.clone())
            }
        }
    }

    fn locate(&self, path: &[String], index: usize) -> Located {
        if path[index] != INSTANCES || self.instances.is_empty() {
            return locate_in(self.schema, path, index);
        }
        match path.get(index + 1) {
            Some(name) if !self.instances.contains(name) => Located::Unknown,
            Some(_) if index + 2 < path.len() => locate_in(self.schema, path, index + 2),
            _ => Located::Table,
        }
    }
}

fn locate_in(mut schema: &'static Schema, path: &[String], index: usize) -> Located {
    let mut class = Class::Public;
    let mut steps = path[index..].iter();
    while let Some(field) = steps.next().and_then(|key| schema.field(key)) {
        class = class.max(field.class());
        let mut shape = field.shape.bare();
        // The keys of a map are anybody's.
        while let Shape::Map(item) = shape
            && steps.len() > 0
        {
            steps.next();
            shape = item.bare();
        }
        match shape {
            Shape::Struct(_) if steps.len() == 0 => return Located::Table,
            Shape::Struct(inner) => schema = inner,
            _ if steps.len() > 0 => return Located::Unknown,
            shape => return Located::Value { shape, class },
        }
    }
    Located::Unknown
}

fn collect(schema: &Schema, prefix: &str, paths: &mut Vec<String>) {
    for field in schema.fields {
        let path = join(prefix, field.key);
        match field.shape.bare() {
            Shape::Struct(schema) => collect(schema, &path, paths),
            _ => paths.push(path),
        }
    }
}

pub(crate) fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}
