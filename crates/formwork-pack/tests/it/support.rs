//! Packs in a few lines, in every wrapping.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use formwork_catalog::PackFrom;
use formwork_pack::{PackError, Shelf};
use semver::Version;
use zip::write::SimpleFileOptions;

/// The pack of a stranger, as it lies in a repository.
pub(crate) fn tide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tide")
}

/// A pack with one feature, in files.
pub(crate) fn small(id: &str, version: &str) -> BTreeMap<String, Vec<u8>> {
    let manifest = format!(
        "id = \"{id}\"\nname = \"X\"\nversion = \"{version}\"\nformwork = \">=0.1\"\nlicense = \"MIT\"\n"
    );
    let feature = format!(
        "id = \"{id}\"\nname = \"X\"\nsummary = \"X.\"\nversion = \"{version}\"\nkind = \"documentation\"\n\
         probes = [{{ name = \"present\", kind = \"file\", path = \"{id}.md\" }}]\n"
    );
    let files = [
        ("pack.toml".to_owned(), manifest),
        (format!("features/{id}/feature.toml"), feature),
        (format!("features/{id}/README.md"), format!("# {id}\n")),
        (format!("features/{id}/files/{id}.md"), format!("# {id}\n")),
    ];
    files
        .into_iter()
        .map(|(path, text)| (path, text.into_bytes()))
        .collect()
}

/// Every file of a folder.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below");
                let name = name.to_str().expect("the name is UTF-8").to_owned();
                found.insert(name, fs::read(&path).expect("the file can be read"));
            }
        }
    }
    found
}

pub(crate) fn write(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }
}

/// An archive as git hosts make it: below one folder.
pub(crate) fn tar_gz(files: &BTreeMap<String, Vec<u8>>, root: &str) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, format!("{root}{path}"), bytes.as_slice())
            .expect("the archive takes it");
    }
    let encoder = archive.into_inner().expect("the archive is whole");
    encoder.finish().expect("the archive is whole")
}

/// A header that says whatever it is told, and its content.
pub(crate) fn raw_entry(path: &[u8], kind: tar::EntryType, size: u64, link: &str) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..path.len()].copy_from_slice(path);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    if !link.is_empty() {
        header.set_link_name(link).expect("the link is short");
    }
    header.set_cksum();
    header
}

pub(crate) fn zip(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes) in files {
        archive
            .start_file(path.as_str(), SimpleFileOptions::default())
            .expect("the archive takes it");
        archive.write_all(bytes).expect("the archive takes it");
    }
    archive.finish().expect("the archive is whole").into_inner()
}

/// A repository with everything in a folder committed; the commit.
pub(crate) fn git(folder: &Path) -> String {
    for arguments in [
        &["init", "--quiet", "--initial-branch=main", "."][..],
        &["add", "--all", "--force", "."],
        &["commit", "--quiet", "--message", "A pack"],
        &["tag", "v1"],
    ] {
        run_git(folder, arguments);
    }
    run_git(folder, &["rev-parse", "HEAD"])
}

pub(crate) fn run_git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=A Stranger",
            "-c",
            "user.email=stranger@example.org",
        ])
        .args(["-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A shelf with an empty cache.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) shelf: Shelf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let version = Version::new(0, 1, 0);
        let shelf = Shelf::new(folder.path().join("cache"), folder.path(), version);
        Self { folder, shelf }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).expect("a file can be written");
    }

    /// Everything that is said about a pack in an archive.
    pub(crate) fn refusal(&self, bytes: &[u8]) -> String {
        self.put("pack.archive", bytes);
        let found = self.shelf.find(None, &archive("pack.archive"));
        told(&found.expect_err("the pack is refused"))
    }
}

pub(crate) fn archive(at: &str) -> PackFrom {
    PackFrom::Archive { at: at.to_owned() }
}

pub(crate) fn folder(path: &str) -> PackFrom {
    PackFrom::Folder {
        path: path.to_owned(),
    }
}

/// An error with its reasons and its hint.
pub(crate) fn told(error: &PackError) -> String {
    let mut lines = vec![error.to_string()];
    lines.extend(error.reasons().iter().map(|reason| format!("  {reason}")));
    lines.extend(error.hint().map(|hint| format!("hint: {hint}")));
    lines.join("\n")
}
