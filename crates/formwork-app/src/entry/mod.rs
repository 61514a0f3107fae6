//! The `main` of a service.

mod arguments;
mod guard;

use std::ffi::OsString;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use formwork_config::{Loader, json_schema, reference, sample};
use tokio::runtime::{Builder, Runtime};

use arguments::{Action, Arguments};
use guard::guard;

use crate::app::{Calls, Prepared, report};
use crate::{App, Running, ServiceInfo, Signals, StartError};

/// Blocking work that is still going on when the service has stopped is not waited for longer.
const LINGER: Duration = Duration::from_millis(100);

/// Runs a service: reads the command line, loads the configuration, makes the asynchronous runtime,
/// starts the modules, works until a signal, stops in order.
///
/// ```no_run
/// use std::process::ExitCode;
/// use formwork_app::{Declaration, Module, ServiceInfo};
///
/// struct Orders;
///
/// impl Module for Orders {
///     fn declare(&self) -> Declaration {
///         Declaration::new("orders")
///     }
/// }
///
/// fn main() -> ExitCode {
///     let service = ServiceInfo::new("shop", env!("CARGO_PKG_VERSION"));
///     formwork_app::main(service, |app| app.module(Orders))
/// }
/// ```
///
/// The exit code is 0 after an orderly stop, 1 when something failed or was cut off, 2 when the
/// command line is wrong.
///
/// All this goes on in threads of its own. The thread that calls `main` looks after them: it takes
/// the signals, and it ends the process with exit code 1 when a module blocks its thread and
/// cannot be left behind: in `declare` after 6 s, in `wire`, `start`, `drain` and `stop` a second
/// after its deadline when no other thread is free to go on; and when the process uses more memory
/// than `app.memory-limit`. The modules at work are named on standard error.
pub fn main(service: ServiceInfo, build: impl FnOnce(App) -> App) -> ExitCode {
    main_with(std::env::args_os().skip(1), service, build)
}

/// As [`main`], with the command line from elsewhere: for programs in which the service is one
/// command of several. The name of the program is no part of `arguments`.
pub fn main_with(
    arguments: impl IntoIterator<Item = OsString>,
    service: ServiceInfo,
    build: impl FnOnce(App) -> App,
) -> ExitCode {
    let arguments = match Arguments::read(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", arguments::help(&service));
            return ExitCode::from(2);
        }
    };
    let loader = arguments.loader(&service);
    let app = build(App::new(service).config(loader));
    let service = app.service().clone();
    match arguments.action {
        Action::Help => print(&arguments::help(&service)),
        Action::Version => print(&format!("{} {}\n", service.name, service.version)),
        Action::Run => guard(app, true, move |app, calls, signals| {
            run(app, calls, signals, arguments.timeline)
        }),
        action => guard(app, false, move |app, _, _| match action {
            Action::PrintSample => print(&sample(&app.sections())),
            Action::PrintReference => print(&reference(&service.name, &app.sections())),
            Action::PrintSchema => print(&format!("{:#}\n", json_schema(&app.sections()))),
            Action::PrintConfig => checked(app, |checked| checked.explanation.to_string()),
            Action::PrintGraph => checked(app, |checked| checked.graph.to_mermaid()),
            _ => checked(app, |_| {
                "the configuration and the wiring are fine\n".to_owned()
            }),
        }),
    }
}

fn run(app: App, calls: &Calls, signals: Signals, timeline: bool) -> ExitCode {
    with_runtime(app, |runtime, prepared| {
        calls.made_in(runtime.handle());
        let accepting = move |running: &Running| {
            if timeline {
                eprint!("{}", running.timeline());
            }
        };
        // On a worker: from there, spawning the modules' tasks needs no other thread.
        let running = runtime.spawn(prepared.run(signals, accepting));
        Ok(runtime.block_on(running).unwrap_or(ExitCode::FAILURE))
    })
}

fn checked(app: App, text: impl FnOnce(crate::Checked) -> String) -> ExitCode {
    with_runtime(app, |runtime, prepared| {
        // Some libraries want to know the runtime already when a handle is made.
        let _guard = runtime.enter();
        let checked = prepared.check()?;
        for warning in &checked.warnings {
            eprintln!("warning: {warning}");
        }
        Ok(print(&text(checked)))
    })
}

fn with_runtime(
    app: App,
    work: impl FnOnce(&Runtime, Prepared) -> Result<ExitCode, StartError>,
) -> ExitCode {
    let outcome = app.prepare().and_then(|prepared| {
        let runtime = runtime(prepared.config.workers)?;
        let code = work(&runtime, prepared);
        runtime.shutdown_timeout(LINGER);
        code
    });
    outcome.unwrap_or_else(|error| {
        report(&error);
        ExitCode::FAILURE
    })
}

fn runtime(workers: usize) -> Result<Runtime, StartError> {
    let mut builder = Builder::new_multi_thread();
    let single = || available_parallelism().is_ok_and(|processors| processors.get() == 1);
    if workers > 0 {
        builder.worker_threads(workers);
    } else if single() {
        // With one thread, a module that blocks it would keep everybody else from being stopped.
        builder.worker_threads(2);
    }
    builder.enable_all().build().map_err(StartError::Runtime)
}

/// Standard output may be closed, as by `head`; that is no failure of the service.
fn print(text: &str) -> ExitCode {
    use std::io::Write;

    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

impl Arguments {
    fn loader(&self, service: &ServiceInfo) -> Loader {
        let mut loader = Loader::new(&service.name);
        if let Some(location) = &self.config {
            loader = loader.with_location(location);
        }
        if let Some(profile) = &self.profile {
            loader = loader.with_profile(profile);
        }
        if let Some(directory) = &self.secrets {
            loader = loader.with_secrets(directory);
        }
        let flags = self.settings.iter();
        flags.fold(loader, |loader, flag| loader.with_flag(flag))
    }
}
