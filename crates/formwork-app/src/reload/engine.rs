//! One reload from beginning to end.
//!
//! Code of others runs in it, such as the checks of configurations. A panic of theirs is a failed
//! reload, and never the end of reloading.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use formwork_config::{Change, Errors, Snapshot};
use formwork_domain::Clock;
use futures_util::FutureExt;
use serde_json::json;
use tokio::time::Instant;

use super::content::Content;
use super::{
    Applied, Attempt, Commit, Observer, Outcome, Part, Reload, ReloadError, Reloads, Trigger,
};
use crate::app::{Cause, Failure, Phase, drive_call};
use crate::event::kind;
use crate::milliseconds::milliseconds;
use crate::panic::panic_message;
use crate::{AppConfig, StaticChanges, SystemClock};

pub(super) struct Engine {
    reloads: Arc<Reloads>,
    parts: Vec<Part>,
    observer: Observer,
    refused: Option<Refused>,
}

/// What was not taken over last, and why.
struct Refused {
    content: Content,
    error: Arc<ReloadError>,
}

impl Refused {
    /// Whether the same content is bound to be refused again. What a module could not prepare for
    /// may be possible now: who asks for it gets another try, a changed time stamp does not.
    fn holds(&self, trigger: Trigger) -> bool {
        match &*self.error {
            ReloadError::Prepare(_) => trigger == Trigger::File,
            _ => true,
        }
    }
}

/// What came of reading the sources.
enum Loaded {
    Candidate(Snapshot),
    Invalid(Errors),
    /// The application stops.
    Interrupted,
    /// Its thread is gone: it panicked.
    Broken(String),
    /// It is what was refused before.
    Again,
}

/// What a module has prepared.
struct Prepared {
    module: String,
    part: Box<dyn Commit>,
}

impl Engine {
    pub(super) fn new(reloads: Arc<Reloads>, parts: Vec<Part>, observer: Observer) -> Self {
        Self {
            reloads,
            parts,
            observer,
            refused: None,
        }
    }

    /// Never panics.
    pub(super) async fn run(&mut self, trigger: Trigger) -> Outcome {
        let begun = Instant::now();
        let current = self.reloads.current();
        let generation = current.generation();
        told(|| self.observer.started(trigger, generation));
        let attempted = AssertUnwindSafe(self.attempt(trigger, &current, begun)).catch_unwind();
        let outcome = match attempted.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Outcome::Failed(error),
            Err(panic) => Outcome::Failed(Arc::new(ReloadError::Panicked {
                message: panic_message(&*panic).to_owned(),
            })),
        };
        let attempt = Attempt {
            trigger,
            outcome: outcome.clone(),
            at: SystemClock.now(),
            took: begun.elapsed(),
        };
        // Who hears of it finds it in the status.
        let attempt = Arc::new(attempt);
        self.reloads.ended(Arc::clone(&attempt));
        let generation = self.reloads.current().generation();
        told(|| self.observer.ended(&attempt, generation));
        // It may have been the last handle on the values of modules.
        told(|| drop(current));
        outcome
    }

    /// Unless the content is what was refused before.
    async fn attempt(
        &mut self,
        trigger: Trigger,
        current: &Arc<Snapshot>,
        begun: Instant,
    ) -> Result<Outcome, Arc<ReloadError>> {
        let refused = self.refused.take();
        let (content, loaded) = self.load(current, refused.as_ref(), trigger).await;
        let taken_over = match (loaded, refused) {
            (Loaded::Candidate(candidate), _) => {
                self.take_over(trigger, current, candidate, begun).await
            }
            (Loaded::Invalid(errors), _) => Err(ReloadError::Invalid(errors)),
            (Loaded::Interrupted, _) => Err(ReloadError::Stopping),
            (Loaded::Broken(message), _) => Err(ReloadError::Panicked { message }),
            (Loaded::Again, refused) => {
                let error = refused.as_ref().map(|refused| Arc::clone(&refused.error));
                self.refused = refused;
                return Err(error.map_or_else(
                    || Arc::new(ReloadError::Stopping),
                    |error| Arc::new(ReloadError::Again(error)),
                ));
            }
        };
        taken_over.map_err(|error| {
            let error = Arc::new(error);
            self.refused = content.map(|content| Refused {
                content,
                error: Arc::clone(&error),
            });
            error
        })
    }

    /// Reads and validates everything, on a thread that may wait for the disk.
    async fn load(
        &self,
        current: &Arc<Snapshot>,
        refused: Option<&Refused>,
        trigger: Trigger,
    ) -> (Option<Content>, Loaded) {
        let refused = refused.filter(|refused| refused.holds(trigger));
        let refused = refused.map(|refused| refused.content);
        let (reloads, current) = (Arc::clone(&self.reloads), Arc::clone(current));
        let loading = tokio::task::spawn_blocking(move || {
            // Before it is loaded: what changes in between is other content, and tried again.
            let content = Content::of(current.sources());
            if refused == Some(content) {
                return (Some(content), Loaded::Again);
            }
            let loaded = match reloads.loader.reload(&current) {
                Ok(candidate) => Loaded::Candidate(candidate),
                Err(errors) => Loaded::Invalid(errors),
            };
            (Some(content), loaded)
        });
        let interrupt = self.reloads.interrupt();
        let Some(loaded) = interrupt.run_until_cancelled(loading).await else {
            // A disk that does not answer must not hold up the end.
            return (None, Loaded::Interrupted);
        };
        loaded.unwrap_or_else(|error| {
            match error.try_into_panic() {
                Ok(panic) => (None, Loaded::Broken(panic_message(&*panic).to_owned())),
                // Only a runtime that ends cancels it.
                Err(_) => (None, Loaded::Interrupted),
            }
        })
    }

    /// Compares, prepares and commits.
    async fn take_over(
        &self,
        trigger: Trigger,
        current: &Arc<Snapshot>,
        candidate: Snapshot,
        begun: Instant,
    ) -> Result<Outcome, ReloadError> {
        let app: AppConfig = candidate
            .get(crate::app::APP)
            .map_err(ReloadError::Invalid)?;
        let all = current.changes(&candidate);
        let (candidate, changed, held) = if all.iter().all(|change| change.dynamic) {
            (candidate, all, Vec::new())
        } else {
            let rejected = || ReloadError::Static {
                paths: paths(all.iter().filter(|change| !change.dynamic)),
            };
            if app.static_changes == StaticChanges::Reject {
                return Err(rejected());
            }
            // Old and new values that do not go together cannot be taken over in parts.
            let merged = candidate.with_statics_of(current);
            let merged = merged.map_err(|_| rejected())?;
            let held = paths(&merged.changes(&candidate));
            let changed = current.changes(&merged);
            (merged, changed, held)
        };
        if changed.is_empty() {
            return Ok(Outcome::Unchanged {
                generation: current.generation(),
                held,
            });
        }

        let candidate = Arc::new(candidate);
        let prepared = self
            .prepare(trigger, current, &candidate, &changed, &app)
            .await?;
        let generation = candidate.generation();
        self.reloads.commit(candidate);
        let panicked = commit(prepared);
        Ok(Outcome::Applied(Applied {
            generation,
            paths: paths(&changed),
            held,
            panicked,
            took: begun.elapsed(),
        }))
    }

    /// Lets every module prepare whose configuration changes, in the order of their start.
    async fn prepare(
        &self,
        trigger: Trigger,
        current: &Arc<Snapshot>,
        candidate: &Arc<Snapshot>,
        changed: &[Change],
        app: &AppConfig,
    ) -> Result<Vec<Prepared>, ReloadError> {
        let mut prepared = Undo(Vec::new());
        for part in &self.parts {
            let own = changed.iter().filter(|it| it.prefix == part.prefix());
            let own: Vec<_> = own.cloned().collect();
            if own.is_empty() {
                continue;
            }
            let reload = Reload {
                prefix: part.prefix().to_owned(),
                trigger,
                candidate: Arc::clone(candidate),
                current: Arc::clone(current),
                changes: own,
                drain_timeout: app.drain_timeout,
            };
            match self.prepare_one(part, reload, app.prepare_timeout).await {
                Ok(Some(commit)) => prepared.0.push(Prepared {
                    module: part.name().to_owned(),
                    part: commit,
                }),
                Ok(None) => {}
                Err(cause) => {
                    let mut failure = Failure {
                        module: part.name().to_owned(),
                        phase: Phase::Prepare,
                        cause,
                    };
                    failure.locate(Some(part.prefix()), candidate);
                    return Err(ReloadError::Prepare(failure));
                }
            }
        }
        if self.reloads.interrupt().is_cancelled() {
            return Err(ReloadError::Stopping);
        }
        Ok(std::mem::take(&mut prepared.0))
    }

    async fn prepare_one(
        &self,
        part: &Part,
        reload: Reload,
        limit: Duration,
    ) -> Result<Option<Box<dyn Commit>>, Cause> {
        let Some(module) = part.seat.take() else {
            return Err(Cause::LeftBehind);
        };
        let begun = Instant::now();
        let generation = reload.generation();
        let events = part.context.events();
        events.emit_with(kind::MODULE_PREPARING, part.name(), || {
            let paths: Vec<_> = reload.paths().collect();
            json!({ "generation": generation, "paths": paths })
        });
        let interrupt = self.reloads.interrupt().clone();
        let driven = drive_call(
            module,
            part.context.clone(),
            limit,
            interrupt,
            move |module, context| Box::pin(async move { module.prepare(&reload, context).await }),
        );
        let driven = driven.await;
        if let Some(module) = driven.module {
            part.seat.put(module);
        } else if let Some(late) = driven.late {
            // It blocks its thread. Whenever it comes back, it must still be there to be stopped.
            let seat = part.seat.clone();
            tokio::spawn(async move {
                if let Ok((Some(module), _)) = late.await {
                    seat.put(module);
                }
            });
        }
        let elapsed_ms = milliseconds(begun.elapsed());
        let (kind, data) = match &driven.result {
            Ok(_) => (
                kind::MODULE_PREPARED,
                json!({ "generation": generation, "elapsed_ms": elapsed_ms }),
            ),
            Err(_) => (
                kind::MODULE_FAILED,
                json!({ "phase": Phase::Prepare.as_str(), "elapsed_ms": elapsed_ms }),
            ),
        };
        events.emit(kind, part.name(), data);
        driven.result
    }
}

/// Tells how it goes: whoever panics at that changes nothing of it.
fn told(tell: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(tell)) {
        let message = panic_message(&*panic);
        tracing::error!(message, "a reload could not be told: somebody panicked");
    }
}

/// Drops what was prepared, the last first, unless it is taken out.
struct Undo(Vec<Prepared>);

impl Drop for Undo {
    fn drop(&mut self) {
        while let Some(prepared) = self.0.pop() {
            let module = prepared.module;
            if catch_unwind(AssertUnwindSafe(|| drop(prepared.part))).is_err() {
                tracing::error!(%module, phase = "prepare", "what was prepared panicked when it was dropped");
            }
        }
    }
}

fn paths<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<String> {
    let paths = changes.into_iter().map(|change| change.path.clone());
    paths.collect()
}

/// Returns the modules that panicked. The others commit all the same: there is no way back.
fn commit(prepared: Vec<Prepared>) -> Vec<String> {
    let mut panicked = Vec::new();
    for Prepared { module, part } in prepared {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| part.commit())) {
            let message = panic_message(&*panic);
            tracing::error!(%module, phase = "commit", message, "a commit panicked, which it must not");
            panicked.push(module);
        }
    }
    panicked
}
