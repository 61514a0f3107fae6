//! Random small catalogs against brute force, which knows nothing of clauses or cores.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::RangeInclusive;

use formwork_catalog::{Cardinality, Catalog, Feature, Target, matches};
use formwork_resolve::{
    Derivation, ResolveError, Resolver, Step, WhatIf, WhyNot, Wish, Wishes, degrade, resolve,
    what_if, why_not,
};
use proptest::prelude::*;
use semver::Version;

use crate::toy::{catalog, source, wishes};

/// A catalog and wishes as toy lines; small enough to try every plan.
#[derive(Debug, Clone)]
struct Case {
    lines: String,
    words: String,
}

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn case() -> impl Strategy<Value = Case> {
    case_of(3..=8)
}

fn case_of(size: RangeInclusive<usize>) -> impl Strategy<Value = Case> {
    let features = prop::collection::vec((1..=2_usize, prop::collection::vec(rule(), 0..4)), size);
    let roles = prop::collection::vec(
        (
            0..3_u8,
            prop::collection::vec(0..8_usize, 1..4),
            any::<bool>(),
        ),
        0..3,
    );
    let asked = prop::collection::vec((0..10_u8, 0..8_usize, 1..=2_u8), 1..5);
    (features, roles, asked).prop_map(|(features, roles, asked)| {
        let count = features.len();
        let mut provided: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut lines = String::new();
        for (index, (cardinality, providers, has_default)) in roles.iter().enumerate() {
            let providers: BTreeSet<_> = providers.iter().map(|it| it % count).collect();
            let cardinality =
                ["exactly-one", "at-most-one", "at-least-one"][usize::from(*cardinality)];
            let _ = write!(lines, "capability role{index} {cardinality}");
            let first = providers.first().expect("a role has providers");
            let _ = writeln!(
                lines,
                "{}",
                if *has_default {
                    format!(" ={}", NAMES[*first])
                } else {
                    String::new()
                }
            );
            for provider in providers {
                provided
                    .entry(provider)
                    .or_default()
                    .push(format!("+role{index}"));
            }
        }
        // A need without an alternative points to an earlier feature, so that there are no circles.
        for (index, (versions, rules)) in features.iter().enumerate() {
            for version in 1..=*versions {
                let mut words = provided.get(&index).cloned().unwrap_or_default();
                for rule in rules
                    .iter()
                    .filter(|rule| rule.only.is_none_or(|only| usize::from(only) == version))
                {
                    words.extend(rule.word(
                        index,
                        &features.iter().map(|it| it.0).collect::<Vec<_>>(),
                        roles.len(),
                    ));
                }
                let _ = writeln!(
                    lines,
                    "{} {version}.0.0 : {}",
                    NAMES[index],
                    words.join(" ")
                );
            }
        }
        let _ = writeln!(lines, "core 1.0.0");
        let mut words = String::from("core");
        for (kind, index, version) in asked {
            let versions = features[index % count].0;
            let name = NAMES[index % count];
            let version = usize::from(version).min(versions);
            let _ = match kind {
                0..=4 => write!(words, " {name}"),
                5 => write!(words, " {name}^{version}"),
                6 => write!(words, " !{name}"),
                7 => write!(words, " {name}=={version}.0.0"),
                _ => write!(words, " @{name}={version}.0.0"),
            };
        }
        Case { lines, words }
    })
}

#[derive(Debug, Clone)]
struct Rule {
    kind: u8,
    first: usize,
    second: usize,
    version: u8,
    only: Option<u8>,
    when: Option<usize>,
}

fn rule() -> impl Strategy<Value = Rule> {
    let when = prop::option::weighted(0.2, 0..8_usize);
    let only = prop::option::weighted(0.3, 1..=2_u8);
    (0..10_u8, 0..8_usize, 0..8_usize, 0..=2_u8, only, when).prop_map(
        |(kind, first, second, version, only, when)| Rule {
            kind,
            first,
            second,
            version,
            only,
            when,
        },
    )
}

impl Rule {
    fn word(&self, owner: usize, versions: &[usize], roles: usize) -> Option<String> {
        let count = versions.len();
        let (first, second) = (self.first % count, self.second % count);
        let ranged = |index: usize| match usize::from(self.version) {
            version if version == 0 || version > versions[index] => NAMES[index].to_owned(),
            version => format!("{}^{version}", NAMES[index]),
        };
        let when = match self.when {
            Some(when) if when % count != owner => format!("?{}", NAMES[when % count]),
            _ => String::new(),
        };
        match self.kind {
            0..=2 if first < owner => Some(format!("{}{when}", ranged(first))),
            3..=4 if first != second && first != owner && second != owner => {
                Some(format!("{}|{}{when}", ranged(first), NAMES[second]))
            }
            5 if roles > 0 => Some(format!("role{}{when}", first % roles)),
            6 if first != owner => Some(format!("!{}{when}", NAMES[first])),
            7..=8 if first != owner => Some(format!("~{}{when}", ranged(first))),
            9 if first != owner && second != owner && first != second => {
                Some(format!("%{}/{}", NAMES[first], NAMES[second]))
            }
            _ => None,
        }
    }
}

/// The catalog of a case; nothing when it has mistakes, such as a feature nothing can select.
fn read(case: &Case) -> Option<Catalog> {
    let reading = Catalog::read(source(&case.lines)).ok();
    reading.map(|reading| reading.catalog)
}

type Choice<'a> = BTreeMap<&'a str, &'a Feature>;

/// Every sound plan, with its cost: the smaller the better, level by level.
fn brute_force<'a>(
    catalog: &'a Catalog,
    wishes: &Wishes,
) -> Vec<(Cost, BTreeMap<String, Version>)> {
    let ids: Vec<_> = catalog.ids().collect();
    let mut plans = Vec::new();
    let mut digits = vec![0; ids.len()];
    loop {
        let chosen: Choice<'a> = ids
            .iter()
            .zip(&digits)
            .filter(|(_, digit)| **digit > 0)
            .map(|(id, digit)| (*id, &catalog.versions(id)[digit - 1]))
            .collect();
        if sound(catalog, wishes, &chosen) {
            let versions = chosen
                .values()
                .map(|it| (it.id.clone(), it.version.clone()));
            plans.push((cost(catalog, wishes, &ids, &chosen), versions.collect()));
        }
        let mut place = 0;
        loop {
            if place == ids.len() {
                plans.sort();
                return plans;
            }
            digits[place] += 1;
            if digits[place] <= catalog.versions(ids[place]).len() {
                break;
            }
            digits[place] = 0;
            place += 1;
        }
    }
}

fn has(catalog: &Catalog, chosen: &Choice<'_>, target: &Target) -> bool {
    chosen
        .values()
        .any(|feature| catalog.accepts(target, feature))
}

fn active(catalog: &Catalog, chosen: &Choice<'_>, when: &formwork_catalog::When) -> bool {
    when.all.iter().all(|condition| match condition {
        formwork_catalog::Condition::Feature(target) => has(catalog, chosen, target),
        other => panic!("no case has {other:?}"),
    })
}

fn wished(wishes: &Wishes) -> BTreeSet<&str> {
    let ids = wishes.list.iter().filter_map(|wish| match wish {
        Wish::Want { id, .. } => Some(id.as_str()),
        _ => None,
    });
    ids.collect()
}

fn keeps(wishes: &Wishes, chosen: &Choice<'_>) -> bool {
    wishes.list.iter().all(|wish| match wish {
        Wish::Want { id, range } => chosen
            .get(id.as_str())
            .is_some_and(|it| matches(range, &it.version)),
        Wish::Pin { feature, version } => chosen
            .get(feature.as_str())
            .is_none_or(|it| it.version == *version),
        Wish::Refuse { id } => !chosen.contains_key(id.as_str()),
        other => panic!("no case has {other:?}"),
    })
}

fn sound(catalog: &Catalog, wishes: &Wishes, chosen: &Choice<'_>) -> bool {
    let kept = keeps(wishes, chosen);
    let rules = chosen.values().all(|feature| {
        feature.requires.iter().all(|need| {
            !active(catalog, chosen, &need.when)
                || need.any.iter().any(|it| has(catalog, chosen, it))
        }) && feature.conflicts.iter().all(|conflict| {
            !active(catalog, chosen, &conflict.when) || !chosen.contains_key(conflict.with.as_str())
        })
    });
    let roles = catalog.capabilities().all(|capability| {
        let count = chosen
            .values()
            .filter(|it| it.provides(&capability.id).is_some())
            .count();
        match capability.cardinality {
            Cardinality::ExactlyOne => count == 1 || (count == 0 && !chosen.contains_key("core")),
            Cardinality::AtMostOne => count <= 1,
            Cardinality::AtLeastOne => count > 0 || !chosen.contains_key("core"),
            Cardinality::Any => true,
        }
    });
    kept && rules && roles && grounded(catalog, wishes, chosen)
}

fn grounded(catalog: &Catalog, wishes: &Wishes, chosen: &Choice<'_>) -> bool {
    let wished = wished(wishes);
    let mut reached: BTreeSet<&str> = chosen
        .keys()
        .copied()
        .filter(|id| wished.contains(id))
        .collect();
    loop {
        let mut more = BTreeSet::new();
        let so_far = chosen.iter().filter(|(id, _)| reached.contains(*id));
        let so_far: Choice<'_> = so_far.map(|(id, feature)| (*id, *feature)).collect();
        for (id, feature) in chosen {
            let supplements = feature.supplements.iter().any(|joint| {
                joint.when_all.iter().all(|it| has(catalog, &so_far, it))
                    && joint
                        .when_all
                        .iter()
                        .any(|it| wished.contains(it.id.as_str()))
            });
            let brought = chosen
                .iter()
                .filter(|(owner, _)| reached.contains(*owner))
                .any(|(owner, by)| {
                    let needed = by.requires.iter().any(|need| {
                        active(catalog, &so_far, &need.when)
                            && need.any.iter().any(|it| catalog.accepts(it, feature))
                    });
                    let recommended = wished.contains(owner)
                        && by.recommends.iter().any(|weak| {
                            active(catalog, &so_far, &weak.when)
                                && catalog.accepts(&weak.feature, feature)
                        });
                    let role = by.capabilities.iter().any(|capability| {
                        capability.cardinality.is_demanded()
                            && feature.provides(&capability.id).is_some()
                    });
                    needed || recommended || role
                });
            if (supplements || brought) && !reached.contains(id) {
                more.insert(*id);
            }
        }
        if more.is_empty() {
            return reached.len() == chosen.len();
        }
        reached.extend(more);
    }
}

type Cost = (
    [usize; 2],
    usize,
    usize,
    usize,
    usize,
    Vec<bool>,
    Vec<usize>,
);

fn cost(catalog: &Catalog, wishes: &Wishes, ids: &[&str], chosen: &Choice<'_>) -> Cost {
    let wished = wished(wishes);
    let refused: BTreeSet<_> = wishes
        .list
        .iter()
        .filter_map(|wish| match wish {
            Wish::Refuse { id } => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let gone = wishes
        .locked
        .keys()
        .filter(|id| !chosen.contains_key(id.as_str()));
    let moved = wishes.locked.iter().filter(|(id, version)| {
        let kept = chosen.get(id.as_str());
        kept.is_none_or(|feature| feature.version != **version)
    });
    let defaults = catalog.capabilities().filter(|capability| {
        let demanded = capability.cardinality.is_demanded() && chosen.contains_key("core");
        let needed = chosen.values().any(|feature| {
            feature.requires.iter().any(|need| {
                active(catalog, chosen, &need.when)
                    && need.any.iter().any(|target| target.id == capability.id)
            })
        });
        if !demanded && !needed {
            return false;
        }
        let providers = catalog.providers(&capability.id);
        capability.default.as_deref().is_some_and(|default| {
            !providers.iter().any(|it| wished.contains(it))
                && !chosen.contains_key(default)
                && providers.iter().any(|it| chosen.contains_key(it))
        })
    });
    let mut missed = BTreeSet::new();
    for (id, feature) in chosen {
        if wished.contains(id) {
            for weak in &feature.recommends {
                if active(catalog, chosen, &weak.when) && !has(catalog, chosen, &weak.feature) {
                    missed.insert(weak.feature.id.as_str());
                }
            }
        }
    }
    for feature in catalog.features() {
        for joint in &feature.supplements {
            if joint.when_all.iter().all(|it| has(catalog, chosen, it))
                && joint
                    .when_all
                    .iter()
                    .any(|it| wished.contains(it.id.as_str()))
                && chosen
                    .get(feature.id.as_str())
                    .is_none_or(|it| it.version != feature.version)
            {
                missed.insert(&feature.id);
            }
        }
    }
    missed.retain(|id| !refused.contains(id));
    let behind = |id: &&str| {
        let versions = catalog.versions(id);
        let at = chosen.get(id).map(|it| &it.version);
        versions.iter().position(|it| Some(&it.version) == at)
    };
    (
        [gone.count(), moved.count()],
        defaults.count(),
        missed.len(),
        chosen.keys().filter(|id| !wished.contains(*id)).count(),
        ids.iter().filter_map(behind).sum(),
        ids.iter().map(|id| !chosen.contains_key(id)).collect(),
        ids.iter().filter_map(behind).collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// There is a plan exactly when brute force finds one, and it is the best of all.
    ///
    /// Shows a part of: C-10, C-11, C-17.
    #[test]
    fn the_plan_is_the_one_brute_force_likes_best(case in case()) {
        let catalog = read(&case);
        prop_assume!(catalog.is_some());
        let catalog = catalog.expect("assumed");
        let wishes = wishes(&case.words);
        let plans = brute_force(&catalog, &wishes);
        match (resolve(&catalog, &wishes), plans.first()) {
            (Ok(plan), Some((_, best))) => prop_assert_eq!(&plan.versions(), best),
            (Err(ResolveError::Conflict(_)), None) => {}
            (found, best) => prop_assert!(false, "{:?} against {:?}", found, best),
        }
    }
}

// Conflicts and suggestions are rare: cases without one do not count.
proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        max_global_rejects: 20_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// A conflict is real, no member of it can be spared, and every fix resolves as it says.
    ///
    /// Shows a part of: C-12, C-13, C-17.
    #[test]
    fn conflicts_are_minimal_and_fixes_fix(case in case()) {
        let catalog = read(&case);
        prop_assume!(catalog.is_some());
        let catalog = catalog.expect("assumed");
        let found = resolve(&catalog, &wishes(&case.words));
        prop_assume!(found.is_err());
        let Err(ResolveError::Conflict(conflict)) = found else {
            return Err(TestCaseError::fail("no conflict, but another error"));
        };
        prop_assert!(!conflict.cores.is_empty() && !conflict.fixes.is_empty());
        for core in &conflict.cores {
            let only = |list: Vec<Wish>| Wishes { list, ..Wishes::default() };
            prop_assert!(brute_force(&catalog, &only(core.wishes.clone())).is_empty());
            for index in 0..core.wishes.len() {
                let mut fewer = core.wishes.clone();
                fewer.remove(index);
                prop_assert!(!brute_force(&catalog, &only(fewer)).is_empty());
            }
            prop_assert!(!core.derivation.steps.is_empty());
        }
        for fix in &conflict.fixes {
            prop_assert!(!brute_force(&catalog, &fix.wishes).is_empty(), "{:?}", fix);
        }
        let resolver = Resolver::new(&catalog);
        let outcomes = resolver.outcomes(&wishes(&case.words), &conflict).expect("fixes resolve");
        prop_assert!(!outcomes.is_empty());
        for outcome in &outcomes {
            let plan = resolve(&catalog, &outcome.wishes).expect("a fix resolves");
            prop_assert_eq!(&plan, &outcome.plan);
        }
    }

    /// What is suggested can be asked for, and nothing of the plan has to go or move.
    ///
    /// Shows a part of: C-15.
    #[test]
    fn suggestions_can_be_taken(case in case()) {
        let catalog = read(&case);
        prop_assume!(catalog.is_some());
        let catalog = catalog.expect("assumed");
        let wishes = wishes(&case.words);
        let plan = resolve(&catalog, &wishes).ok().filter(|plan| !plan.suggestions.is_empty());
        prop_assume!(plan.is_some());
        let plan = plan.expect("assumed");
        for suggestion in &plan.suggestions {
            let mut kept = wishes.clone().want(&suggestion.feature);
            for (id, version) in plan.versions() {
                kept = kept.want(&id).pin(id, version);
            }
            prop_assert!(resolve(&catalog, &kept).is_ok());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// New names in the same order, and features nothing reaches, change nothing.
    ///
    /// Shows a part of: C-11.
    #[test]
    fn names_and_strangers_do_not_matter(case in case()) {
        let Some(plain) = read(&case) else { return Ok(()) };
        let renamed: String = rename(&case.lines) + "zz 1.0.0 : !core\n";
        let other = catalog(&renamed);
        let versions = |catalog: &Catalog, words: &str| match resolve(catalog, &wishes(words)) {
            Ok(plan) => Ok(plan.versions()),
            Err(ResolveError::Conflict(conflict)) => Err(conflict.cores.len()),
            Err(error) => panic!("{error}"),
        };
        let expected = versions(&plain, &case.words)
            .map(|plan| plan.into_iter().map(|(id, version)| (rename(&id), version)).collect());
        prop_assert_eq!(versions(&other, &rename(&case.words)), expected);
    }
}

/// Puts an `n` behind the one-letter names.
fn rename(text: &str) -> String {
    let mut renamed = String::new();
    let letters: Vec<char> = text.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        renamed.push(*letter);
        let alone =
            |at: Option<&char>| at.is_none_or(|it| !it.is_ascii_alphanumeric() && *it != '-');
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        if ('a'..='h').contains(letter) && alone(before) && alone(letters.get(index + 1)) {
            renamed.push('n');
        }
    }
    renamed
}

/// Only these rules of a catalog, and no demand for a reason to be in a plan.
struct Part<'a> {
    rules: BTreeSet<&'a str>,
    /// Whether the two sides of a cardinality were told.
    demands: bool,
    exclusions: bool,
}

impl Part<'_> {
    fn allows(&self, catalog: &Catalog, wishes: &[Wish], chosen: &Choice<'_>) -> bool {
        let has_rule = |site: &formwork_catalog::Site| self.rules.contains(site.rule.as_str());
        let none = Wishes {
            list: wishes.to_vec(),
            ..Wishes::default()
        };
        let kept = keeps(&none, chosen);
        let rules = chosen.values().all(|feature| {
            feature.requires.iter().all(|need| {
                !has_rule(&need.site)
                    || !active(catalog, chosen, &need.when)
                    || need.any.iter().any(|it| has(catalog, chosen, it))
            }) && feature.conflicts.iter().all(|conflict| {
                !has_rule(&conflict.site)
                    || !active(catalog, chosen, &conflict.when)
                    || !chosen.contains_key(conflict.with.as_str())
            })
        });
        let roles = catalog.capabilities().all(|capability| {
            let providers = chosen
                .values()
                .filter(|it| it.provides(&capability.id).is_some());
            let count = providers.count();
            let asked =
                self.demands && capability.cardinality.is_demanded() && chosen.contains_key("core");
            let bounded = self.exclusions && capability.cardinality.is_exclusive();
            !has_rule(&capability.site) || ((count > 0 || !asked) && (count < 2 || !bounded))
        });
        kept && rules && roles
    }

    /// Whether any choice of versions is allowed.
    fn is_possible(&self, catalog: &Catalog, wishes: &[Wish]) -> bool {
        choices(catalog).any(|chosen| self.allows(catalog, wishes, &chosen))
    }
}

/// Every choice of versions.
fn choices(catalog: &Catalog) -> impl Iterator<Item = Choice<'_>> {
    let ids: Vec<_> = catalog.ids().collect();
    let counts: Vec<_> = ids
        .iter()
        .map(|id| catalog.versions(id).len() + 1)
        .collect();
    let all: usize = counts.iter().product();
    (0..all).map(move |mut number| {
        let mut chosen = Choice::new();
        for (id, count) in ids.iter().zip(&counts) {
            if let Some(version) = (number % count).checked_sub(1) {
                chosen.insert(id, &catalog.versions(id)[version]);
            }
            number /= count;
        }
        chosen
    })
}

fn tells(derivation: &Derivation, what: fn(&Step) -> bool) -> bool {
    derivation.steps.iter().any(|step| match step {
        Step::Either { branches } => branches.iter().any(|it| tells(&it.derivation, what)),
        step => what(step),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Thousands of the smallest catalogs: verdict and optimum, and a catalog made ready once
    /// answers like one that is not, in whatever order it is asked.
    ///
    /// Shows a part of: C-10, C-11, C-17.
    #[test]
    fn thousands_of_small_catalogs_are_solved_as_by_brute_force(case in case_of(2..=4)) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let resolver = Resolver::new(&catalog);
        let wishes = wishes(&case.words);
        let cold = resolve(&catalog, &wishes);
        match (&cold, brute_force(&catalog, &wishes).first()) {
            (Ok(plan), Some((_, best))) => {
                prop_assert!(plan.optimal);
                prop_assert_eq!(&plan.versions(), best);
            }
            (Err(ResolveError::Conflict(_)), None) => {}
            (found, best) => prop_assert!(false, "{:?} against {:?}", found, best),
        }
        for id in catalog.ids() {
            let _ = resolver.resolve(&wishes.clone().want(id));
        }
        let warm = resolver.resolve(&wishes);
        prop_assert_eq!(format!("{cold:?}"), format!("{warm:?}"));
    }

    /// No rule of a conflict can be spared, nor any wish: shown on the rules it names and nothing
    /// else.
    ///
    /// Shows a part of: C-12, C-17.
    #[test]
    fn conflicts_are_minimal_over_wishes_and_rules(case in case_of(2..=5)) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let Err(ResolveError::Conflict(conflict)) = resolve(&catalog, &wishes(&case.words)) else {
            return Ok(());
        };
        for core in &conflict.cores {
            let mut part = Part {
                rules: core.rules.iter().map(|site| site.rule.as_str()).collect(),
                demands: tells(&core.derivation, |step| matches!(step, Step::Demand { .. })),
                exclusions: tells(&core.derivation, |step| matches!(step, Step::Exclusive { .. })),
            };
            prop_assert!(!part.is_possible(&catalog, &core.wishes), "{:?}", core);
            for rule in &core.rules {
                part.rules.remove(rule.rule.as_str());
                prop_assert!(part.is_possible(&catalog, &core.wishes), "{rule} can be spared: {:?}", core);
                part.rules.insert(&rule.rule);
            }
            for index in 0..core.wishes.len() {
                let mut fewer = core.wishes.clone();
                let spared = fewer.remove(index);
                prop_assert!(part.is_possible(&catalog, &fewer), "{spared} can be spared: {:?}", core);
            }
        }
    }

    /// The lines of a catalog, the rules in a line and the wishes in another order: the same plan,
    /// or a conflict again.
    ///
    /// Shows a part of: C-11.
    #[test]
    fn the_order_of_anything_changes_nothing(case in case_of(2..=6), seed in any::<u64>()) {
        let Some(plain) = read(&case) else { return Ok(()) };
        let mut lines: Vec<String> = case.lines.lines().map(|line| match line.split_once(" : ") {
            Some((head, rules)) => {
                let rules: Vec<_> = rules.split_whitespace().collect();
                format!("{head} : {}", shuffled(rules, seed).join(" "))
            }
            None => line.to_owned(),
        }).collect();
        lines = shuffled(lines, seed);
        // The toy language wants the capabilities first.
        lines.sort_by_key(|line| !line.starts_with("capability"));
        let other = catalog(&lines.join("\n"));
        // What is locked is no list: the last word on a feature counts.
        let words = case.words.split_whitespace();
        let (locked, wished): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with('@'));
        let words = format!("{} {}", shuffled(wished, seed).join(" "), locked.join(" "));
        let versions = |catalog: &Catalog, words: &str| match resolve(catalog, &wishes(words)) {
            Ok(plan) => Some(plan.versions()),
            Err(ResolveError::Conflict(_)) => None,
            Err(error) => panic!("{error}"),
        };
        prop_assert_eq!(versions(&plain, &case.words), versions(&other, &words));
    }

    /// Fixes come the gentlest first, none changes more than it must, and the wishes that are kept
    /// when the rest is let go are as many and as strong as can be.
    ///
    /// Shows a part of: C-13.
    #[test]
    fn fixes_are_ranked_and_degrading_keeps_the_most(case in case_of(2..=4)) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let wishes = wishes(&case.words);
        let degraded = degrade(&catalog, &wishes).expect("something is always left");
        let possible = |list: &[Wish]| {
            choices(&catalog).any(|chosen| {
                let wishes = Wishes { list: list.to_vec(), ..Wishes::default() };
                sound(&catalog, &wishes, &chosen)
            })
        };
        let kept = &degraded.wishes.list;
        prop_assert!(possible(kept));
        let strengths = |list: &[Wish]| {
            let count = |kind: fn(&Wish) -> bool| list.iter().filter(|wish| kind(wish)).count();
            [
                count(|wish| matches!(wish, Wish::Pin { .. })),
                count(|wish| matches!(wish, Wish::Want { .. })),
                count(|wish| matches!(wish, Wish::Refuse { .. })),
            ]
        };
        for subset in 0..1_u32 << wishes.list.len() {
            let chosen = wishes.list.iter().enumerate();
            let chosen: Vec<_> = chosen
                .filter(|(index, _)| subset >> index & 1 == 1)
                .map(|(_, wish)| wish.clone())
                .collect();
            if strengths(&chosen) > strengths(kept) {
                prop_assert!(!possible(&chosen), "{:?} would be more than {:?}", chosen, kept);
            }
        }
        prop_assert_eq!(kept.len() + degraded.left_out.len(), wishes.list.len());
        for left in &degraded.left_out {
            let mut more = kept.clone();
            more.push(left.wish.clone());
            prop_assert!(!possible(&more));
        }
        if let Err(ResolveError::Conflict(conflict)) = resolve(&catalog, &wishes) {
            let sizes: Vec<_> = conflict.fixes.iter().map(|fix| fix.changes.len()).collect();
            prop_assert!(sizes.iter().all(|size| *size == sizes[0]), "{:?}", sizes);
            let worst = |fix: &formwork_resolve::Fix| fix.changes.iter().map(|it| it.kind).max();
            prop_assert!(conflict.fixes.is_sorted_by_key(worst));
            if sizes[0] > 1 {
                for index in 0..wishes.list.len() {
                    let mut fewer = wishes.list.clone();
                    fewer.remove(index);
                    prop_assert!(!possible(&fewer), "one change is enough");
                }
            }
        }
    }

    /// What a further wish would bring is what it brings, and why not says the same.
    ///
    /// Shows a part of: C-14.
    #[test]
    fn what_if_is_what_then_is(case in case_of(2..=4), index in 0..4_usize) {
        let Some(catalog) = read(&case) else { return Ok(()) };
        let wishes = wishes(&case.words);
        let Ok(now) = resolve(&catalog, &wishes) else { return Ok(()) };
        let ids: Vec<_> = catalog.ids().collect();
        let id = ids[index % ids.len()];
        let more = wishes.clone().want(id);
        let wish = more.list.last().expect("one was added").clone();
        let then = resolve(&catalog, &more);
        match what_if(&catalog, &wishes, wish).expect("the wishes make sense") {
            WhatIf::Possible { diff, plan } => {
                prop_assert_eq!(&*plan, &then.expect("there is a plan"));
                let expected = formwork_resolve::Diff::between(&now.versions(), &plan.versions());
                prop_assert_eq!(&diff, &expected);
                match why_not(&catalog, &wishes, id).expect("the wishes make sense") {
                    WhyNot::Present { why } => prop_assert_eq!(&why.chain[0].0, id),
                    WhyNot::Possible { diff: other } => prop_assert_eq!(other, diff),
                    WhyNot::Impossible { .. } => prop_assert!(false, "it is possible"),
                }
            }
            WhatIf::Impossible { conflict } => {
                prop_assert!(then.is_err() && !conflict.cores.is_empty());
                prop_assert!(!now.contains(id));
            }
        }
    }
}

/// Another order, the same for the same seed.
fn shuffled<T>(items: Vec<T>, seed: u64) -> Vec<T> {
    let mut keyed: Vec<_> = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let mixed = (index as u64 + 1).wrapping_mul(seed | 1).rotate_left(17);
            (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15), item)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}
