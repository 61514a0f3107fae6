//! How long each phase took, for `--timings`.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::report::say;

/// Phases in the order they ended.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    phases: Vec<(&'static str, Duration)>,
}

/// A phase as `--json` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Phase {
    phase: &'static str,
    milliseconds: f64,
}

impl Timings {
    /// Runs a phase and notes its time. Times of one phase add up.
    pub(crate) fn phase<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.add(name, start.elapsed());
        result
    }

    pub(crate) fn add(&mut self, name: &'static str, time: Duration) {
        match self.phases.iter_mut().find(|(phase, _)| *phase == name) {
            Some((_, total)) => *total += time,
            None => self.phases.push((name, time)),
        }
    }

    /// The phases for a JSON document.
    pub(crate) fn document(&self) -> Vec<Phase> {
        let milliseconds = |time: &Duration| (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0;
        self.phases
            .iter()
            .map(|(phase, time)| Phase {
                phase,
                milliseconds: milliseconds(time),
            })
            .collect()
    }

    /// The phases as lines on stderr.
    pub(crate) fn print(&self) {
        for Phase {
            phase,
            milliseconds,
        } in self.document()
        {
            say(format!("{phase:<8} {milliseconds:>9.3} ms"));
        }
    }
}
