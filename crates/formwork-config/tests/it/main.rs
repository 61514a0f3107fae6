//! Loading, reporting and documenting a configuration, as a service sees it.

mod ancestor;
mod bad_input;
mod canary;
mod derive;
mod documents;
mod formats;
mod instances;
mod layers;
mod memory;
mod mistakes;
mod precedence;
mod secrets;
mod snapshots;
mod support;
mod tenants;

#[global_allocator]
static MEMORY: memory::Watching = memory::Watching;
