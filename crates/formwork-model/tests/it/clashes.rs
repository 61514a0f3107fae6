//! Names and shapes that could not be generated are refused, each where it stands.

use formwork_model::{Source, read};

fn report(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| Source::new(*path, *text))
        .collect();
    match read(&sources) {
        Ok(_) => Vec::new(),
        Err(report) => report.to_string().lines().map(str::to_owned).collect(),
    }
}

/// An aggregate with more lines.
fn file(name: &str, more: &str) -> String {
    format!("name = \"{name}\"\n[commands.make]\ncreates = true\n{more}")
}

#[test]
fn names_that_generated_files_have_already_are_refused() {
    for (name, more) in [
        ("page", ""),
        ("body", ""),
        ("event", ""),
        ("migration", ""),
        ("a-name-that-is-much-too-long-for-this", ""),
        (
            "shop",
            "[commands.list]\n[fields]\na = { type = \"integer\" }\n",
        ),
        (
            "shop",
            "[fields]\nxmin = { type = \"integer\", default = 1 }\n",
        ),
        (
            "shop",
            "[fields]\nfee = { type = \"money\", optional = true }\nfee-minor = { type = \"integer\", default = 1 }\n",
        ),
        (
            "shop",
            "[fields]\na = { type = \"integer\", default = 1 }\ncheck-a = { type = \"integer\", default = 1 }\n",
        ),
        ("shop", "[values.fee]\ntype = \"money\"\n"),
    ] {
        let found = report(&[(&format!("model/{name}.toml"), &file(name, more))]);
        assert!(!found.is_empty(), "{name} {more}");
    }
}

#[test]
fn aggregates_that_refer_to_each_other_are_refused_on_both_sides() {
    let one = file(
        "one",
        "[fields]\nother = { type = \"reference\", to = \"two\", optional = true }\n",
    );
    let two = file(
        "two",
        "[fields]\nother = { type = \"reference\", to = \"one\", optional = true }\n",
    );
    let found = report(&[("model/one.toml", &one), ("model/two.toml", &two)]);
    let circles = found.iter().filter(|line| line.contains("back to")).count();
    assert_eq!(circles, 2, "{found:#?}");
}
