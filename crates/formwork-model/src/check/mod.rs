//! From what the files say to the model: everything is looked up, and all mistakes are found.

mod aggregate;
mod change;
mod circle;
mod command;
mod emission;
mod event;
mod expressions;
mod names;
mod queries;
mod reaction;
mod states;
mod types;
mod values;

use std::collections::BTreeMap;

use crate::document::{self, File};
use crate::expression::Values;
use crate::mistake::Report;
use crate::model::{Aggregate, Consumer, Model};
use crate::source::{Source, Span};
use crate::summary;

/// What is known of the whole model while its parts are checked.
struct Checker<'r, 's> {
    report: &'r mut Report<'s>,
    values: Values,
    /// The names of all aggregates, also of those that could not be read.
    aggregates: Vec<String>,
}

/// Checks the files of a model; `None` when nothing could be made of them.
pub(crate) fn model(sources: &[Source], report: &mut Report<'_>) -> Option<Model> {
    let mut documents = Vec::new();
    let mut shared = Vec::new();
    let mut unread = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        match document::read(source, file, report) {
            Some(File::Aggregate(aggregate)) => documents.push(*aggregate),
            Some(File::Shared(values)) => shared.extend(values),
            None => unread.push(source.stem().to_owned()),
        }
    }
    if documents.is_empty() {
        if let Some(file) = sources.len().checked_sub(1) {
            let start = Span {
                file,
                start: 0,
                end: 0,
            };
            report.add(start, "the model has no aggregate");
        }
        return None;
    }
    documents.sort_by(|left, right| left.name.value.cmp(&right.name.value));

    let mut checker = Checker {
        report,
        values: Values::default(),
        aggregates: documents
            .iter()
            .map(|document| document.name.value.clone())
            .chain(unread)
            .collect(),
    };
    checker.aggregates.sort();
    checker.aggregates.dedup();

    checker.names(sources, &documents, &shared);
    checker.circles(&documents, &shared);
    let order = checker.values(&documents, &shared);
    let mut parts: Vec<aggregate::Part<'_>> = documents
        .iter()
        .map(|document| checker.signature(document))
        .collect();
    for part in &mut parts {
        checker.behaviour(part);
    }
    checker.reactions(&mut parts);
    for part in &parts {
        checker.reachable(part);
    }

    let mut aggregates: Vec<Aggregate> = parts.into_iter().map(|part| part.aggregate).collect();
    let mut shared = Vec::new();
    let mut own: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for key in &order {
        if let Some(Some(value)) = checker.values.all.get(key) {
            match &key.0 {
                None => shared.push(value.clone()),
                Some(aggregate) => own.entry(aggregate).or_default().push(value.clone()),
            }
        }
    }
    for aggregate in &mut aggregates {
        let written = own.remove(aggregate.name.as_str()).unwrap_or_default();
        aggregate.values.splice(0..0, written);
    }
    let mut consumers: Vec<Consumer> = aggregates
        .iter()
        .flat_map(|aggregate| {
            aggregate.reactions.iter().map(|reaction| Consumer {
                aggregate: aggregate.name.clone(),
                reaction: reaction.clone(),
            })
        })
        .collect();
    consumers.sort_by(|left, right| {
        let key = |consumer: &Consumer| {
            (
                consumer.reaction.on.clone(),
                consumer.reaction.consumer.clone(),
            )
        };
        key(left).cmp(&key(right))
    });
    let mut model = Model {
        aggregates,
        values: shared,
        consumers,
    };
    summary::complete(&mut model);
    Some(model)
}
