//! `formwork probe`: the evidence that every feature of a project is wired, from its running service.

use std::env;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::{Choices, Probe};
use crate::http::Client;
use crate::interrupt::Interrupt;
use crate::probe::{self, Outcome, Scene};
use crate::report::{Exit, Failure, GREEN, PLAIN, Problem, RED, YELLOW, data, json_line};
use crate::timings::Timings;
use crate::{catalog, composition, name, situation};

pub(crate) fn run(arguments: &Probe) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    let catalog = catalog::for_project(Some(&arguments.project), &Choices::default())?;
    let order = situation::order(
        &catalog,
        Some(&arguments.project),
        None,
        &Choices::default(),
    )?;
    let composed = composition::work_out(
        &catalog,
        order,
        &Choices::default(),
        &mut Timings::default(),
    )?;
    let probes = &composed.document().probes;
    let log = match &arguments.log {
        None => None,
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| {
                Failure::io(format_args!("cannot read `{}`", path.display()), &error)
            })?;
            Some(text.lines().map(str::to_owned).collect::<Vec<_>>())
        }
    };
    let client = Client::new(&arguments.url);
    let prefix = name::environment_prefix(composed.recipe.project.name());
    let variable = || env::var(format!("{prefix}__{}", probe::HEALTH_TOKEN)).ok();
    let health_token = arguments.health_token.clone().or_else(variable);
    let scene = Scene {
        client: &client,
        project: &arguments.project,
        log: log.as_deref(),
        commands: !arguments.no_commands,
        changes: arguments.change_config,
        prefix: &prefix,
        health_token: health_token.as_deref(),
        patience: Duration::from_secs(arguments.wait),
        interrupt: &interrupt,
    };
    if probes.is_empty() {
        return Err(Failure::input(Problem::new(
            "no feature of the project declares a probe",
        )));
    }
    answers(&client, &scene)?;
    let (mut failed, mut skipped) = (Vec::new(), 0);
    for planned in probes {
        let allowed = |pack: &String| arguments.allow_actions.contains(pack);
        let mut scene = scene;
        scene.commands &= planned.pack.as_ref().is_none_or(allowed);
        let outcome = probe::run(&planned.feature, &planned.probe, &scene);
        show(&outcome, arguments.json)?;
        skipped += usize::from(outcome.skipped);
        if !outcome.ok {
            failed.push(outcome);
        }
        if interrupt.is_set() {
            return Err(Failure::interrupted("probing"));
        }
    }
    if !arguments.json {
        summarize(probes.len(), failed.len(), skipped)?;
    }
    verdict(&failed)
}

/// Waits until somebody answers at all: without it every probe would wait for itself.
fn answers(client: &Client, scene: &Scene<'_>) -> Result<(), Failure> {
    let deadline = Instant::now() + scene.patience;
    while let Err(error) = client.get("/") {
        if scene.interrupt.is_set() {
            return Err(Failure::interrupted("probing"));
        }
        if Instant::now() >= deadline {
            let problem = Problem::new(format!("nobody answers at {}", client.base()))
                .note(error)
                .hint("start the service, or give the address it logged with --url");
            return Err(Failure::new(Exit::Service, problem));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// The last line for people. What was skipped was not seen to hold.
pub(crate) fn summarize(total: usize, failed: usize, skipped: usize) -> Result<(), Failure> {
    let held = total - failed - skipped;
    let (color, rest) = match (failed, skipped) {
        (0, 0) => (GREEN, String::new()),
        (0, _) => (YELLOW, format!(", {skipped} were skipped")),
        (_, 0) => (RED, String::new()),
        _ => (RED, format!(", {skipped} were skipped")),
    };
    data(&format!(
        "{color}{held} of {total} probes hold{PLAIN}{rest}\n"
    ))
}

/// Prints an outcome for people or as one line of JSON.
pub(crate) fn show(outcome: &Outcome, json: bool) -> Result<(), Failure> {
    if json {
        return json_line(outcome);
    }
    let (color, word) = match outcome {
        Outcome { skipped: true, .. } => (YELLOW, "skipped"),
        Outcome { ok: true, .. } => (GREEN, "ok"),
        Outcome { ok: false, .. } => (RED, "failed"),
    };
    let found = outcome
        .found
        .as_ref()
        .map(|found| format!(" — {found}"))
        .unwrap_or_default();
    data(&format!(
        "{color}{word:<7}{PLAIN} {:<50} {}{found}\n",
        outcome.name, outcome.expected
    ))
}

/// Fails with every probe that failed.
pub(crate) fn verdict(failed: &[Outcome]) -> Result<(), Failure> {
    if failed.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = failed
        .iter()
        .map(|outcome| format!("`{}`", outcome.name))
        .collect();
    let problem = Problem::new(format!("not wired as promised: {}", names.join(", ")));
    Err(Failure::new(Exit::Service, problem))
}
