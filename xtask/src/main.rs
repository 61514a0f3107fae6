//! Automation: services, tests, checks, generated files, benchmarks.

mod api;
mod bench;
mod codegen;
mod models;
mod requirements;
mod rows;
mod services;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's automation. Data goes to stdout, everything else to stderr.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Start, stop or show the real servers the tests use.
    Services {
        #[command(subcommand)]
        action: services::Action,
        /// One JSON object per service.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Run every test, against real servers too; the last line is the totals.
    Test {
        /// Only tests whose name contains this.
        filter: Option<String>,
        /// One JSON object with the totals as the last line.
        #[arg(long)]
        json: bool,
    },
    /// Check style, invariants, generated files and licences.
    Tidy {
        /// One JSON object per check.
        #[arg(long)]
        json: bool,
    },
    /// Map every requirement of the specification to the tests that prove it.
    Requirements {
        /// Fail when the page is stale, write nothing.
        #[arg(long)]
        check: bool,
        /// One JSON object per requirement.
        #[arg(long)]
        json: bool,
    },
    /// List what each runtime crate promises, in `docs/api/`.
    Api {
        /// Fail when a listing is stale, write nothing.
        #[arg(long)]
        check: bool,
    },
    /// Generate the services in `examples/` again.
    Codegen {
        /// Fail when one is stale, write nothing.
        #[arg(long)]
        check: bool,
    },
    /// Put feature models with recorded answers to the resolver's engine.
    Models {
        /// A folder with `*.dimacs` or `*.uvl` and `*.oracle.json`.
        folder: PathBuf,
        /// One JSON object per model.
        #[arg(long)]
        json: bool,
    },
    /// Measure what the specification sets a bar for.
    Bench {
        /// Only benchmarks whose name contains this.
        filter: Option<String>,
        /// One JSON object per row.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Services { action, json } => services::run(action, json),
        Task::Test { filter, json } => test::run(filter.as_deref(), json),
        Task::Tidy { json } => tidy::run(json),
        Task::Requirements { check, json } => requirements::run(check, json),
        Task::Api { check } => api::run(check),
        Task::Codegen { check } => codegen::run(check),
        Task::Models { folder, json } => models::run(&folder, json),
        Task::Bench { filter, json } => bench::run(filter.as_deref(), json),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
