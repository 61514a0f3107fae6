//! The manifest as a whole: what the feature is, then its sections.

use toml_edit::Document;

use super::fields::Fields;
use super::manifest::Manifest;
use super::{parts, rules};
use crate::{Diagnostic, Feature, File, Kind, Position, Source, Tier};

/// Reads the feature in a folder. A feature comes back even from a manifest with mistakes, so that
/// others can be checked against it; only a manifest which is not TOML gives none.
pub(crate) fn read(
    source: &Source,
    folder: &str,
    path: &str,
) -> (Option<Feature>, Vec<Diagnostic>) {
    let folder_name = folder.rsplit('/').next().unwrap_or(folder);
    let bytes = source.get(path).unwrap_or_default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let mut manifest = Manifest::new(path, "", folder_name);
            let message = format!("the manifest is not UTF-8: {error}");
            manifest.error(Position::START, message, None);
            return (None, manifest.diagnostics);
        }
    };
    let mut manifest = Manifest::new(path, text, folder_name);
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let position = manifest.position(error.span());
            manifest.error(position, error.message().to_owned(), None);
            return (None, manifest.diagnostics);
        }
    };

    let mut fields = Fields::new(document.as_table(), "the manifest", Position::START);
    let mut id = fields.required(&mut manifest, "id");
    let id_position = fields.place(&manifest, "id");
    let folder_id = folder_name.split('@').next().unwrap_or(folder_name);
    if id.is_empty() {
        folder_id.clone_into(&mut id);
    } else {
        kebab(&mut manifest, id_position, "feature id", &id);
        if id != folder_id {
            let message = format!("the feature `{id}` lies in the folder `{folder_name}`");
            let help = format!("name the folder `{id}`, or `{id}@VERSION` beside another version");
            manifest.error(id_position, message, Some(help));
        }
    }
    let version = fields.version(&mut manifest, "version");
    manifest.owner = format!("{id}@{version}");

    let name = fields.required(&mut manifest, "name");
    let summary = fields.required(&mut manifest, "summary");
    fields.missing(&mut manifest, "kind");
    let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = fields.one_of(&mut manifest, "kind", &kinds);
    let tiers = Tier::ALL.map(|tier| (tier.as_str(), tier));
    let tier = fields.one_of(&mut manifest, "tier", &tiers);
    let tags = fields.texts(&mut manifest, "tags");

    let feature = Feature {
        name,
        summary,
        kind: kind.unwrap_or(Kind::Core),
        tags: tags.into_iter().map(|(tag, _)| tag).collect(),
        tier: tier.unwrap_or_default(),
        folder: folder.to_owned(),
        site: manifest.site("id", id_position),
        capabilities: rules::capabilities(&mut manifest, &mut fields, &id),
        tiers: rules::tiers(&mut manifest, &mut fields),
        provides: rules::provides(&mut manifest, &mut fields),
        requires: rules::requires(&mut manifest, &mut fields),
        conflicts: rules::conflicts(&mut manifest, &mut fields),
        recommends: rules::weak(&mut manifest, &mut fields, "recommends"),
        suggests: rules::weak(&mut manifest, &mut fields, "suggests"),
        supplements: rules::joint(&mut manifest, &mut fields, "supplements"),
        enhances: rules::joint(&mut manifest, &mut fields, "enhances"),
        options: parts::options(&mut manifest, &mut fields),
        crates: parts::crates(&mut manifest, &mut fields, "crates"),
        dev_crates: parts::crates(&mut manifest, &mut fields, "dev-crates"),
        versions: parts::versions(&mut manifest, &mut fields),
        wiring: parts::wiring(&mut manifest, &mut fields),
        merges: parts::merges(&mut manifest, &mut fields, source, folder),
        actions: parts::actions(&mut manifest, &mut fields),
        migrations: parts::migrations(&mut manifest, &mut fields),
        probes: parts::probes(&mut manifest, &mut fields, source, folder),
        files: files(&mut manifest, source, folder),
        macros: macros(source, folder, &id),
        id,
        version,
    };
    fields.finish(&mut manifest);
    if feature.probes.is_empty() {
        let message = format!("the feature `{}` has no probe", feature.id);
        let help = "add `[[probes]]`: what shows that it is wired?".to_owned();
        manifest.error(id_position, message, Some(help));
    }
    if source.get(&format!("{folder}/README.md")).is_none() {
        let message = format!("the feature `{}` has no README.md", feature.id);
        manifest.error(id_position, message, None);
    }
    (Some(feature), manifest.diagnostics)
}

fn files(manifest: &mut Manifest<'_>, source: &Source, folder: &str) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for part in ["files", "seeds"] {
        let prefix = format!("{folder}/{part}/");
        for (from, _) in source.folder(&format!("{folder}/{part}")) {
            let relative = &from[prefix.len()..];
            let path = relative.strip_suffix(".j2").unwrap_or(relative);
            if let Some(problem) = escape(path) {
                let message = format!("the file `{from}` {problem}");
                manifest.error(Position::START, message, None);
            }
            if let Some(other) = files.iter().find(|file| file.path == path) {
                let message = format!("`{path}` exists twice: `{}` and `{from}`", other.from);
                manifest.error(Position::START, message, None);
            }
            files.push(File {
                path: path.to_owned(),
                from: from.to_owned(),
                template: relative.ends_with(".j2"),
                per_aggregate: path.contains("_aggregate_") || path.contains("_plural_"),
                seed: part == "seeds",
            });
        }
    }
    files.sort();
    files
}

fn macros(source: &Source, folder: &str, id: &str) -> Vec<File> {
    let prefix = format!("{folder}/macros/");
    source
        .folder(&format!("{folder}/macros"))
        .map(|(from, _)| File {
            path: format!("{id}/{}", &from[prefix.len()..]),
            from: from.to_owned(),
            template: true,
            per_aggregate: false,
            seed: false,
        })
        .collect()
}

/// How a relative path leaves the folder it belongs to.
pub(super) fn escape(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        Some("is an absolute path")
    } else if path.contains('\\') || path.contains(':') {
        Some("has a `\\` or `:`, which not every system takes as part of a name")
    } else if path.split('/').any(|part| part == "..") {
        Some("leaves the project through `..`")
    } else if path.split('/').any(|part| part.is_empty() || part == ".") {
        Some("has an empty part or a `.`")
    } else {
        None
    }
}

pub(super) fn kebab(manifest: &mut Manifest<'_>, position: Position, what: &str, id: &str) {
    let sound = id.split('-').all(|part| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    }) && id.starts_with(|letter: char| letter.is_ascii_lowercase());
    if !sound {
        let message = format!("the {what} `{id}` is not kebab-case");
        let help = "use lower-case letters, digits and single hyphens, as in `listen-notify`";
        manifest.error(position, message, Some(help.to_owned()));
    }
}
