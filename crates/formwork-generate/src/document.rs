//! The plan as one document, for people and programs to review before anything is written.

use std::collections::BTreeMap;

use formwork_catalog::{Catalog, Feature, PackPin, Probe};
use formwork_resolve::{Plan, Reason};
use semver::Version;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::dependencies::Dependencies;
use crate::project::Project;
use crate::tree::{Class, Tree, hex, sha256};

/// What a run would do, and why.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlanDocument {
    /// The version of this format.
    pub format: u32,
    pub project: Project,
    pub tier: formwork_catalog::Tier,
    /// The packs of third parties, exactly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<PackPin>,
    pub features: Vec<PlannedFeature>,
    pub files: Vec<PlannedFile>,
    /// The workspace's dependencies: name, and what stands right of `name = `.
    pub crates: BTreeMap<String, String>,
    pub actions: Vec<PlannedAction>,
    pub probes: Vec<PlannedProbe>,
    pub tree_hash: String,
    /// The hash of everything above: `apply` refuses a plan that is no longer the same.
    pub plan_hash: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedFeature {
    pub id: String,
    pub version: Version,
    /// The hash of the feature's folder.
    pub hash: String,
    pub summary: String,
    pub reason: Reason,
    pub options: BTreeMap<String, formwork_catalog::OptionValue>,
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    Create,
    /// Untouched by its owner: it becomes what is generated now.
    Follow,
    /// The owner's changes and the new ones fit each other.
    CleanMerge,
    Conflict,
    Delete,
    /// The owner deleted it, and it stays so.
    KeptDeleted,
    /// The owner's, and left alone.
    Kept,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedFile {
    pub path: String,
    pub change: Change,
    pub class: Class,
    pub bytes: usize,
    pub features: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedAction {
    pub feature: String,
    /// The pack of a third party it is from; such an action is run only where that was allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    pub id: String,
    pub run: Vec<String>,
    pub summary: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedProbe {
    pub feature: String,
    /// The pack of a third party it is from; a command of such a probe is run only where that was allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    #[serde(flatten)]
    pub probe: Probe,
}

impl PlanDocument {
    /// A document for a project that does not exist yet.
    pub(crate) fn new(
        catalog: &Catalog,
        plan: &Plan,
        features: &[&Feature],
        project: &Project,
        dependencies: &Dependencies,
        probes: Vec<PlannedProbe>,
        tree: &Tree,
    ) -> Self {
        let mut document = Self {
            format: 1,
            project: project.clone(),
            tier: plan.tier,
            packs: catalog.packs().to_vec(),
            features: plan
                .features
                .iter()
                .zip(features)
                .map(|(planned, feature)| PlannedFeature {
                    id: planned.id.clone(),
                    version: planned.version.clone(),
                    hash: feature_hash(catalog, feature),
                    summary: feature.summary.clone(),
                    reason: planned.reason.clone(),
                    options: planned.options.clone(),
                })
                .collect(),
            files: tree
                .iter()
                .map(|(path, entry)| PlannedFile {
                    path: path.to_owned(),
                    change: Change::Create,
                    class: entry.class,
                    bytes: entry.bytes.len(),
                    features: entry.features.clone(),
                })
                .collect(),
            crates: dependencies.workspace.clone(),
            actions: features
                .iter()
                .flat_map(|feature| {
                    // What runs after every change runs after the first one too.
                    feature.actions.iter().map(|action| PlannedAction {
                        feature: feature.id.clone(),
                        pack: feature.pack().map(str::to_owned),
                        id: action.id.clone(),
                        run: action.run.clone(),
                        summary: action.summary.clone(),
                    })
                })
                .collect(),
            probes,
            tree_hash: tree.hash(),
            plan_hash: String::new(),
        };
        document.plan_hash = sha256(document.to_json().to_string().as_bytes());
        document
    }

    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a document has only texts for keys")
    }
}

/// The hash of a feature's folder: every path in it, and its bytes.
fn feature_hash(catalog: &Catalog, feature: &Feature) -> String {
    let mut hasher = Sha256::new();
    for (path, bytes) in catalog.source().folder(&feature.folder) {
        let path = path.strip_prefix(feature.folder.as_str()).unwrap_or(path);
        hasher.update((path.len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    hex(&hasher.finalize())
}
