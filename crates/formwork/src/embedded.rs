//! What travels inside the binary: the first-party features, the example models and the runtime sources.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The names of the libraries services depend on: the rows of the workspace's version table.
pub(crate) fn libraries() -> Vec<String> {
    let manifest = text("Cargo.toml");
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// The presets' names, sorted.
pub(crate) fn presets() -> Vec<&'static str> {
    let mut names: Vec<_> = PRESETS
        .iter()
        .filter_map(|(path, _)| path.split('/').next())
        .collect();
    names.dedup();
    names
}

/// The model files of a preset as (file name, text).
pub(crate) fn preset(name: &str) -> Vec<(String, String)> {
    PRESETS
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix(name)?.strip_prefix('/')?, bytes)))
        .map(|(path, bytes)| (path.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
        .collect()
}

/// The text of a file beside the runtime sources; empty when there is none.
pub(crate) fn text(path: &str) -> &'static str {
    RUNTIME
        .binary_search_by(|(candidate, ..)| (*candidate).cmp(path))
        .ok()
        .and_then(|index| std::str::from_utf8(RUNTIME[index].1).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_relative() {
        let runtime: Vec<_> = RUNTIME
            .iter()
            .map(|(path, bytes, _)| (*path, *bytes))
            .collect();
        for table in [FEATURES, PRESETS, runtime.as_slice()] {
            assert!(table.is_sorted_by_key(|(path, _)| *path));
            assert!(table.iter().all(|(path, _)| !path.starts_with('/')));
        }
    }

    #[test]
    fn the_runtime_is_compressed_as_packs_do_it() {
        for (path, bytes, compressed) in RUNTIME {
            assert!(formwork_generate::compress(bytes) == *compressed, "{path}");
        }
    }

    #[test]
    fn the_runtime_is_complete_and_free_of_the_composer() {
        assert!(
            RUNTIME
                .iter()
                .any(|(path, ..)| *path == "crates/formwork-domain/src/lib.rs")
        );
        assert!(
            RUNTIME
                .iter()
                .all(|(path, ..)| !path.starts_with("crates/formwork-generate/"))
        );
        assert!(libraries().contains(&"tokio".to_owned()));
    }
}
