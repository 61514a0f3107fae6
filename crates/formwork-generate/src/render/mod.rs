//! Rendering: templates and copied files of a plan's features become pieces of the project.

mod bounds;
pub(crate) mod filters;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use formwork_catalog::{Catalog, Feature, File, Format, Kind};
use formwork_model::Model;
use formwork_resolve::Plan;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior};
use rayon::prelude::*;

use crate::dependencies::{self, Dependencies};
use crate::project::Project;
use crate::tree::Class;
use crate::{ComposeError, layout, names};
use bounds::Bounded;

/// How many instructions one template may take: far more than any file needs, and an end for a loop that has none.
const FUEL: u64 = 20_000_000;
const AGGREGATE: &str = "_aggregate_";
const PLURAL: &str = "_plural_";

/// A file, or a part of one, as one feature brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) feature: String,
    pub(crate) kind: Kind,
    /// The path in the pack.
    pub(crate) from: String,
    /// The format, when it is a part of a file.
    pub(crate) merge: Option<Format>,
    /// What becomes of it later, when it is a whole file.
    pub(crate) class: Class,
}

/// A plan with everything that templates may ask about.
pub(crate) struct Renderer<'a> {
    catalog: &'a Catalog,
    features: &'a [&'a Feature],
    environment: Environment<'a>,
    /// The same for templates of third parties, within tighter bounds.
    bounded: Bounded<'a>,
    aggregates: Vec<Aggregate>,
    /// `feature` in templates, by id.
    contexts: BTreeMap<&'a str, Value>,
    /// The pack path of each macro file, by the name it is imported by.
    macros: BTreeMap<&'a str, (&'a str, &'a str)>,
}

struct Aggregate {
    snake: String,
    plural: String,
    value: Value,
}

/// One thing to render or copy.
struct Job<'a> {
    feature: &'a Feature,
    path: &'a str,
    from: &'a str,
    template: bool,
    per_aggregate: bool,
    merge: Option<Format>,
    class: Class,
}

impl<'a> Renderer<'a> {
    /// Compiles the macros and prepares the context. Mistakes in macros are added to `errors`.
    pub(crate) fn new(
        catalog: &'a Catalog,
        plan: &Plan,
        features: &'a [&'a Feature],
        model: &Model,
        project: &Project,
        dependencies: &Dependencies,
        errors: &mut Vec<ComposeError>,
    ) -> Self {
        let mut environment = Environment::new();
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .keep_trailing_newline(true)
                .build()
                .expect("the delimiters are the default ones"),
        );
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(print);
        environment.set_fuel(Some(FUEL));
        environment.set_debug(false);
        filters::register(&mut environment);

        let model = values::from_json(&model.to_json());
        let aggregates = aggregates(&model);
        environment.add_global("model", model);
        environment.add_global(
            "project",
            Value::from_pairs([
                ("name", Value::from(project.name())),
                ("snake", Value::from(names::snake(project.name()))),
                ("title", Value::from(layout::protect(&project.title))),
                ("summary", Value::from(layout::protect(&project.summary))),
            ]),
        );
        environment.add_global("tier", plan.tier.as_str());

        let mut contexts = BTreeMap::new();
        for (feature, planned) in features.iter().zip(&plan.features) {
            let options = Value::from_pairs(
                planned
                    .options
                    .iter()
                    .map(|(key, value)| (key.as_str(), values::from_option(value))),
            );
            contexts.insert(
                feature.id.as_str(),
                Value::from_pairs([
                    ("id", Value::from(&feature.id)),
                    ("name", Value::from(&feature.name)),
                    ("version", Value::from(feature.version.to_string())),
                    ("options", options),
                ]),
            );
        }
        environment.add_global(
            "features",
            Value::from_pairs(contexts.iter().map(|(id, value)| (*id, value.clone()))),
        );
        add_functions(&mut environment, catalog, features, dependencies);

        let mut macros = BTreeMap::new();
        for feature in features {
            for file in &feature.macros {
                macros.insert(
                    file.path.as_str(),
                    (feature.id.as_str(), file.from.as_str()),
                );
                let text = catalog.bytes(&file.from).unwrap_or_default();
                let added = match std::str::from_utf8(text) {
                    Ok(text) => environment
                        .add_template(&file.path, text)
                        .map_err(|error| (error.line(), describe(&error))),
                    Err(_) => Err((None, "not valid UTF-8".to_owned())),
                };
                if let Err((line, message)) = added {
                    errors.push(ComposeError::Template {
                        feature: feature.id.clone(),
                        template: file.from.clone(),
                        line,
                        message,
                    });
                }
            }
        }
        let bounded = Bounded::new(&environment);
        Self {
            catalog,
            features,
            environment,
            bounded,
            aggregates,
            contexts,
            macros,
        }
    }

    /// Renders everything, on all cores, and reports every template that failed.
    ///
    /// The order of the pieces is that of the plan and, within a feature, of its files and then its merges.
    pub(crate) fn render(&self, errors: &mut Vec<ComposeError>) -> Vec<Piece> {
        let jobs: Vec<Job<'_>> = self
            .features
            .iter()
            .flat_map(|feature| {
                let files = feature.files.iter().map(|file: &File| Job {
                    feature,
                    path: &file.path,
                    from: &file.from,
                    template: file.template,
                    per_aggregate: file.per_aggregate,
                    merge: None,
                    class: if file.seed {
                        Class::Seed
                    } else {
                        Class::Managed
                    },
                });
                let merges = feature.merges.iter().map(|merge| Job {
                    feature,
                    path: &merge.into,
                    from: &merge.from,
                    template: merge.template,
                    per_aggregate: false,
                    merge: Some(merge.format),
                    class: Class::Managed,
                });
                files.chain(merges)
            })
            .collect();
        let results: Vec<Result<Vec<Piece>, Vec<ComposeError>>> =
            jobs.par_iter().map(|job| self.run(job)).collect();
        let mut pieces = Vec::with_capacity(results.len());
        for result in results {
            match result {
                Ok(rendered) => pieces.extend(rendered),
                Err(failed) => errors.extend(failed),
            }
        }
        pieces
    }

    /// A file of a feature that is no part of the project: rendered where it is a template.
    pub(crate) fn part(&self, feature: &Feature, from: &str) -> Result<String, Vec<ComposeError>> {
        let job = Job {
            feature,
            path: from.strip_suffix(".j2").unwrap_or(from),
            from,
            template: from.ends_with(".j2"),
            per_aggregate: false,
            merge: None,
            class: Class::Managed,
        };
        let pieces = self.run(&job)?;
        let bytes = pieces.into_iter().next().map(|piece| piece.bytes);
        Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
    }

    fn run(&self, job: &Job<'_>) -> Result<Vec<Piece>, Vec<ComposeError>> {
        let bytes = self.catalog.bytes(job.from).unwrap_or_default();
        let piece = |path: String, bytes: Vec<u8>| Piece {
            path,
            bytes,
            feature: job.feature.id.clone(),
            from: job.from.to_owned(),
            kind: job.feature.kind,
            merge: job.merge,
            class: job.class,
        };
        if !job.template {
            return Ok(vec![piece(job.path.to_owned(), bytes.to_owned())]);
        }
        // What is not text is no template, whatever its name says.
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Ok(vec![piece(job.path.to_owned(), bytes.to_owned())]);
        };
        let pack = job.feature.pack();
        let environment = match pack {
            Some(_) => self.bounded.environment(),
            None => &self.environment,
        };
        let template = environment
            .template_from_named_str(job.from, text)
            .map_err(|error| vec![self.mistake(job, &error)])?;
        let once = [None];
        let aggregates: Vec<Option<&Aggregate>> = if job.per_aggregate {
            self.aggregates.iter().map(Some).collect()
        } else {
            once.to_vec()
        };
        let mut pieces = Vec::with_capacity(aggregates.len());
        let mut errors = Vec::new();
        for aggregate in aggregates {
            let path = match aggregate {
                Some(aggregate) => job
                    .path
                    .replace(AGGREGATE, &aggregate.snake)
                    .replace(PLURAL, &aggregate.plural),
                None => job.path.to_owned(),
            };
            let mut context = vec![("feature", self.contexts[job.feature.id.as_str()].clone())];
            if let Some(aggregate) = aggregate {
                context.push(("aggregate", aggregate.value.clone()));
            }
            let context = Value::from_pairs(context);
            let rendered = match pack {
                Some(pack) => self.bounded.render(pack, &template, context),
                None => template.render(context),
            };
            let rendered = match rendered {
                Ok(rendered) => rendered,
                Err(error) => {
                    // The other aggregates would fail at the same place.
                    errors.push(self.mistake(job, &error));
                    break;
                }
            };
            if rendered.trim().is_empty() {
                continue;
            }
            let laid_out = if path.ends_with(".rs") {
                layout::resolve(&rendered)
            } else {
                Ok(rendered)
            };
            match laid_out {
                Ok(text) => pieces.push(piece(path, layout::reveal(text).into_bytes())),
                Err(mistakes) => {
                    errors.extend(mistakes.into_iter().map(|mistake| ComposeError::Layout {
                        feature: job.feature.id.clone(),
                        template: job.from.to_owned(),
                        path: path.clone(),
                        line: mistake.line,
                        excerpt: mistake.excerpt,
                        message: mistake.message,
                    }))
                }
            }
        }
        if errors.is_empty() {
            Ok(pieces)
        } else {
            Err(errors)
        }
    }

    /// A mistake where it is: in the template, or in a macro it calls.
    fn mistake(&self, job: &Job<'_>, error: &minijinja::Error) -> ComposeError {
        let mut deepest = error;
        while let Some(source) = std::error::Error::source(deepest)
            .and_then(|source| source.downcast_ref::<minijinja::Error>())
        {
            deepest = source;
        }
        let place = deepest.name().or(error.name());
        let message = describe(deepest);
        match place.and_then(|name| self.macros.get(name)) {
            Some((feature, from)) => ComposeError::Template {
                feature: (*feature).to_owned(),
                template: (*from).to_owned(),
                line: deepest.line(),
                message: format!("{message}, called from {}", job.from),
            },
            None => ComposeError::Template {
                feature: job.feature.id.clone(),
                template: job.from.to_owned(),
                line: deepest.line().or(error.line()),
                message,
            },
        }
    }
}

/// Prints a value as the formats that are generated have it; what is nothing cannot be printed.
fn print(
    output: &mut Output<'_>,
    _: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match value.kind() {
        ValueKind::Undefined => return Err(ErrorKind::UndefinedError.into()),
        ValueKind::None => {
            let detail = "the value is none; decide what to write instead";
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, detail));
        }
        ValueKind::Bool => output.write_str(if value.is_true() { "true" } else { "false" }),
        _ => match value.as_str() {
            Some(text) => output.write_str(text),
            None => write!(output, "{value}"),
        },
    }
    .map_err(minijinja::Error::from)
}

fn describe(error: &minijinja::Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, Some(detail)) => detail.to_owned(),
        (ErrorKind::OutOfFuel, None) => format!("the template did not end after {FUEL} steps"),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}

fn aggregates(model: &Value) -> Vec<Aggregate> {
    let Ok(list) = model.get_attr("aggregates") else {
        return Vec::new();
    };
    let Ok(items) = list.try_iter() else {
        return Vec::new();
    };
    items
        .map(|value| {
            let text = |key| {
                value
                    .get_attr(key)
                    .map(|name| names::snake(&name.to_string()))
                    .unwrap_or_default()
            };
            Aggregate {
                snake: text("name"),
                plural: text("plural"),
                value,
            }
        })
        .collect()
}

fn add_functions<'a>(
    environment: &mut Environment<'a>,
    catalog: &Catalog,
    features: &[&'a Feature],
    dependencies: &Dependencies,
) {
    let mut slots: BTreeMap<String, Vec<(i64, &str, &str)>> = BTreeMap::new();
    for feature in features {
        for wiring in &feature.wiring {
            slots.entry(wiring.slot.clone()).or_default().push((
                wiring.order,
                feature.id.as_str(),
                wiring.code.as_str(),
            ));
        }
    }
    let slots: BTreeMap<String, Value> = slots
        .into_iter()
        .map(|(slot, mut lines)| {
            lines.sort_unstable();
            let lines = lines.into_iter().map(|(order, feature, code)| {
                Value::from_pairs([
                    ("code", Value::from(code)),
                    ("feature", Value::from(feature)),
                    ("order", Value::from(order)),
                ])
            });
            (slot, lines.collect())
        })
        .collect();
    environment.add_function("wiring", move |slot: &str| {
        slots.get(slot).cloned().unwrap_or_else(empty)
    });

    let ids: Vec<String> = features.iter().map(|feature| feature.id.clone()).collect();
    environment.add_function("has", move |id: &str| ids.iter().any(|known| known == id));

    let mut providers: BTreeMap<String, Vec<String>> = catalog
        .capabilities()
        .map(|capability| (capability.id.clone(), Vec::new()))
        .collect();
    for feature in features {
        for provide in &feature.provides {
            providers
                .entry(provide.capability.clone())
                .or_default()
                .push(feature.id.clone());
        }
    }
    let providers = Arc::new(providers);
    let all = Arc::clone(&providers);
    environment.add_function("provider", move |capability: &str| {
        Ok::<_, minijinja::Error>(match known(&providers, capability)?.first() {
            Some(id) => Value::from(id),
            None => Value::from(()),
        })
    });
    environment.add_function("providers", move |capability: &str| {
        known(&all, capability).map(|ids| ids.iter().map(Value::from).collect::<Value>())
    });

    for (name, layers) in [
        ("crates", &dependencies.layers),
        ("dev_crates", &dependencies.dev_layers),
    ] {
        let layers: BTreeMap<String, Value> = layers
            .iter()
            .map(|(layer, lines)| (layer.clone(), dependencies::to_value(lines)))
            .collect();
        environment.add_function(name, move |layer: &str| {
            layers.get(layer).cloned().unwrap_or_else(empty)
        });
    }
    let workspace = dependencies::to_value(&dependencies.workspace);
    environment.add_function("workspace_dependencies", move || workspace.clone());
}

fn known<'p>(
    providers: &'p BTreeMap<String, Vec<String>>,
    capability: &str,
) -> Result<&'p [String], minijinja::Error> {
    providers.get(capability).map(Vec::as_slice).ok_or_else(|| {
        minijinja::Error::new(
            ErrorKind::InvalidOperation,
            format!("no feature declares the capability `{capability}`"),
        )
    })
}

fn empty() -> Value {
    Value::from(Vec::<Value>::new())
}
