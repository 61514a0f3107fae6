//! Embeds the features, the example models and the runtime sources, so that a copied binary needs no repository.
//!
//! The tables are sorted by path and the bytes are raw: nothing is decompressed when the program starts. The runtime is
//! there compressed as well, as the base of a project keeps it.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Folders inside a runtime crate that a generated service has no use for.
const LEFT_OUT_OF_CRATES: &[&str] = &["target", "tests", "benches", "examples", "fuzz"];

/// Presets: the name a user types, and the folder under `examples/` with its model.
const PRESETS: &[&str] = &["ecommerce"];

fn main() -> Result<(), Box<dyn Error>> {
    let repository = fs::canonicalize(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../.."))?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut features = table(&repository.join("features"), "features/", &[])?;
    let examples = out.join("examples.toml");
    fs::write(&examples, corpus(&repository.join("examples"))?)?;
    features.insert(0, ("examples.toml".to_owned(), examples));

    let mut presets = Vec::new();
    for preset in PRESETS {
        let model = repository.join("examples").join(preset).join("model");
        presets.extend(table(&model, &format!("{preset}/"), &[])?);
    }

    let mut runtime = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(repository.join("crates"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    folders.sort();
    for folder in folders {
        if is_runtime(&folder.join("Cargo.toml"))? {
            let name = folder
                .file_name()
                .and_then(|name| name.to_str())
                .ok_or("a crate folder is not named in UTF-8")?;
            runtime.extend(table(
                &folder,
                &format!("crates/{name}/"),
                LEFT_OUT_OF_CRATES,
            )?);
        }
    }
    for name in [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "rust-toolchain.toml",
    ] {
        let path = repository.join(name);
        if path.is_file() {
            runtime.push((name.to_owned(), path));
        }
    }
    runtime.sort();

    let mut source = String::new();
    write_table(&mut source, "FEATURES", &features)?;
    write_table(&mut source, "PRESETS", &presets)?;
    write_compressed_table(&mut source, "RUNTIME", &runtime, &out)?;
    let target = out.join("embedded.rs");
    fs::write(target, source)?;

    // Relative to this crate, so that a target folder that two checkouts share is not taken for up to date.
    for watched in ["Cargo.lock", "Cargo.toml", "crates", "features"] {
        println!("cargo::rerun-if-changed=../../{watched}");
    }
    for preset in PRESETS {
        println!("cargo::rerun-if-changed=../../examples/{preset}/model");
    }
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

/// The features of every example, as the lock in its folder has them: what the catalog learns popular
/// combinations from.
fn corpus(examples: &Path) -> io::Result<String> {
    let mut folders: Vec<PathBuf> = fs::read_dir(examples)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    folders.sort();
    let mut text = String::new();
    for folder in folders {
        let lock = folder.join("formwork.lock");
        if !lock.is_file() {
            continue;
        }
        let ids: Vec<_> = fs::read_to_string(&lock)?
            .lines()
            .filter_map(|line| line.strip_prefix("id = "))
            .map(str::to_owned)
            .collect();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        text += &format!(
            "[[example]]\nname = {name:?}\nfeatures = [{}]\n",
            ids.join(", ")
        );
    }
    Ok(text)
}

/// Every file below `folder` as (path with `/`, file on disk), sorted; a folder that is not there is empty.
fn table(folder: &Path, prefix: &str, left_out: &[&str]) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    if folder.is_dir() {
        walk(folder, prefix, left_out, &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn walk(
    folder: &Path,
    prefix: &str,
    left_out: &[&str],
    files: &mut Vec<(String, PathBuf)>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is not named in UTF-8", PathBuf::from(name).display()),
            )
        })?;
        if name == ".DS_Store" || name.ends_with('~') || name.ends_with(".swp") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if !left_out.contains(&name.as_str()) {
                walk(&entry.path(), &format!("{prefix}{name}/"), &[], files)?;
            }
        } else {
            files.push((format!("{prefix}{name}"), entry.path()));
        }
    }
    Ok(())
}

/// Whether the manifest says `half = "runtime"` in its `[package.metadata.formwork]` table.
fn is_runtime(manifest: &Path) -> io::Result<bool> {
    if !manifest.is_file() {
        return Ok(false);
    }
    let text = fs::read_to_string(manifest)?;
    let table = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[package.metadata.formwork]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    Ok(table
        .filter_map(|line| line.split_once('='))
        .any(|(key, value)| key.trim() == "half" && value.trim() == "\"runtime\""))
}

fn write_table(source: &mut String, name: &str, files: &[(String, PathBuf)]) -> std::fmt::Result {
    writeln!(source, "pub(crate) static {name}: &[(&str, &[u8])] = &[")?;
    for (path, file) in files {
        writeln!(
            source,
            "    ({path:?}, include_bytes!({:?})),",
            file.display().to_string()
        )?;
    }
    writeln!(source, "];")
}

/// As [`write_table`], with every file compressed beside it, so that `formwork new` need not.
fn write_compressed_table(
    source: &mut String,
    name: &str,
    files: &[(String, PathBuf)],
    out: &Path,
) -> Result<(), Box<dyn Error>> {
    writeln!(
        source,
        "pub(crate) static {name}: &[(&str, &[u8], &[u8])] = &["
    )?;
    for (index, (path, file)) in files.iter().enumerate() {
        let compressed = out.join(format!("{index}.z"));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(1));
        encoder.write_all(&fs::read(file)?)?;
        fs::write(&compressed, encoder.finish()?)?;
        writeln!(
            source,
            "    ({path:?}, include_bytes!({:?}), include_bytes!({:?})),",
            file.display().to_string(),
            compressed.display().to_string()
        )?;
    }
    writeln!(source, "];")?;
    Ok(())
}
