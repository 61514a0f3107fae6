//! Resolution as a pure function: wishes and a catalog in, one optimal plan or an explained conflict out.
//!
//! [`resolve`] reads nothing but its arguments, so the same catalog and wishes give the same
//! [`Plan`] everywhere. When the wishes cannot hold together it returns a [`Conflict`]: a minimal
//! set of wishes and rules, the derivation a person can follow, and fixes that were tried out.
//!
//! ```
//! use formwork_catalog::{Catalog, Source};
//! use formwork_resolve::{Wishes, resolve};
//!
//! let catalog = Catalog::read(Source::from_iter([
//!     ("features/log/README.md", "# Log"),
//!     ("features/log/feature.toml", r#"
//!         id = "log"
//!         name = "Log"
//!         summary = "Lines about what happens."
//!         version = "1.0.0"
//!         kind = "observability"
//!         probes = [{ name = "lines", kind = "log", fields = ["message"] }]
//!     "#),
//! ]))?
//! .catalog;
//!
//! let plan = resolve(&catalog, &Wishes::new().want("log"))?;
//! assert_eq!(plan.features[0].id, "log");
//!
//! let mistake = resolve(&catalog, &Wishes::new().want("lok")).expect_err("there is no such feature");
//! assert_eq!(mistake.to_string(), "unknown feature `lok`\nhint: did you mean `log`?");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ask;
mod check;
mod conflict;
mod cores;
mod derive;
pub mod engine;
mod error;
mod evaluate;
mod explain;
mod fix;
mod optimum;
mod plan;
mod problem;
mod render;
mod request;
mod resolve;
mod suggest;
mod wishes;

pub use conflict::{Branch, Change, Conflict, Core, Derivation, Fix, FixKind, Name, Outcome, Step};
pub use error::{Mistake, ResolveError};
pub use explain::{
    Degraded, LeftOut, Unselectable, WhatIf, Why, WhyNot, degrade, unselectable, what_if, why,
    why_not,
};
pub use plan::{Basis, Circle, Diff, Dropped, Plan, Planned, Reason, Suggestion};
pub use resolve::{Resolver, resolve};
pub use wishes::{Wish, Wishes};
