//! Modules with configuration and a service each, in chains of ten.

use std::sync::Arc;

use formwork_app::{App, Declaration, Module, WireError, Wiring};
use formwork_config::Config;

/// A part.
#[derive(Debug, Config)]
struct PartConfig {
    /// How many it has.
    #[config(default = 10, range(max = 1000))]
    size: usize,
    /// What it is called.
    #[config(default = "part", length(min = 1))]
    label: String,
}

/// One of many different traits.
pub(crate) trait Port<const N: usize>: Send + Sync {
    fn number(&self) -> usize;
}

struct Service {
    size: usize,
    label: String,
    inner: Option<Box<dyn Fn() -> usize + Send + Sync>>,
}

impl<const N: usize> Port<N> for Service {
    fn number(&self) -> usize {
        N + self.size + self.label.len() + usize::from(self.inner.is_some())
    }
}

/// The first of ten needs nobody, each of the others the one before.
struct Part<const N: usize, const BEFORE: usize>;

impl<const N: usize, const BEFORE: usize> Module for Part<N, BEFORE> {
    fn declare(&self) -> Declaration {
        let declaration = Declaration::new(format!("part-{N}"))
            .version("1.0.0")
            .config::<PartConfig>(format!("part-{N}"))
            .provides::<dyn Port<N>>()
            .provides_named::<dyn Port<0>>(format!("part-{N}"));
        if N.is_multiple_of(10) {
            declaration
        } else {
            declaration.needs::<dyn Port<BEFORE>>()
        }
    }

    fn wire(&mut self, wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        let config: PartConfig = wiring.config()?;
        let mut service = Service {
            size: config.size,
            label: config.label,
            inner: None,
        };
        if !N.is_multiple_of(10) {
            let before = wiring.get::<dyn Port<BEFORE>>()?;
            service.inner = Some(Box::new(move || before.number()));
        }
        let service = Arc::new(service);
        wiring.provide_named::<dyn Port<0>>(&format!("part-{N}"), service.clone())?;
        wiring.provide::<dyn Port<N>>(service)
    }
}

macro_rules! ten {
    ($app:ident, $first:expr) => {
        $app.module(Part::<{ $first }, 0>)
            .module(Part::<{ $first + 1 }, { $first }>)
            .module(Part::<{ $first + 2 }, { $first + 1 }>)
            .module(Part::<{ $first + 3 }, { $first + 2 }>)
            .module(Part::<{ $first + 4 }, { $first + 3 }>)
            .module(Part::<{ $first + 5 }, { $first + 4 }>)
            .module(Part::<{ $first + 6 }, { $first + 5 }>)
            .module(Part::<{ $first + 7 }, { $first + 6 }>)
            .module(Part::<{ $first + 8 }, { $first + 7 }>)
            .module(Part::<{ $first + 9 }, { $first + 8 }>)
    };
}

macro_rules! hundred {
    ($app:ident, $first:expr) => {{
        let app = $app;
        let app = ten!(app, $first);
        let app = ten!(app, $first + 10);
        let app = ten!(app, $first + 20);
        let app = ten!(app, $first + 30);
        let app = ten!(app, $first + 40);
        let app = ten!(app, $first + 50);
        let app = ten!(app, $first + 60);
        let app = ten!(app, $first + 70);
        let app = ten!(app, $first + 80);
        ten!(app, $first + 90)
    }};
}

pub(crate) fn ten(app: App) -> App {
    ten!(app, 0)
}

pub(crate) fn fifty_tens(app: App) -> App {
    let app = hundred!(app, 0);
    let app = hundred!(app, 100);
    let app = hundred!(app, 200);
    let app = hundred!(app, 300);
    hundred!(app, 400)
}
