//! What reloads tell: exactly this, and never a value.

use std::collections::BTreeMap;
use std::sync::Arc;

use formwork_app::event::{Event, Observer};
use formwork_app::{Error, Reloads, Trigger};
use formwork_domain::BoxFuture;
use serde_json::Value;

use super::support::{Files, tuned};
use crate::support::{Act, Journal};

/// Writes down all there is to the events of reloads, except how long it took, which is only
/// looked at.
struct Recorder(Journal);

impl Observer for Recorder {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        if let Some(end) = event.kind.strip_prefix("formwork.config.reload.") {
            // Sorted, whatever order the JSON library keeps.
            let data: BTreeMap<String, Value> =
                serde_json::from_value(event.data.clone()).expect("an object");
            let data: Vec<_> = data
                .iter()
                .map(|(key, value)| match (key.as_str(), value.as_f64()) {
                    ("elapsed_ms", Some(elapsed)) if elapsed >= 0.0 => key.clone(),
                    _ => format!("{key}={value}"),
                })
                .collect();
            let subject = &event.subject;
            self.0.write(format!("{end} {subject}: {}", data.join(" ")));
        }
        Box::pin(async { Ok(()) })
    }
}

/// Shows a part of: R-045.
#[tokio::test]
async fn every_reload_is_told_without_values() {
    let (journal, told) = (Journal::default(), Journal::default());
    let files = Files::new("");
    let (a, handle) = tuned("a", None, &journal);
    let (b, _) = tuned("b", None, &journal);
    let app = files.app().module(a).module(b);
    let app = app.observe(Arc::new(Recorder(told.clone())));
    let running = app.start().await.unwrap();
    let reloads = running.get::<Reloads>().unwrap();
    let steps = [
        (Trigger::Program, "a.size = 62\na.twin = 62\nb.size = 62\n"),
        (Trigger::Signal, "a.size = 62\na.twin = 62\nb.size = 62\n"),
        (Trigger::File, "a.size = 4711\nb.twin = \"confidential\"\n"),
        (Trigger::File, "a.size = 4711\nb.twin = \"confidential\"\n"),
        (Trigger::Admin, "a.size = 63\nb.mode = \"confidential\"\n"),
        (
            Trigger::Admin,
            "app.static-changes = \"apply-dynamic\"\na.size = 63\nb.mode = \"confidential\"\n",
        ),
    ];
    for (trigger, text) in steps {
        files.write(text);
        reloads.reload(trigger).await;
    }
    handle.prepare(Act::Fail);
    files.write("a.size = 64\n");
    reloads.reload(Trigger::Program).await;
    handle.prepare(Act::Succeed);
    handle.commit(Act::Panic);
    reloads.reload(Trigger::Program).await;
    running.stop().await.unwrap();

    let told = told.lines().join("\n");
    for value in ["62", "63", "64", "4711", "confidential", "refused"] {
        assert!(!told.contains(value), "{told}");
    }
    insta::assert_snapshot!(told, @r#"
    started shop: generation=1 trigger="program"
    completed shop: elapsed_ms generation=2 held=[] panicked=[] paths=["a.size","a.twin","b.size"] trigger="program"
    started shop: generation=2 trigger="signal"
    noop shop: elapsed_ms generation=2 held=[] trigger="signal"
    started shop: generation=2 trigger="file"
    failed shop: elapsed_ms generation=2 paths=["a.size","b.twin"] reason="the configuration has 2 mistakes: `a.size`, `b.twin`" trigger="file"
    started shop: generation=2 trigger="file"
    failed shop: elapsed_ms generation=2 paths=["a.size","b.twin"] reason="the configuration has 2 mistakes: `a.size`, `b.twin`" trigger="file"
    started shop: generation=2 trigger="admin"
    failed shop: elapsed_ms generation=2 paths=["b.mode"] reason="only a restart takes over `b.mode`" trigger="admin"
    started shop: generation=2 trigger="admin"
    completed shop: elapsed_ms generation=3 held=["b.mode"] panicked=[] paths=["a.size","a.twin","app.static-changes","b.size"] trigger="admin"
    started shop: generation=3 trigger="program"
    failed shop: elapsed_ms generation=3 paths=[] reason="module `a` could not prepare" trigger="program"
    started shop: generation=3 trigger="program"
    completed shop: elapsed_ms generation=4 held=[] panicked=["a"] paths=["a.size","app.static-changes"] trigger="program"
    "#);
}
