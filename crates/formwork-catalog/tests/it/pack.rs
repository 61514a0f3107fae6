//! Packs in a few lines.

use formwork_catalog::{Catalog, Source};

/// A source with a README for every manifest.
pub(crate) fn pack(files: &[(&str, &str)]) -> Source {
    let mut source = Source::default();
    for (path, text) in files {
        source.insert(*path, text.as_bytes().to_vec());
        if let Some(folder) = path.strip_suffix("feature.toml") {
            source.insert(format!("{folder}README.md"), b"# A feature\n".to_vec());
        }
    }
    source
}

/// What reading a pack reports; warnings of a sound pack too.
pub(crate) fn report(source: Source) -> String {
    let diagnostics = match Catalog::read(source) {
        Ok(reading) => reading.warnings,
        Err(error) => error.diagnostics,
    };
    let lines: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// A manifest with everything it must have, and more.
pub(crate) fn manifest(id: &str, more: &str) -> String {
    format!(
        "id = \"{id}\"\nname = \"X\"\nsummary = \"X.\"\nversion = \"1.0.0\"\nkind = \"core\"\n\
         probes = [{{ name = \"present\", kind = \"file\", path = \"Cargo.toml\" }}]\n{more}"
    )
}
