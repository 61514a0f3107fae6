//! Catalogs, plans and models in a few lines.

use std::collections::BTreeMap;

use formwork_catalog::{Catalog, Source, Tier};
use formwork_generate::{ComposeError, Composition, Project, RuntimeSources, compose};
use formwork_model::Model;
use formwork_resolve::{Plan, Planned, Reason};

/// A pack of features, each with files by path in its folder. What a manifest must have is added.
pub(crate) struct Pack {
    files: BTreeMap<String, String>,
}

impl Pack {
    pub(crate) fn new() -> Self {
        Self {
            files: BTreeMap::new(),
        }
    }

    /// A feature with the text of its manifest beyond the obligatory keys.
    pub(crate) fn feature(mut self, id: &str, manifest: &str) -> Self {
        let manifest = format!(
            "id = \"{id}\"\nname = \"{id}\"\nsummary = \"A feature.\"\nversion = \"1.0.0\"\nkind = \"core\"\n\n\
             {manifest}\n[[probes]]\nname = \"there\"\nkind = \"file\"\npath = \"README.md\"\n"
        );
        self.files
            .insert(format!("features/{id}/feature.toml"), manifest);
        self.files
            .insert(format!("features/{id}/README.md"), "# Feature\n".to_owned());
        self
    }

    pub(crate) fn file(mut self, feature: &str, path: &str, text: &str) -> Self {
        self.files
            .insert(format!("features/{feature}/{path}"), text.to_owned());
        self
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let mut source = Source::default();
        for (path, text) in &self.files {
            source.insert(path.clone(), text.clone().into_bytes());
        }
        match Catalog::read(source) {
            Ok(reading) => reading.catalog,
            Err(error) => panic!("{error}"),
        }
    }

    /// Composes all features of the pack, by id.
    pub(crate) fn compose(&self) -> Result<Composition, Vec<ComposeError>> {
        let catalog = self.catalog();
        let ids: Vec<&str> = catalog.ids().collect();
        compose(
            &catalog,
            &plan(&catalog, &ids),
            &model(),
            &project(),
            &RuntimeSources::default(),
        )
    }

    pub(crate) fn composed(&self) -> Composition {
        match self.compose() {
            Ok(composition) => composition,
            Err(errors) => panic!("{}", lines(&errors)),
        }
    }

    /// The text of one file of the composition.
    pub(crate) fn text(&self, path: &str) -> String {
        text(&self.composed(), path)
    }

    /// What is wrong, one mistake per line.
    pub(crate) fn mistakes(&self) -> String {
        match self.compose() {
            Ok(_) => "nothing".to_owned(),
            Err(errors) => lines(&errors),
        }
    }
}

pub(crate) fn text(composition: &Composition, path: &str) -> String {
    let entry = composition.tree.get(path);
    let bytes = entry.map(|entry| entry.bytes.clone());
    String::from_utf8(bytes.unwrap_or_else(|| panic!("there is no `{path}`"))).expect("it is text")
}

pub(crate) fn lines(errors: &[ComposeError]) -> String {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

pub(crate) fn plan(catalog: &Catalog, ids: &[&str]) -> Plan {
    let planned = |id: &&str| {
        let feature = catalog.newest(id).expect("the catalog has it");
        Planned {
            id: feature.id.clone(),
            version: feature.version.clone(),
            reason: Reason::Wished,
            options: feature
                .options
                .iter()
                .map(|option| (option.key.clone(), option.default.clone()))
                .collect(),
        }
    };
    Plan {
        tier: Tier::Basic,
        features: ids.iter().map(planned).collect(),
        dropped: Vec::new(),
        suggestions: Vec::new(),
        unused_answers: Vec::new(),
        optimal: true,
        circles: Vec::new(),
    }
}

pub(crate) fn project() -> Project {
    Project::new("shop").expect("the name is valid")
}

/// Two aggregates, order and stock-item.
pub(crate) fn model() -> Model {
    let aggregate = |name: &str, plural: &str| formwork_model::Aggregate {
        name: name.to_owned(),
        plural: plural.to_owned(),
        summary: format!("Summary ⟦of⟧ {name}."),
        fields: Vec::new(),
        values: Vec::new(),
        states: None,
        commands: Vec::new(),
        events: Vec::new(),
        queries: formwork_model::Queries {
            filters: Vec::new(),
            sorts: Vec::new(),
            page: formwork_model::Page {
                default: 20,
                max: 100,
            },
            lookups: Vec::new(),
        },
        invariants: Vec::new(),
        reactions: Vec::new(),
    };
    Model {
        aggregates: vec![
            aggregate("order", "orders"),
            aggregate("stock-item", "stock-items"),
        ],
        values: Vec::new(),
        consumers: Vec::new(),
    }
}
