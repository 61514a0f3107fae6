//! The model read from files, as its users see it.

mod broken;
mod clashes;
mod documented;
mod ecommerce;

use std::path::Path;

use formwork_model::Source;

/// The model files of a folder, under the paths messages show.
fn sources(folder: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut sources: Vec<Source> = std::fs::read_dir(&folder)
        .expect("the folder is part of the repository")
        .map(|entry| {
            let path = entry.expect("the folder can be listed").path();
            let name = path.file_name().expect("a listed file has a name");
            let text = std::fs::read_to_string(&path).expect("model files are text");
            Source::new(format!("model/{}", name.display()), text)
        })
        .filter(|source| source.path.ends_with(".toml"))
        .collect();
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    sources
}
