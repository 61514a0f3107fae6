//! The technical questions, asked with plain prompts. An answer that cannot work with the others is explained before it is taken.

use std::io::{self, BufRead, Write as _};

use formwork_catalog::{Capability, Catalog};
use formwork_resolve::{ResolveError, Wish, Wishes, resolve};

use crate::report::{BOLD, Failure, PLAIN, YELLOW, say};
use crate::{nearest, words};

/// The answer that leaves a role empty.
const NONE: &str = "none";

/// Asks what the wishes leave open, and returns them with the answers.
pub(crate) fn ask(
    catalog: &Catalog,
    mut wishes: Wishes,
    input: &mut impl BufRead,
) -> Result<Wishes, Failure> {
    let mut questions: Vec<_> = catalog.questions().collect();
    questions.sort_by_key(|capability| (&capability.site.path, capability.site.position));
    for capability in questions {
        if is_answered(catalog, &wishes, capability) {
            continue;
        }
        let value = ask_one(catalog, &wishes, capability, input)?;
        wishes = wishes.answer(&capability.id, value);
    }
    Ok(wishes)
}

/// Whether a wish decides who fills the role.
fn is_answered(catalog: &Catalog, wishes: &Wishes, capability: &Capability) -> bool {
    let providers = catalog.providers(&capability.id);
    wishes.list.iter().any(|wish| match wish {
        Wish::Answer { question, .. } => *question == capability.id,
        Wish::Want { id, .. } => providers.contains(&id.as_str()),
        Wish::Refuse { id } => *id == capability.id,
        Wish::Pin { .. } | Wish::Tier { .. } => false,
    })
}

/// A possible answer, and what stands against it given the answers so far.
struct Choice<'a> {
    value: &'a str,
    summary: &'a str,
    obstacle: Option<String>,
}

fn ask_one(
    catalog: &Catalog,
    wishes: &Wishes,
    capability: &Capability,
    input: &mut impl BufRead,
) -> Result<String, Failure> {
    let choices = choices(catalog, wishes, capability);
    let default = default(catalog, wishes, &capability.id, &choices);
    let width = choices
        .iter()
        .map(|choice| choice.value.len())
        .max()
        .unwrap_or_default();
    say(format!(
        "\n{BOLD}{}{PLAIN}",
        capability.question.as_deref().unwrap_or(&capability.id)
    ));
    for (index, choice) in choices.iter().enumerate() {
        let mark = if choice.obstacle.is_some() {
            format!(" {YELLOW}(does not fit){PLAIN}")
        } else {
            String::new()
        };
        say(format!(
            "  {}  {:<width$}  {}{mark}",
            index + 1,
            choice.value,
            choice.summary
        ));
    }
    loop {
        let Some(typed) = read_line(&format!("[{default}] "), input)? else {
            return Ok(default.to_owned());
        };
        let choice = match typed.parse::<usize>() {
            Ok(number) => number.checked_sub(1).and_then(|index| choices.get(index)),
            Err(_) => choices.iter().find(|choice| choice.value == typed),
        };
        match choice {
            Some(Choice {
                value,
                obstacle: None,
                ..
            }) => return Ok((*value).to_owned()),
            Some(Choice {
                value,
                obstacle: Some(obstacle),
                ..
            }) => {
                say(format!("`{value}` does not fit:\n{}", indented(obstacle)));
            }
            None => {
                let near = nearest::nearest(&typed, choices.iter().map(|choice| choice.value));
                say(near.map_or_else(
                    || format!("`{typed}` is no answer; type a number or a name"),
                    |near| format!("`{typed}` is no answer; did you mean `{near}`?"),
                ));
            }
        }
    }
}

fn choices<'a>(catalog: &'a Catalog, wishes: &Wishes, capability: &Capability) -> Vec<Choice<'a>> {
    let mut values: Vec<(&str, &str)> = catalog
        .providers(&capability.id)
        .into_iter()
        .filter_map(|id| catalog.newest(id))
        .map(|feature| (feature.id.as_str(), feature.summary.as_str()))
        .collect();
    if !capability.cardinality.is_demanded() {
        values.push((NONE, "None of these."));
    }
    values
        .into_iter()
        .map(|(value, summary)| Choice {
            value,
            summary,
            obstacle: obstacle(catalog, wishes, &capability.id, value),
        })
        .collect()
}

/// What stands against an answer, in words.
fn obstacle(catalog: &Catalog, wishes: &Wishes, capability: &str, value: &str) -> Option<String> {
    match resolve(catalog, &wishes.clone().answer(capability, value)) {
        Ok(_) => None,
        Err(ResolveError::Conflict(conflict)) => {
            Some(words::derivation(&conflict.cores).join("\n"))
        }
        Err(error) => Some(error.to_string()),
    }
}

/// What the plan has without an answer; where there is no such plan, the first answer that fits.
fn default<'a>(
    catalog: &Catalog,
    wishes: &Wishes,
    capability: &str,
    choices: &[Choice<'a>],
) -> &'a str {
    let plan = resolve(catalog, wishes).ok();
    let planned = |choice: &&Choice<'a>| {
        plan.as_ref()
            .is_some_and(|plan| plan.contains(choice.value))
    };
    let fits = |choice: &&Choice<'a>| choice.obstacle.is_none();
    let providers = catalog.providers(capability);
    (choices
        .iter()
        .filter(|choice| providers.contains(&choice.value))
        .find(planned))
    .or_else(|| {
        choices
            .iter()
            .find(|choice| choice.value == NONE)
            .filter(fits)
    })
    .or_else(|| choices.iter().find(fits))
    .map_or(NONE, |choice| choice.value)
}

/// One line without the spaces around it; nothing when the line is empty or the input has ended.
pub(crate) fn read_line(prompt: &str, input: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let failed = |error: io::Error| Failure::io("cannot ask", &error);
    let mut stderr = anstream::stderr();
    write!(stderr, "{prompt}")
        .and_then(|()| stderr.flush())
        .map_err(failed)?;
    let mut line = String::new();
    input.read_line(&mut line).map_err(failed)?;
    let line = line.trim();
    Ok((!line.is_empty()).then(|| line.to_owned()))
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog, composition};

    fn answers(typed: &str) -> Vec<String> {
        let catalog = catalog::read().expect("our own catalog is sound");
        let wishes = composition::with_core(Wishes::new());
        let wishes = ask(&catalog, wishes, &mut typed.as_bytes()).expect("memory can be read");
        let answer = |wish: &Wish| match wish {
            Wish::Answer { question, value } => Some(format!("{question}={value}")),
            _ => None,
        };
        wishes.list.iter().filter_map(answer).collect()
    }

    /// Shows a part of: C-16.
    #[test]
    fn an_open_question_takes_its_default() {
        let all = answers("");
        assert!(all.contains(&"database=sqlite".to_owned()), "{all:?}");
        assert!(all.contains(&"notifier=polling".to_owned()), "{all:?}");
        assert!(all.contains(&"cache=memory-cache".to_owned()), "{all:?}");
        assert!(all.contains(&"metrics=none".to_owned()), "{all:?}");
        assert_eq!(all.len(), 6);
    }

    /// Whoever presses return at every question gets what somebody gets who was asked nothing, with
    /// every answer as a wish for the recipe.
    ///
    /// Shows a part of: C-16.
    #[test]
    fn defaults_at_the_prompt_are_those_of_a_plan_nobody_was_asked_about() {
        let catalog = catalog::read().expect("our own catalog is sound");
        let open = composition::with_core(Wishes::new());
        let asked = ask(&catalog, open.clone(), &mut "".as_bytes()).expect("memory can be read");
        assert_eq!(asked.list.len(), open.list.len() + 6);
        let versions = |wishes| resolve(&catalog, wishes).expect("defaults fit").versions();
        assert_eq!(versions(&asked), versions(&open));
    }

    /// Shows a part of: C-50.
    #[test]
    fn an_answer_that_does_not_fit_is_not_taken() {
        let catalog = catalog::read().expect("our own catalog is sound");
        let notifier = catalog
            .capability("notifier")
            .expect("the core asks for one");
        let wishes = composition::with_core(Wishes::new()).answer("database", "sqlite");
        let obstacle = obstacle(&catalog, &wishes, "notifier", "listen-notify");
        assert!(obstacle.is_some_and(|obstacle| obstacle.contains("listen-notify")));
        let taken = ask_one(
            &catalog,
            &wishes,
            notifier,
            &mut "listen-notify\nnonsense\npolling\n".as_bytes(),
        );
        assert_eq!(taken.expect("memory can be read"), "polling");
    }
}
