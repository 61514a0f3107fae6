//! The catalog through its public surface.

mod mistakes;
mod pack;
mod sound;
