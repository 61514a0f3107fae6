//! Whatever is in the files, the answer is a clear message, soon and with little memory.

use std::fs::{self, File};

use formwork_config::{Errors, ViolationKind};

use crate::support::{Sources, http};

fn base(text: &str) -> Sources {
    Sources::complete().file("config/default.toml", text)
}

#[track_caller]
fn only(errors: &Errors) -> (ViolationKind, String) {
    let mut violations = errors.iter();
    let violation = violations.next().expect("there is a mistake");
    assert!(violations.next().is_none(), "{errors}");
    (violation.kind, violation.to_string())
}

#[track_caller]
fn refused(sources: &Sources) -> String {
    let errors = sources.load().expect_err("it is a mistake");
    sources.relative(only(&errors).1)
}

/// 100 MB are refused by their size, before any of it is read: the file is one hole.
#[test]
fn a_huge_file_is_refused_unread() {
    let grow = |sources: &Sources, name: &str, size| {
        let file = File::create(sources.path(name)).expect("the file can be made");
        file.set_len(size).expect("the file can grow");
    };
    let message = "is larger than 1024 KiB, the most that is read";
    for name in ["default.toml", "dev.yaml", "dev.json"] {
        let sources = base("").profile("dev");
        let sources = if name == "default.toml" {
            sources.file("config/dev.toml", "")
        } else {
            sources
        };
        grow(&sources, &format!("config/{name}"), 100_000_000);
        assert_eq!(refused(&sources), format!("config/{name}: {message}"));
    }

    let sources = base("").file("secrets/http.log", "").secrets();
    grow(&sources, "secrets/http.log", 100_000_000);
    assert_eq!(
        refused(&sources),
        format!("secrets/http.log: `http.log` {message}")
    );

    let just = format!("#{}\n", "x".repeat((1 << 20) - 2));
    assert!(base(&just).load().is_ok());
    assert!(refused(&base(&format!("{just}\n"))).ends_with(message));
}

/// Depth is bounded in every format, and by every way to write it.
#[test]
fn deep_nesting_is_refused() {
    let many = 100_000;
    let cases = [
        ("toml", format!("a = {}", "[".repeat(many))),
        (
            "toml",
            format!("a = {}{}", "[".repeat(many), "]".repeat(many)),
        ),
        ("toml", format!("a = {}", "{a=".repeat(many))),
        ("toml", format!("{}a = 1", "a.".repeat(many))),
        ("toml", format!("[{}a]", "a.".repeat(many))),
        ("json", format!("{{\"a\": {}", "[".repeat(many))),
        ("json", "{\"a\":".repeat(many)),
        ("yaml", format!("a: {}", "[".repeat(many))),
        ("yaml", "{a: ".repeat(many)),
        ("yaml", format!("{}a: 1", "- ".repeat(many))),
        (
            "yaml",
            (0..1_000)
                .map(|it| format!("{}a:\n", " ".repeat(it)))
                .collect(),
        ),
        ("yaml", format!("{}a", "? ".repeat(many))),
    ];
    for (extension, text) in cases {
        let sources = Sources::complete().file(&format!("config/default.{extension}"), &text);
        let errors = sources.load().expect_err("it is too deep");
        let first = errors.iter().next().expect("there is a mistake");
        assert_eq!(first.kind, ViolationKind::Syntax, "{errors}");
        assert!(errors.to_string().len() < 10_000, "{errors}");
    }
}

/// A few lines of YAML that stand for billions of values.
#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let sources = Sources::complete().file("config/default.yaml", &text);
    let message = refused(&sources);
    assert!(
        message.ends_with("aliases make it too many values"),
        "{message}"
    );

    let nested = format!("a: {}x{}", "&a [".repeat(70), ", x]".repeat(70));
    let nested = format!("{nested}\nb: [{}]", "x, ".repeat(90_000));
    let sources = Sources::complete().file("config/default.yaml", &nested);
    assert!(sources.load().is_err());
}

/// Cut off anywhere, a file is loaded or reported.
#[test]
fn half_written_files_are_loaded_or_reported() {
    let texts = [
        (
            "toml",
            "[http]\ntimeout = \"5s\"\norigins = [\"ä\", \"b\"]\n[database]\nreplicas.e = { host = \"x\" }\n",
        ),
        (
            "yaml",
            "http:\n  timeout: \"5s\"\n  origins: [ä, b]\ndatabase:\n  replicas:\n    e: {host: x}\n",
        ),
        (
            "json",
            "{\"http\": {\"timeout\": \"5s\", \"origins\": [\"ä\", \"b\\n\"]},\n \"database\": {\"min\": 1}}",
        ),
    ];
    for (extension, text) in texts {
        let mut mistakes = 0;
        for length in 0..text.len() {
            let sources = Sources::complete();
            fs::create_dir(sources.path("config")).expect("the directory can be made");
            let path = sources.path(&format!("config/default.{extension}"));
            fs::write(path, &text.as_bytes()[..length]).expect("the file can be written");
            if let Err(errors) = sources.load() {
                mistakes += 1;
                assert!(errors.to_string().contains("config/default"), "{errors}");
            }
        }
        assert!(mistakes > text.len() / 3, "{extension}: {mistakes}");
    }
}

#[test]
fn what_is_not_text_is_refused() {
    let write = |bytes: &[u8]| {
        let sources = base("");
        let path = sources.path("config/default.toml");
        fs::write(path, bytes).expect("the file can be written");
        sources
    };
    assert_eq!(
        refused(&write(b"http = \xff\xfe")),
        "config/default.toml: is not UTF-8 text, from byte 7 on"
    );
    assert_eq!(
        refused(&write(b"\xff\xfea\0=\0")),
        "config/default.toml: is not UTF-8 text, from byte 0 on"
    );
    assert_eq!(
        refused(&write(b"[http]\0\0\0\0")),
        "config/default.toml: holds a NUL character at byte 6: it is not text, or was not written to its end"
    );
    let elf: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    refused(&write(&elf));
}

/// What editors of other systems leave behind is no mistake, and places are right all the same.
#[test]
fn byte_order_marks_and_carriage_returns_are_read() {
    let texts = [
        (
            "toml",
            "\u{feff}[http]\r\ntimeout = \"7s\"\r\ncompress = 5\r\n",
            "3:12",
        ),
        (
            "yaml",
            "\u{feff}http:\r\n  timeout: 7s\r\n  compress: 5\r\n",
            "3:13",
        ),
        (
            "json",
            "\u{feff}{\"http\": {\r\n\"timeout\": \"7s\",\r\n\"compress\": 5}}\r\n",
            "3:13",
        ),
    ];
    for (extension, text, place) in texts {
        let name = format!("config/default.{extension}");
        let right = text.replace("5", "true");
        let snapshot = Sources::complete().file(&name, &right).load();
        assert_eq!(http(&snapshot.expect(extension)).timeout.as_secs(), 7);
        let message = refused(&Sources::complete().file(&name, text));
        assert!(
            message.starts_with(&format!("{name}:{place}: ")),
            "{message}"
        );
    }
}

/// 10,000 unknown keys, variables and files of secrets: a report one can read.
#[test]
fn ten_thousand_unknown_keys_are_a_short_report() {
    let keys: String = (0..10_000).map(|it| format!("timeot{it} = 1\n")).collect();
    let mut sources = Sources::new().file("config/default.toml", &format!("[http]\n{keys}"));
    for number in 0..10_000 {
        sources = sources.variable(&format!("SHOP__HTTP__TIMEOT{number}"), "1");
    }
    let errors = sources.load().expect_err("nobody knows them");
    let text = errors.to_string();
    assert!(
        text.starts_with("the configuration has 20001 mistakes\n"),
        "{text}"
    );
    assert!(text.ends_with("\n  … and 19950 more"), "{text}");
    assert_eq!(errors.omitted(), 19_950);
    // What is missing is told beside them.
    assert!(text.contains("`database.url` is missing"), "{text}");
    assert!(text.len() < 20_000, "{}", text.len());
}

/// Many mistakes of other kinds are bounded too.
#[test]
fn a_long_list_of_mistakes_is_bounded() {
    let items = "1,".repeat(200_000);
    let errors = base(&format!("[http]\norigins = [{items}]"));
    let errors = errors.load().expect_err("they are no texts");
    assert_eq!(errors.iter().count(), 1_000);
    assert_eq!(errors.omitted(), 199_001);
    let broken = base(&"=\n".repeat(500_000))
        .load()
        .expect_err("it is broken");
    assert!(broken.iter().count() <= 1_000);
}

/// What somebody wrote appears shortened, on one line.
#[test]
fn long_and_odd_texts_are_shown_shortened() {
    let long = "x".repeat(500_000);
    let message = refused(&base(&format!("[http]\nlisten = \"{long}\"")));
    assert!(message.len() < 400, "{message}");
    let message = refused(&base(&format!("[http]\n{long} = 1")));
    assert!(message.len() < 400, "{message}");
    let message = refused(&base("[http]\nlisten = \"a\\n\\u001b[31mred\"\n"));
    assert!(message.ends_with("found `a\\n\\u{1b}[31mred`"), "{message}");
    let message = refused(&base("[http]\n\"a\\nb\" = 1\n"));
    assert!(message.contains("`http.a\\nb` is unknown"), "{message}");
    let message = refused(&Sources::complete().variable("SHOP__HTTP__LISTEN", &long));
    assert!(message.len() < 400, "{message}");
}

/// What is not seen in a terminal cannot make a report read otherwise than it is.
#[test]
fn invisible_symbols_are_shown() {
    let report = Sources::complete()
        .variable(
            "SHOP__HTTP__LOG",
            "a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\u{1b}f",
        )
        .report();
    assert!(
        report.contains(r"found `a\u{202e}b\u{2066}c\u{200b}d\u{2028}e\u{1b}f`"),
        "{report}"
    );
}

/// Every type, from a variable.
#[test]
fn variables_of_the_wrong_type_are_reported_by_name() {
    let sources = Sources::complete()
        .variable("SHOP__DATABASE__LOAD", "much")
        .variable("SHOP__DATABASE__MAX", "1.5")
        .variable("SHOP__DATABASE__MIN", "-1")
        .variable("SHOP__DATABASE__REPLICAS", "{east = {hots = 1}}")
        .variable("SHOP__HTTP__COMPRESS", "maybe")
        .variable("SHOP__HTTP__LISTEN", "80")
        .variable("SHOP__HTTP__LOG", "SHORT")
        .variable("SHOP__HTTP__MAX_BODY", "1XB")
        .variable("SHOP__HTTP__ORIGINS", "[1")
        .variable("SHOP__HTTP__TIMEOUT", "soon");
    insta::assert_snapshot!(sources.report(), @r"
    the configuration has 11 mistakes
      environment variable `SHOP__DATABASE__REPLICAS`: `database.replicas.east.hots` is unknown
        hint: did you mean `host`?
      environment variable `SHOP__HTTP__LISTEN`: `http.listen` expected an IP address with a port such as `127.0.0.1:8080`, found `80`
      environment variable `SHOP__HTTP__TIMEOUT`: `http.timeout` expected a time span such as `250ms`, `30s` or `5m`, found `soon`
      environment variable `SHOP__HTTP__MAX_BODY`: `http.max-body` expected an amount of bytes such as `512KiB` or `1MiB`, found `1XB`
      environment variable `SHOP__HTTP__ORIGINS`: `http.origins` expected a list of at most 3 items, found `[1`
      environment variable `SHOP__HTTP__COMPRESS`: `http.compress` expected `true` or `false`, found `maybe`
      environment variable `SHOP__HTTP__LOG`: `http.log` expected `off`, `short` or `full-detail`, found `SHORT`
      environment variable `SHOP__DATABASE__MIN`: `database.min` expected a whole number from 0 to 65535, found `-1`
      environment variable `SHOP__DATABASE__MAX`: `database.max` expected a whole number from 1 to 100, found `1.5`
      environment variable `SHOP__DATABASE__LOAD`: `database.load` expected a number from 0.0 to 1.0, found `much`
      `database.replicas.east.host` is missing, expected text
        hint: set it in `config/default.toml`, or with environment variable `SHOP__DATABASE__REPLICAS__EAST__HOST`
    ");
}

#[cfg(unix)]
mod files {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    /// A directory to load from whose base file is something else.
    fn instead(make: impl FnOnce(&std::path::Path)) -> Sources {
        let sources = Sources::complete().file("config/readme", "");
        make(&sources.path("config/default.toml"));
        sources
    }

    #[test]
    fn links_that_lead_nowhere_are_reported() {
        let circle = instead(|path| symlink(path, path).expect("a link can be made"));
        let message = refused(&circle);
        assert!(
            message.starts_with("config/default.toml: the file cannot be read: "),
            "{message}"
        );

        let dangling = instead(|path| symlink("nowhere", path).expect("a link can be made"));
        let message = refused(&dangling);
        assert!(message.contains("No such file"), "{message}");

        // A Kubernetes volume is links all over.
        let sources =
            Sources::complete().file("config/..1/default.toml", "[http]\ntimeout = \"7s\"");
        let link = |from: &str, to: &str| symlink(from, sources.path(to)).expect("a link");
        link("..1", "config/..data");
        link("..data/default.toml", "config/default.toml");
        let snapshot = sources.load().expect("a valid configuration");
        assert_eq!(http(&snapshot).timeout.as_secs(), 7);
    }

    /// Nothing is opened that could hold the program up.
    #[test]
    fn what_is_no_file_is_refused() {
        let directory = instead(|path| fs::create_dir(path).expect("a directory can be made"));
        assert_eq!(
            refused(&directory),
            "config/default.toml: is a directory, expected a file"
        );
        let pipe = instead(|path| {
            let made = Command::new("mkfifo").arg(path).status();
            assert!(made.expect("there is `mkfifo`").success());
        });
        assert_eq!(
            refused(&pipe),
            "config/default.toml: is a pipe, expected a file"
        );
        let device = instead(|path| symlink("/dev/zero", path).expect("a link can be made"));
        assert_eq!(
            refused(&device),
            "config/default.toml: is a device, expected a file"
        );
        let mut held = None;
        let socket = instead(|path| held = UnixListener::bind(path).ok());
        assert_eq!(
            refused(&socket),
            "config/default.toml: is a socket, expected a file"
        );
        drop(held);

        let variable = Sources::new().variable("SHOP__DATABASE__URL_FILE", "/dev/zero");
        assert_eq!(
            refused(&variable),
            "environment variable `SHOP__DATABASE__URL_FILE`: `database.url` names the file `/dev/zero`: is a device, expected a file"
        );
        let mounted = base("").file("secrets/readme", "").secrets();
        fs::remove_file(mounted.path("secrets/readme")).expect("it is there");
        let pipe = mounted.path("secrets/database.url");
        let made = Command::new("mkfifo").arg(pipe).status();
        assert!(made.expect("there is `mkfifo`").success());
        assert_eq!(
            refused(&mounted),
            "secrets/database.url: `database.url` is a pipe, expected a file"
        );
    }

    /// Root reads everything, so that what is to be expected depends on who runs the test.
    #[test]
    fn an_unreadable_file_is_reported() {
        let sources = base("[http]\ntimeout = \"7s\"");
        let path = sources.path("config/default.toml");
        let mode = fs::Permissions::from_mode(0o000);
        fs::set_permissions(&path, mode).expect("the mode can be set");
        match File::open(&path) {
            Ok(_) => assert!(sources.load().is_ok()),
            Err(_) => assert_eq!(
                refused(&sources),
                "config/default.toml: the file cannot be read: Permission denied (os error 13)"
            ),
        }
    }

    #[test]
    fn values_that_are_no_unicode_are_reported() {
        let sources = Sources::new();
        let path = sources.path("url");
        fs::write(&path, b"hunter2\xff").expect("the file can be written");
        let path = path.display().to_string();
        let message = refused(&sources.variable("SHOP__DATABASE__URL_FILE", &path));
        assert!(
            message.ends_with("`url`: is not UTF-8 text, from byte 7 on"),
            "{message}"
        );
    }
}

/// The names of profiles lead nowhere else.
#[test]
fn the_name_of_a_profile_is_no_path() {
    for profile in ["../../etc/passwd", "a/b", "", ".."] {
        let sources = base("").profile(profile);
        let message = refused(&sources);
        assert!(
            message.starts_with("the profile's name: expected letters"),
            "{message}"
        );
    }
}
