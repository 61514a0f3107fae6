//! Minimal sets of wishes and rules that cannot hold together.

use std::collections::BTreeSet;

use crate::ask::Ask;
use crate::check::Checker;
use crate::derive::derive;
use crate::engine::{connected, contradicts, minimal_rules_of, refuted_wishes};
use crate::fix::fixes;
use crate::{Conflict, Core, ResolveError};

/// All independent conflicts of a request, and the ways out.
pub(crate) fn conflict(ask: &Ask<'_, '_>) -> Result<Conflict, ResolveError> {
    let mut checker = Checker::new(ask);
    let cores = cores(ask, &mut checker)?;
    let fixes = fixes(ask, &mut checker, &cores);
    Ok(Conflict { cores, fixes })
}

/// Conflicts that share no wish, the first as found, until the remaining wishes hold together.
fn cores(ask: &Ask<'_, '_>, checker: &mut Checker<'_, '_, '_>) -> Result<Vec<Core>, ResolveError> {
    let (problem, request) = (ask.problem, ask.request);
    let mut left: Vec<usize> = (0..request.meanings.len()).collect();
    let mut cores = Vec::new();
    loop {
        if !cores.is_empty() && checker.core(ask, &left).is_none() {
            return Ok(cores);
        }
        // A short straight chain makes the best reading; not every conflict has one.
        let close = ask
            .clauses_with(&left, refuted_wishes)
            .unwrap_or_else(|| left.clone());
        let Some(wishes) = checker.minimal(ask, &close) else {
            return Ok(cores);
        };
        if wishes.is_empty() {
            return Err(unsound("the catalog contradicts itself without any wish"));
        }
        let part = ask.clauses_with(&wishes, |clauses| {
            let rules = minimal_rules_of(clauses)?;
            let part = connected(clauses, &rules);
            contradicts(&part, &rules).then_some((rules, part))
        });
        let Some((rules, part)) = part else {
            return Err(unsound("the solver's conflict is none"));
        };
        left.retain(|wish| !wishes.contains(wish));
        let sites = rules
            .iter()
            .map(|rule| problem.rules[*rule as usize].site());
        let sites: BTreeSet<_> = sites.cloned().collect();
        let list = &request.wishes.list;
        cores.push(Core {
            wishes: wishes.iter().map(|wish| list[*wish].clone()).collect(),
            rules: sites.into_iter().collect(),
            derivation: derive(ask, &part),
        });
    }
}

fn unsound(message: &str) -> ResolveError {
    ResolveError::Unsound(vec![message.to_owned()])
}
