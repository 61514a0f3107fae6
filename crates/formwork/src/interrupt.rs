//! Ctrl-C and termination signals, as something work can look at and wait for.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::report::{Exit, Failure, Problem};

/// Set once a signal asked the program to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Interrupt {
    /// Takes over SIGINT, SIGTERM and SIGHUP; possible once per process.
    pub(crate) fn install() -> Result<Self, Failure> {
        let interrupt = Self::default();
        let handler = interrupt.clone();
        ctrlc::set_handler(move || handler.set()).map_err(|error| {
            Failure::new(
                Exit::Io,
                Problem::new(format!("cannot handle Ctrl-C: {error}")),
            )
        })?;
        Ok(interrupt)
    }

    fn set(&self) {
        let (flag, waiting) = &*self.shared;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        waiting.notify_all();
    }

    pub(crate) fn is_set(&self) -> bool {
        *self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the signal comes or the time is over; says whether the signal came.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let (flag, waiting) = &*self.shared;
        let mut set = flag.lock().unwrap_or_else(PoisonError::into_inner);
        while !*set {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            set = waiting
                .wait_timeout(set, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *set
    }
}
