//! Models that are wrong.

use formwork_model::{Source, read};

use crate::sources;

/// Checks the report on a model of files given by name and text.
fn check(files: &[(&str, &str)], expected: &str) {
    let sources: Vec<Source> = files
        .iter()
        .map(|(name, text)| Source::new(format!("model/{name}.toml"), *text))
        .collect();
    let report = read(&sources).expect_err("the model is wrong");
    assert_eq!(report.to_string(), expected.trim_end());
}

/// Five files with some seventy mistakes: each is reported at its place, once.
///
/// Shows a part of: C-40.
#[test]
fn every_mistake_is_reported_at_once() {
    let report = read(&sources("tests/it/broken")).expect_err("the model is wrong");
    assert_eq!(report.to_string() + "\n", include_str!("broken/report.txt"));
    assert!(report.iter().count() >= 65);
}

#[test]
fn a_model_without_aggregates_is_none() {
    check(
        &[("shared", "[values.sku]\ntype = \"text\"\n")],
        "model/shared.toml:1:1: the model has no aggregate",
    );
}

#[test]
fn columns_count_characters_and_reach_into_expressions() {
    let text = r#"
name = "order"
summary = "Größe – naïve"
[fields]
size = { type = "integer", summary = "Größe", derived = "1 + siez" }
[commands.place]
creates = true
"#;
    check(
        &[("order", text)],
        "model/order.toml:5:62: there is no `siez` here\n  hint: did you mean `size`?",
    );
}

#[test]
fn what_is_created_has_no_fields_yet() {
    let text = r#"
name = "order"
[fields]
size = { type = "integer" }
[commands.place]
creates = true
takes = ["size"]
inputs.more = { type = "integer" }
inputs.unused = { type = "integer" }
rules = [{ name = "small", check = "size < 3 and state == open", message = "too big", otherwise = "placed" }]
set.size = "size + more"
emits = ["placed"]
[events.placed]
when = "now > now"
"#;
    check(
        &[("order", text)],
        r"
model/order.toml:10:50: `state` has no value before there is an aggregate; only inputs have
model/order.toml:10:99: a command that creates can only refuse: there is nothing yet to emit an event
model/order.toml:11:5: `size` is taken from an input already
model/order.toml:14:9: `when` cannot mention `now`"
            .trim_start(),
    );
}

#[test]
fn values_of_another_aggregate_do_not_fit() {
    let order = r#"
name = "order"
[values.line.fields]
count = { type = "integer" }
[fields]
lines = { type = "list", of = "line" }
[commands.place]
creates = true
takes = ["lines"]
emits = ["placed"]
[events.placed]
integration = true
fields = ["lines"]
"#;
    let shipment = r#"
name = "shipment"
[fields]
lines = { type = "list", of = "line" }
[commands.plan]
creates = true
takes = ["lines"]
[[reactions]]
on = "order.placed"
run = "plan"
with = { lines = "event.lines" }
"#;
    check(
        &[("order", order), ("shipment", shipment)],
        "model/shipment.toml:4:31: `line` is a value of the aggregate `order`
  hint: values that several aggregates use belong into `shared.toml`",
    );
}

#[test]
fn types_have_one_name_in_the_whole_model() {
    let order = r#"
name = "order"
[values.line]
values = ["a"]
[values.place.fields]
street = { type = "text" }
[fields]
kind = { type = "enum", values = ["x"] }
[commands.place]
creates = true
takes = ["kind"]
"#;
    let shipment = r#"
name = "shipment"
[values.line]
values = ["a"]
[fields]
kind = { type = "enum", values = ["x"] }
[commands.send]
creates = true
takes = ["kind"]
"#;
    check(
        &[("order", order), ("shipment", shipment)],
        "model/order.toml:9:11: the command `place` clashes with the value `place`
model/shipment.toml:3:9: the value `line` clashes with the value `line` (model/order.toml:3)
model/shipment.toml:6:1: the enum `kind` clashes with the enum `kind` (model/order.toml:8)",
    );
}

#[test]
fn a_command_uses_its_inputs() {
    let text = r#"
name = "order"
[commands.place]
creates = true
inputs.colour = { type = "text" }
"#;
    check(
        &[("order", text)],
        "model/order.toml:5:8: nothing uses the input `colour`
  hint: set a field to it, check it in a rule, or let an event say it",
    );
}

/// Whatever is done to a model, it is read or reported.
#[test]
fn no_damage_makes_it_panic() {
    let files = sources("../../examples/ecommerce/model");
    let words = [
        "", "x", "order", "type", "list", "[", "1", "-", "event.id", "\"é", "true", "min",
    ];
    let mut reported = 0;
    for (file, source) in files.iter().enumerate() {
        for (number, line) in source.text.lines().enumerate().skip(file).step_by(5) {
            let mut damaged = files.clone();
            let at = number % 7;
            let word = words[number % words.len()];
            let replaced: Vec<&str> = line
                .split(' ')
                .enumerate()
                .map(|(index, part)| if index % 7 == at { word } else { part })
                .collect();
            for line in [String::new(), replaced.join(" ")] {
                let lines: Vec<&str> = source
                    .text
                    .lines()
                    .enumerate()
                    .map(|(index, other)| if index == number { &line } else { other })
                    .collect();
                damaged[file].text = lines.join("\n");
                reported += usize::from(read(&damaged).is_err());
            }
        }
    }
    assert!(reported > 60, "{reported}");
}
