//! Aggregates that refer to each other in a circle: none of them could be understood, or moved, by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::document::{Aggregate, Field, Form, Type, Value};
use crate::source::Span;

/// The module of values that several aggregates use, which stands between aggregates like one.
const SHARED: &str = "shared";

/// What refers to what, and where it says so.
#[derive(Default)]
struct Arrows<'d> {
    all: Vec<(&'d str, &'d str, Span)>,
    to: BTreeMap<&'d str, BTreeSet<&'d str>>,
}

impl<'d> Arrows<'d> {
    fn of(&mut self, from: &'d str, kind: &'d Type, shared: &BTreeSet<&str>) {
        for name in [Some(&kind.kind), kind.of.as_ref()].into_iter().flatten() {
            if from != SHARED && shared.contains(name.value.as_str()) {
                self.add(from, SHARED, name.span);
            }
        }
        if let Some(to) = &kind.to {
            self.add(from, &to.value, to.span);
        }
    }

    fn add(&mut self, from: &'d str, to: &'d str, span: Span) {
        if from != to {
            self.all.push((from, to, span));
            self.to.entry(from).or_default().insert(to);
        }
    }

    /// Whether one leads to the other, over any number of arrows.
    fn lead(&self, from: &'d str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(next) = open.pop() {
            if next == to {
                return true;
            }
            if seen.insert(next) {
                open.extend(self.to.get(next).into_iter().flatten());
            }
        }
        false
    }
}

impl Checker<'_, '_> {
    pub(super) fn circles(&mut self, documents: &[Aggregate], shared: &[Value]) {
        let names: BTreeSet<&str> = shared
            .iter()
            .map(|value| value.name.value.as_str())
            .collect();
        let mut arrows = Arrows::default();
        for kind in shared.iter().flat_map(kinds) {
            arrows.of(SHARED, kind, &names);
        }
        for document in documents {
            let inputs = document.commands.iter().flat_map(|command| &command.inputs);
            let fields = document.fields.iter().chain(inputs).filter_map(written);
            for kind in fields.chain(document.values.iter().flat_map(kinds)) {
                arrows.of(&document.name.value, kind, &names);
            }
        }
        for (from, to, span) in &arrows.all {
            if *to != SHARED && arrows.lead(to, from) {
                self.report.hint(
                    *span,
                    format!("`{from}` refers to `{to}`, and `{to}` back to `{from}`"),
                    "let one side be found by a unique field of the other",
                );
            }
        }
    }
}

fn written(field: &Field) -> Option<&Type> {
    field.kind.as_ref()
}

/// The types a value is made of.
fn kinds(value: &Value) -> Vec<&Type> {
    match &value.form {
        Form::Scalar(kind) => vec![kind],
        Form::Struct(fields) => fields.iter().filter_map(written).collect(),
        Form::Enum(_) => Vec::new(),
    }
}
