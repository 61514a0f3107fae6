//! Project names: what Cargo accepts as a package name, less what would get in the way later.

use formwork_generate::Project;

use crate::report::{Failure, Problem};

/// A project with a valid name, or why the name is none and one that is near.
///
/// `libraries` are what services depend on: a workspace cannot hold two packages of one name.
pub(crate) fn project(name: &str, libraries: &[String]) -> Result<Project, Failure> {
    let reason = match refusal(name, libraries) {
        Some(reason) => reason,
        None => match Project::new(name) {
            Ok(project) => return Ok(project),
            Err(error) => error.reason,
        },
    };
    Err(Failure::input(
        Problem::new(format!("`{name}` is no valid project name: {reason}"))
            .hint(format!("try `{}`", suggestion(name, libraries))),
    ))
}

/// The prefix of the environment variables that configure the service called `name`.
pub(crate) fn environment_prefix(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

/// What stands against a name beside the rules every project name follows.
fn refusal(name: &str, libraries: &[String]) -> Option<&'static str> {
    if name.contains(['/', '\\']) || name.contains("..") {
        Some("it is a path; the folder is the second argument")
    } else if name == "formwork" {
        Some("names starting with `formwork` belong to the runtime crates")
    } else if libraries
        .iter()
        .any(|library| library.replace('_', "-") == name)
    {
        Some("the service depends on a library of this name")
    } else {
        None
    }
}

fn is_valid(name: &str, libraries: &[String]) -> bool {
    refusal(name, libraries).is_none() && Project::new(name).is_ok()
}

/// How much of a name is kept for a suggestion.
const KEPT: usize = 40;

/// The nearest name that is valid.
fn suggestion(name: &str, libraries: &[String]) -> String {
    let last = name
        .rsplit(['/', '\\'])
        .find(|part| !part.is_empty() && part.chars().any(char::is_alphanumeric))
        .unwrap_or_default();
    let mut words = String::new();
    for character in last.chars() {
        match character {
            'a'..='z' | '0'..='9' => words.push(character),
            'A'..='Z' => {
                if words.ends_with(|before: char| {
                    before.is_ascii_lowercase() || before.is_ascii_digit()
                }) {
                    words.push('-');
                }
                words.push(character.to_ascii_lowercase());
            }
            _ if !words.ends_with('-') => words.push('-'),
            _ => {}
        }
    }
    let words = words.trim_start_matches(|first: char| !first.is_ascii_alphabetic());
    let words: String = words.chars().take(KEPT).collect();
    let words = words.trim_end_matches('-');
    let words = words
        .strip_prefix("formwork")
        .map_or(words, |rest| rest.trim_start_matches('-'));
    let candidate = if words.is_empty() {
        "my-service".to_owned()
    } else {
        words.to_owned()
    };
    if is_valid(&candidate, libraries) {
        candidate
    } else {
        format!("{candidate}-service")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: &str) {
        let libraries = ["tokio".to_owned()];
        let actual = match project(name, &libraries) {
            Ok(_) => "ok".to_owned(),
            Err(failure) => format!(
                "{} | {}",
                failure.problems[0].message, failure.problems[0].hints[0]
            ),
        };
        assert_eq!(actual, expected);
    }

    #[test]
    fn good_names_pass() {
        for name in ["shop", "my-shop", "shop2", "s"] {
            check(name, "ok");
        }
    }

    #[test]
    fn every_refusal_names_a_valid_neighbour() {
        let cases = [
            ("", "my-service"),
            ("2shop", "shop"),
            ("MyShop", "my-shop"),
            ("my_shop", "my-shop"),
            ("my shop", "my-shop"),
            ("fn", "fn-service"),
            ("con", "con-service"),
            ("nul", "nul-service"),
            ("lpt1", "lpt1-service"),
            ("test", "test-service"),
            ("core", "core-service"),
            ("tokio", "tokio-service"),
            ("../../etc", "etc"),
            ("formwork", "my-service"),
            ("formwork-shop", "shop"),
            ("shop-", "shop"),
            ("---", "my-service"),
            ("größe", "gr-e"),
        ];
        for (name, neighbour) in cases {
            let failure = project(name, &["tokio".to_owned()]).expect_err("the name is not valid");
            assert_eq!(
                failure.problems[0].hints,
                [format!("try `{neighbour}`")],
                "for `{name}`"
            );
            check(neighbour, "ok");
        }
    }

    #[test]
    fn a_refusal_says_why() {
        check(
            "../../etc",
            "`../../etc` is no valid project name: it is a path; the folder is the second argument | try `etc`",
        );
        check(
            "tokio",
            "`tokio` is no valid project name: the service depends on a library of this name | try `tokio-service`",
        );
    }

    #[test]
    fn a_name_becomes_a_prefix() {
        assert_eq!(environment_prefix("my-shop"), "MY_SHOP");
    }
}
