//! Catalogs made up from a seed: what a catalog of many features and versions could look like.
//!
//! Needs point downwards (alternatives anywhere), a few roles are filled by several features, some
//! versions exclude each other. Rules that would make a version impossible are taken out again,
//! because a catalog that has such a version is refused.

use std::collections::BTreeMap;
use std::fmt::Write;

use formwork_catalog::{Catalog, Source};
use formwork_resolve::Wishes;

/// Numbers from a seed, the same everywhere (SplitMix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below the bound")
    }

    /// Yes, so often in a hundred.
    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// A rule of a version, and whether the catalog is sound without it.
struct Rule {
    text: String,
    may_harm: bool,
}

/// A sound catalog of so many features, each in so many versions.
pub(crate) fn catalog(features: usize, versions: usize, seed: u64) -> Catalog {
    let mut numbers = Numbers::new(seed);
    let roles = (features / 12).max(2);
    let mut head = String::new();
    let mut provided: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for role in 0..roles {
        let cardinality = ["at-most-one", "any", "at-least-one", "at-most-one"][numbers.below(4)];
        let mut first = None;
        for _ in 0..2 + numbers.below(3) {
            let provider = 1 + numbers.below(features - 1);
            let provides = provided.entry(provider).or_default();
            let role = format!("role{role}");
            if !provides.contains(&role) {
                first.get_or_insert(provider);
                provides.push(role);
            }
        }
        let default = first.expect("a role has a provider");
        let _ = writeln!(
            head,
            "[[capabilities]]\nid = \"role{role}\"\ncardinality = \"{cardinality}\"\n\
             question = \"?\"\ndefault = \"{}\"",
            id(default)
        );
    }
    let mut manifests: BTreeMap<String, (String, Vec<Rule>)> = BTreeMap::new();
    for feature in 0..features {
        let common = rules(&mut numbers, features, versions, roles, feature);
        for version in 1..=versions {
            let mut text = format!(
                "id = \"{id}\"\nname = \"{id}\"\nsummary = \"One.\"\nversion = \"{version}.0.0\"\nkind = \"core\"\n\
                 [[probes]]\nname = \"present\"\nkind = \"file\"\npath = \"x\"\n",
                id = id(feature)
            );
            if feature == 0 {
                text.push_str(&head);
            }
            for role in provided.get(&feature).into_iter().flatten() {
                let _ = writeln!(
                    text,
                    "[[provides]]\ncapability = \"{role}\"\nversion = \"{version}.0.0\""
                );
            }
            // Most rules hold for every version; some came or went.
            let mut own: Vec<_> = common
                .iter()
                .filter(|_| numbers.percent(85))
                .map(|rule| Rule {
                    text: rule.text.clone(),
                    may_harm: rule.may_harm,
                })
                .collect();
            if numbers.percent(30) {
                own.extend(
                    rules(&mut numbers, features, versions, roles, feature)
                        .into_iter()
                        .take(1),
                );
            }
            let path = format!("features/{}@{version}/feature.toml", id(feature));
            manifests.insert(path, (text, own));
        }
    }
    loop {
        let mut source = Source::default();
        for (path, (text, rules)) in &manifests {
            let rules: String = rules.iter().map(|rule| rule.text.as_str()).collect();
            source.insert(path.clone(), format!("{text}{rules}").into_bytes());
            source.insert(path.replace("feature.toml", "README.md"), b"".to_vec());
        }
        match Catalog::read(source) {
            Ok(reading) => return reading.catalog,
            Err(error) => {
                let mut mended = false;
                for diagnostic in &error.diagnostics {
                    if let Some((_, rules)) = manifests.get_mut(&diagnostic.path) {
                        let before = rules.len();
                        rules.retain(|rule| !rule.may_harm);
                        if rules.len() == before {
                            rules.clear();
                        }
                        mended |= rules.len() < before;
                    }
                }
                assert!(mended, "{error}");
            }
        }
    }
}

fn id(feature: usize) -> String {
    if feature == 0 {
        "core".to_owned()
    } else {
        format!("f{feature:03}")
    }
}

fn rules(
    numbers: &mut Numbers,
    features: usize,
    versions: usize,
    roles: usize,
    feature: usize,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    if feature == 0 {
        return rules;
    }
    let other = |numbers: &mut Numbers| {
        let other = 1 + numbers.below(features - 1);
        if other == feature { 0 } else { other }
    };
    for _ in 0..1 + numbers.below(3) {
        let kind = numbers.below(20);
        let when = if numbers.percent(15) {
            format!("when = {{ feature = \"{}\" }}\n", id(other(numbers)))
        } else {
            String::new()
        };
        let any = match kind {
            0..=8 => {
                let version = 1 + numbers.below(versions);
                format!("\"{} >={version}\"", id(numbers.below(feature)))
            }
            9 => {
                let version = 2 + numbers.below(versions);
                format!("\"{} <{version}\"", id(numbers.below(feature)))
            }
            10..=15 => {
                let (one, two) = (other(numbers), other(numbers));
                let version = 1 + numbers.below(versions);
                format!("\"{} >={version}\", \"{}\"", id(one), id(two))
            }
            _ => format!("\"role{}\"", numbers.below(roles)),
        };
        rules.push(Rule {
            text: format!("[[requires]]\nany = [{any}]\n{when}"),
            may_harm: kind == 9,
        });
    }
    if numbers.percent(25) {
        let version = 1 + numbers.below(versions);
        rules.push(Rule {
            text: format!(
                "[[conflicts]]\nwith = \"{}\"\nrange = \"<={version}\"\nreason = \"they clash\"\n",
                id(other(numbers))
            ),
            may_harm: true,
        });
    }
    for (section, chance) in [("recommends", 40), ("suggests", 20)] {
        if numbers.percent(chance) {
            let _ = write!(
                {
                    rules.push(Rule {
                        text: String::new(),
                        may_harm: false,
                    });
                    &mut rules.last_mut().expect("one was added").text
                },
                "[[{section}]]\nfeature = \"{}\"\nreason = \"it goes well with it\"\n",
                id(other(numbers))
            );
        }
    }
    if numbers.percent(10) {
        rules.push(Rule {
            text: format!(
                "[[supplements]]\nwhen-all = [\"{}\", \"{}\"]\nreason = \"it ties them\"\n",
                id(other(numbers)),
                id(other(numbers))
            ),
            may_harm: false,
        });
    }
    rules
}

/// The core and some features, some of them only in a range, now and then one refused.
pub(crate) fn wishes(features: usize, versions: usize, seed: u64) -> Wishes {
    let mut numbers = Numbers::new(seed ^ 0xface);
    let mut wishes = Wishes::new().want("core");
    for _ in 0..3 + numbers.below(6) {
        let id = id(1 + numbers.below(features - 1));
        wishes = match numbers.below(10) {
            0..=6 => wishes.want(id),
            7..=8 => {
                let range = format!("<={}", 1 + numbers.below(versions));
                wishes.want_range(id, range.parse().expect("a range"))
            }
            _ => wishes.refuse(id),
        };
    }
    wishes
}
