//! Modules that do as they are told and write down what happened.

use std::sync::Arc;
use std::time::Duration;

use formwork_app::{
    App, Context, Declaration, Error, Module, ServiceInfo, StartError, WireError, Wiring,
};
use formwork_config::{Environment, Loader};
use formwork_domain::BoxFuture;
use tokio::sync::watch;

/// What happened, in order: `start a`, `stop a`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal(Arc<watch::Sender<Vec<String>>>);

impl Journal {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.send_modify(|lines| lines.push(line.into()));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Waits until the lines are as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&[String]) -> bool) {
        let mut lines = self.0.subscribe();
        let wanted = lines.wait_for(|lines| wanted(lines)).await;
        wanted.expect("the sender lives in `self`");
    }

    /// Waits until this line is written down.
    pub(crate) async fn written(&self, line: &str) {
        self.until(|lines| lines.iter().any(|it| it == line)).await;
    }

    /// The modules a verb was written down for.
    pub(crate) fn of(&self, verb: &str) -> Vec<String> {
        let lines = self.lines();
        let words = lines.iter().filter_map(|line| line.split_once(' '));
        words
            .filter(|(first, _)| *first == verb)
            .map(|(_, rest)| rest.to_owned())
            .collect()
    }
}

/// What a method of a module does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Act {
    #[default]
    Succeed,
    Fail,
    Panic,
    Hang,
    Take(Duration),
}

type Declare = Box<dyn Fn(Declaration) -> Declaration + Send>;
type Wire = Box<dyn FnMut(&mut Wiring<'_>) -> Result<(), WireError> + Send>;
type Hook = Box<dyn Fn(&Context) + Send + Sync>;

pub(crate) struct Scripted {
    name: String,
    declare: Declare,
    wire: Wire,
    hook: Hook,
    start: Act,
    drain: Act,
    stop: Act,
    journal: Journal,
}

pub(crate) fn module(name: &str, journal: &Journal) -> Scripted {
    Scripted {
        name: name.to_owned(),
        declare: Box::new(|declaration| declaration),
        wire: Box::new(|_| Ok(())),
        hook: Box::new(|_| ()),
        start: Act::Succeed,
        drain: Act::Succeed,
        stop: Act::Succeed,
        journal: journal.clone(),
    }
}

impl Scripted {
    pub(crate) fn declare(
        mut self,
        declare: impl Fn(Declaration) -> Declaration + Send + 'static,
    ) -> Self {
        self.declare = Box::new(declare);
        self
    }

    pub(crate) fn wire(
        mut self,
        wire: impl FnMut(&mut Wiring<'_>) -> Result<(), WireError> + Send + 'static,
    ) -> Self {
        self.wire = Box::new(wire);
        self
    }

    /// Called by `start` with the context.
    pub(crate) fn hook(mut self, hook: impl Fn(&Context) + Send + Sync + 'static) -> Self {
        self.hook = Box::new(hook);
        self
    }

    pub(crate) fn start(mut self, act: Act) -> Self {
        self.start = act;
        self
    }

    pub(crate) fn drain(mut self, act: Act) -> Self {
        self.drain = act;
        self
    }

    pub(crate) fn stop(mut self, act: Act) -> Self {
        self.stop = act;
        self
    }

    fn act(&self, verb: &'static str, act: Act) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(perform(self.name.clone(), self.journal.clone(), verb, act))
    }
}

async fn perform(
    name: String,
    journal: Journal,
    verb: &'static str,
    act: Act,
) -> Result<(), Error> {
    journal.write(format!("{verb} {name}"));
    match act {
        Act::Succeed => {}
        Act::Fail => {
            let cause = std::io::Error::other("disk full");
            return Err(Error::dependency("could not open the store").because(cause));
        }
        Act::Panic => panic!("{verb} of {name} is broken"),
        Act::Hang => std::future::pending().await,
        Act::Take(duration) => tokio::time::sleep(duration).await,
    }
    journal.write(format!("{verb}ed {name}"));
    Ok(())
}

impl Module for Scripted {
    fn declare(&self) -> Declaration {
        (self.declare)(Declaration::new(self.name.clone()))
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        self.journal.write(format!("wire {}", self.name));
        (self.wire)(wiring)
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        (self.hook)(context);
        self.act("start", self.start)
    }

    fn drain<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.act("drain", self.drain)
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        self.act("stop", self.stop)
    }
}

/// Keeps a worker awake. Without one, a runtime whose other worker blocks may forget its timers.
pub(crate) fn keep_awake() -> tokio::task::JoinHandle<()> {
    tokio::spawn(async {
        loop {
            tokio::task::yield_now().await;
        }
    })
}

/// An application with nothing from outside.
pub(crate) fn app() -> App {
    let loader = Loader::new("shop").with_environment(Environment::default());
    App::new(ServiceInfo::new("shop", "1.0.0")).config(loader)
}

/// The application with a value of its configuration set.
pub(crate) fn set(app: App, path: &str, value: &str) -> App {
    app.map_config(|loader| loader.with_value(path, value))
}

/// The failures of a start, as `module phase`.
pub(crate) fn failed(error: &StartError) -> Vec<String> {
    match error {
        StartError::Modules(failures) => failures.0.iter().map(ToString::to_string).collect(),
        other => panic!("not the failure of a module: {other}"),
    }
}

/// A service that says who provides it. Tests declare it under the names of modules.
pub(crate) trait Named: Send + Sync {
    fn name(&self) -> String;
}

impl Named for String {
    fn name(&self) -> String {
        self.clone()
    }
}

/// A module `name` that provides the [`Named`] of its name and needs those of others.
pub(crate) fn link(name: &str, needs: &[String], journal: &Journal) -> Scripted {
    let (own, others) = (name.to_owned(), needs.to_vec());
    let provided = own.clone();
    module(name, journal)
        .declare(move |declaration| {
            let declaration = declaration.provides_named::<dyn Named>(own.clone());
            others
                .iter()
                .cloned()
                .fold(declaration, |declaration, need| {
                    declaration.needs_named::<dyn Named>(need)
                })
        })
        .wire(move |wiring| {
            wiring.provide_named::<dyn Named>(&provided, Arc::new(provided.clone()))
        })
}

/// The report of an application that cannot be wired.
#[track_caller]
pub(crate) fn report(app: App) -> String {
    match app.check() {
        Ok(checked) => panic!("the application was wired:\n{}", checked.graph.to_text()),
        Err(error) => error.to_string(),
    }
}
