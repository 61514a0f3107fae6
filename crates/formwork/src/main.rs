//! Formwork composes production-ready Rust services from versioned features and a domain model.
//!
//! Only this crate prints, exits and reads the environment; the rest of the composer is libraries.

mod actions;
mod cargo;
mod catalog;
mod change;
mod choices;
mod cli;
mod commands;
mod composition;
mod embedded;
mod http;
mod interrupt;
mod layers;
mod memory;
mod name;
mod nearest;
mod packs;
mod probe;
mod progress;
mod questions;
mod recipe;
mod report;
mod scenario;
mod service;
mod situation;
mod timings;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::report::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    report::set_color(cli.color);
    match run(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::complain(&failure);
            if cli.command.wants_json() && !failure.is_told {
                report::complain_json(&failure);
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::New(new) => commands::new::run(new),
        Command::Plan(plan) => commands::plan::run(plan),
        Command::Features(features) => commands::features::run(&features.command),
        Command::Why(why) => commands::why::run(why),
        Command::WhyNot(why) => commands::why::run_not(why),
        Command::WhatIf(what_if) => commands::what_if::run(what_if),
        Command::Add(add) => commands::life::add(add),
        Command::Remove(remove) => commands::life::remove(remove),
        Command::Set(set) => commands::life::set(set),
        Command::Tier(tier) => commands::life::tier(tier),
        Command::Sync(sync) => commands::life::sync(sync),
        Command::Update(update) => commands::update::run(update),
        Command::Aggregate(aggregate) => commands::aggregate::run(&aggregate.command),
        Command::Diff(diff) => commands::diff::run(diff),
        Command::Continue(waiting) => commands::life::resume(waiting),
        Command::Abort(waiting) => commands::life::abort(waiting),
        Command::Module(module) => commands::module::run(&module.command),
        Command::Pack(pack) => commands::pack::run(&pack.command),
        Command::Check(check) => commands::check::run(check),
        Command::Doctor(doctor) => commands::doctor::run(doctor),
        Command::Probe(probe) => commands::probe::run(probe),
        Command::Demo(demo) => commands::demo::run(demo),
        Command::Completions { shell } => commands::texts::completions(*shell),
        Command::Man { command } => commands::texts::man(command.as_deref()),
        Command::Schema { command } => commands::texts::schema(*command),
    }
}
