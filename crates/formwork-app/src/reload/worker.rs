//! The task that reloads, one after the other.

use std::sync::Arc;

use super::engine::Engine;
use super::{Observer, Part, Reloads};

/// Reloads whenever it is asked to, until the application stops. `parts` are in the order of their
/// start.
pub(crate) async fn work(reloads: Arc<Reloads>, parts: Vec<Part>, observer: Observer) {
    let _gone = Gone(Arc::clone(&reloads));
    let mut engine = Engine::new(Arc::clone(&reloads), parts, observer);
    while let Some(request) = reloads.next().await {
        let outcome = engine.run(request.trigger).await;
        request.answer(&outcome);
    }
}

/// Nobody waits for a reload that nobody is left to make, whatever became of this task.
struct Gone(Arc<Reloads>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.close();
    }
}
