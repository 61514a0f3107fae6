//! Signals of the operating system, and an application that works until one arrives.

use std::process::ExitCode;

use tokio::sync::mpsc;

use super::{Prepared, Running, StartError, report, report_end, report_stop};
use crate::StopReason;

/// Where the signals to stop come from.
#[derive(Debug)]
pub struct Signals(Source);

#[derive(Debug)]
enum Source {
    Process,
    Channel(mpsc::UnboundedReceiver<&'static str>),
}

impl Signals {
    /// SIGTERM and SIGINT of this process; elsewhere than on Unix, Ctrl-C.
    pub fn process() -> Self {
        Self(Source::Process)
    }

    /// Signals that a test or another program sends, by name.
    pub fn channel() -> (mpsc::UnboundedSender<&'static str>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(Source::Channel(receiver)))
    }

    fn into_receiver(self) -> std::io::Result<mpsc::UnboundedReceiver<&'static str>> {
        match self.0 {
            Source::Channel(receiver) => Ok(receiver),
            Source::Process => listen(),
        }
    }
}

#[cfg(unix)]
pub(crate) fn listen() -> std::io::Result<mpsc::UnboundedReceiver<&'static str>> {
    use tokio::signal::unix::{SignalKind, signal};

    // Installed before anything starts, so that no signal ends the process in between.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                Some(()) = terminate.recv() => "SIGTERM",
                Some(()) = interrupt.recv() => "SIGINT",
                else => return,
            };
            if sender.send(name).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

#[cfg(not(unix))]
pub(crate) fn listen() -> std::io::Result<mpsc::UnboundedReceiver<&'static str>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() && sender.send("Ctrl-C").is_ok() {}
    });
    Ok(receiver)
}

impl Prepared {
    /// Starts, works until a signal or a failure, stops in order. Calls `accepting` in between.
    pub(crate) async fn run(
        self,
        signals: Signals,
        accepting: impl FnOnce(&Running) + Send,
    ) -> ExitCode {
        let ended = async {
            let mut signals = signals.into_receiver().map_err(StartError::Runtime)?;
            let wired = self.wire()?;
            let lifecycle = wired.lifecycle.clone();
            let run = async {
                let running = wired.start().await?;
                accepting(&running);
                let reason = running.stop_requested().await;
                tracing::info!(%reason, "stopping");
                let stopped = running.stop().await;
                if let Err(failures) = &stopped {
                    report_stop(failures);
                }
                // The last words are what it all began with.
                if reason.is_failure() {
                    tracing::error!(%reason, "stopped after a failure");
                    report_end(&reason);
                }
                Ok(stopped.is_ok() && !reason.is_failure())
            };
            tokio::pin!(run);
            let mut asked = false;
            loop {
                tokio::select! {
                    biased;
                    ended = &mut run => return ended,
                    Some(name) = signals.recv() => {
                        if asked {
                            tracing::error!(signal = name, "second signal, ending at once");
                            return Ok(false);
                        }
                        asked = true;
                        // Whoever asked before, the process stops.
                        let _ = lifecycle.request(StopReason::Signal(name));
                    }
                }
            }
        };
        match ended.await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(StartError::Interrupted { reason, failures })
                if failures.0.is_empty() && !reason.is_failure() =>
            {
                tracing::info!(%reason, "stopped while starting");
                ExitCode::SUCCESS
            }
            Err(error) => {
                if let StartError::Modules(failures) = &error {
                    // Once more, below all that the stop of the others has told.
                    tracing::error!("did not start: {failures}");
                }
                report(&error);
                ExitCode::FAILURE
            }
        }
    }
}
