//! What a change of wishes leaves of what is locked.

use std::collections::{BTreeMap, BTreeSet};

use formwork_catalog::Catalog;
use formwork_resolve::{Wish, Wishes, resolve};
use semver::Version;

/// The part of `locked` that the wishes after a change are held to.
///
/// A feature that came only with a wish goes with it. Which these are is what the catalog answers to the wishes before
/// and after, each alone: with the same catalog, taking a wish back gives the plan there was before it, whatever
/// happened in between. What only history explains, such as the provider that was the default when the project was
/// made, stays locked.
pub fn keep_locked(
    catalog: &Catalog,
    before: &[Wish],
    after: &[Wish],
    locked: &BTreeMap<String, Version>,
) -> BTreeMap<String, Version> {
    if before == after {
        return locked.clone();
    }
    let alone = |list: &[Wish]| -> Option<BTreeSet<String>> {
        let wishes = Wishes {
            list: list.to_vec(),
            locked: BTreeMap::new(),
        };
        let plan = resolve(catalog, &wishes).ok()?;
        Some(
            plan.features
                .into_iter()
                .map(|planned| planned.id)
                .collect(),
        )
    };
    // Wishes that cannot hold are somebody else's to explain.
    let (Some(before), Some(after)) = (alone(before), alone(after)) else {
        return locked.clone();
    };
    locked
        .iter()
        .filter(|(id, _)| after.contains(*id) || !before.contains(*id))
        .map(|(id, version)| (id.clone(), version.clone()))
        .collect()
}

/// A wish as one line of the lock.
pub(crate) fn to_line(wish: &Wish) -> String {
    match wish {
        Wish::Want { id, range } if *range == semver::VersionReq::STAR => format!("want {id}"),
        Wish::Want { id, range } => format!("want {id} {range}"),
        Wish::Pin { feature, version } => format!("pin {feature} {version}"),
        Wish::Answer { question, value } => format!("answer {question}={value}"),
        Wish::Tier { tier } => format!("tier {tier}"),
        Wish::Refuse { id } => format!("refuse {id}"),
    }
}

pub(crate) fn from_line(line: &str) -> Option<Wish> {
    let (verb, rest) = line.split_once(' ')?;
    Some(match verb {
        "want" => {
            let (id, range) = rest.split_once(' ').unwrap_or((rest, "*"));
            Wish::Want {
                id: id.to_owned(),
                range: range.parse().ok()?,
            }
        }
        "pin" => {
            let (feature, version) = rest.split_once(' ')?;
            Wish::Pin {
                feature: feature.to_owned(),
                version: version.parse().ok()?,
            }
        }
        "answer" => {
            let (question, value) = rest.split_once('=')?;
            Wish::Answer {
                question: question.to_owned(),
                value: value.to_owned(),
            }
        }
        "tier" => Wish::Tier {
            tier: formwork_catalog::Tier::from_name(rest)?,
        },
        "refuse" => Wish::Refuse {
            id: rest.to_owned(),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_is_read_back_from_its_line() {
        let wishes = Wishes::new()
            .want("rest")
            .want_range("sqlite", ">=1.2, <2".parse().expect("a range"))
            .refuse("nats")
            .tier(formwork_catalog::Tier::Advanced)
            .answer("sqlite.journal-mode", "a = b c")
            .pin("core", Version::new(1, 0, 0));
        for wish in wishes.list {
            assert_eq!(from_line(&to_line(&wish)), Some(wish));
        }
        for nonsense in [
            "",
            "want",
            "wish x",
            "tier none",
            "pin x",
            "answer x",
            "want a !",
        ] {
            assert_eq!(from_line(nonsense), None, "{nonsense}");
        }
    }
}
