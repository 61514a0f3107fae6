//! Feature models in the two formats research and industry exchange them in, read into the
//! resolver's engine, and checked against recorded answers.

mod check;
pub mod dimacs;
mod model;
pub mod oracle;
pub mod uvl;

pub use check::{Outcome, check, now};
pub use model::{Model, ReadError};
