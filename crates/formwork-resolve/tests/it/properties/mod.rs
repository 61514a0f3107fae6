//! Random small catalogs against brute force, which knows nothing of clauses or cores.

mod brute;
mod case;
mod conflicts;
mod fixes;
mod optimum;
mod order;
mod questions;
