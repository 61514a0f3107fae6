//! Ways out of a conflict: changes of wishes, each tried out before it is offered.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::{OptionKind, Tier, matches};
use semver::{Comparator, Op, Version, VersionReq};

use crate::ask::Ask;
use crate::check::{Checker, largest};
use crate::request::Request;
use crate::resolve::{Resolver, plan};
use crate::{Change, Conflict, Core, Diff, Fix, FixKind, Outcome, ResolveError, Wish, Wishes};

const OFFERED: usize = 5;
/// How many sets of wishes are tried.
const TRIES: usize = 60;

/// Changed wishes on the way to a fix.
#[derive(Debug, Clone)]
struct Attempt {
    changes: Vec<Change>,
    wishes: Wishes,
}

/// Up to five ways out, those with the fewest and gentlest changes first. Whether a change helps is
/// asked of the search.
pub(crate) fn fixes<'c, 'p, 'a>(
    ask: &'c Ask<'p, 'a>,
    checker: &mut Checker<'c, 'p, 'a>,
    cores: &[Core],
) -> Vec<Fix> {
    let mut trial = Trial {
        ask,
        checker,
        tried: Vec::new(),
    };
    let unchanged = Attempt {
        changes: Vec::new(),
        wishes: ask.request.wishes.clone(),
    };
    // No two conflicts share a wish, so that each takes a change of its own. A change is worth
    // keeping where the conflicts that are still to come would be all that is left.
    let mut layer = vec![unchanged];
    let (last, first) = cores.split_last().expect("there is a conflict");
    for (index, core) in first.iter().enumerate() {
        let later: Vec<_> = cores[index + 1..]
            .iter()
            .flat_map(|it| &it.wishes)
            .collect();
        let next = layer.iter().flat_map(|it| trial.changed(it, &core.wishes));
        layer = trial.kept(sorted(next.collect()), &later, usize::MAX).0;
    }
    let mut layer: Vec<_> = layer
        .into_iter()
        .map(|it| (it, last.wishes.clone()))
        .collect();
    while !layer.is_empty() {
        let next = layer.iter().flat_map(|(it, core)| trial.changed(it, core));
        let (solved, failed) = trial.kept(sorted(next.collect()), &[], OFFERED);
        if !solved.is_empty() {
            return solved.into_iter().map(offered).collect();
        }
        let failed = failed.into_iter();
        layer = failed
            .filter_map(|it| Some((trial.contested(&it)?, it)))
            .map(|(core, it)| (it, core))
            .collect();
    }
    vec![offered(last_resort(ask))]
}

fn offered(attempt: Attempt) -> Fix {
    Fix {
        changes: attempt.changes,
        wishes: attempt.wishes,
    }
}

/// The gentlest first.
fn sorted(mut candidates: Vec<Vec<Attempt>>) -> Vec<Vec<Attempt>> {
    candidates.sort_by_cached_key(|candidate| {
        let changes = candidate.first().into_iter().flat_map(|it| &it.changes);
        let mut kinds: Vec<FixKind> = changes.map(|change| change.kind).collect();
        kinds.sort_by(|left, right| right.cmp(left));
        kinds
    });
    candidates
}

/// What has been tried, and what to ask.
struct Trial<'t, 'c, 'p, 'a> {
    ask: &'c Ask<'p, 'a>,
    checker: &'t mut Checker<'c, 'p, 'a>,
    tried: Vec<Wishes>,
}

impl Trial<'_, '_, '_, '_> {
    /// Every single change to a wish of a conflict. Several ways to make one, such as other
    /// versions of one feature, are tried in their order; the first that helps is the change.
    fn changed(&self, attempt: &Attempt, contested: &[Wish]) -> Vec<Vec<Attempt>> {
        let mut candidates = Vec::new();
        for (index, wish) in attempt.wishes.list.iter().enumerate() {
            if !contested.contains(wish) {
                continue;
            }
            for (kind, ways) in replacements(self.ask.request, wish) {
                let ways = ways.into_iter().map(|to| {
                    let mut changed = attempt.clone();
                    match &to {
                        Some(to) => changed.wishes.list[index] = to.clone(),
                        None => {
                            changed.wishes.list.remove(index);
                        }
                    }
                    let from = wish.clone();
                    changed.changes.push(Change { kind, from, to });
                    changed
                });
                candidates.push(ways.collect());
            }
        }
        candidates
    }

    /// Up to so many attempts that hold together, one of each candidate's ways, where some wishes
    /// are not looked at yet; and those that do not.
    fn kept(
        &mut self,
        candidates: Vec<Vec<Attempt>>,
        later: &[&Wish],
        most: usize,
    ) -> (Vec<Attempt>, Vec<Attempt>) {
        let (mut kept, mut failed) = (Vec::new(), Vec::new());
        for ways in candidates {
            let mut helps = false;
            for attempt in ways {
                if kept.len() == most || self.tried.len() >= TRIES {
                    return (kept, failed);
                }
                let mut wishes = attempt.wishes.clone();
                wishes.list.retain(|wish| !later.contains(&wish));
                if helps || self.tried.contains(&wishes) {
                    continue;
                }
                if self.hold(&wishes) {
                    helps = true;
                    kept.push(attempt);
                } else {
                    failed.push(attempt);
                }
                self.tried.push(wishes);
            }
        }
        (kept, failed)
    }

    /// Whether wishes make sense and can be met together.
    fn hold(&mut self, wishes: &Wishes) -> bool {
        let problem = self.ask.problem;
        Request::new(problem.catalog, wishes).is_ok_and(|request| {
            let ask = Ask::new(problem, &request);
            let all: Vec<_> = (0..wishes.list.len()).collect();
            self.checker.core(&ask, &all).is_none()
        })
    }

    /// What still stands against an attempt; nothing when it makes no sense.
    fn contested(&mut self, attempt: &Attempt) -> Option<Vec<Wish>> {
        let problem = self.ask.problem;
        let request = Request::new(problem.catalog, &attempt.wishes).ok()?;
        let ask = Ask::new(problem, &request);
        let list = &attempt.wishes.list;
        let all: Vec<_> = (0..list.len()).collect();
        let core = self.checker.minimal(&ask, &all)?;
        Some(core.into_iter().map(|wish| list[wish].clone()).collect())
    }
}

impl Resolver<'_> {
    /// What the fixes of a conflict of these wishes come to, worked out one by one. Of two that
    /// come to the same plan the gentler one is left.
    pub fn outcomes(
        &self,
        wishes: &Wishes,
        conflict: &Conflict,
    ) -> Result<Vec<Outcome>, ResolveError> {
        let base = self.base(wishes, &conflict.cores)?;
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(conflict.fixes.len());
        for fix in &conflict.fixes {
            let plan = self.resolve(&fix.wishes).map_err(|error| match error {
                ResolveError::Conflict(_) => {
                    ResolveError::Unsound(vec!["wishes that hold together have no plan".to_owned()])
                }
                error => error,
            })?;
            let versions = plan.versions();
            if outcomes.iter().all(|it| it.plan.versions() != versions) {
                outcomes.push(Outcome {
                    changes: fix.changes.clone(),
                    wishes: fix.wishes.clone(),
                    diff: Diff::between(&base, &versions),
                    plan,
                });
            }
        }
        Ok(outcomes)
    }

    /// What a fix is compared with: what is locked, or the plan without the wishes in conflict.
    fn base(
        &self,
        wishes: &Wishes,
        cores: &[Core],
    ) -> Result<BTreeMap<String, Version>, ResolveError> {
        if !wishes.locked.is_empty() {
            return Ok(wishes.locked.clone());
        }
        let contested: Vec<_> = cores.iter().flat_map(|core| &core.wishes).collect();
        let mut neutral = wishes.clone();
        neutral.list.retain(|wish| !contested.contains(&wish));
        let plan = self.asking(&neutral, plan)?;
        Ok(plan.map(|plan| plan.versions()).unwrap_or_default())
    }
}

/// Another version and whatever is compatible with it.
fn caret(version: &Version) -> VersionReq {
    VersionReq {
        comparators: vec![Comparator {
            op: Op::Caret,
            major: version.major,
            minor: Some(version.minor),
            patch: Some(version.patch),
            pre: version.pre.clone(),
        }],
    }
}

/// What a wish could be replaced with, each kind of change with the ways to make it.
fn replacements(request: &Request<'_>, wish: &Wish) -> Vec<(FixKind, Vec<Option<Wish>>)> {
    let catalog = request.catalog;
    let mut replacements = Vec::new();
    match wish {
        Wish::Want { id, range } => {
            if *range != VersionReq::STAR {
                let want = |range| {
                    let id = id.clone();
                    Some(Wish::Want { id, range })
                };
                let versions = catalog.versions(id).iter().map(|it| &it.version);
                let others = versions.filter(|version| !matches(range, version));
                let mut ways: Vec<_> = others.map(|other| want(caret(other))).collect();
                if catalog.capability(id).is_some() {
                    ways.push(want(VersionReq::STAR));
                }
                replacements.push((FixKind::Version, ways));
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
                replacements.push((FixKind::Provider, vec![Some(Wish::Want { id, range })]));
            }
        }
        Wish::Answer { question, value } => {
            for other in answers(request, question, value) {
                let other = Wish::Answer {
                    question: question.clone(),
                    value: other,
                };
                replacements.push((FixKind::Answer, vec![Some(other)]));
            }
        }
        Wish::Tier { tier } => {
            for lower in Tier::ALL.into_iter().filter(|it| it < tier).rev() {
                replacements.push((FixKind::Tier, vec![Some(Wish::Tier { tier: lower })]));
            }
            return replacements;
        }
        Wish::Pin { feature, version } => {
            let others = catalog.versions(feature).iter().map(|it| &it.version);
            let pins = others.filter(|other| *other != version).map(|other| {
                let (feature, version) = (feature.clone(), other.clone());
                Some(Wish::Pin { feature, version })
            });
            replacements.push((FixKind::Version, pins.collect()));
        }
        Wish::Refuse { .. } => {}
    }
    replacements.push((FixKind::Drop, vec![None]));
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
