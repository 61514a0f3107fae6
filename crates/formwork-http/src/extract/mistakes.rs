//! Every mistake of an input that does not fit its type: each one is mended as far as it takes to
//! see the next.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::Problem;
use crate::problem::rejection::malformed;

/// How many mistakes are told at most.
const MOST: usize = 50;

/// How many bytes are read again at most to find them.
const WORK: usize = 4 << 20;

/// Where something is in an input.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Index(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if number == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// What is wrong, with where and why.
struct Mistake {
    place: Place,
    kind: Kind,
}

enum Kind {
    Missing,
    Unknown,
    Duplicate,
    Other(String),
}

impl Mistake {
    fn of(path: &serde_path_to_error::Path, message: &str) -> Self {
        let steps = path.iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let mut place = Place(steps.collect());
        // A missing, unknown or repeated field is only named in the text.
        for (start, kind) in [
            ("missing field `", Kind::Missing),
            ("unknown field `", Kind::Unknown),
            ("duplicate field `", Kind::Duplicate),
        ] {
            let Some((field, _)) = message
                .strip_prefix(start)
                .and_then(|rest| rest.split_once('`'))
            else {
                continue;
            };
            let field = Step::Key(field.to_owned());
            if matches!(kind, Kind::Missing) || place.0.last() != Some(&field) {
                place.0.push(field);
            }
            return Self { place, kind };
        }
        // `… at line 1 column 20` says where in the bytes; the place says it better.
        let message = message
            .rsplit_once(" at line ")
            .map_or(message, |(message, _)| message);
        Self {
            place,
            kind: Kind::Other(message.to_owned()),
        }
    }

    fn tell(&self, problem: Problem) -> Problem {
        let place = self.place.to_string();
        match &self.kind {
            Kind::Missing => problem.with_violation(place, "required", "is required"),
            Kind::Unknown => problem.with_violation(place, "unknown", "is not known"),
            Kind::Duplicate => problem.with_violation(place, "duplicate", "is given twice"),
            Kind::Other(message) => problem.with_violation(place, "type", message.clone()),
        }
    }
}

/// The problem with every mistake of a body of JSON that is no `T`.
pub(super) fn of_json<T: DeserializeOwned>(mut problem: Problem, body: &[u8]) -> Problem {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut reader) else {
        return problem;
    };
    let first = Mistake::of(error.path(), &error.inner().to_string());
    let mut told = Vec::new();
    problem = first.tell(problem);
    if !matches!(first.kind, Kind::Duplicate) {
        told.push(first.place);
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        return problem;
    };
    let mut tried: BTreeMap<Place, usize> = BTreeMap::new();
    for _ in 0..(WORK / body.len().max(1)).min(MOST * 8) {
        let Err(error) = serde_path_to_error::deserialize::<_, T>(&value) else {
            break;
        };
        let mistake = Mistake::of(error.path(), &error.inner().to_string());
        let below = |place: &Place| mistake.place.0.starts_with(&place.0);
        if !told.iter().any(below) {
            if told.len() == MOST {
                break;
            }
            problem = mistake.tell(problem);
            told.push(mistake.place.clone());
        }
        let attempt = tried.entry(mistake.place.clone()).or_default();
        if !mend(&mut value, &mistake, *attempt) {
            break;
        }
        *attempt += 1;
    }
    problem
}

/// Takes out what is too much, and puts something of another type where the type is wrong.
fn mend(value: &mut Value, mistake: &Mistake, attempt: usize) -> bool {
    let something = match attempt {
        0 => Value::from(0),
        1 => Value::from(""),
        2 => Value::from(false),
        3 => Value::Array(Vec::new()),
        4 => Value::Object(serde_json::Map::new()),
        _ => return false,
    };
    let Some((last, above)) = mistake.place.0.split_last() else {
        *value = something;
        return true;
    };
    let mut parent = value;
    for step in above {
        let child = match step {
            Step::Key(key) => parent.get_mut(key.as_str()),
            Step::Index(index) => parent.get_mut(*index),
        };
        let Some(child) = child else {
            return false;
        };
        parent = child;
    }
    match (parent, last, &mistake.kind) {
        (Value::Object(fields), Step::Key(key), Kind::Unknown | Kind::Duplicate) => {
            fields.remove(key).is_some()
        }
        (Value::Object(fields), Step::Key(key), _) => {
            fields.insert(key.clone(), something);
            true
        }
        (Value::Array(items), Step::Index(index), _) => match items.get_mut(*index) {
            Some(item) => {
                *item = something;
                true
            }
            None => false,
        },
        _ => false,
    }
}

/// Parameters by name, in the order they were given.
pub(super) type Pairs<'q> = Vec<(Cow<'q, str>, Cow<'q, str>)>;

/// The parameters as a `T`. Every mistake in them is added to `problem`, and then there is none.
pub(super) fn of_pairs<T: DeserializeOwned>(
    mut pairs: Pairs<'_>,
    problem: &mut Option<Problem>,
) -> Option<T> {
    let mut sound = true;
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..MOST * 3 {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(&pairs).finish();
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        let error = match serde_path_to_error::deserialize::<_, T>(reader) {
            Ok(value) => return sound.then_some(value),
            Err(error) => error,
        };
        sound = false;
        let mistake = Mistake::of(error.path(), &error.inner().to_string());
        let name = mistake.place.to_string();
        let attempt = tried.entry(name.clone()).or_default();
        if *attempt == 0 {
            *problem = Some(mistake.tell(problem.take().unwrap_or_else(malformed)));
        }
        let before = pairs.len();
        let mut first = matches!(mistake.kind, Kind::Duplicate);
        pairs.retain(|(known, _)| *known != name || std::mem::take(&mut first));
        if let Kind::Missing = mistake.kind {
            let something = ["", "0", "true"].get(*attempt)?;
            pairs.push((Cow::Owned(name), Cow::Borrowed(something)));
        } else if pairs.len() == before {
            return None;
        }
        *attempt += 1;
    }
    None
}
