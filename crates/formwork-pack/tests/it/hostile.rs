//! Packs that mean harm, or do it by accident: each is refused, with every reason.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use tar::EntryType;

use crate::support::{Place, folder, git, raw_entry, run_git, small, tar_gz, told, write, zip};

/// An archive of entries that no honest program writes.
fn hostile_tar(entries: &[(&[u8], EntryType, &str)]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for (path, bytes) in small("tide", "1.0.0") {
        let header = raw_entry(path.as_bytes(), EntryType::Regular, bytes.len() as u64, "");
        gzip.write_all(header.as_bytes()).expect("it is memory");
        gzip.write_all(&bytes).expect("it is memory");
        let padding = bytes.len().next_multiple_of(512) - bytes.len();
        gzip.write_all(&vec![0; padding]).expect("it is memory");
    }
    for (path, kind, link) in entries {
        let header = raw_entry(path, *kind, 0, link);
        gzip.write_all(header.as_bytes()).expect("it is memory");
    }
    gzip.write_all(&[0; 1024]).expect("it is memory");
    gzip.finish().expect("it is memory")
}

/// Shows a part of: C-05.
#[test]
fn everything_hostile_in_an_archive_is_told_at_once() {
    let file = EntryType::Regular;
    let bytes = hostile_tar(&[
        (b"../outside.txt", file, ""),
        (b"features/tide/../../../up.txt", file, ""),
        (b"/etc/cron.d/tide", file, ""),
        (b"C:/Windows/tide.dll", file, ""),
        (b"features\\tide\\x.txt", file, ""),
        (
            b"features/tide/files/link",
            EntryType::Symlink,
            "/etc/passwd",
        ),
        (b"features/tide/files/hard", EntryType::Link, "pack.toml"),
        (b"features/tide/files/disk", EntryType::Block, ""),
        (b"features/tide/files/tty", EntryType::Char, ""),
        (b"features/tide/files/pipe", EntryType::Fifo, ""),
        (b"features/tide/files/aux.rs", file, ""),
        (b"features/tide/files/.git/hooks/post-checkout", file, ""),
        (b"features/tide/files/.formwork/base/x", file, ""),
        (b"features/tide/files/TIDE.md", file, ""),
        (b"features/tide/files/tide.md/below", file, ""),
        (b"features/tide/files/caf\xe9.md", file, ""),
        (b"features/tide/README.md", file, ""),
    ]);
    assert_snapshot!(Place::new().refusal(&bytes), @r#"
    the pack from the archive pack.archive is refused
      the path `../outside.txt` leaves its folder through `..`
      the path `/etc/cron.d/tide` is absolute
      the path `C:/Windows/tide.dll` begins with a drive letter
      the path `C:/Windows/tide.dll` has a character that some systems do not take in a name
      the path `features/tide/../../../up.txt` leaves its folder through `..`
      the path `features/tide/files/.formwork/base/x` has a step that belongs to git or to Formwork itself
      the path `features/tide/files/.git/hooks/post-checkout` has a step that belongs to git or to Formwork itself
      the path `features/tide/files/aux.rs` has a step that is a device on some systems
      the path `features\tide\x.txt` has a character that some systems do not take in a name
      the path `features/tide/files/caf�.md` is not valid UTF-8
      `features/tide/files/disk` is a device; a pack holds files and folders
      `features/tide/files/hard` is a hard link; a pack holds files and folders
      `features/tide/files/link` is a symbolic link; a pack holds files and folders
      `features/tide/files/pipe` is a pipe; a pack holds files and folders
      `features/tide/files/tty` is a device; a pack holds files and folders
      `features/tide/files/TIDE.md` and `features/tide/files/tide.md` are one file where case does not count
      `features/tide/README.md` exists twice
      `features/tide/files/tide.md` is a file, but `features/tide/files/tide.md/below` lies below it
    "#);
}

/// Shows a part of: C-05.
#[test]
fn a_zip_is_held_to_the_same() {
    let mut files = small("tide", "1.0.0");
    for path in ["../outside.txt", "features/tide/files/nul", "Pack.toml"] {
        files.insert(path.to_owned(), Vec::new());
    }
    let mut archive = zip::ZipWriter::new_append(std::io::Cursor::new(zip(&files)))
        .expect("the archive can be extended");
    let options = zip::write::SimpleFileOptions::default();
    archive
        .add_symlink("features/tide/files/link", "/etc/passwd", options)
        .expect("the archive takes it");
    let bytes = archive.finish().expect("the archive is whole").into_inner();
    assert_snapshot!(Place::new().refusal(&bytes), @r#"
    the pack from the archive pack.archive is refused
      the path `../outside.txt` leaves its folder through `..`
      the path `features/tide/files/nul` has a step that is a device on some systems
      `features/tide/files/link` is a symbolic link; a pack holds files and folders
      `pack.toml` and `Pack.toml` are one file where case does not count
      it has no `pack.toml`
    "#);
}

/// Shows a part of: C-05.
#[test]
fn bombs_are_left_alone_as_soon_as_they_show() {
    let mut place = Place::new();
    let zeros = |count: usize| {
        let mut files = small("tide", "1.0.0");
        for index in 0..count {
            files.insert(
                format!("features/tide/files/zeros-{index}"),
                vec![0; 1 << 20],
            );
        }
        files
    };
    let packed = "the pack from the archive pack.archive is refused\n  it unpacks to more than 100 times its size; the rest was not looked at";
    let lines = |bytes: &[u8]| place.refusal(bytes);
    assert!(lines(&tar_gz(&zeros(8), "")).starts_with(packed));
    assert!(lines(&zip(&zeros(8))).starts_with(packed));

    place.shelf.limits.ratio = u64::MAX;
    place.shelf.limits.total = 3 << 20;
    let total = "it has more than 3145728 bytes; the rest was not looked at";
    assert!(place.refusal(&tar_gz(&zeros(8), "")).contains(total));
    assert!(place.refusal(&zip(&zeros(8))).contains(total));

    place.shelf.limits.file = 1 << 19;
    let file = "`features/tide/files/zeros-0` has more than 524288 bytes";
    assert!(place.refusal(&tar_gz(&zeros(1), "")).contains(file));
    assert!(place.refusal(&zip(&zeros(1))).contains(file));

    place.shelf.limits.entries = 3;
    let entries = "it has more than 3 files and folders; the rest was not looked at";
    assert!(
        place
            .refusal(&tar_gz(&small("tide", "1.0.0"), ""))
            .contains(entries)
    );
    assert!(
        place
            .refusal(&zip(&small("tide", "1.0.0")))
            .contains(entries)
    );

    place.shelf.limits.fetched = 100;
    let fetched = "cannot fetch `pack.archive`: it has more than 100 bytes";
    assert_eq!(place.refusal(&zip(&small("tide", "1.0.0"))), fetched);
}

/// Shows a part of: C-05.
#[test]
fn deep_and_long_paths_are_told() {
    let mut files = small("tide", "1.0.0");
    files.insert(
        format!("features/tide/files/{}x", "a/".repeat(20)),
        Vec::new(),
    );
    files.insert(
        format!("features/tide/files/{}", "y".repeat(300)),
        Vec::new(),
    );
    let told = Place::new().refusal(&zip(&files));
    assert!(told.contains("x` has more than 16 steps"), "{told}");
    assert!(told.contains("…` has more than 240 bytes"), "{told}");
}

#[test]
fn what_is_damaged_or_of_another_kind_is_said_to_be() {
    let place = Place::new();
    let whole = tar_gz(&small("tide", "1.0.0"), "");
    let half = place.refusal(&whole[..whole.len() / 2]);
    assert!(
        half.contains("rest was not looked at") || half.contains("cannot be unpacked"),
        "{half}"
    );
    let whole = zip(&small("tide", "1.0.0"));
    let half = place.refusal(&whole[..whole.len() / 2]);
    assert!(half.contains("it is damaged: "), "{half}");
    assert_snapshot!(place.refusal(b"hello"), @r#"
    the pack from the archive pack.archive is refused
      it is damaged: it is neither a `.tar.gz` nor a `.zip`; the rest was not looked at
      it has no `pack.toml`
      it has no feature: nothing lies at `features/ID/feature.toml`
    "#);
    assert_snapshot!(place.refusal(&zip(&Default::default())), @r#"
    the pack from the archive pack.archive is refused
      it has no `pack.toml`
      it has no feature: nothing lies at `features/ID/feature.toml`
    "#);
}

/// Shows a part of: C-05.
#[cfg(unix)]
#[test]
fn a_folder_is_held_to_the_same_and_its_links_are_not_followed() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let place = Place::new();
    let pack = place.path().join("pack");
    write(&pack, &small("tide", "1.0.0"));
    let files = pack.join("features/tide/files");
    std::os::unix::fs::symlink("/etc/passwd", files.join("link")).expect("a link can be made");
    std::os::unix::fs::symlink("..", files.join("loop")).expect("a link can be made");
    fs::write(files.join(OsStr::from_bytes(b"caf\xe9")), "x").expect("a file can be written");
    fs::write(files.join("TIDE.md"), "x").expect("a file can be written");
    fs::write(files.join("con.txt"), "x").expect("a file can be written");
    fs::write(files.join("bad.md.j2"), b"\xff\xfe").expect("a file can be written");
    fs::write(files.join("huge"), vec![0; (1 << 20) + 1]).expect("a file can be written");
    // Beside the pack, and no part of it.
    fs::create_dir(pack.join(".git")).expect("a folder can be made");
    let found = place.shelf.find(None, &folder("pack"));
    assert_snapshot!(told(&found.expect_err("it is refused")), @r#"
    the pack from the folder pack is refused
      the path `features/tide/files/con.txt` has a step that is a device on some systems
      the path `features/tide/files/caf�` is not valid UTF-8
      `features/tide/files/bad.md.j2` is not valid UTF-8 (at byte 0)
      `features/tide/files/link` is a symbolic link; a pack holds files and folders
      `features/tide/files/loop` is a symbolic link; a pack holds files and folders
      `features/tide/files/tide.md` and `features/tide/files/TIDE.md` are one file where case does not count
      `features/tide/files/huge` has more than 1048576 bytes
    "#);
}

/// Shows a part of: C-05.
#[cfg(unix)]
#[test]
fn a_repository_is_held_to_the_same_and_nothing_of_it_is_checked_out() {
    let place = Place::new();
    let pack = place.path().join("pack");
    write(&pack, &small("tide", "1.0.0"));
    let files = pack.join("features/tide/files");
    std::os::unix::fs::symlink("/etc/passwd", files.join("link")).expect("a link can be made");
    fs::write(files.join("TIDE.md"), "x").expect("a file can be written");
    let commit = git(&pack);
    // A tree that git itself would not add.
    run_git(
        &pack,
        &[
            "update-index",
            "--add",
            "--cacheinfo",
            &format!("160000,{commit},features/tide/files/module"),
        ],
    );
    run_git(
        &pack,
        &["commit", "--quiet", "--message", "Another repository"],
    );
    let commit = run_git(&pack, &["rev-parse", "HEAD"]);
    let from = formwork_catalog::PackFrom::Git {
        url: format!("file://{}", pack.display()),
        rev: commit.clone(),
    };
    let found = place.shelf.find(None, &from).expect_err("it is refused");
    let text = told(&found)
        .replace(&commit, "COMMIT")
        .replace(&pack.display().to_string(), "/pack");
    assert_snapshot!(text, @r#"
    the pack from the repository file:///pack at COMMIT is refused
      `features/tide/files/link` is a symbolic link; a pack holds files and folders
      `features/tide/files/module` is another repository; a pack holds files and folders
      `features/tide/files/tide.md` and `features/tide/files/TIDE.md` are one file where case does not count
    "#);
}

#[test]
fn a_url_that_is_an_option_is_no_repository() {
    let place = Place::new();
    for (url, rev) in [
        ("--upload-pack=touch x", "main"),
        ("ext::sh -c touch% x", "main"),
        ("file:///x", "--all"),
    ] {
        let from = formwork_catalog::PackFrom::Git {
            url: url.to_owned(),
            rev: rev.to_owned(),
        };
        let found = place.shelf.find(None, &from);
        assert!(
            told(&found.expect_err("it is refused")).starts_with("cannot fetch"),
            "{url}"
        );
    }
    assert!(!place.path().join("x").exists());
}
