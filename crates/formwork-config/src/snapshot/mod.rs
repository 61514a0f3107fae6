//! The loaded configuration.

mod changes;
mod digest;
mod explain;
mod hold;
mod leaves;
mod watched;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::error::{Violation, ViolationKind};
use crate::field::Reader;
use crate::naming::Naming;
use crate::section::{Section, Shared};
use crate::{Config, Errors, Node};

pub use changes::Change;
pub use explain::{Explained, Explanation};
pub use watched::{WatchedKind, WatchedSource};

/// An immutable, numbered view of the whole configuration.
pub struct Snapshot {
    generation: u64,
    naming: Naming,
    sections: Vec<Section>,
    loaded: Vec<Loaded>,
    by_prefix: HashMap<Arc<str>, usize>,
    sources: Vec<WatchedSource>,
    hash: OnceLock<[u8; 32]>,
    /// What a tenant's values lie between, when tenants may have any.
    pub(crate) layers: Option<Arc<Layers>>,
    tenant: Option<String>,
}

/// Values without defaults, as sources set them.
#[derive(Clone)]
pub(crate) struct Layers {
    /// The base file and the profile's.
    pub(crate) lower: Node,
    /// Secret files, variables, flags and the program.
    pub(crate) upper: Node,
}

/// The values of one section.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) node: Arc<Node>,
    /// The struct read from them.
    pub(crate) value: Shared,
}

impl Snapshot {
    pub(crate) fn new(
        generation: u64,
        naming: Naming,
        sections: Vec<Section>,
        loaded: Vec<Loaded>,
        sources: Vec<WatchedSource>,
        layers: Option<Arc<Layers>>,
    ) -> Self {
        let prefixes = sections.iter().enumerate();
        Self {
            layers,
            tenant: None,
            generation,
            naming,
            by_prefix: prefixes
                .map(|(index, section)| (Arc::clone(section.shared_prefix()), index))
                .collect(),
            sections,
            loaded,
            sources,
            hash: OnceLock::new(),
        }
    }

    /// The number of this view: 1 for the first, one more for every reload.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The same for a tenant, with other values in some sections.
    pub(crate) fn of_tenant(
        &self,
        tenant: &str,
        loaded: Vec<Loaded>,
        sources: Vec<WatchedSource>,
    ) -> Self {
        Self {
            generation: self.generation,
            naming: self.naming.clone(),
            sections: self.sections.clone(),
            loaded,
            by_prefix: self.by_prefix.clone(),
            sources,
            hash: OnceLock::new(),
            layers: self.layers.clone(),
            tenant: Some(tenant.to_owned()),
        }
    }

    /// The tenant whose values these are; `None` for the values of all.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    pub(crate) fn naming(&self) -> &Naming {
        &self.naming
    }

    pub(crate) fn loaded(&self) -> &[Loaded] {
        &self.loaded
    }

    /// The sections that were loaded.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Every file and directory that was read, or would have been if it were there: what to watch
    /// for changes. Sorted by path, each once.
    pub fn sources(&self) -> &[WatchedSource] {
        &self.sources
    }

    /// The struct under `prefix`, read anew. It was validated when the snapshot was loaded.
    ///
    /// # Errors
    /// When `C` was not loaded under `prefix`.
    pub fn get<C: Config>(&self, prefix: &str) -> Result<C, Errors> {
        let (section, loaded) = self.find::<C>(prefix).ok_or_else(|| not_loaded(prefix))?;
        let mut reader = Reader::at(section.prefix());
        C::read(&loaded.node, &mut reader).ok_or_else(|| not_loaded(prefix))
    }

    /// The struct under `prefix`, as it was read when the snapshot was loaded; `None` when `C` was
    /// not loaded there. Costs one lookup: nothing is read or cloned.
    pub fn shared<C: Config>(&self, prefix: &str) -> Option<Arc<C>> {
        let (_, loaded) = self.find::<C>(prefix)?;
        Arc::clone(&loaded.value).downcast().ok()
    }

    /// A digest of all effective values, whatever source they come from: equal digests mean that
    /// [`changes`](Self::changes) is empty. It is salted for this process, so that nobody can guess
    /// a secret by trying: do not compare digests of different processes.
    pub fn hash(&self) -> [u8; 32] {
        *self.hash.get_or_init(|| digest::of(self))
    }

    /// What is different in `next`: the paths of single values, in the order of sections and
    /// fields, never the values. A value that is only written differently (`60s`, `1m`) has not
    /// changed. Sections that are in one of the two only are compared with nothing.
    pub fn changes(&self, next: &Self) -> Vec<Change> {
        changes::between(self, next)
    }

    /// This configuration with the values of `running` where only a restart takes a change over:
    /// what a running service may take over of it. A list or map that has changed in such a place
    /// is held as a whole.
    ///
    /// # Errors
    /// When the old and the new values do not go together.
    pub fn with_statics_of(&self, running: &Self) -> Result<Self, Errors> {
        hold::statics(self, running)
    }

    /// Every value with its origin, in the order of sections and fields. Confidential and secret
    /// values are redacted.
    pub fn explain(&self) -> Explanation {
        explain::all(self)
    }

    fn find<C: Config>(&self, prefix: &str) -> Option<(&Section, &Loaded)> {
        let index = *self.by_prefix.get(prefix)?;
        let section = &self.sections[index];
        section.holds::<C>().then(|| (section, &self.loaded[index]))
    }

    fn parts(&self) -> impl Iterator<Item = (&Section, &Node)> {
        let nodes = self.loaded.iter().map(|loaded| &*loaded.node);
        self.sections.iter().zip(nodes)
    }
}

impl fmt::Debug for Snapshot {
    /// The values with secrets redacted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        map.entry(&"generation", &self.generation);
        for (section, node) in self.parts() {
            map.entry(&section.prefix(), &format_args!("{node}"));
        }
        map.finish()
    }
}

fn not_loaded(prefix: &str) -> Errors {
    Errors::new(vec![Violation {
        path: prefix.to_owned(),
        origin: None,
        kind: ViolationKind::Missing,
        message: "was not loaded with this type".to_owned(),
        hint: Some("add its section to those that are loaded".to_owned()),
    }])
}
