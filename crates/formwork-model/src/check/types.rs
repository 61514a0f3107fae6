//! Types of fields, inputs and scalars.

use super::Checker;
use crate::document::{self, Field, Literal};
use crate::model::{self, Form, Kind, Pattern, Type};
use crate::name::{self, Names, Use};
use crate::source::{Span, Spanned};

const BUILTIN: &[(&str, Kind)] = &[
    ("text", Kind::Text),
    ("integer", Kind::Integer),
    ("boolean", Kind::Boolean),
    ("money", Kind::Money),
    ("timestamp", Kind::Timestamp),
];

/// What a field is a part of, which decides what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Aggregate,
    Input,
    Value,
}

impl Checker<'_, '_> {
    /// The type a name stands for, without constraints.
    pub(super) fn named(&mut self, name: &Spanned<String>, owner: Option<&str>) -> Option<Type> {
        if let Some((_, kind)) = BUILTIN.iter().find(|(builtin, _)| *builtin == name.value) {
            return Some(Type::plain(*kind));
        }
        if let Some(found) = self.values.find(owner, &name.value) {
            let value = found.as_ref()?;
            let kind = match value.form {
                Form::Enum => Kind::Enum,
                Form::Scalar | Form::Struct => Kind::Value,
            };
            return Some(Type {
                of: Some(value.name.clone()),
                shared: value.aggregate.is_none(),
                aggregate: value.aggregate.clone(),
                values: value.values.clone(),
                copy: value.copy,
                ..Type::plain(kind)
            });
        }
        let message = format!("there is no type `{}`", name.value);
        if self.aggregates.contains(&name.value) {
            self.report.hint(
                name.span,
                message,
                format!("write `type = \"reference\", to = \"{}\"`", name.value),
            );
            return None;
        }
        let owner_of_it = self
            .values
            .all
            .keys()
            .find_map(|(of, value)| of.as_ref().filter(|_| *value == name.value));
        if let Some(other) = owner_of_it {
            self.report.hint(
                name.span,
                format!("`{}` is a value of the aggregate `{other}`", name.value),
                "values that several aggregates use belong into `shared.toml`",
            );
            return None;
        }
        let values: Vec<String> = self
            .values
            .all
            .keys()
            .filter(|(of, _)| of.is_none() || of.as_deref() == owner)
            .map(|(_, value)| value.clone())
            .collect();
        let known = BUILTIN
            .iter()
            .map(|(builtin, _)| *builtin)
            .chain(["reference", "list", "enum"])
            .chain(values.iter().map(String::as_str));
        self.report.unknown(name.span, message, &name.value, known);
        None
    }

    /// A type as written, with its constraints. `owner` is the aggregate whose values count;
    /// an enum may be written out at a field of it called `inline`.
    pub(super) fn kind(
        &mut self,
        raw: &document::Type,
        owner: Option<&str>,
        inline: Option<&Field>,
    ) -> Option<Type> {
        let mut kind = match raw.kind.value.as_str() {
            "reference" => {
                let Some(to) = &raw.to else {
                    self.report
                        .add(raw.kind.span, "a reference needs `to`, an aggregate");
                    return None;
                };
                if !self.aggregates.contains(&to.value) {
                    let message = format!("there is no aggregate `{}`", to.value);
                    let known = self.aggregates.iter().map(String::as_str);
                    self.report.unknown(to.span, message, &to.value, known);
                    return None;
                }
                Type {
                    of: Some(to.value.clone()),
                    ..Type::plain(Kind::Reference)
                }
            }
            "list" => {
                let Some(of) = &raw.of else {
                    self.report
                        .add(raw.kind.span, "a list needs `of`, the type of its items");
                    return None;
                };
                if matches!(of.value.as_str(), "list" | "reference" | "enum") {
                    self.report.hint(
                        of.span,
                        format!("a list cannot be of `{}`", of.value),
                        "make it a field of a value, and the list one of that value",
                    );
                    return None;
                }
                Type {
                    item: Some(Box::new(self.named(of, owner)?)),
                    ..Type::plain(Kind::List)
                }
            }
            "enum" => self.inline_enum(raw, owner, inline)?,
            _ => self.named(&raw.kind, owner)?,
        };
        self.misplaced(raw, kind.kind);
        self.constraints(raw, &mut kind);
        Some(kind)
    }

    fn inline_enum(
        &mut self,
        raw: &document::Type,
        owner: Option<&str>,
        inline: Option<&Field>,
    ) -> Option<Type> {
        let (Some(owner), Some(field)) = (owner, inline) else {
            self.report.hint(
                raw.kind.span,
                "an enum cannot be written out here",
                "make it a value: `[values.…]` with `values = […]`",
            );
            return None;
        };
        let Some(values) = &raw.values else {
            self.report
                .add(raw.kind.span, "an enum needs `values`, its variants");
            return None;
        };
        let variants = self.variants(values);
        let key = (Some(owner.to_owned()), field.name.value.clone());
        let value = model::Value {
            name: field.name.value.clone(),
            summary: field.summary.clone(),
            form: Form::Enum,
            kind: None,
            fields: Vec::new(),
            values: variants.clone(),
            aggregate: Some(owner.to_owned()),
            copy: true,
        };
        self.values.all.entry(key).or_insert(Some(value));
        Some(Type {
            of: Some(field.name.value.clone()),
            aggregate: Some(owner.to_owned()),
            values: variants,
            ..Type::plain(Kind::Enum)
        })
    }

    /// The variants of an enum.
    pub(super) fn variants(&mut self, values: &[Spanned<String>]) -> Vec<String> {
        let mut names = Names::default();
        for value in values {
            name::check("variant", value, Use::Type, self.report);
            names.take("variant", value, self.report);
        }
        values.iter().map(|value| value.value.clone()).collect()
    }

    /// Reports keys that say nothing about a type.
    fn misplaced(&mut self, raw: &document::Type, kind: Kind) {
        let inline = raw.kind.value == "enum";
        let mut belongs = |key: &str, span: Option<Span>, to: &str, does: bool| {
            if let (Some(span), false) = (span, does) {
                self.report.add(
                    span,
                    format!("`{key}` belongs to {to}, not to `{}`", raw.kind.value),
                );
            }
        };
        let builtin = BUILTIN.iter().any(|(name, _)| *name == raw.kind.value);
        let measured = matches!(kind, Kind::Text | Kind::Integer | Kind::Money | Kind::List)
            && (builtin || kind == Kind::List);
        let sized = "`text`, `integer`, `money` and `list`";
        let span = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.span);
        belongs("of", span(&raw.of), "`list`", kind == Kind::List);
        belongs("to", span(&raw.to), "`reference`", kind == Kind::Reference);
        belongs("pattern", span(&raw.pattern), "`text`", kind == Kind::Text);
        belongs("min", raw.min.as_ref().map(|min| min.span), sized, measured);
        belongs("max", raw.max.as_ref().map(|max| max.span), sized, measured);
        let values = raw.values.as_deref().and_then(|values| values.first());
        belongs("values", values.map(|value| value.span), "`enum`", inline);
    }

    fn constraints(&mut self, raw: &document::Type, kind: &mut Type) {
        for bound in [&raw.min, &raw.max].into_iter().flatten() {
            if matches!(kind.kind, Kind::Text | Kind::List) && bound.value < 0 {
                self.report
                    .add(bound.span, "a length cannot be less than 0");
            }
        }
        if let (Some(min), Some(max)) = (&raw.min, &raw.max)
            && min.value > max.value
        {
            self.report.add(
                min.span,
                format!("`min` {} is more than `max` {}", min.value, max.value),
            );
        }
        kind.min = raw.min.as_ref().map(|min| min.value);
        kind.max = raw.max.as_ref().map(|max| max.value);
        if let Some(pattern) = &raw.pattern {
            match Pattern::parse(&pattern.value) {
                Ok(parsed) => kind.pattern = Some(parsed),
                Err(error) => {
                    let span = self.report.inside(pattern, error.offset);
                    self.report.add(span, error.message);
                }
            }
        }
    }

    /// A field, and what may be said about it where it is.
    pub(super) fn field(
        &mut self,
        field: &Field,
        owner: Option<&str>,
        place: Place,
    ) -> Option<model::Field> {
        let inline = (place != Place::Value).then_some(field);
        let kind = field
            .kind
            .as_ref()
            .and_then(|raw| self.kind(raw, owner, inline));
        let span = field.name.span;
        let name = &field.name.value;
        if field.unique && place != Place::Aggregate {
            self.report
                .add(span, "only fields of an aggregate can be unique");
        }
        if field.derived.is_some() && place != Place::Aggregate {
            self.report
                .add(span, "only fields of an aggregate can be derived");
        }
        if field.default.is_some() && place == Place::Value {
            self.report
                .add(span, "only fields of an aggregate and inputs have defaults");
        }
        if field.derived.is_some() && (field.optional || field.unique || field.default.is_some()) {
            self.report.add(
                span,
                format!(
                    "`{name}` is derived: it is neither optional nor unique and has no default"
                ),
            );
        }
        if field.optional && field.default.is_some() {
            self.report.add(
                span,
                format!("`{name}` is optional: without a value it is empty, so it has no default"),
            );
        }
        if field.optional && field.unique {
            self.report.add(
                span,
                format!("`{name}` is unique, so that it always has a value"),
            );
        }
        let kind = kind?;
        if field.optional && kind.kind == Kind::List {
            self.report.hint(
                span,
                format!("the list `{name}` is optional"),
                "leave that out: an empty list says the same",
            );
        }
        if field.unique && !self.is_key(&kind) {
            self.report.add(span, format!("{kind} cannot be unique"));
        }
        let default = field
            .default
            .as_ref()
            .and_then(|default| self.default(default, &kind));
        Some(model::Field {
            name: name.clone(),
            summary: field.summary.clone(),
            optional: field.optional && kind.kind != Kind::List,
            kind,
            unique: field.unique,
            derived: None,
            default,
        })
    }

    /// Whether aggregates can be looked up and filtered by a type: everything with one column.
    pub(super) fn is_key(&self, kind: &Type) -> bool {
        match kind.kind {
            Kind::Text | Kind::Integer | Kind::Timestamp | Kind::Reference | Kind::Enum => true,
            Kind::Value => self
                .scalar(kind)
                .is_some_and(|kind| !matches!(kind.kind, Kind::Money | Kind::Boolean)),
            Kind::Boolean | Kind::Money | Kind::List => false,
        }
    }

    /// What a scalar value holds.
    pub(super) fn scalar(&self, kind: &Type) -> Option<&Type> {
        self.values.of(kind)?.kind.as_ref()
    }

    fn default(&mut self, default: &Spanned<Literal>, kind: &Type) -> Option<serde_json::Value> {
        let within = |length: i64| {
            kind.min.is_none_or(|min| min <= length) && kind.max.is_none_or(|max| length <= max)
        };
        let fits = match (&default.value, kind.kind) {
            (Literal::Integer(integer), Kind::Integer) => within(*integer),
            (Literal::Boolean(_), Kind::Boolean) => true,
            (Literal::Text(text), Kind::Text) => {
                let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
                within(length)
                    && kind
                        .pattern
                        .as_ref()
                        .is_none_or(|pattern| pattern.matches(text))
            }
            (Literal::Text(text), Kind::Enum) if !kind.values.contains(text) => {
                let message = format!("`{text}` is no {}", kind.of.as_deref().unwrap_or("variant"));
                let known = kind.values.iter().map(String::as_str);
                self.report.unknown(default.span, message, text, known);
                return None;
            }
            (Literal::Text(_), Kind::Enum) => true,
            _ => {
                self.report.add(
                    default.span,
                    format!("this default does not go with {kind}"),
                );
                return None;
            }
        };
        if !fits {
            self.report.add(
                default.span,
                "the default breaks the field's own constraints",
            );
        }
        Some(match &default.value {
            Literal::Integer(integer) => (*integer).into(),
            Literal::Boolean(boolean) => (*boolean).into(),
            Literal::Text(text) => text.clone().into(),
        })
    }
}
