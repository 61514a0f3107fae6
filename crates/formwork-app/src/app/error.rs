//! Why an application did not start, or did not stop in order.

use std::fmt;

use formwork_config::Snapshot;

use crate::error::chain;
use crate::lifecycle::StopReason;
use crate::{Class, Error, Problem, WiringErrors};

/// Why an application did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] formwork_config::Errors),
    /// The modules do not fit together.
    #[error(transparent)]
    Wiring(#[from] WiringErrors),
    /// Neither is the configuration valid, nor do the modules fit together.
    #[error("{config}\n{wiring}")]
    ConfigAndWiring {
        /// What is wrong with the configuration.
        config: formwork_config::Errors,
        /// What is wrong with the wiring.
        wiring: WiringErrors,
    },
    /// Modules failed; what had started was stopped again.
    #[error(transparent)]
    Modules(#[from] Failures),
    /// The application was asked to stop before it had started.
    #[error("stopped while starting: {reason}")]
    Interrupted {
        /// Why.
        reason: StopReason,
        /// What failed while stopping again.
        failures: Failures,
    },
    /// The asynchronous runtime could not be made.
    #[error("could not make the runtime")]
    Runtime(#[source] std::io::Error),
}

impl StartError {
    /// Which kind of mistake it is; of several mistakes, that of the first.
    pub fn class(&self) -> Class {
        match self {
            Self::Config(_) | Self::ConfigAndWiring { .. } => Class::Config,
            Self::Wiring(errors) => errors
                .problems
                .first()
                .map_or(Class::Validation, Problem::class),
            Self::Modules(failures) => failures.class(),
            Self::Interrupted { .. } | Self::Runtime(_) => Class::Lifecycle,
        }
    }
}

/// The failures of modules in one start or stop, in the order they were noticed.
#[derive(Debug, Default)]
pub struct Failures(pub Vec<Failure>);

/// A module that failed.
#[derive(Debug)]
pub struct Failure {
    /// The module.
    pub module: String,
    /// What it was doing.
    pub phase: Phase,
    /// How it failed.
    pub cause: Cause,
}

/// A phase in the life of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Opening, connecting, spawning.
    Start,
    /// Getting ready for a changed configuration.
    Prepare,
    /// Finishing what is in flight.
    Drain,
    /// Closing.
    Stop,
}

/// How a module failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// It returned an error.
    Error(Error),
    /// It panicked.
    Panic(String),
    /// It was stopped while it was still at it.
    Interrupted,
    /// It did not return in time and was cut off.
    Deadline(std::time::Duration),
    /// Tasks of the module did not end in time and were cut off.
    TasksCutOff(Vec<String>),
    /// Tasks of the module panicked after they were told to end, or while they were cut off: their
    /// names, with what they said.
    TasksPanicked(Vec<String>),
    /// It could not be called: an earlier call blocks its thread to this day.
    LeftBehind,
}

impl Phase {
    /// The phase as a verb.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Prepare => "prepare",
            Self::Drain => "drain",
            Self::Stop => "stop",
        }
    }
}

impl Failure {
    /// Which kind of mistake it is: the module's own word for an error it returned.
    pub fn class(&self) -> Class {
        match &self.cause {
            Cause::Error(error) => error.class(),
            _ => Class::Lifecycle,
        }
    }
}

impl fmt::Display for Failure {
    /// What failed, in one line, with what to do about it in the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(f)?;
        let hints = self.hints().join("; ");
        match hints.is_empty() {
            true => Ok(()),
            false => write!(f, "; hint: {hints}"),
        }
    }
}

impl Failure {
    /// What to do about it: the module's own words.
    pub fn hints(&self) -> &[String] {
        match &self.cause {
            Cause::Error(error) => error.hints(),
            _ => &[],
        }
    }

    /// Tells where the value is set it is about, if it is about one of the configuration under
    /// `prefix`.
    pub(crate) fn locate(&mut self, prefix: Option<&str>, snapshot: &Snapshot) {
        if let (Cause::Error(error), Some(prefix)) = (&mut self.cause, prefix) {
            error.locate(prefix, snapshot);
        }
    }

    /// What failed, without what to do about it.
    fn describe(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let (module, phase) = (&self.module, self.phase.as_str());
        match &self.cause {
            Cause::Error(error) => {
                write!(f, "module `{module}` could not {phase}: {}", chain(error))
            }
            Cause::Panic(message) => {
                write!(f, "module `{module}` panicked in {phase}: {message}")
            }
            Cause::Interrupted => write!(f, "module `{module}` was interrupted in {phase}"),
            Cause::Deadline(limit) => {
                write!(f, "module `{module}` did not {phase} within {limit:?}")
            }
            Cause::LeftBehind => write!(
                f,
                "module `{module}` could not {phase}: an earlier call blocks its thread"
            ),
            Cause::TasksCutOff(tasks) => {
                write!(
                    f,
                    "tasks of module `{module}` did not end in time: {}",
                    tasks.join(", ")
                )
            }
            Cause::TasksPanicked(tasks) => {
                let tasks = tasks.join("; ");
                write!(f, "tasks of module `{module}` panicked in {phase}: {tasks}")
            }
        }
    }
}

impl Failures {
    /// Which kind of mistake the first one is.
    pub fn class(&self) -> Class {
        self.0.first().map_or(Class::Lifecycle, Failure::class)
    }

    /// The failures as the last words of a process: each with what to do about it in lines of its
    /// own.
    pub(crate) fn report(&self) -> String {
        use fmt::Write;

        let mut text = String::new();
        for failure in &self.0 {
            // Writing to text cannot fail.
            let _ = text
                .write_str("error: ")
                .and_then(|()| failure.describe(&mut text));
            text.push('\n');
            for hint in failure.hints() {
                let _ = writeln!(text, "  hint: {hint}");
            }
        }
        text
    }

    /// How many pieces of work were cut off.
    pub fn cut_off(&self) -> usize {
        let counts = self.0.iter().map(|failure| match &failure.cause {
            Cause::Deadline(_) | Cause::LeftBehind => 1,
            Cause::TasksCutOff(tasks) => tasks.len(),
            _ => 0,
        });
        counts.sum()
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            failure.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failures {}
