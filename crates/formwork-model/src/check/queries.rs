//! How aggregates are found and listed.

use super::Checker;
use crate::document;
use crate::model::{Field, Kind, Page, Queries, States, Type};
use crate::source::Spanned;

/// The greatest page that a listing may have.
const LARGEST: i64 = 1000;

impl Checker<'_, '_> {
    pub(super) fn queries(
        &mut self,
        document: &document::Aggregate,
        fields: &[Field],
        states: Option<&States>,
    ) -> Queries {
        let raw = &document.queries;
        let mut filterable = fields.to_vec();
        if let Some(states) = states {
            filterable.push(state_field(&document.name.value, states));
        }
        self.twice(&raw.filters);
        self.twice(&raw.sorts);
        let filters = raw.filters.iter().filter_map(|name| {
            let found = filterable.iter().find(|field| field.name == name.value);
            if found.is_none() && !declared(document, &name.value) {
                let message = format!("there is no field `{}` to filter by", name.value);
                let names = document
                    .fields
                    .iter()
                    .map(|field| field.name.value.as_str());
                let known = names.chain(states.map(|_| "state"));
                self.report.unknown(name.span, message, &name.value, known);
            }
            let field = found?;
            if !self.is_key(&field.kind) && field.kind.kind != Kind::Boolean {
                self.report
                    .add(name.span, format!("{} cannot be filtered by", field.kind));
            }
            Some(field.clone())
        });
        let filters = filters.collect();
        for name in &raw.sorts {
            if matches!(name.value.as_str(), "created" | "updated") {
                continue;
            }
            match fields.iter().find(|field| field.name == name.value) {
                Some(field) => {
                    let held = self.scalar(&field.kind).unwrap_or(&field.kind).kind;
                    if !matches!(
                        held,
                        Kind::Text | Kind::Integer | Kind::Money | Kind::Timestamp
                    ) {
                        let message = format!("{} cannot be sorted by", field.kind);
                        self.report.add(name.span, message);
                    } else if field.optional {
                        self.report.add(
                            name.span,
                            format!("`{}` is optional, so it cannot be sorted by", name.value),
                        );
                    }
                }
                None if declared(document, &name.value) => {}
                None => {
                    let message = format!("there is no field `{}` to sort by", name.value);
                    let names = document
                        .fields
                        .iter()
                        .map(|field| field.name.value.as_str());
                    let known = names.chain(["created", "updated"]);
                    self.report.unknown(name.span, message, &name.value, known);
                }
            }
        }
        Queries {
            filters,
            sorts: raw.sorts.iter().map(|name| name.value.clone()).collect(),
            page: self.page(raw),
            lookups: fields
                .iter()
                .filter(|field| field.unique)
                .cloned()
                .collect(),
        }
    }

    fn page(&mut self, raw: &document::Queries) -> Page {
        let mut size = |size: &Option<Spanned<i64>>, otherwise: i64| match size {
            Some(size) if !(1..=LARGEST).contains(&size.value) => {
                self.report.add(
                    size.span,
                    format!("a page has from 1 to {LARGEST} items, not {}", size.value),
                );
                otherwise
            }
            Some(size) => size.value,
            None => otherwise,
        };
        let max = size(&raw.page_max, 100);
        let default = size(&raw.page_default, max.min(20));
        if let (true, Some(span)) = (default > max, &raw.page_default) {
            self.report.add(
                span.span,
                format!("the `default` page {default} is more than the `max` {max}"),
            );
        }
        let items = |size: i64| u32::try_from(size).unwrap_or(u32::MAX);
        Page {
            default: items(default),
            max: items(max),
        }
    }

    /// Reports names that a list has twice.
    pub(super) fn twice(&mut self, names: &[Spanned<String>]) {
        for (index, name) in names.iter().enumerate() {
            if names[..index].iter().any(|other| other.value == name.value) {
                self.report
                    .add(name.span, format!("`{}` is listed twice", name.value));
            }
        }
    }
}

/// Whether a field is there, even if its type could not be understood.
pub(super) fn declared(document: &document::Aggregate, name: &str) -> bool {
    document.fields.iter().any(|field| field.name.value == name)
}

/// The state, as a field to filter by.
fn state_field(aggregate: &str, states: &States) -> Field {
    let names = states.all.iter().map(|state| state.name.clone());
    Field {
        name: "state".to_owned(),
        summary: "Where it is in its life.".to_owned(),
        kind: Type::state(aggregate, names),
        optional: false,
        unique: false,
        derived: None,
        default: None,
    }
}
