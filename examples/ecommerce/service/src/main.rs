//! E-commerce: the process.

mod app;
mod modules;
mod own;

use std::process::ExitCode;

fn main() -> ExitCode {
    formwork_app::main(app::service(), app::assemble)
}
