//! One aggregate: first what others may mention of it, then what it does.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use super::expressions::Reading;
use super::types::Place;
use crate::document;
use crate::expression::{self, Ast};
use crate::model::{Aggregate, Command, Expression, Field, Invariant};
use crate::name::{self, Names, Use};
use crate::toml::Text;

/// An aggregate that is being checked.
pub(super) struct Part<'d> {
    pub(super) document: &'d document::Aggregate,
    pub(super) aggregate: Aggregate,
    /// Of each event, in order: the fields, `None` for those that could not be understood.
    pub(super) said: BTreeMap<String, Vec<(String, Option<Field>)>>,
    /// Of each command, in order, likewise.
    pub(super) inputs: BTreeMap<String, Vec<(String, Option<Field>)>>,
    /// The derived fields, each after those it follows from.
    pub(super) derived: Vec<Derived<'d>>,
    /// The commands that reactions run.
    pub(super) run: BTreeSet<String>,
}

/// How a field follows from others.
pub(super) struct Derived<'d> {
    pub(super) field: String,
    pub(super) text: &'d Text,
    pub(super) ast: Ast,
    pub(super) sources: BTreeSet<String>,
}

impl Part<'_> {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.aggregate
            .fields
            .iter()
            .find(|field| field.name == name)
    }
}

/// Fields the generated service adds to every aggregate and event, and the variables of methods.
const FIELDS: &str = "id version created updated at state events now recorded row \
    violations";

/// Columns that every table of PostgreSQL has.
const COLUMNS: &str = "cmax cmin ctid tableoid xmax xmin";

/// Methods the generated service adds to every aggregate.
const METHODS: &str = "id id-bytes version state created updated events new restore snapshot check \
    derive record expect-state clone eq ne fmt hash load save list show routes";

impl Checker<'_, '_> {
    /// Checks everything of an aggregate that others may mention.
    pub(super) fn signature<'d>(&mut self, document: &'d document::Aggregate) -> Part<'d> {
        self.member_names(document);
        let owner = Some(document.name.value.as_str());
        let fields: Vec<Field> = document
            .fields
            .iter()
            .filter_map(|field| self.field(field, owner, Place::Aggregate))
            .collect();
        let states = self.states(document);
        let queries = self.queries(document, &fields, states.as_ref());
        let mut part = Part {
            document,
            aggregate: Aggregate {
                name: document.name.value.clone(),
                plural: self.plural(document).value,
                summary: document.summary.clone(),
                fields,
                values: Vec::new(),
                states,
                commands: Vec::new(),
                events: Vec::new(),
                queries,
                invariants: Vec::new(),
                reactions: Vec::new(),
            },
            said: BTreeMap::new(),
            inputs: BTreeMap::new(),
            derived: Vec::new(),
            run: BTreeSet::new(),
        };
        for command in &document.commands {
            let inputs = self.inputs(command, &part);
            part.inputs.insert(command.name.value.clone(), inputs);
        }
        if !document.commands.iter().any(|command| command.creates) {
            self.report.hint(
                document.name.span,
                format!("no command creates the aggregate `{}`", document.name.value),
                "add a command with `creates = true`",
            );
        }
        self.events(&mut part);
        let inline = part
            .aggregate
            .fields
            .iter()
            .chain(
                part.inputs
                    .values()
                    .flatten()
                    .filter_map(|(_, field)| field.as_ref()),
            )
            .filter(|field| field.kind.of.as_ref() == Some(&field.name))
            .map(|field| &field.name)
            .collect::<BTreeSet<_>>();
        let written = |name: &str| document.values.iter().any(|value| value.name.value == name);
        let values = inline
            .into_iter()
            .filter(|name| !written(name))
            .filter_map(|name| {
                let key = (Some(document.name.value.clone()), name.clone());
                self.values.all.get(&key).cloned().flatten()
            });
        part.aggregate.values = values.collect();
        part
    }

    fn member_names(&mut self, document: &document::Aggregate) {
        let aggregate = &document.name.value;
        let mut fields = Names::reserving("the service's own", FIELDS.split(' '));
        fields.reserve("the aggregate", aggregate);
        for column in COLUMNS.split(' ') {
            fields.reserve("the database's column", column);
        }
        let mut methods = Names::reserving("the service's own", METHODS.split(' '));
        for field in &document.fields {
            let name = &field.name.value;
            methods.reserve("the service's own", &format!("check-{name}"));
            if field.unique {
                methods.reserve("the service's own", &format!("id-by-{name}"));
            }
            if field
                .kind
                .as_ref()
                .is_some_and(|kind| kind.kind.value == "money")
            {
                fields.reserve("the column", &format!("{name}-minor"));
                fields.reserve("the column", &format!("{name}-currency"));
            }
        }
        for command in &document.commands {
            let apply = format!("apply-{}", command.name.value);
            methods.reserve("the service's own", &apply);
        }
        for field in &document.fields {
            name::check("field", &field.name, Use::Variable, self.report);
            fields.take("field", &field.name, self.report);
            methods.take("field", &field.name, self.report);
        }
        for command in &document.commands {
            name::check("command", &command.name, Use::Variable, self.report);
            methods.take("command", &command.name, self.report);
            let mut inputs = fields.clone();
            for input in &command.inputs {
                name::check("input", &input.name, Use::Variable, self.report);
                inputs.take("input", &input.name, self.report);
            }
        }
        let mut events = Names::default();
        for event in &document.events {
            name::check("event", &event.name, Use::Type, self.report);
            events.take("event", &event.name, self.report);
        }
    }

    /// Checks what an aggregate does: everything with expressions.
    pub(super) fn behaviour(&mut self, part: &mut Part<'_>) {
        self.derived(part);
        let invariants = part.document.invariants.iter().filter_map(|invariant| {
            let what = "an invariant";
            let method = Reading::Fields {
                prefix: "self.",
                what,
            };
            let new = Reading::Fields { prefix: "", what };
            let check = self.condition(&invariant.check, part, method, Some(new));
            Some(Invariant {
                name: invariant.name.value.clone(),
                message: invariant.message.clone(),
                check: check?.0,
            })
        });
        let invariants = invariants.collect();
        let mut names = Names::default();
        for invariant in &part.document.invariants {
            name::check("invariant", &invariant.name, Use::Label, self.report);
            names.take("invariant", &invariant.name, self.report);
        }
        part.aggregate.invariants = invariants;
        self.conditions(part);
        let commands: Vec<Command> = part
            .document
            .commands
            .iter()
            .map(|command| self.command(command, part))
            .collect();
        part.aggregate.commands = commands;
    }

    /// Orders the derived fields, and translates them.
    fn derived<'d>(&mut self, part: &mut Part<'d>) {
        let document = part.document;
        let mut waiting = Vec::new();
        for field in &document.fields {
            let Some(text) = &field.derived else {
                continue;
            };
            let (Some(found), Some(ast)) =
                (part.field(&field.name.value).cloned(), self.parsed(text))
            else {
                continue;
            };
            let mut translated = |prefix| {
                self.code(text, |checker| {
                    let mut scope = checker.fields(part, prefix);
                    scope.timeless = Some("a derived field");
                    if scope.names.remove("state").is_some() {
                        scope.absent.insert(
                            "state".to_owned(),
                            "a derived field does not follow from the state".to_owned(),
                        );
                    }
                    expression::check(&ast, &scope, &found.kind, false, false)
                })
            };
            let (Some(code), Some(new)) = (translated("self."), translated("")) else {
                continue;
            };
            let value = Expression {
                source: text.value.clone(),
                rust: expression::owned(&code, false, false),
                rust_new: Some(expression::owned(&new, false, false)),
                not: None,
                not_new: None,
                kind: found.kind,
                optional: false,
                fallible: code.fallible,
            };
            if let Some(field) = part
                .aggregate
                .fields
                .iter_mut()
                .find(|found| found.name == field.name.value)
            {
                field.derived = Some(value);
            }
            waiting.push(Derived {
                field: field.name.value.clone(),
                text,
                ast,
                sources: code.uses,
            });
        }
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|derived: &Derived<'d>| {
                !waiting
                    .iter()
                    .any(|other| derived.sources.contains(&other.field))
            });
            match ready {
                Some(ready) => part.derived.push(waiting.remove(ready)),
                None => {
                    for derived in &waiting {
                        self.report.add(
                            derived.text.span,
                            format!("`{}` follows from itself", derived.field),
                        );
                    }
                    return;
                }
            }
        }
    }
}
