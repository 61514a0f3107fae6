//! Hints that the outbox has something new.

use tokio::sync::watch;

/// Wakes relays when something was committed. Only ever a hint: the relay polls anyway, so a lost
/// one costs latency and nothing else.
///
/// # Contract
/// - [`notify`](Self::notify) is called *after* the commit. It returns at once, cannot fail, and
///   may fold many calls into one. A notifier that reaches other processes does so from a task and
///   a session of its own, never inside the business transaction.
/// - A notifier may hint when there is nothing, and does so whenever it may have missed something,
///   such as after a reconnect.
pub trait Notifier: Send + Sync {
    /// Something was committed.
    fn notify(&self);

    /// The hints from now on. Every subscriber gets them all.
    fn subscribe(&self) -> Hints;

    /// What it is called in `outbox_wakeups_total{source}`, such as `local` or `listen`.
    fn source(&self) -> &'static str;
}

/// Hints as they come, folded into one while nobody looks.
#[derive(Debug)]
pub struct Hints {
    count: watch::Receiver<u64>,
}

impl Hints {
    /// Returns when there has been a hint since the last call. Never returns once the notifier is
    /// gone. May be dropped without losing a hint.
    pub async fn next(&mut self) {
        if self.count.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Hints within a process. Also the building block for those between processes.
#[derive(Debug)]
pub struct LocalNotifier {
    count: watch::Sender<u64>,
}

impl LocalNotifier {
    /// One without subscribers.
    pub fn new() -> Self {
        Self {
            count: watch::Sender::new(0),
        }
    }
}

impl Default for LocalNotifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Notifier for LocalNotifier {
    fn notify(&self) {
        self.count
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    fn subscribe(&self) -> Hints {
        Hints {
            count: self.count.subscribe(),
        }
    }

    fn source(&self) -> &'static str {
        "local"
    }
}
