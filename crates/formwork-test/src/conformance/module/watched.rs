//! The module under test, and somebody who looks over its shoulder.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use formwork_app::{Commit, Context, Declaration, Error, Module, Reload, WireError, Wiring};
use formwork_domain::BoxFuture;

use super::usage::Usage;

/// What was seen of a module.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Seen>>);

#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// What wiring opened and spawned.
    pub(super) wiring: Vec<String>,
    /// How the module shows itself after each step.
    pub(super) shown: Vec<(&'static str, String)>,
    /// Whether the start was over before it could be cut off.
    pub(super) started: bool,
}

impl Notes {
    pub(super) fn seen(&self) -> Seen {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn write(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Does what the module does.
pub(super) struct Watched<M> {
    pub(super) inner: M,
    pub(super) notes: Notes,
    /// The start is dropped when it has been polled so often.
    pub(super) cut_off: Option<usize>,
}

impl<M: Module + fmt::Debug> Watched<M> {
    fn show(&self, after: &'static str) {
        let text = format!("{:?}\n{:#?}", self.inner, self.inner);
        self.notes.write(|seen| seen.shown.push((after, text)));
    }
}

impl<M: Module + fmt::Debug> Module for Watched<M> {
    fn declare(&self) -> Declaration {
        self.inner.declare()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let before = Usage::now();
        let wired = self.inner.wire(wiring);
        let growth = before.growth();
        self.notes.write(|seen| seen.wiring = growth);
        self.show("wire");
        wired
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let started = match self.cut_off {
                None => self.inner.start(context).await,
                Some(polls) => match polled(self.inner.start(context), polls).await {
                    None => return Err(Error::lifecycle("cut off by the suite")),
                    Some(started) => started,
                },
            };
            self.notes.write(|seen| seen.started = true);
            self.show("start");
            started
        })
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        self.inner.prepare(reload, context)
    }

    fn drain<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.inner.drain(context)
    }

    fn stop<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let stopped = self.inner.stop(context).await;
            self.show("stop");
            stopped
        })
    }
}

/// The output, unless the future is not ready after so many polls.
async fn polled<F: Future>(future: F, mut left: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Who is woken up comes back here, and finds that nothing is left.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
