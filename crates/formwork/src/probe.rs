//! The acceptance probes: evidence, from a running service and its folder, that a selected feature is wired.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use formwork_catalog::{OptionValue, Probe, ProbeKind};
use serde::Serialize;
use serde_json::Value;

use crate::http::Client;
use crate::interrupt::Interrupt;
use crate::scenario;

/// How often evidence that takes time to appear is looked for.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// The variable, without the service's prefix, of the token of those who are shown components.
pub(crate) const HEALTH_TOKEN: &str = "HEALTH__TOKEN";

/// Where the evidence is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) client: &'a Client,
    pub(crate) project: &'a Path,
    /// What the service wrote to its standard output, where that is known.
    pub(crate) log: Option<&'a [String]>,
    /// Whether commands may be run in the project.
    pub(crate) commands: bool,
    /// Whether values may be changed, for a moment, in the project's configuration file.
    pub(crate) changes: bool,
    /// What the service's variables start with.
    pub(crate) prefix: &'a str,
    /// The service's `health.token`, without which nobody is shown components.
    pub(crate) health_token: Option<&'a str>,
    /// How long evidence may take to appear.
    pub(crate) patience: Duration,
    pub(crate) interrupt: &'a Interrupt,
}

impl Scene<'_> {
    /// The value of a variable of the service, called without its prefix.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        if name == HEALTH_TOKEN {
            return self.health_token.map(str::to_owned);
        }
        env::var(format!("{}__{name}", self.prefix)).ok()
    }

    /// Why what needs this variable is left out, where it has no value.
    pub(crate) fn missing(&self, name: &str) -> Option<String> {
        if self.variable(name).is_some() {
            return None;
        }
        let also = match name {
            HEALTH_TOKEN => ", nor is --health-token given",
            _ => "",
        };
        Some(format!("{}__{name} is not set{also}", self.prefix))
    }
}

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    /// `feature/probe`.
    pub(crate) name: String,
    pub(crate) ok: bool,
    pub(crate) feature: String,
    pub(crate) kind: &'static str,
    /// Whether the evidence could not be looked for here.
    pub(crate) skipped: bool,
    /// What was looked for.
    pub(crate) expected: String,
    /// What was found instead, or why the probe was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<String>,
}

/// Runs one probe of a feature.
pub(crate) fn run(feature: &str, probe: &Probe, scene: &Scene<'_>) -> Outcome {
    let (kind, expected) = describe(&probe.kind);
    let mut outcome = Outcome {
        name: format!("{feature}/{}", probe.name),
        ok: true,
        feature: feature.to_owned(),
        kind,
        skipped: false,
        expected,
        found: None,
    };
    if let Some(reason) = skip(&probe.kind, scene) {
        outcome.skipped = true;
        outcome.found = Some(reason);
        return outcome;
    }
    let takes_time = matches!(
        probe.kind,
        ProbeKind::Http { .. } | ProbeKind::Metric { .. } | ProbeKind::Health { .. }
    );
    let deadline = Instant::now()
        + if takes_time {
            scene.patience
        } else {
            Duration::ZERO
        };
    loop {
        match look(&probe.kind, scene) {
            Ok(()) => return outcome,
            Err(found) if Instant::now() >= deadline || scene.interrupt.wait(PAUSE) => {
                outcome.ok = false;
                outcome.found = Some(found);
                return outcome;
            }
            Err(_) => {}
        }
    }
}

fn skip(kind: &ProbeKind, scene: &Scene<'_>) -> Option<String> {
    match kind {
        ProbeKind::Log { .. } if scene.log.is_none() => {
            Some("no log of the service was given".to_owned())
        }
        ProbeKind::Command { .. } if !scene.commands => Some("commands are left out".to_owned()),
        ProbeKind::Health { .. } if scene.health_token.is_none() => scene.missing(HEALTH_TOKEN),
        ProbeKind::Scenario { steps, .. } => scenario::skip(steps, scene),
        _ => None,
    }
}

/// In words, what a probe looks for.
pub(crate) fn in_words(kind: &ProbeKind) -> String {
    describe(kind).1
}

/// The kind's name, and in words what the probe looks for.
fn describe(kind: &ProbeKind) -> (&'static str, String) {
    match kind {
        ProbeKind::Http {
            path,
            status,
            contains,
            json,
        } => {
            let mut text = format!("GET {path} answers {status}");
            if let Some(contains) = contains {
                text += &format!(" with {contains:?}");
            }
            for (pointer, value) in json {
                text += &format!(", {pointer} is {}", as_json(value));
            }
            ("http", text)
        }
        ProbeKind::Metric { series, min } => ("metric", format!("{series} is at least {min}")),
        ProbeKind::Health { component, status } => {
            ("health", format!("component {component} is {status}"))
        }
        ProbeKind::File {
            path,
            contains: None,
        } => ("file", format!("{path} exists")),
        ProbeKind::File {
            path,
            contains: Some(contains),
        } => ("file", format!("{path} contains {contains:?}")),
        ProbeKind::Log { fields } => (
            "log",
            format!("every line is JSON with {}", fields.join(", ")),
        ),
        ProbeKind::Command { run } => ("command", format!("`{}` succeeds", run.join(" "))),
        ProbeKind::Scenario { from, steps } if steps.is_empty() => {
            ("scenario", format!("the answers are as in {from}"))
        }
        ProbeKind::Scenario { steps, .. } => ("scenario", scenario::in_sentence(steps)),
    }
}

/// Looks once; the error says what was found instead.
fn look(kind: &ProbeKind, scene: &Scene<'_>) -> Result<(), String> {
    match kind {
        ProbeKind::Http {
            path,
            status,
            contains,
            json,
        } => {
            let answer = scene.client.get(path)?;
            if answer.status != *status {
                return Err(format!(
                    "status {}: {}",
                    answer.status,
                    shortened(&answer.body)
                ));
            }
            if let Some(contains) = contains
                && !answer.body.contains(contains)
            {
                return Err(format!("a body without it: {}", shortened(&answer.body)));
            }
            let body = answer.json();
            for (pointer, expected) in json {
                match body.pointer(pointer) {
                    Some(found) if *found == as_json(expected) => {}
                    Some(found) => {
                        return Err(format!("{pointer} is {}", shortened(&found.to_string())));
                    }
                    None => return Err(format!("no {pointer} in {}", shortened(&answer.body))),
                }
            }
            Ok(())
        }
        ProbeKind::Metric { series, min } => {
            let answer = scene.client.get("/metrics")?;
            if answer.status != 200 {
                return Err(format!("GET /metrics answers {}", answer.status));
            }
            match total(&answer.body, series) {
                #[expect(clippy::cast_precision_loss, reason = "thresholds of probes are small")]
                Some(value) if value >= *min as f64 => Ok(()),
                Some(value) => Err(format!("it is {value}")),
                None => Err("no such series".to_owned()),
            }
        }
        ProbeKind::Health { component, status } => {
            let token = scene.health_token.unwrap_or_default();
            let answer = scene.client.get_as(token, "/health")?;
            let report = answer.json();
            let components = report
                .get("components")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let found = components
                .iter()
                .find(|candidate| candidate.get("name").and_then(Value::as_str) == Some(component));
            match found
                .and_then(|component| component.get("status"))
                .and_then(Value::as_str)
            {
                Some(found) if found == status => Ok(()),
                Some(found) => Err(format!("it is {found}")),
                None => Err(format!("no such component in {}", shortened(&answer.body))),
            }
        }
        ProbeKind::File { path, contains } => {
            let text = fs::read(scene.project.join(path))
                .map_err(|error| crate::report::in_words(&error))?;
            match contains {
                Some(contains) if !String::from_utf8_lossy(&text).contains(contains) => {
                    Err("a file without it".to_owned())
                }
                _ => Ok(()),
            }
        }
        ProbeKind::Log { fields } => {
            let lines = scene.log.unwrap_or_default();
            if lines.is_empty() {
                return Err("no line at all".to_owned());
            }
            lines.iter().try_for_each(|line| has_fields(line, fields))
        }
        ProbeKind::Scenario { steps, .. } => scenario::play(steps, scene),
        ProbeKind::Command { run } => {
            let Some((program, arguments)) = run.split_first() else {
                return Err("no command".to_owned());
            };
            let output = Command::new(program)
                .args(arguments)
                .current_dir(scene.project)
                .stdin(Stdio::null())
                .output()
                .map_err(|error| crate::report::in_words(&error))?;
            if output.status.success() {
                return Ok(());
            }
            let text = String::from_utf8_lossy(&output.stderr);
            Err(format!(
                "{}: {}",
                output.status,
                shortened(text.trim().lines().last().unwrap_or_default())
            ))
        }
    }
}

pub(crate) fn as_json(value: &OptionValue) -> Value {
    match value {
        OptionValue::Boolean(value) => Value::from(*value),
        OptionValue::Integer(value) => Value::from(*value),
        OptionValue::Text(value) => Value::from(value.as_str()),
    }
}

/// One line of a body, short enough for a report.
pub(crate) fn shortened(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 200 {
        line = line.chars().take(199).collect::<String>() + "…";
    }
    if line.is_empty() {
        "nothing".to_owned()
    } else {
        line
    }
}

fn has_fields(line: &str, fields: &[String]) -> Result<(), String> {
    let Ok(Value::Object(object)) = serde_json::from_str(line) else {
        return Err(format!(
            "a line that is no JSON object: {}",
            shortened(line)
        ));
    };
    let nested = object.get("fields").and_then(Value::as_object);
    match fields.iter().find(|field| {
        !object.contains_key(*field) && !nested.is_some_and(|nested| nested.contains_key(*field))
    }) {
        Some(field) => Err(format!("no `{field}` in {}", shortened(line))),
        None => Ok(()),
    }
}

/// The sum of the samples of a series in the Prometheus text format. The series may name labels: `requests_total{method="GET"}`.
fn total(text: &str, series: &str) -> Option<f64> {
    let (name, labels) = split_series(series);
    let mut sum = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (found, rest) = match line.rfind('}') {
            Some(end) => line.split_at(end + 1),
            None => line.split_once(' ').unwrap_or((line, "")),
        };
        let (found_name, found_labels) = split_series(found);
        if found_name != name || !labels.iter().all(|label| found_labels.contains(label)) {
            continue;
        }
        if let Some(value) = rest
            .split_whitespace()
            .next()
            .and_then(|value| value.parse::<f64>().ok())
        {
            sum = Some(sum.unwrap_or(0.0) + value);
        }
    }
    sum
}

fn split_series(series: &str) -> (&str, Vec<&str>) {
    match series.split_once('{') {
        Some((name, labels)) => {
            let labels = labels.trim_end_matches('}');
            (
                name,
                labels
                    .split("\",")
                    .map(|label| label.trim().trim_end_matches('"'))
                    .filter(|label| !label.is_empty())
                    .collect(),
            )
        }
        None => (series.trim(), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "\
# HELP requests_total All requests.
# TYPE requests_total counter
requests_total{method=\"GET\",route=\"/api/orders/{id}\"} 3
requests_total{method=\"POST\",route=\"/api/orders\"} 2
requests_total_other 9
up 1
";

    #[test]
    fn a_series_is_summed_over_the_labels_left_open() {
        assert_eq!(total(METRICS, "requests_total"), Some(5.0));
        assert_eq!(total(METRICS, "requests_total{method=\"POST\"}"), Some(2.0));
        assert_eq!(
            total(
                METRICS,
                "requests_total{method=\"GET\",route=\"/api/orders/{id}\"}"
            ),
            Some(3.0)
        );
        assert_eq!(total(METRICS, "up"), Some(1.0));
        assert_eq!(total(METRICS, "down"), None);
    }

    #[test]
    fn a_log_line_has_its_fields_at_the_top_or_under_fields() {
        let fields = ["level".to_owned(), "message".to_owned()];
        assert_eq!(
            has_fields(r#"{"level":"INFO","fields":{"message":"up"}}"#, &fields),
            Ok(())
        );
        assert_eq!(
            has_fields(r#"{"level":"INFO"}"#, &fields),
            Err(r#"no `message` in {"level":"INFO"}"#.to_owned())
        );
        assert_eq!(
            has_fields("started", &fields),
            Err("a line that is no JSON object: started".to_owned())
        );
    }
}
