//! Generation from toy catalogs to trees and files.

mod change;
mod compose;
mod drift;
mod life;
mod merge;
mod recipe;
mod runtime;
mod toy;
mod write;
