//! Reactions: events of one aggregate that lead to commands of another.

use std::collections::BTreeSet;

use super::Checker;
use super::aggregate::Part;
use super::expressions::{plain, unsaid};
use crate::document;
use crate::expression::{self, Access, Binding, Code, Node, Scope, Struct};
use crate::model::{
    Command, Each, Event, EventKind, Expression, Field, Input, Kind, Otherwise, Reaction, Target,
    Type,
};
use crate::name::{self, Names, Use, snake};
use crate::source::Spanned;
use crate::toml::Text;

impl Checker<'_, '_> {
    pub(super) fn reactions(&mut self, parts: &mut [Part<'_>]) {
        let mut found = Vec::new();
        for part in parts.iter() {
            let mut names = Names::default();
            let mut reactions = Vec::new();
            let mut run = BTreeSet::new();
            for raw in &part.document.reactions {
                let name = raw.name.clone().unwrap_or_else(|| Spanned {
                    value: format!("{}-on-{}", raw.run.value, raw.on.value.replace('.', "-")),
                    span: raw.span,
                });
                if raw.name.is_some() {
                    name::check("reaction", &name, Use::Variable, self.report);
                }
                names.take("reaction", &name, self.report);
                run.insert(raw.run.value.clone());
                reactions.extend(self.reaction(raw, &name.value, part, parts));
            }
            found.push((reactions, run));
        }
        for (part, (reactions, run)) in parts.iter_mut().zip(found) {
            part.aggregate.reactions = reactions;
            part.run = run;
        }
    }

    fn reaction(
        &mut self,
        raw: &document::Reaction,
        name: &str,
        part: &Part<'_>,
        parts: &[Part<'_>],
    ) -> Option<Reaction> {
        let source = self.source(&raw.on, parts);
        let command = part
            .aggregate
            .commands
            .iter()
            .find(|command| command.name == raw.run.value);
        if command.is_none() {
            let message = format!(
                "the aggregate `{}` has no command `{}`",
                part.aggregate.name, raw.run.value
            );
            let known = part
                .aggregate
                .commands
                .iter()
                .map(|known| known.name.as_str());
            self.report
                .unknown(raw.run.span, message, &raw.run.value, known);
        }
        let missing = self.otherwise(raw.missing.as_ref());
        let refused = self.otherwise(raw.refused.as_ref());
        let (source, event) = source?;
        let command = command?;
        self.endless(raw, command, event, part);

        let scope_of_event = said(source, event);
        let each = match &raw.each {
            None => None,
            Some(text) => Some(self.each(text, event, &scope_of_event)?),
        };
        let target = self.target(raw, command, part, &scope_of_event, each.as_ref());
        let with = self.with(raw, command, part, &scope_of_event, each.as_ref());
        Some(Reaction {
            name: name.to_owned(),
            on: event.full.clone(),
            source: source.aggregate.name.clone(),
            event: event.clone(),
            run: command.name.clone(),
            each,
            target: target?,
            with: with?,
            missing,
            refused,
            consumer: format!("{}.{name}", part.aggregate.name),
        })
    }

    fn source<'p>(
        &mut self,
        on: &Text,
        parts: &'p [Part<'p>],
    ) -> Option<(&'p Part<'p>, &'p Event)> {
        let events = || {
            parts
                .iter()
                .flat_map(|part| part.aggregate.events.iter().map(move |event| (part, event)))
        };
        let found = events().find(|(_, event)| event.full == on.value);
        match &found {
            None => {
                let message = format!("there is no event `{}`", on.value);
                let known = events().map(|(_, event)| event.full.as_str());
                self.report.unknown(on.span, message, &on.value, known);
            }
            Some((_, event)) if event.kind == EventKind::Domain => self.report.hint(
                on.span,
                format!(
                    "`{}` is a domain event: its delivery is not guaranteed",
                    on.value
                ),
                "set `integration = true` at the event",
            ),
            Some(_) => {}
        }
        found
    }

    fn otherwise(&mut self, text: Option<&Text>) -> Otherwise {
        match text.map(|text| (text.value.as_str(), text.span)) {
            None | Some(("fail", _)) => Otherwise::Fail,
            Some(("ignore", _)) => Otherwise::Ignore,
            Some((other, span)) => {
                self.report.add(
                    span,
                    format!("expected `fail` or `ignore`, found `{other}`"),
                );
                Otherwise::Fail
            }
        }
    }

    /// Reports a reaction that at once leads to the event it reacts to.
    fn endless(
        &mut self,
        raw: &document::Reaction,
        command: &Command,
        event: &Event,
        part: &Part<'_>,
    ) {
        let otherwise = command
            .rules
            .iter()
            .filter_map(|rule| rule.otherwise.as_ref());
        let again = command
            .emits
            .iter()
            .chain(otherwise)
            .any(|emitted| event.full == format!("{}.{emitted}", part.aggregate.name));
        if again {
            self.report.add(
                raw.on.span,
                format!(
                    "this never ends: `{}` emits the very event `{}` that leads to it",
                    command.name, event.full
                ),
            );
        }
    }

    fn each(&mut self, text: &Text, event: &Event, said: &Struct) -> Option<Each> {
        let ast = self.parsed(text)?;
        let lists: Vec<&Field> = event
            .fields
            .iter()
            .filter(|field| field.kind.kind == Kind::List)
            .collect();
        let name = match &ast.node {
            Node::Member(of, name) if of == "event" => name.as_str(),
            _ => "",
        };
        if said.get(name).is_some_and(|binding| binding.kind.is_none()) {
            return None;
        }
        let Some(field) = lists.iter().find(|field| field.name == name) else {
            let message = format!("`each` takes a list of `{}`", event.full);
            let known: Vec<String> = lists
                .iter()
                .map(|field| format!("event.{}", field.name))
                .collect();
            let known = known.iter().map(String::as_str);
            self.report.unknown(text.span, message, &text.value, known);
            return None;
        };
        Some(Each {
            path: text.value.clone(),
            rust: format!("event.{}", snake(name)),
            field: (*field).clone(),
        })
    }

    /// What a reaction's expressions can mention.
    fn heard(&self, event: &Struct, each: Option<&Each>) -> Scope<'_> {
        let mut scope = Scope::new(&self.values);
        scope.timeless = Some("a reaction");
        scope.structs.insert("event".to_owned(), event.clone());
        if let Some(item) = each.and_then(|each| each.field.kind.item.as_deref()) {
            match scope.accessors(item, "item") {
                Some(fields) if !fields.is_empty() => {
                    scope.structs.insert("item".to_owned(), fields);
                }
                _ => {
                    let (rust, access) = if item.copy {
                        ("*item", Access::Value)
                    } else {
                        ("item", Access::Reference)
                    };
                    let binding = Binding {
                        rust: rust.to_owned(),
                        access,
                        kind: Some(item.clone()),
                        optional: false,
                    };
                    scope.names.insert("item".to_owned(), binding);
                }
            }
        }
        scope
    }

    /// A value in a reaction, with what `text_of` makes of its translation.
    fn given(
        &mut self,
        text: &Text,
        (event, each): (&Struct, Option<&Each>),
        (kind, optional): (&Type, bool),
        text_of: impl FnOnce(&Code) -> String,
    ) -> Option<Expression> {
        let ast = self.parsed(text)?;
        let code = self.code(text, |checker| {
            expression::check(&ast, &checker.heard(event, each), kind, optional, false)
        })?;
        Some(Expression {
            rust: text_of(&code),
            fallible: code.fallible,
            ..plain(&text.value, kind, optional)
        })
    }

    /// How the aggregate is found; `None` after a mistake.
    fn target(
        &mut self,
        raw: &document::Reaction,
        command: &Command,
        part: &Part<'_>,
        event: &Struct,
        each: Option<&Each>,
    ) -> Option<Option<Target>> {
        let aggregate = &part.aggregate;
        if command.creates {
            if let Some((by, _)) = &raw.target {
                self.report.add(
                    by.span,
                    format!("`{}` creates: there is no target yet", command.name),
                );
            } else if let Some(missing) = &raw.missing {
                self.report.add(
                    missing.span,
                    format!("`{}` creates: nothing can be missing", command.name),
                );
            }
            return Some(None);
        }
        let Some((by, text)) = &raw.target else {
            self.report.hint(
                raw.run.span,
                format!(
                    "`{}` needs a `target`: which {}?",
                    command.name, aggregate.name
                ),
                "find it by `id` or by a unique field: `target = { id = \"event.…\" }`",
            );
            return None;
        };
        let kind = if by.value == "id" {
            Type {
                of: Some(aggregate.name.clone()),
                ..Type::plain(Kind::Reference)
            }
        } else {
            let unique = || aggregate.fields.iter().filter(|field| field.unique);
            match unique().find(|field| field.name == by.value) {
                Some(field) => field.kind.clone(),
                None => {
                    let message =
                        format!("`{}` is no unique field of `{}`", by.value, aggregate.name);
                    let known = unique().map(|field| field.name.as_str()).chain(["id"]);
                    self.report.unknown(by.span, message, &by.value, known);
                    return None;
                }
            }
        };
        let value = self.given(text, (event, each), (&kind, false), expression::pointed)?;
        Some(Some(Target {
            by: by.value.clone(),
            value,
        }))
    }

    /// A value for each input; `None` after a mistake.
    fn with(
        &mut self,
        raw: &document::Reaction,
        command: &Command,
        part: &Part<'_>,
        event: &Struct,
        each: Option<&Each>,
    ) -> Option<Vec<Input>> {
        let inputs = &part.inputs[&command.name];
        let mut complete = true;
        for (name, _) in &raw.with {
            if !inputs.iter().any(|(input, _)| *input == name.value) {
                let message = format!("`{}` has no input `{}`", command.name, name.value);
                let known = inputs.iter().map(|(input, _)| input.as_str());
                self.report.unknown(name.span, message, &name.value, known);
                complete = false;
            }
        }
        let mut with = Vec::new();
        for (name, input) in inputs {
            let Some(input) = input else {
                complete = false;
                continue;
            };
            let given = raw.with.iter().find(|(given, _)| given.value == *name);
            let value = match given {
                Some((_, text)) => {
                    let wanted = (&input.kind, input.optional);
                    self.given(text, (event, each), wanted, |code| {
                        expression::owned(code, input.optional, false)
                    })
                }
                None => {
                    let value = unsaid(input);
                    if value.is_none() {
                        self.report.hint(
                            raw.run.span,
                            format!("nothing gives `{}` its input `{name}`", command.name),
                            format!("add `{name}` to `with`"),
                        );
                    }
                    value
                }
            };
            match value {
                Some(value) => with.push(Input {
                    input: name.clone(),
                    value,
                }),
                None => complete = false,
            }
        }
        complete.then_some(with)
    }
}

/// The fields of an event, with the identifier of the aggregate it happened to.
fn said(part: &Part<'_>, event: &Event) -> Struct {
    let id = Field {
        name: "id".to_owned(),
        summary: String::new(),
        kind: Type {
            of: Some(part.aggregate.name.clone()),
            ..Type::plain(Kind::Reference)
        },
        optional: false,
        unique: false,
        derived: None,
        default: None,
    };
    let fields = part.said[&event.name].iter().cloned();
    fields
        .chain([("id".to_owned(), Some(id))])
        .map(|(name, field)| {
            let binding = Binding {
                rust: format!("event.{}", snake(&name)),
                access: Access::Place,
                optional: field.as_ref().is_some_and(|field| field.optional),
                kind: field.map(|field| field.kind),
            };
            (name, binding)
        })
        .collect()
}
