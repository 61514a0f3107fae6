//! `formwork doctor`: everything that can be looked at, one after the other; all that is wrong in one report.

use super::{check, probe};
use crate::cli::{Check, Doctor, Probe};
use crate::recipe;
use crate::report::{BOLD, Failure, PLAIN, say};

pub(crate) fn run(arguments: &Doctor) -> Result<(), Failure> {
    // What is no project has nothing else to be looked at.
    recipe::open(&arguments.project)?;
    let mut found: Option<Failure> = None;
    let mut keep = |result: Result<(), Failure>| {
        if let Err(failure) = result {
            match &mut found {
                Some(found) => found.problems.extend(failure.problems),
                None => found = Some(failure),
            }
        }
    };
    say(format!("{BOLD}the project{PLAIN}"));
    keep(check::run(&Check {
        project: arguments.project.clone(),
        allow: Vec::new(),
        deny: Vec::new(),
        json: arguments.json,
    }));
    if let Some(url) = &arguments.url {
        say(format!("{BOLD}the service at {url}{PLAIN}"));
        keep(probe::run(&Probe {
            url: url.clone(),
            project: arguments.project.clone(),
            log: None,
            no_commands: true,
            allow_actions: Vec::new(),
            change_config: false,
            health_token: arguments.health_token.clone(),
            wait: arguments.wait,
            json: arguments.json,
        }));
    }
    found.map_or(Ok(()), Err)
}
