//! The schemas for editors say what the readers say: they take every file of ours, and refuse what a reader refuses
//! for its structure.

use std::fs;
use std::path::Path;

use formwork_catalog::{Catalog, Severity, Source};
use formwork_generate::Recipe;
use jsonschema::Validator;
use serde_json::Value;

use crate::support::{Place, files};

fn validator(name: &str) -> Validator {
    let schema = Place::new().run(&["schema", name]).well().json();
    jsonschema::validator_for(&schema).expect("the schema is valid")
}

fn json(text: &str) -> Value {
    let value: toml::Value = toml::from_str(text).expect("the text is TOML");
    serde_json::to_value(value).expect("there is no date in it")
}

fn mistakes(validator: &Validator, text: &str) -> Vec<String> {
    let value = json(text);
    let errors = validator.iter_errors(&value);
    errors.map(|error| error.to_string()).collect()
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every manifest below a folder.
fn named(folder: &Path, name: &str) -> Vec<String> {
    let found = files(folder);
    let texts = found
        .into_iter()
        .filter(|(path, _)| path.rsplit('/').next() == Some(name))
        .map(|(_, bytes)| String::from_utf8(bytes).expect("a manifest is UTF-8"));
    texts.collect()
}

#[test]
fn the_schema_of_features_takes_every_manifest_there_is() {
    let validator = validator("feature");
    let mut manifests = named(&root().join("features"), "feature.toml");
    assert!(manifests.len() >= 20);
    manifests.extend(named(
        &root().join("crates/formwork-pack/tests/packs"),
        "feature.toml",
    ));
    for manifest in manifests {
        assert_eq!(
            mistakes(&validator, &manifest),
            Vec::<String>::new(),
            "{manifest}"
        );
    }
}

const FEATURE: &str = r#"id = "x"
name = "X"
summary = "X."
version = "1.0.0"
kind = "core"
probes = [{ name = "present", kind = "file", path = "x" }]
"#;

/// What is wrong by itself, without a look at other files.
const WRONG: [(&str, &str); 34] = [
    ("id = \"x\"\n", ""),
    ("id = \"x\"", "id = \"X\""),
    ("id = \"x\"", "id = 7"),
    ("name = \"X\"", "name = \" \""),
    ("summary = \"X.\"\n", ""),
    ("version = \"1.0.0\"", "version = \"1.0\""),
    ("kind = \"core\"", "kind = \"kernel\""),
    ("kind = \"core\"", "kind = \"core\"\ntier = \"high\""),
    ("kind = \"core\"", "kind = \"core\"\ntags = [7]"),
    ("kind = \"core\"", "kind = \"core\"\nrequires = \"core\""),
    (
        "kind = \"core\"",
        "kind = \"core\"\nrequires = [{ reason = \"x\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nrequires = [{ any = [] }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nrequires = [{ any = [\"x\"], when = { answer = \"x\" } }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nrequires = [{ any = [\"x\"], when = { tier = \"high\" } }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nconflicts = [{ with = \"y\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nprovides = [{ capability = \"y\", version = \"1\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\ncapabilities = [{ id = \"y\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\ncapabilities = [{ id = \"y\", cardinality = \"two\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nrecommends = [{ feature = \"y\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nsupplements = [{ reason = \"y\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\noptions = [{ key = \"y\", type = \"text\", prompt = \"?\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\noptions = [{ key = \"y\", type = \"choice\", prompt = \"?\", default = \"a\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\noptions = [{ key = \"y\", type = \"integer\", prompt = \"?\", default = \"a\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\noptions = [{ key = \"y\", type = \"colour\", prompt = \"?\", default = \"a\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nversions = { serde = 1 }",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\ncrates = { cellar = { serde = {} } }",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\ncrates = { domain = { serde = \"1\" } }",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nwiring = [{ slot = \"y\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nwiring = [{ slot = \"y\", code = \"x\", order = \"1\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nactions = [{ id = \"y\", run = [], summary = \"Y.\" }]",
    ),
    (
        "kind = \"core\"",
        "kind = \"core\"\nmigrations = [{ from = \"1.0.0\", to = \"2\", summary = \"Y.\" }]",
    ),
    ("kind = \"file\", path = \"x\"", "kind = \"file\""),
    ("kind = \"file\", path = \"x\"", "kind = \"smell\""),
    (
        "kind = \"file\", path = \"x\"",
        "kind = \"http\", path = \"/\", status = 999",
    ),
];

/// The mistakes a reader finds in one manifest.
fn read(text: &str) -> Vec<String> {
    let mut source = Source::default();
    source.insert("features/x/feature.toml", text.as_bytes().to_vec());
    source.insert("features/x/README.md", b"# X\n".to_vec());
    let Err(error) = Catalog::read(source) else {
        return Vec::new();
    };
    let errors = error.diagnostics.into_iter();
    let errors = errors.filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.map(|diagnostic| diagnostic.message).collect()
}

#[test]
fn the_schema_of_features_refuses_what_the_reader_refuses() {
    let validator = validator("feature");
    assert_eq!(mistakes(&validator, FEATURE), Vec::<String>::new());
    assert_eq!(read(FEATURE), Vec::<String>::new());
    for (from, to) in WRONG {
        assert!(FEATURE.contains(from), "{from}");
        let text = FEATURE.replace(from, to);
        assert_ne!(read(&text), Vec::<String>::new(), "the reader takes {text}");
        assert_ne!(
            mistakes(&validator, &text),
            Vec::<String>::new(),
            "the schema takes {text}"
        );
    }
}

#[test]
fn the_schema_of_models_takes_every_model_and_refuses_what_is_none() {
    let validator = validator("model");
    let mut count = 0;
    for (path, bytes) in files(&root().join("examples")) {
        if path.contains("/model/") && path.ends_with(".toml") {
            let text = String::from_utf8(bytes).expect("a model is UTF-8");
            assert_eq!(mistakes(&validator, &text), Vec::<String>::new(), "{path}");
            count += 1;
        }
    }
    assert!(count > 0);
    for text in ["", "aggregate = 7", "[colour]\nx = 1"] {
        assert_ne!(mistakes(&validator, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_schema_of_packs_agrees_with_the_reader() {
    let validator = validator("pack");
    let sound = "id = \"tide\"\nname = \"Tides\"\nversion = \"1.0.0\"\nformwork = \"^0.1\"\nlicense = \"MIT\"\n";
    assert_eq!(mistakes(&validator, sound), Vec::<String>::new());
    for pack in named(
        &root().join("crates/formwork-pack/tests/packs"),
        "pack.toml",
    ) {
        assert_eq!(mistakes(&validator, &pack), Vec::<String>::new());
    }
    for (from, to) in [
        ("id = \"tide\"\n", ""),
        ("\"tide\"", "\"Tide\""),
        ("\"tide\"", "\"core\""),
        ("\"Tides\"", "7"),
        ("\"1.0.0\"", "\"1.0\""),
        ("license = \"MIT\"\n", ""),
        (
            "license = \"MIT\"",
            "license = \"MIT\"\nhomepage = \"http://x\"",
        ),
    ] {
        let text = sound.replace(from, to);
        let (manifest, _) = formwork_pack::Manifest::read(&text);
        assert_eq!(manifest, None, "{text}");
        assert_ne!(mistakes(&validator, &text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_schema_of_recipes_agrees_with_the_reader() {
    let validator = validator("recipe");
    let place = Place::new();
    place.shop(&["--tier", "basic", "--set", "rest.page=20"]);
    let mut recipes = named(&root().join("examples"), "formwork.toml");
    recipes.extend(fs::read_to_string(place.join("shop/formwork.toml")).ok());
    assert!(!recipes.is_empty());
    for recipe in &recipes {
        assert_eq!(
            mistakes(&validator, recipe),
            Vec::<String>::new(),
            "{recipe}"
        );
    }
    let hex = "0".repeat(40);
    let sound = format!(
        "[project]\nname = \"shop\"\n[packs.a]\nfolder = \"../a\"\n[packs.b]\ngit = \"b.git\"\nrev = \"{hex}\"\n\
         [packs.c]\narchive = \"c.zip\"\nallow = \"x\"\n[packs.d]\nindex = \"d.toml\"\nversion = \"^1\"\n[trust]\na = \"RW\"\n"
    );
    assert!(Recipe::parse(&sound).is_ok());
    assert_eq!(mistakes(&validator, &sound), Vec::<String>::new());
    for (from, to) in [
        ("name = \"shop\"", "name = \"Shop\""),
        ("[project]", "[projekt]"),
        ("[trust]", "[wishes]\ntier = \"high\"\n[trust]"),
        ("[trust]", "[wishes]\nfeatures = [7]\n[trust]"),
        ("[trust]", "[pins]\nsqlite = \"1\"\n[trust]"),
        ("[trust]", "[runtime]\nfrom = \"moon\"\n[trust]"),
        ("[trust]", "[runtime]\nfrom = \"git\"\n[trust]"),
        ("folder = \"../a\"", ""),
        (
            "folder = \"../a\"",
            "folder = \"../a\"\narchive = \"a.zip\"",
        ),
        ("folder = \"../a\"", "folder = \"../a\"\nrev = \"main\""),
        (&hex, "main"),
        ("a = \"RW\"", "a = 7"),
    ] {
        let text = sound.replace(from, to);
        assert!(Recipe::parse(&text).is_err(), "the reader takes {text}");
        assert_ne!(
            mistakes(&validator, &text),
            Vec::<String>::new(),
            "the schema takes {text}"
        );
    }
}
