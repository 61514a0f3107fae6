//! Applications put together, started, watched and stopped.

mod changes;
mod decorators;
mod errors;
mod events;
mod health;
mod instances;
mod inventory;
mod kept;
mod life;
mod minimal;
mod order;
mod process;
mod reload;
mod reports;
mod run;
mod scopes;
mod support;
mod tasks;
mod wiring;
