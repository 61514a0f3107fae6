//! An application with a configuration file that tests rewrite.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use formwork_app::event::{Event, Observer};
use formwork_app::{
    App, Commit, Context, Declaration, Error, Live, Module, Outcome, Reload, ReloadError, Reloads,
    Running, ServiceInfo, Trigger, WireError, Wiring,
};
use formwork_config::{Config, Environment, Loader};
use formwork_domain::BoxFuture;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::support::{Act, Journal};

/// What tests turn.
#[derive(Debug, Clone, PartialEq, Eq, Config)]
pub(crate) struct Knobs {
    /// Taken over while it runs.
    #[config(default = 1, range(max = 100), dynamic)]
    pub(crate) size: u32,
    /// Taken over while it runs, and always with `size`.
    #[config(default = 1, dynamic)]
    pub(crate) twin: u32,
    /// Only a restart takes it over.
    #[config(default = "fixed")]
    pub(crate) mode: String,
}

/// A module that prepares as it is told, writes down what happens, and holds a socket for what it
/// has prepared.
pub(crate) struct Tuned {
    name: &'static str,
    journal: Journal,
    prepare: Arc<Mutex<Act>>,
    commit: Arc<Mutex<Act>>,
    gate: Arc<Semaphore>,
    live: Arc<Mutex<Option<Live<Knobs>>>>,
    needs: Option<&'static str>,
}

/// What a test holds of a [`Tuned`].
#[derive(Clone)]
pub(crate) struct Handle {
    prepare: Arc<Mutex<Act>>,
    commit: Arc<Mutex<Act>>,
    /// Preparing takes a permit.
    pub(crate) gate: Arc<Semaphore>,
    live: Arc<Mutex<Option<Live<Knobs>>>>,
}

impl Handle {
    pub(crate) fn prepare(&self, act: Act) {
        *self.prepare.lock().expect("no test panics here") = act;
    }

    /// How what is prepared from now on is committed: a commit either succeeds or panics.
    pub(crate) fn commit(&self, act: Act) {
        *self.commit.lock().expect("no test panics here") = act;
    }

    pub(crate) fn live(&self) -> Arc<Knobs> {
        self.live
            .lock()
            .expect("no test panics here")
            .as_ref()
            .expect("it was wired")
            .load()
    }
}

pub(crate) fn tuned(
    name: &'static str,
    needs: Option<&'static str>,
    journal: &Journal,
) -> (Tuned, Handle) {
    let handle = Handle {
        prepare: Arc::default(),
        commit: Arc::default(),
        gate: Arc::new(Semaphore::new(1_000_000)),
        live: Arc::default(),
    };
    let module = Tuned {
        name,
        journal: journal.clone(),
        prepare: Arc::clone(&handle.prepare),
        commit: Arc::clone(&handle.commit),
        gate: Arc::clone(&handle.gate),
        live: Arc::clone(&handle.live),
        needs,
    };
    (module, handle)
}

/// What has been prepared; writes down whether it is committed or dropped.
struct Ready {
    name: &'static str,
    journal: Journal,
    committed: bool,
    act: Act,
    _socket: TcpListener,
}

impl Commit for Ready {
    fn commit(mut self: Box<Self>) {
        self.committed = true;
        self.journal.write(format!("commit {}", self.name));
        if self.act == Act::Panic {
            panic!("{} breaks its word", self.name);
        }
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if !self.committed {
            self.journal.write(format!("abort {}", self.name));
        }
    }
}

impl Module for Tuned {
    fn declare(&self) -> Declaration {
        let declaration = Declaration::new(self.name)
            .config::<Knobs>(self.name)
            .provides_named::<String>(self.name);
        match self.needs {
            Some(needs) => declaration.needs_named::<String>(needs),
            None => declaration,
        }
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        *self.live.lock().expect("no test panics here") = Some(wiring.live()?);
        wiring.provide_named(self.name, Arc::new(self.name.to_owned()))
    }

    fn prepare<'a>(
        &'a mut self,
        reload: &'a Reload,
        _context: &'a Context,
    ) -> BoxFuture<'a, Result<Option<Box<dyn Commit>>, Error>> {
        Box::pin(async move {
            let (name, journal) = (self.name, &self.journal);
            let (before, after) = (reload.current::<Knobs>()?, reload.config::<Knobs>()?);
            journal.write(format!("prepare {name} {}→{}", before.size, after.size));
            let socket = TcpListener::bind("127.0.0.1:0").await;
            let ready = Ready {
                name,
                journal: journal.clone(),
                committed: false,
                act: *self.commit.lock().expect("no test panics here"),
                _socket: socket.map_err(|error| Error::dependency("no socket").because(error))?,
            };
            self.gate
                .acquire()
                .await
                .expect("nobody closes it")
                .forget();
            let act = *self.prepare.lock().expect("no test panics here");
            match act {
                Act::Succeed => Ok(Some(Box::new(ready) as Box<dyn Commit>)),
                Act::Fail => Err(Error::dependency("no pool").because("connection refused")),
                Act::Panic => panic!("{name} is broken"),
                Act::Hang => std::future::pending().await,
                Act::Take(duration) => {
                    // Blocks the thread, as a module must not.
                    std::thread::sleep(duration);
                    Ok(None)
                }
            }
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.journal.write(format!("stop {}", self.name));
        Box::pin(async { Ok(()) })
    }
}

/// A directory with `default.toml`.
pub(crate) struct Files(pub(crate) TempDir);

impl Files {
    pub(crate) fn new(text: &str) -> Self {
        let files = Self(TempDir::new().expect("a directory"));
        files.write(text);
        files
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("default.toml")
    }

    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.path(), text).expect("the file is ours");
    }

    pub(crate) fn app(&self) -> App {
        let loader = Loader::new("shop")
            .with_environment(Environment::default())
            .with_location(self.0.path());
        App::new(ServiceInfo::new("shop", "1.0.0")).config(loader)
    }
}

pub(crate) async fn reload(running: &Running) -> Outcome {
    let reloads = running.get::<Reloads>().expect("every application has it");
    reloads.reload(Trigger::Program).await
}

/// Why it failed.
pub(crate) fn failure(outcome: Outcome) -> Arc<ReloadError> {
    match outcome {
        Outcome::Failed(error) => error,
        other => panic!("it did not fail: {other:?}"),
    }
}

/// Writes down how reloads end: `reload completed`.
pub(crate) struct Witness(pub(crate) Journal);

impl Observer for Witness {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        if let Some(end) = event.kind.strip_prefix("formwork.config.reload.") {
            self.0.write(format!("reload {end}"));
        }
        Box::pin(async { Ok(()) })
    }
}
