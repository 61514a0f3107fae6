//! Ways out of a conflict: changes of wishes, each tried out before it is offered.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{OptionKind, Tier};
use semver::{Comparator, Op, Version, VersionReq};

use crate::ask::Ask;
use crate::check::{Checker, largest};
use crate::problem::Problem;
use crate::request::Request;
use crate::resolve::plan;
use crate::suggest::suggestions;
use crate::{Change, Core, Diff, Fix, FixKind, Plan, ResolveError, Wish, Wishes};

const OFFERED: usize = 5;
/// How many sets of wishes are tried.
const TRIES: usize = 60;

/// Changed wishes on the way to a fix.
#[derive(Clone)]
struct Attempt {
    changes: Vec<Change>,
    wishes: Wishes,
}

/// Up to five ways out, those with the fewest and gentlest changes first. Whether a change helps is
/// asked of the search; what is offered is then worked out and compared.
pub(crate) fn fixes(
    ask: &Ask<'_, '_>,
    checker: &mut Checker,
    cores: &[Core],
) -> Result<Vec<Fix>, ResolveError> {
    let mut offers = Offers {
        problem: ask.problem,
        base: base(ask, cores)?,
        fixes: Vec::new(),
    };
    let mut tried: Vec<Wishes> = Vec::new();
    let unchanged = Attempt {
        changes: Vec::new(),
        wishes: ask.request.wishes.clone(),
    };
    let mut layer = vec![(unchanged, cores[0].wishes.clone())];
    while offers.fixes.is_empty() && !layer.is_empty() && tried.len() < TRIES {
        let mut failed = Vec::new();
        let mut solved = Vec::new();
        for (attempt, contested) in &layer {
            for candidate in candidates(ask.request, attempt, contested) {
                if tried.contains(&candidate.wishes) || tried.len() >= TRIES {
                    continue;
                }
                tried.push(candidate.wishes.clone());
                let Ok(changed) = Request::new(ask.problem.catalog, &candidate.wishes) else {
                    continue;
                };
                let changed = Ask::new(ask.problem, &changed);
                let wishes: Vec<_> = (0..candidate.wishes.list.len()).collect();
                match checker.core(&changed, &wishes) {
                    None => solved.push(candidate),
                    Some(_) => {
                        let contested = checker.minimal(&changed, &wishes).unwrap_or_default();
                        let list = &candidate.wishes.list;
                        let contested = contested.iter().map(|wish| list[*wish].clone());
                        failed.push((contested.collect(), candidate));
                    }
                }
            }
        }
        solved.sort_by_key(kinds);
        for attempt in solved {
            offers.add(attempt)?;
        }
        layer = failed
            .into_iter()
            .map(|(contested, it)| (it, contested))
            .collect();
    }
    if offers.fixes.is_empty() {
        offers.add(last_resort(ask))?;
    }
    Ok(offers.fixes)
}

fn kinds(attempt: &Attempt) -> Vec<FixKind> {
    let mut kinds: Vec<_> = attempt.changes.iter().map(|change| change.kind).collect();
    kinds.sort_by(|left, right| right.cmp(left));
    kinds
}

/// What a fix is compared with: what is locked, or the plan without the wishes in conflict.
fn base(ask: &Ask<'_, '_>, cores: &[Core]) -> Result<BTreeMap<String, Version>, ResolveError> {
    if !ask.request.wishes.locked.is_empty() {
        return Ok(ask.request.wishes.locked.clone());
    }
    let contested: Vec<_> = cores.iter().flat_map(|core| &core.wishes).collect();
    let mut wishes = ask.request.wishes.clone();
    wishes.list.retain(|wish| !contested.contains(&wish));
    let neutral = Request::new(ask.problem.catalog, &wishes).map_err(ResolveError::Wishes)?;
    let plan = plan(&Ask::new(ask.problem, &neutral))?;
    Ok(plan.map(|plan| plan.versions()).unwrap_or_default())
}

/// The fixes found so far.
struct Offers<'p, 'a> {
    problem: &'p Problem<'a>,
    base: BTreeMap<String, Version>,
    fixes: Vec<Fix>,
}

impl Offers<'_, '_> {
    /// Works an attempt out, and takes it unless there are enough or it comes to the same as another.
    fn add(&mut self, mut attempt: Attempt) -> Result<(), ResolveError> {
        if self.fixes.len() >= OFFERED {
            return Ok(());
        }
        let mut plan = self.plan(&attempt.wishes)?;
        let versions = plan.versions();
        if self.fixes.iter().any(|fix| fix.plan.versions() == versions) {
            return Ok(());
        }
        // Another version was let in; now it is known which.
        let asked = attempt.wishes.clone();
        for change in &mut attempt.changes {
            if change.kind == FixKind::Version
                && let Some(exact) = exact(&change.from, &plan)
            {
                for wish in &mut attempt.wishes.list {
                    if Some(&*wish) == change.to.as_ref() {
                        *wish = exact.clone();
                    }
                }
                change.to = Some(exact);
            }
        }
        if attempt.wishes != asked {
            plan = self.plan(&attempt.wishes)?;
        }
        self.fixes.push(Fix {
            diff: Diff::between(&self.base, &plan.versions()),
            changes: attempt.changes,
            wishes: attempt.wishes,
            plan,
        });
        Ok(())
    }

    /// The plan of wishes that were found to hold together, as resolving them gives it.
    fn plan(&self, wishes: &Wishes) -> Result<Plan, ResolveError> {
        let request = Request::new(self.problem.catalog, wishes).map_err(ResolveError::Wishes)?;
        let ask = Ask::new(self.problem, &request);
        match plan(&ask)? {
            Some(mut plan) => {
                plan.suggestions = suggestions(&ask, &plan);
                Ok(plan)
            }
            None => Err(ResolveError::Unsound(vec![
                "wishes that hold together have no plan".to_owned(),
            ])),
        }
    }
}

fn exact(from: &Wish, plan: &Plan) -> Option<Wish> {
    match from {
        Wish::Want { id, .. } => {
            let version = &plan.get(id)?.version;
            let caret = Comparator {
                op: Op::Caret,
                major: version.major,
                minor: Some(version.minor),
                patch: Some(version.patch),
                pre: version.pre.clone(),
            };
            let range = VersionReq {
                comparators: vec![caret],
            };
            let id = id.clone();
            Some(Wish::Want { id, range })
        }
        _ => None,
    }
}

/// Every single change to a wish of the conflict.
fn candidates(request: &Request<'_>, attempt: &Attempt, contested: &[Wish]) -> Vec<Attempt> {
    let mut candidates = Vec::new();
    for (index, wish) in attempt.wishes.list.iter().enumerate() {
        if !contested.contains(wish) {
            continue;
        }
        for (kind, to) in replacements(request, wish) {
            let mut changed = attempt.clone();
            match &to {
                Some(to) => changed.wishes.list[index] = to.clone(),
                None => {
                    changed.wishes.list.remove(index);
                }
            }
            let from = wish.clone();
            changed.changes.push(Change { kind, from, to });
            candidates.push(changed);
        }
    }
    candidates
}

fn replacements(request: &Request<'_>, wish: &Wish) -> Vec<(FixKind, Option<Wish>)> {
    let catalog = request.catalog;
    let mut replacements = Vec::new();
    match wish {
        Wish::Want { id, range } => {
            if *range != VersionReq::STAR {
                let any = Wish::Want {
                    id: id.clone(),
                    range: VersionReq::STAR,
                };
                replacements.push((FixKind::Version, Some(any)));
            }
            let provides = catalog.newest(id).into_iter().flat_map(|it| &it.provides);
            let exclusive = provides.filter(|provide| {
                let capability = catalog.capability(&provide.capability);
                capability.is_some_and(|it| it.cardinality.is_exclusive())
            });
            let others: BTreeSet<_> = exclusive
                .flat_map(|provide| catalog.providers(&provide.capability))
                .filter(|other| other != id && !request.wished.contains(other))
                .collect();
            for other in others {
                let range = VersionReq::STAR;
                let id = other.to_owned();
                replacements.push((FixKind::Provider, Some(Wish::Want { id, range })));
            }
        }
        Wish::Answer { question, value } => {
            for other in answers(request, question, value) {
                let other = Wish::Answer {
                    question: question.clone(),
                    value: other,
                };
                replacements.push((FixKind::Answer, Some(other)));
            }
        }
        Wish::Tier { tier } => {
            for lower in Tier::ALL.into_iter().filter(|it| it < tier).rev() {
                replacements.push((FixKind::Tier, Some(Wish::Tier { tier: lower })));
            }
            return replacements;
        }
        Wish::Pin { feature, version } => {
            let others = catalog.versions(feature).iter().map(|it| &it.version);
            for other in others.filter(|other| *other != version) {
                let pin = Wish::Pin {
                    feature: feature.clone(),
                    version: other.clone(),
                };
                replacements.push((FixKind::Version, Some(pin)));
            }
        }
        Wish::Refuse { .. } => {}
    }
    replacements.push((FixKind::Drop, None));
    replacements
}

/// The other answers to a question.
fn answers(request: &Request<'_>, question: &str, value: &str) -> Vec<String> {
    let catalog = request.catalog;
    if catalog.capability(question).is_some() {
        let providers = catalog.providers(question);
        let others = providers.into_iter().filter(|other| *other != value);
        return others.map(str::to_owned).collect();
    }
    let (owner, key) = match question.split_once('.') {
        Some((owner, key)) => (Some(owner), key),
        None => (None, question),
    };
    let mut features = catalog.features().iter();
    let asked = features.find_map(|feature| {
        let meant = owner.is_none_or(|owner| owner == feature.id);
        feature.option(key).filter(|_| meant)
    });
    match asked.map(|option| &option.kind) {
        Some(OptionKind::Choice { choices }) => choices
            .iter()
            .filter(|other| *other != value)
            .cloned()
            .collect(),
        Some(OptionKind::Boolean) => vec![(value != "true").to_string()],
        _ => Vec::new(),
    }
}

/// Drops as few wishes as possible.
fn last_resort(ask: &Ask<'_, '_>) -> Attempt {
    let kept = largest(ask);
    let mut attempt = Attempt {
        changes: Vec::new(),
        wishes: ask.request.wishes.clone(),
    };
    attempt.wishes.list.clear();
    for (index, wish) in ask.request.wishes.list.iter().enumerate() {
        if kept.contains(&index) {
            attempt.wishes.list.push(wish.clone());
        } else {
            attempt.changes.push(Change {
                kind: FixKind::Drop,
                from: wish.clone(),
                to: None,
            });
        }
    }
    attempt
}
