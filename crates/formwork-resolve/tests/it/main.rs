//! Resolution through its public surface, on toy features of a line each.

mod conflicts;
mod plans;
mod properties;
mod scenarios;
mod toy;
