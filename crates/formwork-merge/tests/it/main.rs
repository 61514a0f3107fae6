//! The merge, at its boundary.

mod files;
mod text;
