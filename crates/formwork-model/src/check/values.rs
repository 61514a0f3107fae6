//! Value objects.

use std::collections::BTreeMap;

use super::Checker;
use super::types::Place;
use crate::document::{self, Aggregate};
use crate::model::{Form, Kind, Value};
use crate::name::{self, Names, Use};
use crate::source::Spanned;

/// The aggregate a value belongs to (`None`: shared) and its name.
type Key = (Option<String>, String);

struct Pending<'d> {
    values: BTreeMap<Key, &'d document::Value>,
    /// Those being checked, the innermost last.
    open: Vec<Key>,
    done: Vec<Key>,
}

/// What generated value types have methods for.
const METHODS: &str = "new clone eq ne fmt hash violations parse";

impl Checker<'_, '_> {
    /// Checks all values and returns them in an order in which each follows those it is made of.
    pub(super) fn values(
        &mut self,
        documents: &[Aggregate],
        shared: &[document::Value],
    ) -> Vec<Key> {
        let own = documents.iter().flat_map(|document| {
            let owner = Some(document.name.value.clone());
            document
                .values
                .iter()
                .map(move |value| (owner.clone(), value))
        });
        let mut pending = Pending {
            values: BTreeMap::new(),
            open: Vec::new(),
            done: Vec::new(),
        };
        let mut order = Vec::new();
        for (owner, value) in shared.iter().map(|value| (None, value)).chain(own) {
            let key = (owner, value.name.value.clone());
            order.push(key.clone());
            pending.values.entry(key).or_insert(value);
        }
        for key in order {
            self.value(&key, &mut pending);
        }
        pending.done
    }

    fn value(&mut self, key: &Key, pending: &mut Pending<'_>) {
        let Some(raw) = pending.values.get(key).copied() else {
            return;
        };
        if self.values.all.contains_key(key) {
            return;
        }
        pending.open.push(key.clone());
        for name in parts(raw) {
            let own = (key.0.clone(), name.value.clone());
            let part = if pending.values.contains_key(&own) {
                own
            } else {
                (None, name.value.clone())
            };
            if pending.open.contains(&part) {
                self.report.add(
                    name.span,
                    format!("the value `{}` is made of itself", part.1),
                );
                self.values.all.insert(part, None);
                continue;
            }
            self.value(&part, pending);
        }
        pending.open.pop();
        let value = self.one(raw, key.0.as_deref());
        self.values.all.entry(key.clone()).or_insert(value);
        pending.done.push(key.clone());
    }

    fn one(&mut self, raw: &document::Value, owner: Option<&str>) -> Option<Value> {
        let mut value = Value {
            name: raw.name.value.clone(),
            summary: raw.summary.clone(),
            form: Form::Scalar,
            kind: None,
            fields: Vec::new(),
            values: Vec::new(),
            aggregate: owner.map(str::to_owned),
            copy: false,
        };
        match &raw.form {
            document::Form::Scalar(kind) => {
                let span = kind.kind.span;
                let kind = self.kind(kind, owner, None)?;
                if !matches!(kind.kind, Kind::Text | Kind::Integer) {
                    self.report.add(
                        span,
                        format!("a value of one part is a text or an integer, not {kind}"),
                    );
                    return None;
                }
                value.copy = kind.copy;
                value.kind = Some(kind);
            }
            document::Form::Enum(variants) => {
                if variants.is_empty() {
                    self.report.add(raw.name.span, "an enum needs variants");
                }
                value.form = Form::Enum;
                value.values = self.variants(variants);
                value.copy = true;
            }
            document::Form::Struct(fields) => {
                if fields.is_empty() {
                    self.report.add(raw.name.span, "a value needs fields");
                }
                let mut names = Names::reserving("the method", METHODS.split(' '));
                for field in fields {
                    names.reserve("the method", &format!("check-{}", field.name.value));
                }
                for field in fields {
                    name::check("field", &field.name, Use::Variable, self.report);
                    names.take("field", &field.name, self.report);
                }
                value.form = Form::Struct;
                value.fields = fields
                    .iter()
                    .filter_map(|field| self.field(field, owner, Place::Value))
                    .collect();
            }
        }
        Some(value)
    }
}

/// The types a value mentions.
fn parts(raw: &document::Value) -> Vec<Spanned<String>> {
    let kinds: Vec<&document::Type> = match &raw.form {
        document::Form::Scalar(kind) => vec![kind],
        document::Form::Struct(fields) => fields
            .iter()
            .filter_map(|field| field.kind.as_ref())
            .collect(),
        document::Form::Enum(_) => Vec::new(),
    };
    kinds
        .into_iter()
        .flat_map(|kind| [Some(&kind.kind), kind.of.as_ref()])
        .flatten()
        .cloned()
        .collect()
}
