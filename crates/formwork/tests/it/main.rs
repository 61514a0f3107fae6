//! The binary from outside: what it prints, what it writes, and how it ends.

mod check;
mod choices;
mod compose;
mod demo;
mod json;
mod life;
mod models;
mod module;
mod packs;
mod probe;
mod schemas;
mod support;
mod texts;
mod writing;
