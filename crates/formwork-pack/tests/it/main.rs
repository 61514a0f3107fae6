//! Packs through the public surface of the crate.

mod catalog;
mod hostile;
mod sources;
mod support;
mod trust;
