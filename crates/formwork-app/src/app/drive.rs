//! Calls one method of one module: with a deadline, panics caught.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use formwork_domain::BoxFuture;
use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::Cause;
use crate::panic::panic_message;
use crate::{Context, Error, Module};

/// A module that blocks its thread cannot be cut off from within; it is left behind after so much
/// more than its deadline.
pub(super) const GRACE: Duration = Duration::from_millis(50);

/// How a call ended.
pub(crate) struct Driven<T> {
    /// The module; `None` when it blocks its thread and had to be left behind.
    pub(crate) module: Option<Box<dyn Module>>,
    pub(crate) result: Result<T, Cause>,
    /// Where the module is that was left behind.
    pub(crate) late: Option<JoinHandle<Worked<T>>>,
}

/// A module after a call; `None` when it was lost to a panic of what it had begun.
pub(crate) type Worked<T> = (Option<Box<dyn Module>>, Result<T, Cause>);

/// Calls any method of the module, in a task of its own.
pub(crate) async fn drive_call<T: Send + 'static>(
    module: Box<dyn Module>,
    context: Context,
    limit: Duration,
    interrupt: CancellationToken,
    call: impl for<'a> FnOnce(&'a mut dyn Module, &'a Context) -> BoxFuture<'a, Result<T, Error>>
    + Send
    + 'static,
) -> Driven<T> {
    let work = async move { work(module, &context, limit, &interrupt, call).await };
    // Nothing goes on when nobody waits for it any more.
    let mut task = AbortOnDropHandle::new(tokio::spawn(work.in_current_span()));
    match tokio::time::timeout(limit + GRACE, &mut task).await {
        Ok(Ok((module, result))) => Driven {
            module,
            result,
            late: None,
        },
        Ok(Err(_)) => Driven {
            module: None,
            result: Err(Cause::Interrupted),
            late: None,
        },
        Err(_) => Driven {
            module: None,
            result: Err(Cause::Deadline(limit)),
            late: Some(task.detach()),
        },
    }
}

/// Calls a method of the module here and now. Never panics.
pub(super) async fn work<T>(
    mut module: Box<dyn Module>,
    context: &Context,
    limit: Duration,
    interrupt: &CancellationToken,
    call: impl for<'a> FnOnce(&'a mut dyn Module, &'a Context) -> BoxFuture<'a, Result<T, Error>>,
) -> Worked<T> {
    let work = async move {
        let result = {
            let deadline = Instant::now() + limit;
            let call = async { call(&mut *module, context).await };
            let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
            // Most calls are over at once, and need no timer.
            let ended = match once(call.as_mut()).await {
                Poll::Ready(ended) => Ok(ended),
                Poll::Pending => tokio::select! {
                    biased;
                    ended = call => Ok(ended),
                    () = interrupt.cancelled() => Err(Cause::Interrupted),
                    () = tokio::time::sleep_until(deadline) => Err(Cause::Deadline(limit)),
                },
            };
            match ended {
                Ok(Ok(Ok(value))) => Ok(value),
                Ok(Ok(Err(error))) => Err(Cause::Error(error)),
                Ok(Err(panic)) => Err(Cause::Panic(panic_message(&*panic).to_owned())),
                Err(cause) => Err(cause),
            }
        };
        (Some(module), result)
    };
    // What is cut off may panic too, when it is dropped.
    let work = AssertUnwindSafe(work).catch_unwind();
    work.await
        .unwrap_or_else(|panic| (None, Err(Cause::Panic(panic_message(&*panic).to_owned()))))
}

/// Polls once.
pub(super) async fn once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
