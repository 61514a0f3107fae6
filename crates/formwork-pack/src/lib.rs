//! Packs of third parties: fetched from where they are, checked, verified and kept by their content.
//!
//! A pack is a folder with a `pack.toml` and features below `features/`, of the shape our own have. It comes from a
//! folder, a git repository, an archive or an index ([`PackFrom`](formwork_catalog::PackFrom)); a [`Shelf`] gets it from
//! there, or from a cache when its content is known by hash already.
//!
//! Nothing of a pack is run. What is in it is bounded by [`Limits`], and a pack that breaks them, or tries to reach out of its folder, is
//! refused with every reason at once. Whether the content is wanted at all is decided by [`Trust`]: a signature of a
//! key that somebody declared, or the hash itself.

mod cache;
mod collect;
mod error;
mod index;
mod limits;
mod manifest;
mod pack;
mod path;
mod read;
mod shelf;
mod skeleton;
mod trust;
mod web;

pub use error::{PackError, Reason};
pub use limits::Limits;
pub use manifest::Manifest;
pub use pack::{Pack, SIGNATURE};
pub use shelf::Shelf;
pub use skeleton::{id_mistake, skeleton};
pub use trust::{Trust, TrustedBy, Untrusted};
