//! What commands say through events.

use std::collections::BTreeSet;

use super::Checker;
use super::aggregate::Part;
use super::expressions::plain;
use crate::document;
use crate::model::{Argument, Emission, Expression, Field};
use crate::name::snake;
use crate::toml::Text;

impl Checker<'_, '_> {
    pub(super) fn emissions(
        &mut self,
        raw: &document::Command,
        part: &Part<'_>,
        said: &BTreeSet<String>,
    ) -> Vec<Emission> {
        let mut emissions = Vec::new();
        for (index, event) in raw.emits.iter().enumerate() {
            let emission = self.emission(event, part, |checker, name| {
                if !said.contains(name) {
                    return checker.own(part, name);
                }
                let later = raw.emits[index + 1..].iter().any(|event| {
                    part.said
                        .get(&event.value)
                        .is_some_and(|said| said.iter().any(|(other, _)| other == name))
                });
                let (_, field) = part.inputs[&raw.name.value]
                    .iter()
                    .find(|(input, _)| input == name)?;
                local(name, field.as_ref()?, !later)
            });
            emissions.extend(emission);
        }
        emissions
    }

    pub(super) fn emission(
        &mut self,
        event: &Text,
        part: &Part<'_>,
        value: impl Fn(&Self, &str) -> Option<Expression>,
    ) -> Option<Emission> {
        let Some(said) = part.said.get(&event.value) else {
            let message = format!("there is no event `{}`", event.value);
            let known = part.said.keys().map(String::as_str);
            self.report
                .unknown(event.span, message, &event.value, known);
            return None;
        };
        let found = part
            .aggregate
            .events
            .iter()
            .find(|found| found.name == event.value)?;
        let fields = said.iter().filter_map(|(name, _)| {
            Some(Argument {
                name: name.clone(),
                value: value(self, name)?,
            })
        });
        Some(Emission {
            event: event.value.clone(),
            when: found.when.clone(),
            fields: fields.collect(),
        })
    }

    /// A field of the aggregate, for an event.
    pub(super) fn own(&self, part: &Part<'_>, name: &str) -> Option<Expression> {
        let field = part.field(name)?;
        let text = |prefix: &str| {
            let place = format!("{prefix}.{}", snake(name));
            if field.kind.copy {
                place
            } else {
                format!("{place}.clone()")
            }
        };
        Some(Expression {
            rust: text("self"),
            rust_new: Some(text(&snake(&part.aggregate.name))),
            ..plain(name, &field.kind, field.optional)
        })
    }
}

/// The inputs that the events of a command say, beside those that become fields.
pub(super) fn said_inputs(raw: &document::Command, part: &Part<'_>) -> BTreeSet<String> {
    raw.emits
        .iter()
        .filter_map(|event| part.said.get(&event.value))
        .flatten()
        .map(|(name, _)| name.clone())
        .filter(|name| !super::queries::declared(part.document, name))
        .collect()
}

/// An input, for an event.
pub(super) fn local(name: &str, field: &Field, moved: bool) -> Option<Expression> {
    let text = if field.kind.copy || moved {
        snake(name)
    } else {
        format!("{}.clone()", snake(name))
    };
    Some(Expression {
        rust: text.clone(),
        rust_new: Some(text),
        ..plain(name, &field.kind, field.optional)
    })
}
