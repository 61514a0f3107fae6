//! All features of one or several packs, checked against each other.

use std::collections::BTreeMap;
use std::fmt;

use semver::{Version, VersionReq};

use crate::pack::PACKS;
use crate::{
    Capability, Conflict, Diagnostic, Feature, PackPin, Popular, Severity, Source, Target, check,
    popular, read,
};

/// Features that are sound, each alone and all together.
#[derive(Debug, Clone)]
pub struct Catalog {
    features: Vec<Feature>,
    capabilities: BTreeMap<String, Capability>,
    /// By capability: the ids of its providers.
    providers: BTreeMap<String, Vec<String>>,
    popular: Vec<Popular>,
    source: Source,
}

/// A catalog and what is worth knowing about it.
#[derive(Debug, Clone)]
pub struct Reading {
    pub catalog: Catalog,
    pub warnings: Vec<Diagnostic>,
}

/// Every mistake of a pack, sorted by place; warnings are among them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CatalogError {
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl Catalog {
    /// Reads every manifest of a pack and checks them all.
    pub fn read(source: Source) -> Result<Reading, CatalogError> {
        let mut features = Vec::new();
        let mut diagnostics = Vec::new();
        let packs = source.packs().iter();
        let roots = packs.map(|pack| format!("{PACKS}/{}/features", pack.id));
        for root in std::iter::once("features".to_owned()).chain(roots) {
            for (path, _) in source.folder(&root) {
                let Some(folder) = path.strip_suffix("/feature.toml") else {
                    continue;
                };
                if folder[root.len()..].matches('/').count() == 1 {
                    let (feature, mistakes) = read::read(&source, folder, path);
                    features.extend(feature);
                    diagnostics.extend(mistakes);
                }
            }
        }
        features.sort_by(|left, right| {
            let newest_first = right.version.cmp(&left.version);
            left.id
                .cmp(&right.id)
                .then(newest_first)
                .then_with(|| left.folder.cmp(&right.folder))
        });
        let mut capabilities: BTreeMap<String, Capability> = BTreeMap::new();
        for capability in features.iter().flat_map(|feature| &feature.capabilities) {
            // The newest version of the feature that declares it comes first.
            capabilities
                .entry(capability.id.clone())
                .or_insert_with(|| capability.clone());
        }
        let mut providers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for feature in &features {
            for provide in &feature.provides {
                let known = providers.entry(provide.capability.clone()).or_default();
                if known.last() != Some(&feature.id) {
                    known.push(feature.id.clone());
                }
            }
        }
        let (popular, mistakes) = popular::read(&source, |id| {
            features
                .binary_search_by(|feature| feature.id.as_str().cmp(id))
                .is_ok()
        });
        diagnostics.extend(mistakes);
        let catalog = Self {
            features,
            capabilities,
            providers,
            popular,
            source,
        };
        diagnostics.extend(check::check(&catalog));
        diagnostics.sort();
        diagnostics.dedup();
        if diagnostics
            .iter()
            .any(|mistake| mistake.severity == Severity::Error)
        {
            return Err(CatalogError { diagnostics });
        }
        Ok(Reading {
            catalog,
            warnings: diagnostics,
        })
    }

    /// Every version of every feature: by id, newest version first.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// All versions of one feature, newest first; empty when there is none.
    pub fn versions(&self, id: &str) -> &[Feature] {
        let start = self.features.partition_point(|feature| *feature.id < *id);
        let end = self.features.partition_point(|feature| *feature.id <= *id);
        &self.features[start..end]
    }

    /// The newest version of a feature.
    pub fn newest(&self, id: &str) -> Option<&Feature> {
        self.versions(id).first()
    }

    /// One version of a feature.
    pub fn feature(&self, id: &str, version: &Version) -> Option<&Feature> {
        self.versions(id)
            .iter()
            .find(|feature| feature.version == *version)
    }

    /// The id of every feature, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.features
            .chunk_by(|left, right| left.id == right.id)
            .map(|versions| versions[0].id.as_str())
    }

    pub fn capability(&self, id: &str) -> Option<&Capability> {
        self.capabilities.get(id)
    }

    /// Every capability, by id.
    pub fn capabilities(&self) -> impl Iterator<Item = &Capability> {
        self.capabilities.values()
    }

    /// The capabilities a person is asked about, in the order the manifest of their feature has them.
    pub fn questions(&self) -> impl Iterator<Item = &Capability> {
        let mut questions: Vec<_> = self
            .capabilities
            .values()
            .filter(|capability| capability.question.is_some())
            .collect();
        questions.sort_by_key(|capability| (&capability.site.path, capability.site.position));
        questions.into_iter()
    }

    /// The ids of the features of which some version provides a capability, sorted.
    pub fn providers<'a>(&'a self, capability: &str) -> Vec<&'a str> {
        let providers = self.providers.get(capability);
        providers
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect()
    }

    /// What the examples that were made with the pack have together, by feature.
    pub fn popular(&self) -> &[Popular] {
        &self.popular
    }

    /// Whether a target means this feature, by its name or by a capability it provides.
    pub fn accepts(&self, target: &Target, feature: &Feature) -> bool {
        if target.id == feature.id {
            return matches(&target.range, &feature.version);
        }
        feature
            .provides(&target.id)
            .is_some_and(|provide| matches(&target.range, &provide.version))
    }

    /// Every feature a target means.
    pub fn matching<'a>(&'a self, target: &'a Target) -> impl Iterator<Item = &'a Feature> {
        self.features
            .iter()
            .filter(|feature| self.accepts(target, feature))
    }

    /// Whether a conflict of one feature means another one. A feature never conflicts with itself,
    /// and a name means a kind only when no feature or capability has it.
    pub fn excludes(&self, owner: &Feature, conflict: &Conflict, other: &Feature) -> bool {
        let Conflict { with, range, .. } = conflict;
        if owner.id == other.id {
            false
        } else if *with == other.id {
            matches(range, &other.version)
        } else if self.capabilities.contains_key(with) {
            let provide = other.provides(with);
            provide.is_some_and(|provide| matches(range, &provide.version))
        } else {
            *with == other.kind.as_str() && self.versions(with).is_empty()
        }
    }

    /// The packs of third parties, by id.
    pub fn packs(&self) -> &[PackPin] {
        self.source.packs()
    }

    /// The bytes everything was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes of one file of the pack, as named by [`File::from`](crate::File::from) and [`Merge::from`](crate::Merge::from).
    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.source.get(path)
    }
}

/// Whether a range accepts a version. `*` accepts pre-releases as well: a pack that has only
/// those means them to be used.
pub fn matches(range: &VersionReq, version: &Version) -> bool {
    *range == VersionReq::STAR || range.matches(version)
}
