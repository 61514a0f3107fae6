//! What services that were made before have together: frequent sets in a corpus of examples.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use toml_edit::{Document, Item, Table};

use crate::{Diagnostic, Position, Severity, Site, Source};

/// The file of a pack that lists examples, each with its features.
const PATH: &str = "examples.toml";
/// How many examples make a combination more than a chance.
const FREQUENT: usize = 2;

/// A feature that most examples have which have some others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Popular {
    pub feature: String,
    /// At most two features, by id; none when most of all examples have it.
    pub with: Vec<String>,
    /// How many examples with those have it.
    pub examples: usize,
    /// How many examples have those.
    pub of: usize,
    /// Where the examples are.
    pub site: Site,
}

/// The popular combinations in the examples of a pack. An example that names what is no feature is
/// worth a warning.
pub(crate) fn read(
    source: &Source,
    is_feature: impl Fn(&str) -> bool,
) -> (Vec<Popular>, Vec<Diagnostic>) {
    let mut warnings = Vec::new();
    let mut warn = |message: String, severity| {
        warnings.push(Diagnostic {
            path: PATH.to_owned(),
            position: Position::START,
            severity,
            message,
            help: None,
        });
    };
    let Some(bytes) = source.get(PATH) else {
        return (Vec::new(), warnings);
    };
    let text = String::from_utf8_lossy(bytes);
    let document = match Document::parse(text.as_ref()) {
        Ok(document) => document,
        Err(error) => {
            warn(error.message().to_owned(), Severity::Error);
            return (Vec::new(), warnings);
        }
    };
    let mut examples: Vec<BTreeSet<String>> = Vec::new();
    let tables = document.get("example").and_then(Item::as_array_of_tables);
    for table in tables.into_iter().flatten() {
        let features = features(table);
        for id in features.iter().filter(|id| !is_feature(id)) {
            warn(
                format!("an example has `{id}`, which is no feature"),
                Severity::Warning,
            );
        }
        examples.push(features.into_iter().filter(|id| is_feature(id)).collect());
    }
    (popular(&examples), warnings)
}

fn features(example: &Table) -> Vec<String> {
    let features = example.get("features").and_then(Item::as_array);
    let ids = features.into_iter().flatten().filter_map(|id| id.as_str());
    ids.map(str::to_owned).collect()
}

/// What more than half of the examples with none, one or two features have as well, where that is
/// more often than with fewer of these.
fn popular(examples: &[BTreeSet<String>]) -> Vec<Popular> {
    let mut known: BTreeMap<(Vec<&str>, &str), (usize, usize)> = BTreeMap::new();
    let ids: BTreeSet<&str> = examples.iter().flatten().map(String::as_str).collect();
    let mut sets: Vec<Vec<&str>> = vec![Vec::new()];
    sets.extend(ids.iter().map(|id| vec![*id]));
    for one in &ids {
        sets.extend(ids.range(*one..).skip(1).map(|other| vec![*one, *other]));
    }
    for with in sets {
        let having = |example: &&BTreeSet<String>| with.iter().all(|id| example.contains(*id));
        let having: Vec<_> = examples.iter().filter(having).collect();
        if having.len() < FREQUENT {
            continue;
        }
        for feature in ids.iter().filter(|id| !with.contains(*id)) {
            let count = having.iter().filter(|it| it.contains(*feature)).count();
            let share = (count, having.len());
            let fewer = (0..with.len()).map(|index| {
                let mut fewer = with.clone();
                fewer.remove(index);
                fewer
            });
            // None of the smaller sets says as much; the empty one is smaller than any.
            let mut fewer = fewer.chain((!with.is_empty()).then(Vec::new));
            let says_more = fewer.all(|fewer| {
                let known = known.get(&(fewer, *feature));
                known.is_none_or(|known| known.0 * share.1 < share.0 * known.1)
            });
            if count >= FREQUENT && says_more {
                known.insert((with.clone(), feature), share);
            }
        }
    }
    let popular = known.into_iter().filter(|(_, (count, of))| count * 2 > *of);
    let mut popular: Vec<_> = popular
        .map(|((with, feature), (examples, of))| Popular {
            feature: feature.to_owned(),
            with: with.into_iter().map(str::to_owned).collect(),
            examples,
            of,
            site: Site {
                rule: PATH.to_owned(),
                path: PATH.to_owned(),
                position: Position::START,
            },
        })
        .collect();
    popular.sort();
    popular
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str]) -> Vec<String> {
        let examples: Vec<BTreeSet<String>> = lines
            .iter()
            .map(|line| line.split(' ').map(str::to_owned).collect())
            .collect();
        let popular = popular(&examples).into_iter();
        let told = popular.map(|it| {
            let with = it.with.join("+");
            format!("{with}>{} {}/{}", it.feature, it.examples, it.of)
        });
        told.collect()
    }

    /// Counted by hand: what most have; what those with another have more often; nothing that was
    /// seen once or in half of the cases only, and nothing twice.
    ///
    /// Shows a part of: C-15.
    #[test]
    fn a_combination_is_popular_where_it_says_more_than_its_parts() {
        assert_eq!(told(&["a b"]), [""; 0], "one example is a chance");
        assert_eq!(told(&["a b", "a b"]), [">a 2/2", ">b 2/2"]);
        assert_eq!(
            told(&["a b", "a b", "c d", "c d"]),
            ["b>a 2/2", "a>b 2/2", "d>c 2/2", "c>d 2/2"]
        );
        assert_eq!(
            told(&["a b x", "a b x", "a y", "b z"]),
            [
                ">a 3/4",
                "x>a 2/2",
                ">b 3/4",
                "x>b 2/2",
                "a>x 2/3",
                "a+b>x 2/2",
                "b>x 2/3"
            ]
        );
    }

    /// Shows a part of: C-15.
    #[test]
    fn an_example_may_name_what_is_no_feature() {
        let text = "[[example]]\nname = \"one\"\nfeatures = [\"a\", \"gone\"]\n";
        let source = Source::from_iter([(PATH, text)]);
        let (popular, warnings) = read(&source, |id| id == "a");
        assert_eq!(popular, []);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].message.contains("`gone`"), "{warnings:?}");
        let (_, mistakes) = read(&Source::from_iter([(PATH, "[[example")]), |_| true);
        assert_eq!(mistakes[0].severity, Severity::Error);
    }
}
