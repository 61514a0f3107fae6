//! Generation from toy catalogs to trees and files.

mod compose;
mod drift;
mod merge;
mod recipe;
mod runtime;
mod toy;
mod write;
