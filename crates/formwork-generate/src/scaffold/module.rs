//! A runtime module: configuration, one service, and a test that starts it.

use std::fs;
use std::io;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, context};

use super::{Scaffold, ScaffoldChange, ScaffoldError, ScaffoldFile, list, taken};
use crate::project;
use crate::render::filters;
use crate::tree::path_mistake;
use crate::{layout, names};

/// The owner's list of modules; the generated `app.rs` calls it.
const LIST: &str = "service/src/own/mod.rs";

const TEMPLATE: &str = include_str!("module.rs.j2");

/// A module called `name` for the project in a folder. `others` are sources the service is built from beside its own
/// and those under `vendor/`, as a name for people and a text: what they declare is taken.
pub fn module<'s>(
    project: &Path,
    name: &str,
    others: impl IntoIterator<Item = (&'s str, &'s str)>,
) -> Result<Scaffold, ScaffoldError> {
    check_name(name)?;
    let snake = names::snake(name);
    let path = format!("service/src/own/{snake}.rs");
    let list = match fs::read_to_string(project.join(LIST)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ScaffoldError::NoList { path: LIST });
        }
        Err(source) => return Err(failed("read", project.join(LIST), source)),
    };
    let text = render(name);
    let list_after = list::extend(&list, &snake, &format!("{}Module", names::pascal(name)))
        .map_err(|mistake| match mistake {
            list::Mistake::Listed => ScaffoldError::Taken {
                name: name.to_owned(),
                place: format!("`{LIST}`"),
            },
            list::Mistake::Shape { reason, lines } => ScaffoldError::List {
                path: LIST,
                reason,
                lines,
            },
        })?;
    match fs::read_to_string(project.join(&path)) {
        // What an interrupted run left: it is on no list yet.
        Ok(found) if found == text => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Ok(_) | Err(_) => return Err(ScaffoldError::Exists { path }),
    }
    if project.join(format!("service/src/own/{snake}")).exists() {
        return Err(ScaffoldError::Exists {
            path: format!("service/src/own/{snake}"),
        });
    }
    if let Some(place) = taken::place(project, name, &path, others)? {
        return Err(ScaffoldError::Taken {
            name: name.to_owned(),
            place,
        });
    }
    Ok(Scaffold {
        name: name.to_owned(),
        files: vec![
            ScaffoldFile {
                path,
                change: ScaffoldChange::Create,
                text,
                before: None,
            },
            ScaffoldFile {
                path: LIST.to_owned(),
                change: ScaffoldChange::Extend,
                text: list_after,
                before: Some(list),
            },
        ],
    })
}

pub(super) fn failed(
    action: &'static str,
    path: impl Into<std::path::PathBuf>,
    source: io::Error,
) -> ScaffoldError {
    ScaffoldError::Io {
        action,
        path: path.into(),
        source,
    }
}

fn check_name(name: &str) -> Result<(), ScaffoldError> {
    let mistake = |name: &str| {
        if ["app", "formwork"].contains(&name) || name.starts_with("formwork-") {
            return Some("the application itself goes by this name");
        }
        project::spelling_mistake(name).or_else(|| path_mistake(name))
    };
    let Some(reason) = mistake(name) else {
        return Ok(());
    };
    let nearest = project::nearest_spelling(name);
    Err(ScaffoldError::Name {
        name: name.to_owned(),
        reason,
        nearest: mistake(&nearest).is_none().then_some(nearest),
    })
}

fn render(name: &str) -> String {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    filters::register(&mut environment);
    let rendered = environment
        .render_str(TEMPLATE, context!(name))
        .expect("the template is our own and asks for the name alone");
    // The engine drops the last newline.
    layout::resolve(&(rendered + "\n")).expect("the marks of the template are sound")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows a part of: R-001, C-35.
    #[test]
    fn a_module_with_its_test_is_at_most_75_lines_and_formatted() {
        for name in ["a", "rate-card", "x-2", &"long-name".repeat(5)] {
            check_name(name).expect("the name is fine");
            let text = render(name);
            assert!(
                text.lines().count() <= 75,
                "{name}: {}",
                text.lines().count()
            );
            assert_eq!(text, layout::tests::rustfmt(&text), "{name}");
        }
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_a_neighbour() {
        for (name, nearest) in [
            ("RateCard", Some("rate-card")),
            ("rate_card", Some("rate-card")),
            ("rate--card", Some("rate-card")),
            ("-rate", Some("rate")),
            ("", None),
            ("2", None),
            ("match", None),
            ("con", None),
            ("app", None),
            ("formwork-app", None),
            ("../up", Some("up")),
            (&"x".repeat(51), None),
        ] {
            match check_name(name) {
                Err(ScaffoldError::Name { nearest: found, .. }) => {
                    assert_eq!(found.as_deref(), nearest, "{name}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
