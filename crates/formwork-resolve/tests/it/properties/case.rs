//! Random small catalogs with wishes, as toy lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::RangeInclusive;

use formwork_catalog::Catalog;
use proptest::prelude::*;

use crate::toy::source;

/// A catalog and wishes as toy lines; small enough to try every plan.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) lines: String,
    pub(super) words: String,
}

const TIERS: [&str; 3] = ["intermediate", "advanced", "enterprise"];
const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

pub(super) fn case() -> impl Strategy<Value = Case> {
    case_of(3..=8)
}

pub(super) fn case_of(size: RangeInclusive<usize>) -> impl Strategy<Value = Case> {
    let feature = (
        1..=2_usize,
        prop::collection::vec(rule(), 0..4),
        any::<bool>(),
        prop::option::weighted(0.2, 0..3_usize),
    );
    let features = prop::collection::vec(feature, size);
    let examples = prop::collection::vec(prop::collection::vec(0..8_usize, 1..4), 0..4);
    let roles = prop::collection::vec(
        (
            0..3_u8,
            prop::collection::vec(0..8_usize, 1..4),
            any::<bool>(),
        ),
        0..3,
    );
    let asked = prop::collection::vec((0..14_u8, 0..8_usize, 1..=2_u8), 1..5);
    (features, roles, asked, examples).prop_map(|(features, roles, asked, examples)| {
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
        for (index, (versions, rules, has_option, floor)) in features.iter().enumerate() {
            for version in 1..=*versions {
                let mut words = provided.get(&index).cloned().unwrap_or_default();
                words.extend(has_option.then(|| "mode[x,y]".to_owned()));
                words.extend(floor.map(|floor| format!("*{}", TIERS[floor])));
                for rule in rules
                    .iter()
                    .filter(|rule| rule.only.is_none_or(|only| usize::from(only) == version))
                {
                    words.extend(rule.word(
                        index,
                        &features.iter().map(|it| it.0).collect::<Vec<_>>(),
                        roles.len(),
                        *has_option,
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
        for example in examples {
            let ids: Vec<_> = example.iter().map(|index| NAMES[index % count]).collect();
            let _ = writeln!(lines, "example {}", ids.join(" "));
        }
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
                8..=9 => {
                    let has_option = features[index % count].2;
                    // An option is answered once.
                    if has_option && !words.contains(&format!(" {name}.mode=")) {
                        let value = ["y", "x"][version - 1];
                        let _ = write!(words, " {name}.mode={value}");
                    }
                    write!(words, " {name}")
                }
                10 => write!(words, " #{}", TIERS[index % 3]),
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
    when: Option<When>,
}

#[derive(Debug, Clone)]
enum When {
    Feature(usize),
    Answer(bool),
    Tier(usize),
}

fn rule() -> impl Strategy<Value = Rule> {
    let when = prop_oneof![
        3 => (0..8_usize).prop_map(When::Feature),
        4 => any::<bool>().prop_map(When::Answer),
        1 => (0..3_usize).prop_map(When::Tier),
    ];
    let when = prop::option::weighted(0.4, when);
    let only = prop::option::weighted(0.3, 1..=2_u8);
    (0..11_u8, 0..8_usize, 0..8_usize, 0..=2_u8, only, when).prop_map(
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
    fn word(
        &self,
        owner: usize,
        versions: &[usize],
        roles: usize,
        has_option: bool,
    ) -> Option<String> {
        let count = versions.len();
        let (first, second) = (self.first % count, self.second % count);
        let ranged = |index: usize| match usize::from(self.version) {
            version if version == 0 || version > versions[index] => NAMES[index].to_owned(),
            version => format!("{}^{version}", NAMES[index]),
        };
        let when = match self.when {
            Some(When::Feature(when)) if when % count != owner => {
                format!("?{}", NAMES[when % count])
            }
            Some(When::Answer(other)) if has_option => {
                format!("?mode={}", if other { "y" } else { "x" })
            }
            Some(When::Tier(tier)) => format!("?{}", TIERS[tier]),
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
            10 if first < owner => Some(format!("#{}:{}", TIERS[second % 3], ranged(first))),
            _ => None,
        }
    }
}

/// The catalog of a case; nothing when it has mistakes, such as a feature nothing can select.
pub(super) fn read(case: &Case) -> Option<Catalog> {
    let reading = Catalog::read(source(&case.lines)).ok();
    reading.map(|reading| reading.catalog)
}
