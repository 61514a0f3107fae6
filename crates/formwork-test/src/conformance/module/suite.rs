//! The checks, one after the other.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use formwork_app::{Checked, Module, StartError};
use formwork_config::{Class, sample};
use tokio::time::{Instant, sleep};

use super::super::PATIENCE;
use super::usage::{Usage, tasks};
use super::watched::{Notes, Watched};
use crate::{AppHarness, StartedApp, eventually};

/// At how many points a start is cut off, at most.
const CUTS: usize = 32;

const ERROR: &str = "the error of its start";

type Within = Box<dyn Fn(AppHarness) -> AppHarness>;

/// The checks of a module; they run when this is awaited.
#[must_use = "the checks run when this is awaited"]
pub struct ModuleSuite<M> {
    make: Box<dyn Fn() -> M>,
    within: Within,
}

impl<M: Module + fmt::Debug> ModuleSuite<M> {
    pub(super) fn new(make: impl Fn() -> M + 'static) -> Self {
        Self {
            make: Box::new(make),
            within: Box::new(|app| app),
        }
    }

    /// What is around the module: what it needs from others, and the values it must be told.
    ///
    /// ```
    /// use formwork_outbox::PollingModule;
    /// use formwork_test::conformance;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// conformance::module(PollingModule::new)
    ///     .within(|app| app.value("app.drain-timeout", "1s"))
    ///     .await;
    /// # }
    /// ```
    pub fn within(mut self, within: impl Fn(AppHarness) -> AppHarness + 'static) -> Self {
        self.within = Box::new(within);
        self
    }

    async fn run(&self) {
        self.declares();
        self.reads_its_sample();
        self.wires().await;
        self.lives("the first time").await;
        self.lives("the second time").await;
        self.survives_being_cut_off().await;
        self.lives("after a start that was cut off").await;
    }

    fn declares(&self) {
        let module = (self.make)();
        let before = Usage::now();
        let declaration = format!("{:?}", module.declare());
        let growth = before.growth();
        assert_eq!(
            declaration,
            format!("{:?}", module.declare()),
            "declare: says something else the second time"
        );
        assert_eq!(
            declaration,
            format!("{:?}", (self.make)().declare()),
            "declare: another one of the module says something else"
        );
        assert!(
            !growth.contains(&"spawns a task".to_owned()),
            "declare: spawns a task"
        );
    }

    /// Every default that the sample documents must be readable and allowed.
    fn reads_its_sample(&self) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let text = switched_on(&sample(&self.app(&Notes::default(), None).sections()));
        let file = folder.path().join("default.toml");
        std::fs::write(&file, &text).expect("a temporary file can be written");
        let app = self.app(&Notes::default(), None).files(folder.path());
        if let Err(error) = app.check() {
            panic!("sample: its configuration cannot be read: {error}\n{text}");
        }
    }

    /// Other tests of the process open files too, so one clean run is enough. Who opens something
    /// does so in every one.
    async fn wires(&self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let notes = Notes::default();
            let checked = self.check(&notes);
            let growth = notes.seen().wiring;
            if growth.is_empty() {
                let shown = format!("{checked:?}\n{}", checked.explanation);
                return self.keeps_secrets(&notes, "the explained configuration", shown);
            }
            // Tasks are counted for this test alone, files are not.
            let spawned = growth.iter().find(|what| what.starts_with("spawns"));
            if let Some(spawned) = spawned {
                panic!("wire: {spawned}, which is for `start`");
            }
            assert!(
                Instant::now() < until,
                "wire: {}, which is for `start`",
                growth.join(" and ")
            );
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn lives(&self, which: &str) {
        let (notes, before) = (Notes::default(), tasks());
        let started = match self.app(&notes, None).try_start().await {
            Ok(started) => started,
            Err(error) => {
                let text = chain(&error);
                self.keeps_secrets(&notes, ERROR, format!("{error:?}\n{text}"));
                panic!("start: fails {which}: {text}");
            }
        };
        let running = started.running();
        let shown = format!("{started:?}\n{running:?}\n{:?}", running.snapshot());
        stop(started, which).await;
        self.keeps_secrets(&notes, "the running application's `Debug`", shown);
        eventually_gone(before, which).await;
    }

    async fn survives_being_cut_off(&self) {
        let mut which = "before it was ever cut off".to_owned();
        for polls in 0..CUTS {
            let (notes, before) = (Notes::default(), tasks());
            let started = self.app(&notes, Some(polls)).try_start().await;
            let whole = notes.seen().started;
            match started {
                Ok(started) => stop(started, &which).await,
                Err(error) => {
                    let text = chain(&error);
                    self.keeps_secrets(&notes, ERROR, format!("{error:?}\n{text}"));
                    assert!(!whole, "start: fails {which}: {text}");
                }
            }
            which = format!("after a start that was cut off at its poll {polls}");
            eventually_gone(before, &which).await;
            if whole {
                return;
            }
        }
    }

    fn check(&self, notes: &Notes) -> Checked {
        match self.app(notes, None).check() {
            Ok(checked) => checked,
            Err(error) => panic!("wire: fails: {}", chain(&error)),
        }
    }

    /// No secret that the surroundings set is in `shown`, or in what the module showed.
    fn keeps_secrets(&self, notes: &Notes, what: &str, shown: String) {
        let app = self.app(&Notes::default(), None);
        let values = app.values().to_vec();
        let Ok(checked) = app.check() else { return };
        let rows = checked.explanation.rows.into_iter();
        let sealed = rows.filter(|row| matches!(row.class, Class::Confidential | Class::Secret));
        let sealed: Vec<_> = sealed.map(|row| row.path).collect();
        let own = notes.seen().shown.into_iter();
        let mut texts: Vec<_> = own
            .map(|(after, text)| (format!("the module's `Debug` after {after}"), text))
            .collect();
        texts.push((what.to_owned(), shown));
        for (path, secret) in values {
            if !sealed.contains(&path) || secret.is_empty() {
                continue;
            }
            for (what, text) in &texts {
                assert!(
                    !text.contains(&secret),
                    "secrets: {what} shows the value of `{path}`"
                );
            }
        }
    }

    fn app(&self, notes: &Notes, cut_off: Option<usize>) -> AppHarness {
        (self.within)(AppHarness::new("conformance")).module(Watched {
            inner: (self.make)(),
            notes: notes.clone(),
            cut_off,
        })
    }
}

/// The sample with its settings no longer commented out. Tables that are left out as a whole stay
/// out, as do settings without a default.
fn switched_on(sample: &str) -> String {
    let mut text = String::new();
    let mut skipped = false;
    for line in sample.lines() {
        if line.starts_with('[') || line.starts_with("#[") {
            skipped = line.starts_with('#');
        }
        let setting = line.strip_prefix('#').filter(|setting| {
            !skipped && setting.starts_with(char::is_alphanumeric) && !setting.ends_with('=')
        });
        text.push_str(setting.unwrap_or(line));
        text.push('\n');
    }
    text
}

async fn stop(started: StartedApp, which: &str) {
    if let Err(failures) = started.try_stop().await {
        panic!("stop: is not in order {which}: {failures}");
    }
}

async fn eventually_gone(before: usize, which: &str) {
    eventually(
        &format!("tasks: all that were spawned end with the module, {which}"),
        PATIENCE,
        async || tasks() <= before,
    )
    .await;
}

fn chain(error: &StartError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

impl<M: Module + fmt::Debug> IntoFuture for ModuleSuite<M> {
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.run().await })
    }
}

impl<M> fmt::Debug for ModuleSuite<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModuleSuite").finish_non_exhaustive()
    }
}
