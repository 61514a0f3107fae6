//! The states of an application and the ways between them.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// Where an application is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Made, nothing started.
    Constructed,
    /// Modules are starting.
    Starting,
    /// At work.
    Accepting,
    /// At work, but asking for no more of it: not ready.
    Draining,
    /// Modules are stopping.
    Stopping,
    /// Ended in order.
    Stopped,
    /// Ended because something failed.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Constructed,
        Self::Starting,
        Self::Accepting,
        Self::Draining,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
    ];

    /// Whether `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        use State::{Accepting, Constructed, Draining, Failed, Starting, Stopped, Stopping};
        matches!(
            (self, next),
            (Constructed, Starting | Failed)
                | (Starting, Accepting | Stopping | Failed)
                | (Accepting, Draining | Stopping)
                | (Draining, Accepting | Stopping)
                | (Stopping, Stopped | Failed)
        )
    }

    /// How far along it is; both ends are the last.
    fn step(self) -> u8 {
        match self {
            Self::Constructed => 0,
            Self::Starting => 1,
            Self::Accepting => 2,
            Self::Draining => 3,
            Self::Stopping => 4,
            Self::Stopped | Self::Failed => 5,
        }
    }

    /// The state in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constructed => "constructed",
            Self::Starting => "starting",
            Self::Accepting => "accepting",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A step that is not possible in the present state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an application that is {from} cannot become {to}")]
pub struct IllegalTransition {
    /// The present state.
    pub from: State,
    /// The state that was asked for.
    pub to: State,
}

/// Somebody asked the application to stop that was asked before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the application is stopping already: {reason}")]
pub struct AlreadyStopping {
    /// The first reason, which counts.
    pub reason: StopReason,
}

/// A handle on the state of the application; cheap to clone.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    state: Arc<watch::Sender<State>>,
    stop: Arc<watch::Sender<Option<StopReason>>>,
}

/// Why the application is asked to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// A signal of the operating system.
    Signal(&'static str),
    /// A module or the program asked for it.
    Requested(String),
    /// A task ended that must not.
    TaskEnded {
        /// The module that spawned it.
        module: String,
        /// The task.
        task: String,
        /// How it ended.
        outcome: String,
    },
}

impl StopReason {
    /// Whether the process should report failure.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::TaskEnded { .. })
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(name) => write!(f, "received {name}"),
            Self::Requested(why) => f.write_str(why),
            Self::TaskEnded {
                module,
                task,
                outcome,
            } => write!(f, "task `{task}` of module `{module}` {outcome}"),
        }
    }
}

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::new(watch::Sender::new(State::Constructed)),
            stop: Arc::new(watch::Sender::new(None)),
        }
    }

    /// The present state.
    pub fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Waits until the state is `state` or a later one: states may pass too fast to be seen.
    pub async fn reached(&self, state: State) {
        let mut watch = self.state.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = watch.wait_for(|now| now.step() >= state.step()).await;
    }

    /// Asks the application to stop in order.
    ///
    /// # Errors
    /// When it was asked before: the first reason counts.
    pub fn stop(&self, reason: impl Into<String>) -> Result<(), AlreadyStopping> {
        self.request(StopReason::Requested(reason.into()))
    }

    pub(crate) fn request(&self, reason: StopReason) -> Result<(), AlreadyStopping> {
        let mut result = Ok(());
        self.stop.send_if_modified(|slot| match slot {
            None => {
                *slot = Some(reason);
                true
            }
            Some(first) => {
                let reason = first.clone();
                result = Err(AlreadyStopping { reason });
                false
            }
        });
        result
    }

    /// Waits until somebody asks the application to stop.
    pub(crate) async fn stop_requested(&self) -> StopReason {
        let mut watch = self.stop.subscribe();
        let reason = match watch.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone(),
            Err(_) => None,
        };
        // The sender lives in `self`, so there is a reason.
        match reason {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    pub(crate) fn transition(&self, to: State) -> Result<(), IllegalTransition> {
        let mut result = Ok(());
        self.state.send_if_modified(|state| {
            if state.may_become(to) {
                *state = to;
                return true;
            }
            result = Err(IllegalTransition { from: *state, to });
            false
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    /// Who waits for a state that passes before it looks again is not left waiting for the end,
    /// which may itself wait for that.
    #[tokio::test]
    async fn a_state_that_has_passed_was_reached() {
        let lifecycle = Lifecycle::new();
        let mut draining = Box::pin(lifecycle.reached(State::Draining));
        for state in [State::Starting, State::Accepting] {
            lifecycle.transition(state).unwrap();
            assert!(poll!(&mut draining).is_pending(), "{state}");
        }
        lifecycle.transition(State::Draining).unwrap();
        lifecycle.transition(State::Stopping).unwrap();
        assert!(poll!(&mut draining).is_ready());
    }

    /// Every way from one state to another, and no other; an illegal step changes nothing.
    ///
    /// Proves: R-035.
    #[test]
    fn the_state_machine_has_these_ways_and_no_others() {
        use State::{Accepting, Constructed, Draining, Failed, Starting, Stopped, Stopping};
        let legal = [
            (Constructed, Starting),
            (Constructed, Failed),
            (Starting, Accepting),
            (Starting, Stopping),
            (Starting, Failed),
            (Accepting, Draining),
            (Accepting, Stopping),
            (Draining, Accepting),
            (Draining, Stopping),
            (Stopping, Stopped),
            (Stopping, Failed),
        ];
        for from in State::ALL {
            for to in State::ALL {
                let lifecycle = Lifecycle::new();
                lifecycle.state.send_replace(from);
                let outcome = lifecycle.transition(to);
                if legal.contains(&(from, to)) {
                    assert_eq!(outcome, Ok(()), "{from} -> {to}");
                    assert_eq!(lifecycle.state(), to);
                } else {
                    assert_eq!(outcome, Err(IllegalTransition { from, to }));
                    assert_eq!(lifecycle.state(), from, "nothing changed");
                }
            }
        }
    }
}
