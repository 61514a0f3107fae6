//! Life cycles.

use std::collections::BTreeSet;

use super::Checker;
use super::aggregate::Part;
use crate::document;
use crate::model::{State, States};
use crate::name::{self, Names, Use};

impl Checker<'_, '_> {
    pub(super) fn states(&mut self, document: &document::Aggregate) -> Option<States> {
        let raw = document.states.as_ref()?;
        let mut names = Names::default();
        for (state, _) in &raw.all {
            name::check("state", state, Use::Type, self.report);
            names.take("state", state, self.report);
        }
        if raw.all.is_empty() {
            self.report.hint(
                raw.span,
                "`states` lists no state",
                "leave the section out when there is no life cycle",
            );
        }
        let known = || raw.all.iter().map(|(state, _)| state.value.as_str());
        let commands = || document.commands.iter();
        let mentioned = commands()
            .flat_map(|command| command.from.iter().chain(&command.to))
            .chain(&raw.initial);
        for state in mentioned {
            if !known().any(|known| known == state.value) {
                let message = format!("there is no state `{}`", state.value);
                self.report
                    .unknown(state.span, message, &state.value, known());
            }
        }
        let everywhere = commands().any(|command| !command.creates && command.from.is_empty());
        let all = raw.all.iter().map(|(name, summary)| State {
            name: name.value.clone(),
            summary: summary.clone(),
            terminal: !everywhere
                && !commands()
                    .any(|command| command.from.iter().any(|from| from.value == name.value)),
        });
        Some(States {
            initial: raw.initial.as_ref()?.value.clone(),
            all: all.collect(),
        })
    }

    /// Finds states nothing leads to, and commands that nothing can lead to.
    pub(super) fn reachable(&mut self, part: &Part<'_>) {
        let document = part.document;
        let name = &document.name.value;
        for command in &document.commands {
            if command.internal && !part.run.contains(&command.name.value) {
                self.report.hint(
                    command.name.span,
                    format!("nothing runs the internal command `{}`", command.name.value),
                    format!("add a reaction of `{name}` that does, or leave out `internal`"),
                );
            }
        }
        let (Some(raw), Some(states)) = (&document.states, &part.aggregate.states) else {
            return;
        };
        let exists = |name: &str| raw.all.iter().any(|(state, _)| state.value == name);
        if !exists(&states.initial) {
            return;
        }
        let mut reached = BTreeSet::from([states.initial.as_str()]);
        loop {
            let before = reached.len();
            for command in document.commands.iter().filter(|command| !command.creates) {
                let possible = command.from.is_empty()
                    || command
                        .from
                        .iter()
                        .any(|from| reached.contains(from.value.as_str()));
                if let (true, Some(to)) = (possible, &command.to) {
                    reached.insert(&to.value);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        for (state, _) in &raw.all {
            if !reached.contains(state.value.as_str()) {
                self.report.add(
                    state.span,
                    format!("no command leads to the state `{}`", state.value),
                );
            }
        }
        for command in document.commands.iter().filter(|command| !command.creates) {
            let never = !command.from.is_empty()
                && command
                    .from
                    .iter()
                    .all(|from| exists(&from.value) && !reached.contains(from.value.as_str()));
            if never {
                self.report.add(
                    command.name.span,
                    format!(
                        "the command `{}` is never possible: no other leads to where it starts",
                        command.name.value
                    ),
                );
            }
        }
    }
}
