//! One pack from everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use formwork_catalog::PackFrom;
use semver::VersionReq;

use crate::support::{Place, archive, files, folder, git, small, tar_gz, tide, told, write, zip};

fn index(at: &str, range: &str) -> PackFrom {
    PackFrom::Index {
        at: at.to_owned(),
        range: VersionReq::parse(range).expect("the range is valid"),
    }
}

/// Shows a part of: C-05.
#[test]
fn a_pack_is_the_same_from_a_folder_a_repository_an_archive_and_an_index() {
    let place = Place::new();
    let files = files(&tide());
    write(&place.path().join("pack"), &files);
    let commit = git(&place.path().join("pack"));
    place.put("tide.tar.gz", &tar_gz(&files, ""));
    place.put("tide-rooted.tar.gz", &tar_gz(&files, "tide-1.2.0/"));
    place.put("tide.zip", &zip(&files));
    let first = place
        .shelf
        .find(None, &folder("pack"))
        .expect("the pack is sound");
    let list = format!(
        "format = 1\n[[pack]]\nid = \"tide\"\nversion = \"1.2.0\"\nformwork = \"^0.1\"\narchive = \"tide.zip\"\nhash = \"{}\"\n",
        first.hash
    );
    place.put("index.toml", list.as_bytes());
    let json = format!(
        r#"{{"format": 1, "pack": [{{"id": "tide", "version": "1.2.0", "formwork": "^0.1", "archive": "tide.tar.gz", "hash": "{}"}}]}}"#,
        first.hash
    );
    place.put("index.json", json.as_bytes());
    let url = format!("file://{}", place.path().join("pack").display());
    for from in [
        PackFrom::Git {
            url: url.clone(),
            rev: commit.clone(),
        },
        PackFrom::Git {
            url,
            rev: "main".to_owned(),
        },
        PackFrom::Git {
            url: "pack".to_owned(),
            rev: "v1".to_owned(),
        },
        archive("tide.tar.gz"),
        archive("tide-rooted.tar.gz"),
        archive("tide.zip"),
        index("index.toml", "*"),
        index("index.json", "^1"),
    ] {
        let pack = place.shelf.find(Some("tide"), &from);
        let pack = pack.unwrap_or_else(|error| panic!("{from}: {}", told(&error)));
        assert_eq!(pack, first, "{from}");
    }
    // What lies beside the features is no part of it.
    assert!(
        first
            .files()
            .all(|(path, _)| path == "pack.toml" || path.starts_with("features/"))
    );
    assert_eq!(
        place.shelf.commit("pack", "v1").expect("the tag is there"),
        commit
    );
}

/// Shows a part of: C-05.
#[test]
fn a_pinned_pack_comes_from_the_cache_and_nothing_else_will_do() {
    let place = Place::new();
    let bytes = zip(&small("tide", "1.0.0"));
    place.put("tide.zip", &bytes);
    let pack = place
        .shelf
        .find(None, &archive("tide.zip"))
        .expect("the pack is sound");
    fs::remove_file(place.path().join("tide.zip")).expect("the file is there");
    let again = place
        .shelf
        .get("tide", &archive("tide.zip"), Some(&pack.hash));
    assert_eq!(again.expect("it is in the cache"), pack);

    place.put("tide.zip", &zip(&small("tide", "1.0.1")));
    let other = place
        .shelf
        .find(None, &archive("tide.zip"))
        .expect("the pack is sound");
    let pinned = "0".repeat(64);
    let found = place.shelf.get("tide", &archive("tide.zip"), Some(&pinned));
    assert_eq!(
        found.expect_err("it is another one").to_string(),
        format!(
            "the pack `tide` from the archive tide.zip is not what is pinned: expected {pinned}, found {}",
            other.hash
        )
    );
}

/// Shows a part of: C-05.
#[test]
fn a_folder_is_looked_at_again_and_remembered_when_it_is_gone() {
    let place = Place::new();
    let path = place.path().join("pack");
    write(&path, &small("tide", "1.0.0"));
    let pack = place
        .shelf
        .find(None, &folder("pack"))
        .expect("the pack is sound");
    fs::write(path.join("features/tide/README.md"), "# Other\n").expect("a file can be written");
    let found = place.shelf.get("tide", &folder("pack"), Some(&pack.hash));
    let told = told(&found.expect_err("it was changed"));
    assert!(
        told.contains(&format!("expected {}, found ", pack.hash)),
        "{told}"
    );
    assert!(told.contains("hint: if the change is meant"), "{told}");
    fs::remove_dir_all(&path).expect("the folder is there");
    let found = place.shelf.get("tide", &folder("pack"), Some(&pack.hash));
    assert_eq!(found.expect("it is in the cache"), pack);
}

/// Shows a part of: C-05.
#[test]
fn a_cache_that_somebody_changed_is_not_believed() {
    let place = Place::new();
    place.put("tide.zip", &zip(&small("tide", "1.0.0")));
    let pack = place
        .shelf
        .find(None, &archive("tide.zip"))
        .expect("the pack is sound");
    let cached = place.path().join("cache/packs").join(&pack.hash);
    fs::write(cached.join("features/tide/README.md"), "# Evil\n").expect("a file can be written");
    let found = place
        .shelf
        .get("tide", &archive("tide.zip"), Some(&pack.hash));
    let told = told(&found.expect_err("it was changed"));
    assert!(told.contains("was changed: expected"), "{told}");
    assert!(told.contains(&pack.hash), "{told}");
}

/// Shows a part of: C-05.
#[test]
fn an_index_gives_the_newest_version_that_fits_and_its_hash_must_hold() {
    let place = Place::new();
    let mut list = "format = 1\n".to_owned();
    for (version, formwork) in [
        ("1.0.0", "^0.1"),
        ("1.4.0", "^0.1"),
        ("1.9.0", "^7"),
        ("2.0.0", "^0.1"),
    ] {
        let name = format!("tide-{version}.zip");
        place.put(&name, &zip(&small("tide", version)));
        let hash = place
            .shelf
            .find(None, &archive(&name))
            .expect("the pack is sound")
            .hash;
        list += &format!(
            "[[pack]]\nid = \"tide\"\nversion = \"{version}\"\nformwork = \"{formwork}\"\narchive = \"{name}\"\nhash = \"{hash}\"\n"
        );
    }
    place.put("index.toml", list.as_bytes());
    let version = |range: &str| {
        let pack = place.shelf.find(Some("tide"), &index("index.toml", range));
        pack.map(|pack| pack.manifest.version.to_string())
            .map_err(|error| told(&error))
    };
    assert_eq!(version("*"), Ok("2.0.0".to_owned()));
    assert_eq!(version("^1"), Ok("1.4.0".to_owned()));
    assert_eq!(
        version("^1.5"),
        Err("no version of the pack `tide` in the index `index.toml` fits ^1.5; there is 1.0.0, 1.4.0, 1.9.0 for formwork ^7, 2.0.0".to_owned())
    );
    assert_eq!(
        place.shelf.listed("index.toml").expect("it is valid"),
        ["tide"]
    );

    place.put("tide-2.0.0.zip", &zip(&small("tide", "2.0.1")));
    let told = version("*").expect_err("it is another archive");
    assert!(
        told.starts_with(
            "the pack `tide` from the archive tide-2.0.0.zip is not what is pinned: expected "
        ),
        "{told}"
    );
}

#[test]
fn an_index_is_read_with_every_mistake() {
    let place = Place::new();
    let entry = "[[pack]]\nid = \"tide\"\nversion = \"1.0.0\"\nformwork = \"*\"\narchive = \"x.zip\"\nhash = \"abc\"\n";
    place.put(
        "index.toml",
        format!("format = 2\n{entry}{entry}").as_bytes(),
    );
    let found = place.shelf.find(Some("tide"), &index("index.toml", "*"));
    assert_eq!(
        found.expect_err("it is wrong").to_string(),
        "the index `index.toml` is not valid: it has the format 2; this version reads 1; `tide` 1.0.0 has no valid hash: `abc`; \
         `tide` 1.0.0 has no valid hash: `abc`; `tide` 1.0.0 is listed twice"
    );
}

#[test]
fn a_pack_for_another_formwork_or_of_another_name_is_not_taken() {
    let place = Place::new();
    let mut files = small("tide", "1.0.0");
    let manifest =
        "id = \"tide\"\nname = \"X\"\nversion = \"1.0.0\"\nformwork = \"^9\"\nlicense = \"MIT\"\n";
    place.put("other.zip", &zip(&files));
    files.insert("pack.toml".to_owned(), manifest.as_bytes().to_vec());
    place.put("tide.zip", &zip(&files));
    let found = place.shelf.find(None, &archive("tide.zip"));
    assert_eq!(
        found.expect_err("it is for another one").to_string(),
        "the pack `tide` 1.0.0 is for formwork ^9; this is 0.1.0"
    );
    let found = place.shelf.get("ebb", &archive("other.zip"), None);
    assert_eq!(
        found.expect_err("it is another one").to_string(),
        "the archive other.zip has the pack `tide`, expected `ebb`"
    );
}

/// A server that gives each file once, and then is gone.
fn serve(files: BTreeMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it has an address");
    let requests = files.len();
    thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.expect("the connection is accepted");
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                let count = stream.read(&mut buffer).expect("the request is read");
                request.extend_from_slice(&buffer[..count]);
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let path = text
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .trim_start_matches('/');
            let body = files.get(path).cloned().unwrap_or_default();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).expect("the head is sent");
            stream.write_all(&body).expect("the body is sent");
        }
    });
    format!("http://{address}")
}

/// Shows a part of: C-05.
#[test]
fn an_index_on_the_web_leads_to_an_archive_beside_it() {
    let place = Place::new();
    let bytes = tar_gz(&small("tide", "1.0.0"), "tide-1.0.0/");
    place.put("tide.tar.gz", &bytes);
    let hash = place
        .shelf
        .find(None, &archive("tide.tar.gz"))
        .expect("the pack is sound")
        .hash;
    let list = format!(
        "format = 1\n[[pack]]\nid = \"tide\"\nversion = \"1.0.0\"\nformwork = \"*\"\narchive = \"tide.tar.gz\"\nhash = \"{hash}\"\n"
    );
    let url = serve(
        [
            ("packs/index.toml".to_owned(), list.into_bytes()),
            ("packs/tide.tar.gz".to_owned(), bytes),
        ]
        .into(),
    );
    let from = index(&format!("{url}/packs/index.toml"), "*");
    let pack = place
        .shelf
        .get("tide", &from, None)
        .expect("the pack is sound");
    assert_eq!(pack.hash, hash);
}

#[test]
fn what_is_neither_secure_nor_the_machine_itself_is_not_fetched() {
    let place = Place::new();
    for at in ["http://192.0.2.1/tide.zip", "ftp://127.0.0.1/tide.zip"] {
        let found = place.shelf.find(None, &archive(at));
        let told = told(&found.expect_err("it is not fetched"));
        assert!(
            told.starts_with(&format!("cannot fetch `{at}`: only https is fetched")),
            "{told}"
        );
    }
}
