//! A cancellation that costs nothing until somebody waits for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Told once that something is over. Most modules never ask for the token that says so.
#[derive(Default)]
pub(crate) struct Signal(Mutex<Told>);

#[derive(Default)]
enum Told {
    /// Nobody has asked.
    #[default]
    Nobody,
    Asked(CancellationToken),
    Over,
}

impl Signal {
    /// Cancelled when it is over.
    pub(crate) fn token(&self) -> CancellationToken {
        let mut told = self.lock();
        match &*told {
            Told::Asked(token) => token.clone(),
            Told::Nobody => {
                let token = CancellationToken::new();
                *told = Told::Asked(token.clone());
                token
            }
            Told::Over => {
                let token = CancellationToken::new();
                token.cancel();
                token
            }
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match &*self.lock() {
            Told::Nobody => false,
            Told::Asked(token) => token.is_cancelled(),
            Told::Over => true,
        }
    }

    pub(crate) fn end(&self) {
        let told = std::mem::replace(&mut *self.lock(), Told::Over);
        // Wakes others, who may ask at once.
        if let Told::Asked(token) = told {
            token.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_for_those_who_asked_before_and_after() {
        let signal = Signal::default();
        assert!(!signal.is_over());
        let before = signal.token();
        assert!(!before.is_cancelled());
        signal.end();
        assert!(before.is_cancelled() && signal.token().is_cancelled() && signal.is_over());
        let unasked = Signal::default();
        unasked.end();
        assert!(unasked.is_over() && unasked.token().is_cancelled());
    }
}
