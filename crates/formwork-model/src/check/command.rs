//! Commands: what they take, what they check, when they are possible.

use std::collections::BTreeSet;

use super::Checker;
use super::aggregate::Part;
use super::emission::local;
use super::expressions::Reading;
use super::types::Place;
use crate::document;
use crate::expression::{Access, Binding, Code, Scope};
use crate::model::{Command, Field, Rule};
use crate::name::{self, Names, Use, snake};

impl Checker<'_, '_> {
    /// The inputs of a command: those taken into fields first.
    pub(super) fn inputs(
        &mut self,
        command: &document::Command,
        part: &Part<'_>,
    ) -> Vec<(String, Option<Field>)> {
        self.twice(&command.takes);
        let document = part.document;
        let mut inputs = Vec::new();
        for name in &command.takes {
            let Some(raw) = document
                .fields
                .iter()
                .find(|field| field.name.value == name.value)
            else {
                let message = format!("there is no field `{}` to take", name.value);
                let known = document
                    .fields
                    .iter()
                    .map(|field| field.name.value.as_str());
                self.report.unknown(name.span, message, &name.value, known);
                continue;
            };
            if raw.derived.is_some() {
                self.report.add(
                    name.span,
                    format!("`{}` is derived, so it cannot be taken", name.value),
                );
            }
            let field = part.field(&name.value).map(|field| Field {
                unique: false,
                derived: None,
                default: field.default.clone().filter(|_| command.creates),
                ..field.clone()
            });
            inputs.push((name.value.clone(), field));
        }
        let owner = Some(document.name.value.as_str());
        for input in &command.inputs {
            let field = self.field(input, owner, Place::Input);
            inputs.push((input.name.value.clone(), field));
        }
        inputs
    }

    pub(super) fn command(&mut self, raw: &document::Command, part: &Part<'_>) -> Command {
        self.life(raw, part);
        self.twice(&raw.emits);
        let inputs = &part.inputs[&raw.name.value];
        let mut mentioned = Mentioned::default();
        let rules = self.rules(raw, part, &mut mentioned);
        let (set, said) = self.changes(raw, part, &mut mentioned);
        let emissions = self.emissions(raw, part, &said);
        for emission in rules.iter().filter_map(|rule| rule.emission.as_ref()) {
            let fields = emission.fields.iter().map(|field| field.name.clone());
            mentioned.names.extend(fields);
        }
        for input in &raw.inputs {
            let name = &input.name.value;
            if mentioned.complete && !said.contains(name) && !mentioned.names.contains(name) {
                self.report.hint(
                    input.name.span,
                    format!("nothing uses the input `{name}`"),
                    "set a field to it, check it in a rule, or let an event say it",
                );
            }
        }
        let idle = !raw.creates && raw.to.is_none() && raw.takes.is_empty() && raw.set.is_empty();
        if idle && raw.emits.is_empty() {
            self.report.add(
                raw.name.span,
                format!(
                    "the command `{}` changes nothing and emits nothing",
                    raw.name.value
                ),
            );
        }
        Command {
            name: raw.name.value.clone(),
            summary: raw.summary.clone(),
            creates: raw.creates,
            internal: raw.internal,
            from: raw.from.iter().map(|state| state.value.clone()).collect(),
            to: raw.to.as_ref().map(|state| state.value.clone()),
            inputs: inputs
                .iter()
                .filter_map(|(_, field)| field.clone())
                .collect(),
            set,
            rules,
            emits: raw.emits.iter().map(|event| event.value.clone()).collect(),
            emissions,
            now: mentioned.now,
        }
    }

    /// Checks what a command says of states.
    fn life(&mut self, raw: &document::Command, part: &Part<'_>) {
        self.twice(&raw.from);
        let Some(state) = raw.from.first().or(raw.to.as_ref()) else {
            return;
        };
        if raw.creates {
            self.report.hint(
                state.span,
                format!(
                    "the command `{}` creates, so it starts in the initial state",
                    raw.name.value
                ),
                "leave out `from` and `to`",
            );
        } else if part.document.states.is_none() {
            self.report.add(
                state.span,
                format!("the aggregate `{}` has no states", part.aggregate.name),
            );
        }
    }

    /// What a command's expressions can mention: its inputs, and the fields as they were.
    pub(super) fn mentioned(&self, raw: &document::Command, part: &Part<'_>) -> Scope<'_> {
        let mut scope = if raw.creates {
            let mut scope = Scope::new(&self.values);
            let fields = part
                .document
                .fields
                .iter()
                .map(|field| field.name.value.clone());
            for field in fields.chain(["state".to_owned()]) {
                let reason = format!(
                    "`{field}` has no value before there is an aggregate; only inputs have"
                );
                scope.absent.insert(field, reason);
            }
            scope
        } else {
            self.fields(part, "self.")
        };
        for (name, field) in &part.inputs[&raw.name.value] {
            let binding = Binding {
                rust: snake(name),
                access: Access::Local,
                kind: field.as_ref().map(|field| field.kind.clone()),
                optional: field.as_ref().is_some_and(|field| field.optional),
            };
            scope.names.insert(name.clone(), binding);
        }
        scope
    }

    fn rules(
        &mut self,
        raw: &document::Command,
        part: &Part<'_>,
        mentioned: &mut Mentioned,
    ) -> Vec<Rule> {
        let mut names = Names::default();
        let mut rules = Vec::new();
        for rule in &raw.rules {
            name::check("rule", &rule.name, Use::Label, self.report);
            names.take("rule", &rule.name, self.report);
            let emission = rule.otherwise.as_ref().and_then(|event| {
                if raw.creates {
                    self.report.add(
                        event.span,
                        "a command that creates can only refuse: there is nothing yet to emit an event",
                    );
                }
                self.emission(event, part, |checker, name| {
                    let input = part.inputs[&raw.name.value]
                        .iter()
                        .find(|(input, _)| input == name);
                    match input {
                        Some((_, field)) => local(name, field.as_ref()?, true),
                        None => checker.own(part, name),
                    }
                })
            });
            let check = self.condition(&rule.check, part, Reading::Command(raw), None);
            let Some((mut check, code)) = check else {
                mentioned.complete = false;
                continue;
            };
            mentioned.add(&code);
            if raw.creates {
                check.rust_new = Some(check.rust.clone());
                check.not_new = check.not.clone();
            }
            rules.push(Rule {
                name: rule.name.value.clone(),
                message: rule.message.clone(),
                check,
                otherwise: rule.otherwise.as_ref().map(|event| event.value.clone()),
                emission,
            });
        }
        rules
    }
}

/// What the expressions of a command mention.
pub(super) struct Mentioned {
    names: BTreeSet<String>,
    now: bool,
    /// Whether all of them could be understood.
    pub(super) complete: bool,
}

impl Default for Mentioned {
    fn default() -> Self {
        Self {
            names: BTreeSet::new(),
            now: false,
            complete: true,
        }
    }
}

impl Mentioned {
    pub(super) fn add(&mut self, code: &Code) {
        self.names.extend(code.uses.iter().cloned());
        self.now |= code.now;
    }
}
