//! Which layer beats which: every pair of them, in every format, whatever the values.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use formwork_config::{Config, OriginKind, Section, Snapshot};
use serde_json::{Value, json};

use crate::support::Sources;

/// A value of every shape that can be empty.
#[derive(Debug, PartialEq, Config)]
struct Probe {
    /// A truth value.
    #[config(default = true, tenant)]
    flag: bool,
    /// A whole number.
    #[config(default = 100, tenant)]
    number: u32,
    /// A decimal number.
    #[config(default = 100.5, tenant)]
    ratio: f64,
    /// A text.
    #[config(default = "compiled", tenant)]
    text: String,
    /// A list.
    #[config(default = ["compiled"], tenant)]
    items: Vec<String>,
    /// A text that need not be there.
    #[config(tenant)]
    note: Option<String>,
}

const FORMATS: [&str; 3] = ["toml", "yaml", "json"];

/// The layers, from the weakest to the strongest. Files of one value are mounted or named by a
/// variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Compiled,
    Base,
    Profile,
    Instance,
    Tenant,
    Mounted,
    Named,
    Environment,
    Flag,
    Program,
}

use Layer::{
    Base, Compiled, Environment, Flag, Instance, Mounted, Named, Profile, Program, Tenant,
};

const LAYERS: [Layer; 10] = [
    Compiled,
    Base,
    Profile,
    Instance,
    Tenant,
    Mounted,
    Named,
    Environment,
    Flag,
    Program,
];

impl Layer {
    fn origin(self) -> OriginKind {
        match self {
            Compiled => OriginKind::Default,
            Base | Instance => OriginKind::BaseFile,
            Profile => OriginKind::ProfileFile,
            Tenant => OriginKind::TenantFile,
            Mounted | Named => OriginKind::SecretFile,
            Environment => OriginKind::Environment,
            Flag => OriginKind::Flag,
            Program => OriginKind::Program,
        }
    }
}

/// Whose values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Those under the prefix.
    Plain,
    /// Those of an instance, which lie over them.
    Instances,
}

impl Whose {
    fn prefix(self) -> &'static str {
        match self {
            Self::Plain => "probe",
            Self::Instances => "probe.instances.one",
        }
    }

    /// What a layer says about them. The files below the layer of the instance speak of what all
    /// instances share.
    fn said(self, layer: Layer, values: Values) -> Said {
        let place = match layer {
            Base | Profile => "probe",
            _ => self.prefix(),
        };
        Said {
            layer,
            place,
            values,
        }
    }

    fn layers(self) -> Vec<Layer> {
        let mut layers = LAYERS.to_vec();
        layers.retain(|layer| self == Self::Instances || *layer != Instance);
        layers
    }
}

/// The values of a layer, by key.
type Values = BTreeMap<&'static str, Value>;

/// What one can tell from every other layer's.
fn full(layer: Layer) -> Values {
    let mark = layer as u32;
    BTreeMap::from([
        ("flag", json!(true)),
        ("number", json!(mark + 1)),
        ("ratio", json!(f64::from(mark) + 0.25)),
        ("text", json!(format!("{layer:?}"))),
        ("items", json!([format!("{layer:?}"), "more"])),
        ("note", json!(format!("a note of {layer:?}"))),
    ])
}

/// `false`, `0` and nothing in it.
fn empty() -> Values {
    BTreeMap::from([
        ("flag", json!(false)),
        ("number", json!(0)),
        ("ratio", json!(0.0)),
        ("text", json!("")),
        ("items", json!([])),
        ("note", json!("")),
    ])
}

fn probe(values: &Values) -> Probe {
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let items = values["items"].as_array().expect("it is a list");
    Probe {
        flag: values["flag"].as_bool().expect("it is a truth value"),
        number: values["number"].as_u64().expect("it is a number") as u32,
        ratio: values["ratio"].as_f64().expect("it is a number"),
        text: text(&values["text"]),
        items: items.iter().map(text).collect(),
        note: Some(text(&values["note"])),
    }
}

/// A file with values at several places.
fn file(format: &str, places: &[(&str, &Values)]) -> String {
    if format == "toml" {
        let mut text = String::new();
        for (place, values) in places {
            writeln!(text, "[{place}]").expect("a string takes all text");
            for (key, value) in *values {
                writeln!(text, "{key} = {value}").expect("a string takes all text");
            }
        }
        return text;
    }
    let mut root = json!({});
    for (place, values) in places {
        let table = place.split('.').fold(&mut root, |node, key| {
            let entries = node.as_object_mut().expect("it is a table");
            entries.entry(key).or_insert_with(|| json!({}))
        });
        let entries = table.as_object_mut().expect("it is a table");
        for (key, value) in *values {
            entries.insert((*key).to_owned(), value.clone());
        }
    }
    if format == "json" {
        return root.to_string();
    }
    let mut text = String::new();
    yaml(&root, 0, &mut text);
    text
}

fn yaml(node: &Value, depth: usize, text: &mut String) {
    for (key, value) in node.as_object().expect("it is a table") {
        write!(text, "{}{key}:", "  ".repeat(depth)).expect("a string takes all text");
        if value.is_object() {
            text.push('\n');
            yaml(value, depth + 1, text);
        } else {
            writeln!(text, " {value}").expect("a string takes all text");
        }
    }
}

/// A value as it is written where all is text.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(written).collect();
            items.join(",")
        }
        other => other.to_string(),
    }
}

/// What a layer says, and where.
#[derive(Debug, Clone)]
struct Said {
    layer: Layer,
    place: &'static str,
    values: Values,
}

/// What a tenant gets when these layers say these values.
fn load(format: &str, said: &[Said]) -> Snapshot {
    let mut files: BTreeMap<&str, Vec<(&str, &Values)>> = BTreeMap::new();
    files.extend([("default", Vec::new()), ("dev", Vec::new())]);
    let mut sources = Sources::new()
        .file("secrets/.keep", "")
        .profile("dev")
        .secrets();
    for Said {
        layer,
        place,
        values,
    } in said
    {
        let name = match layer {
            Base | Instance => "default",
            Profile => "dev",
            Tenant => "tenants/acme",
            _ => {
                for (key, value) in values {
                    let path = format!("{place}.{key}");
                    sources = set(sources, *layer, &path, &written(value));
                }
                continue;
            }
        };
        files.entry(name).or_default().push((place, values));
    }
    for (name, places) in files {
        let text = file(format, &places);
        sources = sources.file(&format!("config/{name}.{format}"), &text);
    }
    let section = Section::of::<Probe>("probe");
    let sections = [section.clone(), section.instance("one")];
    let loader = sources.loader();
    let base = loader.load(&sections);
    let base = base.unwrap_or_else(|errors| panic!("{format} {said:?}: {errors}"));
    let tenant = loader.load_tenant(&base, "acme");
    tenant.unwrap_or_else(|errors| panic!("{format} {said:?}: {errors}"))
}

/// Sets one value by something that is no file of configuration.
fn set(sources: Sources, layer: Layer, path: &str, value: &str) -> Sources {
    let variable = format!("SHOP__{}", path.to_uppercase().replace('.', "__"));
    match layer {
        Mounted => sources.file(&format!("secrets/{path}"), value),
        Named => {
            let sources = sources.file(&format!("named/{path}"), value);
            let file = sources.path(&format!("named/{path}"));
            sources.variable(&format!("{variable}_FILE"), &file.display().to_string())
        }
        Environment => sources.variable(&variable, value),
        Flag => sources.flag(&format!("{path}={value}")),
        Program => sources.value(path, value),
        _ => unreachable!("a file holds the others"),
    }
}

/// The values are those of the layer, and every one of them says that it is from there.
#[track_caller]
fn check(format: &str, whose: Whose, said: &[Said], winner: Layer, values: &Values) {
    let snapshot = load(format, said);
    let read: Probe = snapshot.get(whose.prefix()).expect("it was loaded");
    assert_eq!(read, probe(values), "{format}, {whose:?}: {said:?}");
    let start = format!("{}.", whose.prefix());
    let mut count = 0;
    for row in snapshot.explain().rows {
        let key = row.path.strip_prefix(&start);
        if key.is_some_and(|key| !key.contains('.')) {
            let kind = row.origin.map(|origin| origin.kind);
            let expected = Some(winner.origin());
            assert_eq!(kind, expected, "{format}: {} of {said:?}", row.path);
            count += 1;
        }
    }
    assert_eq!(count, values.len(), "{format}, {whose:?}: {said:?}");
}

/// Every layer beats every layer below it, for values of every shape, in every format of files,
/// for a section and for an instance of it. What is there counts, also when it is `false`, `0` or
/// empty: over a value, and under one.
///
/// Proves.
#[test]
fn every_layer_beats_all_below_it() {
    let mut pairs = 0;
    for (format, whose) in everywhere() {
        let layers = whose.layers();
        for (index, &upper) in layers.iter().enumerate() {
            for &lower in &layers[..index] {
                if exclude_each_other(lower, upper) {
                    continue;
                }
                for (below, above) in [
                    (full(lower), full(upper)),
                    (full(lower), empty()),
                    (empty(), full(upper)),
                ] {
                    let mut said = vec![whose.said(upper, above.clone())];
                    // What is compiled is there without being said.
                    if lower != Compiled {
                        said.push(whose.said(lower, below));
                    }
                    check(format, whose, &said, upper, &above);
                }
                pairs += 1;
            }
        }
    }
    // Of nine layers and of ten, but for the two pairs of each that are mistakes.
    assert_eq!(pairs, 3 * ((36 - 2) + (45 - 2)));
}

/// All of them at once; then the strongest goes, one after the other, down to what is compiled.
///
/// Shows a part of: R-007.
#[test]
fn without_a_layer_the_next_one_counts() {
    for (format, whose) in everywhere() {
        for left_out in [&[Named][..], &[Mounted, Environment]] {
            let mut layers = whose.layers();
            layers.retain(|layer| *layer != Compiled && !left_out.contains(layer));
            while let Some(top) = layers.pop() {
                let below = layers.iter().map(|layer| whose.said(*layer, full(*layer)));
                let said: Vec<_> = below.chain([whose.said(top, empty())]).collect();
                check(format, whose, &said, top, &empty());
            }
        }
        let snapshot = load(format, &[]);
        let read: Probe = snapshot.get(whose.prefix()).expect("it was loaded");
        let compiled = Probe {
            flag: true,
            number: 100,
            ratio: 100.5,
            text: "compiled".to_owned(),
            items: vec!["compiled".to_owned()],
            note: None,
        };
        assert_eq!(read, compiled);
    }
}

/// What an instance says itself beats what all share, whatever says the latter: a variable with the
/// address of the main database does not send every instance there.
///
/// Shows a part of: R-007.
#[test]
fn an_instances_own_value_beats_a_shared_one_of_any_layer() {
    for format in FORMATS {
        for layer in LAYERS {
            if matches!(layer, Compiled | Instance) {
                continue;
            }
            let said = [
                Whose::Instances.said(Instance, empty()),
                Whose::Plain.said(layer, full(layer)),
            ];
            check(format, Whose::Instances, &said, Instance, &empty());
            check(format, Whose::Plain, &said, layer, &full(layer));
        }
    }
}

fn everywhere() -> impl Iterator<Item = (&'static str, Whose)> {
    let both = |format| [(format, Whose::Plain), (format, Whose::Instances)];
    FORMATS.into_iter().flat_map(both)
}

/// Whether it is a mistake to set a value in both ways: `conflicting_keys_are_reported` shows it.
fn exclude_each_other(lower: Layer, upper: Layer) -> bool {
    matches!((lower, upper), (Mounted, Named) | (Named, Environment))
}
