//! What a request of a tenant leaves in the log.

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get as on_get;
use formwork_app::{Context, Declaration, Error, Module, Policy};
use formwork_domain::BoxFuture;
use tracing_subscriber::filter::LevelFilter;

use crate::support::{Files, get, id, tenancy, with_http};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines of a request and of a task carry the tenant, and a lenient guard leaves one of what it let pass.
///
/// Proves: R-038.
/// Shows a part of: R-043.
#[tokio::test]
async fn what_is_done_for_a_tenant_or_for_nobody_is_in_the_log() {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::INFO)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For all threads: with one for this thread only, another test that comes first decides that
    // nobody wants to know of requests.
    tracing::subscriber::set_global_default(subscriber).expect("no other test sets one");
    let files = Files::new(
        "[tenant-resolution]\nstrategies = [\"header\"]\ntrusted = [\"127.0.0.1\"]\n\
         [tenancy.tenants]\nlogged = {}",
    );
    let work = async || {
        tracing::info!("a tenant at work");
        "done"
    };
    let app = with_http(files.app(), Router::new().route("/work", on_get(work)));
    let running = app.module(Worker).start().await.expect("a start");
    let answer = get(&running, "/work", &[("x-tenant-id", "logged")]).await;
    assert_eq!(answer.brief(), "200 done");
    running.stop().await.expect("a clean stop");

    let lenient = Files::new("[tenancy]\nguard = \"lenient\"");
    let running = lenient.app().start().await.expect("a start");
    // No other test does this.
    let passed = tenancy(&running).enter("orders.audit", None);
    assert!(passed.expect("it may go on").is_none());
    running.stop().await.expect("a clean stop");

    let text = String::from_utf8(sink.0.lock().expect("not poisoned").clone()).expect("text");
    for said in ["a tenant at work", "a task at work"] {
        let line = text.lines().find(|line| line.ends_with(said));
        let line = line.expect("the line");
        assert!(line.contains("tenant=\"logged\""), "{line}");
    }
    let mut lines = text.lines();
    let line = lines.find(|line| line.contains("orders.audit"));
    let line = line.expect("what was let pass");
    assert!(
        line.contains("WARN") && line.contains("done without a tenant"),
        "{line}"
    );
}

/// Has a task that works for the tenant, and waits until it is done.
struct Worker;

impl Module for Worker {
    fn declare(&self) -> Declaration {
        Declaration::new("worker")
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut sender = Some(sender);
        let tasks = context.tasks();
        tasks.spawn_for(&id("logged"), "count", Policy::Once, move |_| {
            let sender = sender.take();
            async move {
                tracing::info!("a task at work");
                drop(sender);
                Ok(())
            }
        });
        Box::pin(async move {
            let done: Result<(), _> = receiver.await;
            done.expect_err("it was dropped when the work was done");
            Ok(())
        })
    }
}
