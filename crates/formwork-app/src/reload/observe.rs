//! Tells how reloads go: log, metrics, health. Never a value, only where it is.

use std::collections::BTreeSet;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use serde_json::json;

use super::{Attempt, Outcome, ReloadError, Trigger};
use crate::Health;
use crate::event::{Events, kind};
use crate::health::Status;
use crate::milliseconds::milliseconds;

const TOTAL: &str = "config_reloads_total";
const SUCCESS: &str = "config_reload_last_success";
const SUCCESS_AT: &str = "config_reload_last_success_timestamp_seconds";
const GENERATION: &str = "config_generation";
const DURATION: &str = "config_reload_duration_seconds";
const HELD: &str = "config_static_changes_held";

/// The component of health that is degraded while the last reload has failed.
pub(crate) const COMPONENT: &str = "config";

pub(crate) struct Observer {
    health: Health,
    events: Events,
    service: String,
    /// Modules whose commit has panicked. They are in a state nobody knows.
    panicked: BTreeSet<String>,
}

impl Observer {
    pub(crate) fn new(health: Health, events: Events, service: String) -> Self {
        describe_counter!(TOTAL, "Reloads of the configuration, by how they ended.");
        describe_gauge!(SUCCESS, "Whether the last reload did not fail.");
        describe_gauge!(SUCCESS_AT, "When the last reload ended that did not fail.");
        describe_gauge!(GENERATION, "The generation of the configuration in force.");
        describe_histogram!(DURATION, "How long reloads took.");
        describe_gauge!(
            HELD,
            "Changed values that wait for a restart to be taken over."
        );
        gauge!(GENERATION).set(1.0);
        gauge!(SUCCESS).set(1.0);
        gauge!(HELD).set(0.0);
        for outcome in ["completed", "noop", "failed"] {
            counter!(TOTAL, "outcome" => outcome).increment(0);
        }
        Self {
            health,
            events,
            service,
            panicked: BTreeSet::new(),
        }
    }

    pub(super) fn started(&self, trigger: Trigger, generation: u64) {
        tracing::debug!(%trigger, generation, "reloading the configuration");
        self.events.emit_with(
            kind::CONFIG_RELOAD_STARTED,
            &self.service,
            || json!({ "generation": generation, "trigger": trigger.as_str() }),
        );
    }

    pub(super) fn ended(&mut self, attempt: &Attempt, generation: u64) {
        let Attempt {
            trigger,
            outcome,
            took,
            ..
        } = attempt;
        let elapsed_ms = milliseconds(*took);
        match outcome {
            Outcome::Applied(applied) => {
                let paths = applied.paths.join(", ");
                tracing::info!(%trigger, generation, paths, elapsed_ms, "configuration reloaded");
                hold(&applied.held);
                self.panicked.extend(applied.panicked.iter().cloned());
            }
            Outcome::Unchanged { held, .. } => {
                tracing::info!(%trigger, generation, elapsed_ms, "configuration unchanged");
                hold(held);
            }
            Outcome::Failed(error) => {
                let reason = error.to_string();
                tracing::error!(
                    %trigger, generation, reason, elapsed_ms,
                    "configuration not reloaded, the old one stays in force"
                );
            }
        }
        self.emit(attempt, generation);
        counter!(TOTAL, "outcome" => outcome.as_str()).increment(1);
        gauge!(GENERATION).set(generation as f64);
        histogram!(DURATION).record(took.as_secs_f64());
        match outcome {
            Outcome::Failed(error) if matches!(**error, ReloadError::Stopping) => {}
            Outcome::Failed(error) => {
                gauge!(SUCCESS).set(0.0);
                let message = format!("the last reload failed: {}", error.reason());
                self.health.set(COMPONENT, Status::Degraded, Some(message));
            }
            Outcome::Applied(_) | Outcome::Unchanged { .. } => {
                gauge!(SUCCESS).set(1.0);
                gauge!(SUCCESS_AT).set(attempt.at.as_micros() as f64 / 1e6);
                let (status, message) = self.lasting();
                self.health.set(COMPONENT, status, message);
            }
        }
    }

    /// How the configuration is after a reload that did not fail.
    fn lasting(&self) -> (Status, Option<String>) {
        if self.panicked.is_empty() {
            return (Status::Healthy, None);
        }
        let modules: Vec<_> = self.panicked.iter().map(|it| format!("`{it}`")).collect();
        let modules = modules.join(", ");
        let message = format!("took over a configuration and panicked: {modules}; restart");
        (Status::Degraded, Some(message))
    }

    fn emit(&self, attempt: &Attempt, generation: u64) {
        let kind = match attempt.outcome {
            Outcome::Applied(_) => kind::CONFIG_RELOAD_COMPLETED,
            Outcome::Unchanged { .. } => kind::CONFIG_RELOAD_NOOP,
            Outcome::Failed(_) => kind::CONFIG_RELOAD_FAILED,
        };
        self.events.emit_with(kind, &self.service, || {
            let mut data = json!({
                "generation": generation,
                "trigger": attempt.trigger.as_str(),
                "elapsed_ms": milliseconds(attempt.took),
            });
            match &attempt.outcome {
                Outcome::Applied(applied) => {
                    data["paths"] = json!(applied.paths);
                    data["held"] = json!(applied.held);
                    data["panicked"] = json!(applied.panicked);
                }
                Outcome::Unchanged { held, .. } => data["held"] = json!(held),
                Outcome::Failed(error) => {
                    data["paths"] = json!(error.paths());
                    data["reason"] = json!(error.reason());
                }
            }
            data
        });
    }
}

fn hold(paths: &[String]) {
    gauge!(HELD).set(paths.len() as f64);
    if !paths.is_empty() {
        let paths = paths.join(", ");
        tracing::warn!(paths, "changed values wait for a restart");
    }
}
