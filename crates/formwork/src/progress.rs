//! Progress of long work: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::say;

/// How often a line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// One piece of long work.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    what: String,
    total: u64,
    done: u64,
    start: Instant,
    printed: Instant,
}

impl Progress {
    /// Starts counting up to `total`; zero means that nobody knows.
    pub(crate) fn start(what: impl Into<String>, total: u64) -> Self {
        let what = what.into();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(
                (total > 0).then_some(total),
                ProgressDrawTarget::stderr(),
            );
            let template = if total > 0 {
                "{spinner} {prefix} [{bar:30}] {pos}/{len} {elapsed} {wide_msg}"
            } else {
                "{spinner} {prefix} {elapsed} {wide_msg}"
            };
            bar.set_style(
                ProgressStyle::with_template(template)
                    .expect("the template is sound")
                    .progress_chars("=> "),
            );
            bar.set_prefix(what.clone());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        if bar.is_none() {
            say(format!("{what} …"));
        }
        Self {
            bar,
            what,
            total,
            done: 0,
            start: Instant::now(),
            printed: Instant::now(),
        }
    }

    /// One more is done.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done.min(self.total.max(1)));
        }
        self.print_now_and_then();
    }

    /// Says what is being done at the moment.
    pub(crate) fn message(&mut self, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(message.to_owned());
        }
        self.print_now_and_then();
    }

    /// Ends with a line saying what happened, and how long it took.
    pub(crate) fn finish(self, outcome: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        say(format!(
            "{} {outcome} ({:.1} s)",
            self.what,
            self.start.elapsed().as_secs_f64()
        ));
    }

    fn print_now_and_then(&mut self) {
        if self.bar.is_none() && self.total > 0 && self.printed.elapsed() >= EVERY {
            self.printed = Instant::now();
            say(format!("{}: {} of {}", self.what, self.done, self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
