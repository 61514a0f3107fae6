//! Events: what they say, and who emits them.

use super::Checker;
use super::aggregate::Part;
use super::expressions::Reading;
use super::names::past;
use crate::model::{Event, EventKind, Field};
use crate::name::snake;

impl Checker<'_, '_> {
    /// Finds what each event says: fields of the aggregate, or inputs of all commands that emit it.
    pub(super) fn events(&mut self, part: &mut Part<'_>) {
        let document = part.document;
        for raw in &document.events {
            let emitting: Vec<_> = document
                .commands
                .iter()
                .filter(|command| {
                    let otherwise = command
                        .rules
                        .iter()
                        .filter_map(|rule| rule.otherwise.as_ref());
                    command
                        .emits
                        .iter()
                        .chain(otherwise)
                        .any(|event| event.value == raw.name.value)
                })
                .collect();
            if emitting.is_empty() {
                self.report.add(
                    raw.name.span,
                    format!("no command emits the event `{}`", raw.name.value),
                );
            }
            self.twice(&raw.fields);
            let mut said = Vec::new();
            for name in &raw.fields {
                let declared = super::queries::declared(document, &name.value);
                let mut found = part.field(&name.value).cloned();
                if !declared {
                    let inputs: Vec<Option<&(String, Option<Field>)>> = emitting
                        .iter()
                        .map(|command| {
                            part.inputs[&command.name.value]
                                .iter()
                                .find(|(input, _)| *input == name.value)
                        })
                        .collect();
                    found = inputs
                        .iter()
                        .find_map(|input| input.and_then(|(_, field)| field.clone()));
                    if inputs.iter().all(Option::is_none) && !emitting.is_empty() {
                        let message = format!(
                            "there is no field `{}`, nor an input of the commands that emit `{}`",
                            name.value, raw.name.value
                        );
                        let known: Vec<&str> = document
                            .fields
                            .iter()
                            .map(|field| field.name.value.as_str())
                            .chain(emitting.iter().flat_map(|command| {
                                part.inputs[&command.name.value]
                                    .iter()
                                    .map(|(input, _)| input.as_str())
                            }))
                            .collect();
                        self.report.unknown(name.span, message, &name.value, known);
                        continue;
                    }
                    for (command, input) in emitting.iter().zip(&inputs) {
                        let same = match (input.map(|(_, field)| field), &found) {
                            (Some(Some(field)), Some(found)) => {
                                field.kind.same(&found.kind) && field.optional == found.optional
                            }
                            (Some(_), _) => true,
                            (None, _) => false,
                        };
                        if !same {
                            self.report.add(
                                name.span,
                                format!(
                                    "the command `{}` emits `{}` but has no such input `{}`",
                                    command.name.value, raw.name.value, name.value
                                ),
                            );
                        }
                    }
                }
                let field = found.map(|field| Field {
                    unique: false,
                    derived: None,
                    default: None,
                    ..field
                });
                said.push((name.value.clone(), field));
            }
            let version = match &raw.version {
                None => 1,
                Some(version) => u16::try_from(version.value)
                    .ok()
                    .filter(|version| *version > 0)
                    .unwrap_or_else(|| {
                        self.report.add(
                            version.span,
                            format!("the version {} is not from 1 to 65535", version.value),
                        );
                        1
                    }),
            };
            part.aggregate.events.push(Event {
                name: raw.name.value.clone(),
                full: format!("{}.{}", document.name.value, raw.name.value),
                past: past(&document.name.value, &raw.name.value),
                summary: raw.summary.clone(),
                kind: if raw.integration {
                    EventKind::Integration
                } else {
                    EventKind::Domain
                },
                version,
                fields: said.iter().filter_map(|(_, field)| field.clone()).collect(),
                when: None,
            });
            part.said.insert(raw.name.value.clone(), said);
        }
    }

    /// Translates the conditions under which events are emitted.
    pub(super) fn conditions(&mut self, part: &mut Part<'_>) {
        for (index, raw) in part.document.events.iter().enumerate() {
            let Some(text) = &raw.when else {
                continue;
            };
            let what = "`when`";
            let prefix = format!("{}.", snake(&part.aggregate.name));
            let method = Reading::Fields {
                prefix: "self.",
                what,
            };
            let new = Reading::Fields {
                prefix: &prefix,
                what,
            };
            let when = self.condition(text, part, method, Some(new));
            part.aggregate.events[index].when = when.map(|(when, _)| when);
        }
    }
}
