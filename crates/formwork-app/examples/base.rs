//! The base of every service: one module with configuration, a service and a health check, and a
//! life from the start to the last signal. `cargo xtask bench base` measures it.

use std::process::ExitCode;
use std::sync::Arc;

use formwork_app::event::{Event, Observer};
use formwork_app::{Declaration, Error, HealthCheck, Module, ServiceInfo, WireError, Wiring};
use formwork_config::Config;
use formwork_domain::BoxFuture;

/// Greetings.
#[derive(Config)]
struct GreeterConfig {
    /// What is said before the name.
    #[config(default = "Hello")]
    greeting: String,
}

/// Greets.
struct Greeter {
    greeting: String,
}

impl Greeter {
    fn greet(&self, name: &str) -> String {
        format!("{}, {name}!", self.greeting)
    }
}

struct GreeterModule;

impl Module for GreeterModule {
    fn declare(&self) -> Declaration {
        Declaration::new("greeter")
            .config::<GreeterConfig>("greeter")
            .provides::<Greeter>()
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let GreeterConfig { greeting } = wiring.config()?;
        let greeter = Arc::new(Greeter { greeting });
        let asked = Arc::clone(&greeter);
        wiring.health_check(HealthCheck::required("greeter", move || {
            let greets = asked.greet("health").ends_with("health!");
            async move { greets.then_some(()).ok_or("it does not greet") }
        }))?;
        wiring.provide(greeter)
    }
}

/// Says on standard output how far the process has come.
struct Announcer;

impl Observer for Announcer {
    fn observe<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<(), Error>> {
        println!("{}", event.kind);
        Box::pin(async { Ok(()) })
    }
}

fn main() -> ExitCode {
    let service = ServiceInfo::new("base", env!("CARGO_PKG_VERSION"));
    formwork_app::main(service, |app| {
        app.module(GreeterModule).observe(Arc::new(Announcer))
    })
}
