//! A project as the binary writes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A generated project in a folder that stays the same between runs, so that Cargo knows its files again.
pub(crate) struct Project {
    pub(crate) name: &'static str,
    pub(crate) folder: PathBuf,
    /// The features of its plan.
    pub(crate) features: Vec<String>,
}

impl Project {
    /// Generates it, and adds modules of its own. What it is made of is decided by the choices and these names alone.
    pub(crate) fn generate(name: &'static str, choices: &[&str], modules: &[&str]) -> Self {
        Self::generate_with(name, choices, modules, |_| {})
    }

    /// The same, and then works on it.
    pub(crate) fn generate_with(
        name: &'static str,
        choices: &[&str],
        modules: &[&str],
        work: impl FnOnce(&Path),
    ) -> Self {
        let scratch = tempfile::tempdir().expect("a temporary folder can be made");
        let fresh = scratch.path().join(name);
        let document = Self::write(name, &fresh, choices);
        let features = document["plan"]["features"]
            .as_array()
            .expect("features are listed");
        let features = features
            .iter()
            .map(|feature| {
                feature["id"]
                    .as_str()
                    .expect("features have ids")
                    .to_owned()
            })
            .collect();

        for module in modules {
            let output = formwork()
                .args(["module", "new", module, "--project"])
                .arg(&fresh)
                .output()
                .expect("the binary runs");
            assert!(
                output.status.success(),
                "`formwork module new` failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }

        work(&fresh);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("e2e")
            .join(name);
        put(&fresh, &folder);
        Self {
            name,
            folder,
            features,
        }
    }

    /// Writes a project, and returns the document about it.
    pub(crate) fn write(name: &str, folder: &Path, choices: &[&str]) -> Value {
        let output = formwork()
            .args(["new", name])
            .arg(folder)
            .args(["--preset", "ecommerce", "--yes", "--no-git", "--json"])
            .args(choices)
            .output()
            .expect("the binary runs");
        assert!(
            output.status.success(),
            "`formwork new` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("it writes JSON")
    }
}

/// The binary, ready to run.
pub(crate) fn formwork() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_formwork"));
    command.stdin(Stdio::null());
    command
}

/// Makes `old` what `new` is, and leaves the files that are the same untouched.
fn put(new: &Path, old: &Path) {
    fs::create_dir_all(old).expect("the folder can be made");
    let new_names = names(new);
    for gone in names(old).difference(&new_names) {
        let path = old.join(gone);
        if path.is_dir() {
            fs::remove_dir_all(&path).expect("the folder can be removed");
        } else {
            fs::remove_file(&path).expect("the file can be removed");
        }
    }
    for name in &new_names {
        let (from, to) = (new.join(name), old.join(name));
        if from.is_dir() {
            if to.is_file() {
                fs::remove_file(&to).expect("the file can be removed");
            }
            put(&from, &to);
            continue;
        }
        let bytes = fs::read(&from).expect("the file can be read");
        if fs::read(&to).ok().as_ref() != Some(&bytes) {
            fs::write(&to, bytes).expect("the file can be written");
        }
    }
}

fn names(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|entry| PathBuf::from(entry.expect("the folder can be read").file_name()))
        .collect()
}
