//! Summaries for what the files do not summarise, so that nothing generated is without one.

use crate::model::{Aggregate, Field, Model, Value};

/// Gives everything without a summary one made from its name.
pub(crate) fn complete(model: &mut Model) {
    model.values.iter_mut().for_each(value);
    model.aggregates.iter_mut().for_each(aggregate);
    for consumer in &mut model.consumers {
        event_fields(&mut consumer.reaction.event);
    }
}

fn aggregate(aggregate: &mut Aggregate) {
    let name = aggregate.name.clone();
    fill(&mut aggregate.summary, || sentence(&words(&name)));
    aggregate.fields.iter_mut().for_each(field);
    aggregate.values.iter_mut().for_each(value);
    if let Some(states) = &mut aggregate.states {
        for state in &mut states.all {
            let name = state.name.clone();
            fill(&mut state.summary, || sentence(&words(&name)));
        }
    }
    for command in &mut aggregate.commands {
        let command_name = command.name.clone();
        fill(&mut command.summary, || {
            format!("`{command_name}` of {}.", words(&name))
        });
        command.inputs.iter_mut().for_each(field);
    }
    aggregate.events.iter_mut().for_each(event_fields);
    for filter in &mut aggregate.queries.filters {
        field(filter);
    }
    aggregate.queries.lookups.iter_mut().for_each(field);
    for reaction in &mut aggregate.reactions {
        event_fields(&mut reaction.event);
        if let Some(each) = &mut reaction.each {
            field(&mut each.field);
        }
    }
}

fn event_fields(event: &mut crate::model::Event) {
    let full = event.full.clone();
    fill(&mut event.summary, || format!("`{full}` happened."));
    event.fields.iter_mut().for_each(field);
}

fn value(value: &mut Value) {
    let name = value.name.clone();
    fill(&mut value.summary, || sentence(&words(&name)));
    value.fields.iter_mut().for_each(field);
}

fn field(field: &mut Field) {
    let name = field.name.clone();
    fill(&mut field.summary, || format!("The {}.", words(&name)));
}

fn fill(summary: &mut String, otherwise: impl FnOnce() -> String) {
    if summary.trim().is_empty() {
        *summary = otherwise();
    }
}

fn words(name: &str) -> String {
    name.replace('-', " ")
}

fn sentence(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), rest.as_str())
    })
}
