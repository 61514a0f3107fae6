//! Modules with one mistake each, which the suite finds.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use formwork_app::{Context, Declaration, Error, Module, WireError, Wiring};
use formwork_config::{Config, Secret};
use formwork_domain::BoxFuture;
use formwork_test::{AppHarness, conformance};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    None,
    /// Declares something else every time.
    Declaration,
    /// Spawns while it is declared.
    EagerDeclaration,
    /// Opens a file while it is wired.
    EagerFile,
    /// Spawns a task while it is wired.
    EagerTask,
    /// Spawns a task that the application does not know of.
    HiddenTask,
    /// Does not give back in `stop` what it took in `start`.
    Kept,
    /// Gives back in `stop` only, not when its start is cut off.
    KeptWhenCutOff,
    /// Never ends stopping.
    Endless,
    /// Fails to stop.
    Failing,
    /// Shows its secret.
    Talkative,
    /// Shows its secret in the error of its start.
    TalkativeError,
}

/// A module.
#[derive(Debug, Config)]
struct WrongConfig {
    /// A password.
    token: Secret<String>,
}

#[derive(Debug)]
struct Wrong {
    mistake: Mistake,
    /// What only one may have at a time.
    taken: Arc<AtomicBool>,
    declared: AtomicUsize,
    file: Option<File>,
    token: Option<String>,
    secret: Option<Secret<String>>,
}

/// Gives back what was taken.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Module for Wrong {
    fn declare(&self) -> Declaration {
        if self.mistake == Mistake::EagerDeclaration {
            tokio::spawn(std::future::pending::<()>());
        }
        let number = match self.mistake {
            Mistake::Declaration => self.declared.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        Declaration::new("wrong")
            .version(format!("0.0.{number}"))
            .config::<WrongConfig>("wrong")
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: WrongConfig = wiring.config()?;
        match self.mistake {
            Mistake::EagerFile => self.file = File::open("/dev/null").ok(),
            Mistake::EagerTask => drop(tokio::spawn(std::future::pending::<()>())),
            Mistake::Talkative => self.token = Some(config.token.expose().clone()),
            Mistake::TalkativeError => self.secret = Some(config.token),
            _ => {}
        }
        Ok(())
    }

    fn start<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if self.taken.swap(true, Ordering::SeqCst) {
                return Err(Error::dependency("it is taken"));
            }
            let guard = Guard(Arc::clone(&self.taken));
            if self.mistake == Mistake::KeptWhenCutOff {
                std::mem::forget(guard);
                tokio::task::yield_now().await;
                return Ok(());
            }
            tokio::task::yield_now().await;
            if self.mistake == Mistake::HiddenTask {
                tokio::spawn(std::future::pending::<()>());
            }
            if let Some(secret) = &self.secret {
                let message = format!("{} is not accepted", secret.expose());
                return Err(Error::dependency(message));
            }
            // From here on it is for `stop` to give back.
            std::mem::forget(guard);
            Ok(())
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            match self.mistake {
                Mistake::Kept => return Ok(()),
                Mistake::Endless => std::future::pending().await,
                Mistake::Failing => return Err(Error::lifecycle("disk full")),
                _ => {}
            }
            drop(Guard(Arc::clone(&self.taken)));
            Ok(())
        })
    }
}

async fn check(mistake: Mistake) {
    let taken = Arc::new(AtomicBool::new(false));
    let make = move || Wrong {
        mistake,
        taken: Arc::clone(&taken),
        declared: AtomicUsize::new(0),
        file: None,
        token: None,
        secret: None,
    };
    let within = |app: AppHarness| app.value("wrong.token", "correct horse battery");
    conformance::module(make).within(within).await;
}

#[tokio::test(start_paused = true)]
async fn a_module_without_a_mistake_passes() {
    check(Mistake::None).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "declare: says something else the second time")]
async fn a_module_that_changes_its_mind_is_found() {
    check(Mistake::Declaration).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "declare: spawns a task")]
async fn a_module_that_spawns_when_it_is_declared_is_found() {
    check(Mistake::EagerDeclaration).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "wire: opens `/dev/null`, which is for `start`")]
async fn a_module_that_opens_when_it_is_wired_is_found() {
    check(Mistake::EagerFile).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "wire: spawns a task, which is for `start`")]
async fn a_module_that_spawns_when_it_is_wired_is_found() {
    check(Mistake::EagerTask).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "tasks: all that were spawned end with the module")]
async fn a_module_whose_task_outlives_it_is_found() {
    check(Mistake::HiddenTask).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = "start: fails the second time: module `wrong` could not start: it is taken"
)]
async fn a_module_that_keeps_what_it_took_is_found() {
    check(Mistake::Kept).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "start: fails after a start that was cut off")]
async fn a_module_whose_start_cannot_be_cut_off_is_found() {
    check(Mistake::KeptWhenCutOff).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "stop: is not in order the first time")]
async fn a_module_that_never_ends_stopping_is_found() {
    check(Mistake::Endless).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "stop: is not in order the first time")]
async fn a_module_that_fails_to_stop_is_found() {
    check(Mistake::Failing).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = "secrets: the module's `Debug` after wire shows the value of `wrong.token`"
)]
async fn a_module_that_shows_its_secret_is_found() {
    check(Mistake::Talkative).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "secrets: the error of its start shows the value of `wrong.token`")]
async fn a_module_whose_error_shows_its_secret_is_found() {
    check(Mistake::TalkativeError).await;
}

/// A module whose default is not allowed.
#[derive(Debug, Config)]
#[expect(dead_code, reason = "the value is never right")]
struct Impossible {
    /// A number.
    #[config(default = 3, range(min = 5))]
    number: u32,
}

#[derive(Debug)]
struct ImpossibleModule;

impl Module for ImpossibleModule {
    fn declare(&self) -> Declaration {
        Declaration::new("impossible").config::<Impossible>("impossible")
    }
}

#[tokio::test]
#[should_panic(expected = "sample: its configuration cannot be read")]
async fn a_default_that_is_not_allowed_is_found() {
    conformance::module(|| ImpossibleModule).await;
}
