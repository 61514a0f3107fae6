//! Programs the machine does not have, from its distribution's packages.
//!
//! Packages are downloaded and unpacked, not installed: that needs no root, runs none of their
//! scripts, creates no cluster, starts nothing and leaves the machine as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::home::Home;

/// Unpacks `package` and what it depends on that the machine does not have.
pub(super) fn unpack(home: &Home, package: &str) -> Result<()> {
    let folder = home.packages();
    let archives = folder.join("archives");
    let partial = archives.join("partial");
    fs::create_dir_all(&partial)
        .with_context(|| format!("could not create `{}`", partial.display()))?;

    eprintln!("fetching the Debian package {package} …");
    // Without root the lists the machine has must do.
    apt(&["update"]).ok();
    let cache = format!("Dir::Cache::archives={}", archives.display());
    apt(&[
        "install",
        "--yes",
        "--download-only",
        "--no-install-recommends",
        "-o",
        &cache,
        "-o",
        "Debug::NoLocking=1",
        // The unprivileged download account may not reach our folder.
        "-o",
        "APT::Sandbox::User=root",
        package,
    ])
    .with_context(|| format!("hint: install the package `{package}` by hand"))?;

    let root = folder.join("root");
    for entry in fs::read_dir(&archives)? {
        let archive = entry?.path();
        if archive
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            let status = Command::new("dpkg-deb")
                .arg("-x")
                .arg(&archive)
                .arg(&root)
                .status()
                .context("could not run `dpkg-deb`")?;
            ensure!(status.success(), "could not unpack `{}`", archive.display());
            fs::remove_file(&archive)?;
        }
    }
    Ok(())
}

/// The folders below `root` that hold libraries.
pub(super) fn libraries(root: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for base in ["lib", "usr/lib"] {
        let Ok(entries) = fs::read_dir(root.join(base)) else {
            continue;
        };
        folders.extend(
            entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.to_string_lossy().ends_with("-linux-gnu")),
        );
    }
    folders.sort();
    folders
}

fn apt(arguments: &[&str]) -> Result<()> {
    let output = Command::new("apt-get")
        .args(["-q", "-o", "Acquire::Retries=3"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .context("could not run `apt-get`")?;
    if !output.status.success() {
        bail!(
            "`apt-get {}` failed: {}",
            arguments[0],
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
