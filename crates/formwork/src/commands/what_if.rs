//! `formwork what-if`: what a further choice would change, before it is made.

use formwork_resolve::{Diff, Plan, Resolver, WhatIf as Answer, Wish};
use serde::Serialize;

use crate::cli::{Choices, WhatIf};
use crate::report::{Failure, Problem, data, json};
use crate::words::{self, Obstruction};
use crate::{catalog, choices, composition, situation};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    choices: Vec<Wish>,
    possible: bool,
    /// What the choices would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_change: Option<Diff>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<Obstruction>,
    text: String,
}

pub(crate) fn run(arguments: &WhatIf) -> Result<(), Failure> {
    let catalog = catalog::for_project(arguments.project.as_deref(), &arguments.choices)?;
    let resolver = Resolver::new(&catalog);
    let further = choices::wishes(&flags(&arguments.further)?)?;
    let wishes = situation::wishes(&catalog, arguments.project.as_deref(), &arguments.choices)?;
    let (wishes, now) = composition::settle(&resolver, wishes, &arguments.choices)?;
    let others = choices::overrule(wishes.clone(), further.clone());
    let answer = resolver
        .what_if_instead(&wishes, &others)
        .map_err(|error| words::refusal(&resolver, &others, &error))?;
    let mut document = Document {
        choices: further,
        possible: true,
        would_change: None,
        conflict: None,
        text: String::new(),
    };
    match answer {
        Answer::Possible { diff, plan } => {
            document.text = changes(&now, &plan, &diff);
            document.would_change = Some(diff);
        }
        Answer::Impossible { conflict } => {
            document.possible = false;
            let obstruction = Obstruction::new(&resolver, &others, &conflict)?;
            document.text = format!("this cannot be:\n{}", obstruction.text());
            document.conflict = Some(obstruction);
        }
    }
    if arguments.json {
        return json(&document);
    }
    data(&document.text)
}

/// The choices as the flags they stand for.
fn flags(further: &[String]) -> Result<Choices, Failure> {
    let mut choices = Choices::default();
    for text in further {
        match text.split_once('=') {
            Some(("tier", tier)) if choices.tier.is_none() => choices.tier = Some(tier.to_owned()),
            Some(("tier", _)) => {
                return Err(Failure::input(
                    Problem::new("a plan has one tier, and two are asked about").at(text),
                ));
            }
            Some(("without", feature)) => choices.without.push(feature.to_owned()),
            Some((question, _)) if question.contains('@') => choices.with.push(text.clone()),
            Some((question, _)) if question.contains('.') => choices.set.push(text.clone()),
            Some(_) => choices.answer.push(text.clone()),
            None => choices.with.push(text.clone()),
        }
    }
    Ok(choices)
}

/// One line for each change, with the reason of what comes in.
fn changes(now: &Plan, then: &Plan, diff: &Diff) -> String {
    let mut lines = Vec::new();
    for planned in &then.features {
        if diff.added.contains_key(&planned.id) {
            let reason = words::reason(&planned.id, &planned.reason);
            lines.push(format!(
                "adds `{}` {}: {reason}",
                planned.id, planned.version
            ));
        }
    }
    for (id, version) in &diff.removed {
        lines.push(format!("removes `{id}` {version}"));
    }
    for (id, (from, to)) in &diff.moved {
        lines.push(format!("moves `{id}` from {from} to {to}"));
    }
    for planned in &then.features {
        let before = now.get(&planned.id).map(|it| &it.options);
        for (key, value) in &planned.options {
            if let Some(old) = before.and_then(|options| options.get(key))
                && old != value
            {
                lines.push(format!("sets `{}.{key}` to {value}, now {old}", planned.id));
            }
        }
    }
    for dropped in &then.dropped {
        if !now.dropped.contains(dropped) {
            let by = dropped.by.join(", ");
            lines.push(format!(
                "leaves out `{}`, which {by} recommends",
                dropped.feature
            ));
        }
    }
    lines.extend(words::circles(then).filter(|_| then.circles != now.circles));
    if lines.is_empty() {
        lines.push("changes nothing".to_owned());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::flags;

    /// Every form of a choice, and a tier named twice.
    #[test]
    fn a_choice_is_the_flag_it_stands_for() {
        let words = [
            "nats",
            "sqlite@=1.0.0",
            "database=postgres",
            "memory-cache.capacity=5",
            "tier=advanced",
            "without=rest",
        ];
        let choices = flags(&words.map(str::to_owned)).expect("all of them are choices");
        assert_eq!(choices.with, ["nats", "sqlite@=1.0.0"]);
        assert_eq!(choices.answer, ["database=postgres"]);
        assert_eq!(choices.set, ["memory-cache.capacity=5"]);
        assert_eq!(choices.tier.as_deref(), Some("advanced"));
        assert_eq!(choices.without, ["rest"]);
        assert!(flags(&["tier=basic", "tier=advanced"].map(str::to_owned)).is_err());
    }
}
