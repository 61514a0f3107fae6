//! The catalog: features as folders of data, read with every mistake reported at once.
//!
//! A [`Source`] is an ordered map from path to bytes, embedded or loaded from a folder; [`Source::mount`] puts the
//! packs of third parties beside our own features.
//! [`Catalog::read`] turns it into typed features, or into the list of everything wrong with it:
//!
//! ```
//! use formwork_catalog::{Catalog, Source};
//!
//! let source = Source::from_iter([
//!     ("features/hello/README.md", "# Hello\n"),
//!     ("features/hello/feature.toml", "id = \"hello\"\nversion = \"one\"\n"),
//! ]);
//! let mistakes = Catalog::read(source).expect_err("the version is not a version");
//! assert!(mistakes.to_string().contains("features/hello/feature.toml:2:11: error: "));
//! ```

mod capability;
mod catalog;
mod check;
mod diagnostic;
mod feature;
mod option;
mod pack;
mod parts;
mod popular;
mod read;
mod rule;
mod source;
mod step;
mod suggest;

pub use capability::{Capability, Cardinality};
pub use catalog::{Catalog, CatalogError, Reading, matches};
pub use diagnostic::{Diagnostic, Position, Severity};
pub use feature::{Feature, File, Kind, Tier};
pub use option::{OptionKind, OptionSpec, OptionValue};
pub use pack::{PackFrom, PackPin};
pub use parts::{
    Action, ActionWhen, CratePin, CrateUse, Format, Merge, Migration, Probe, ProbeKind, Wiring,
};
pub use popular::Popular;
pub use rule::{
    Condition, Conflict, Joint, Need, Practice, Provide, Site, Target, TierRule, Weak, When,
};
pub use source::{LoadError, Source};
pub use step::{Change, Method, Request, Restore, Step};
pub use suggest::nearest;
