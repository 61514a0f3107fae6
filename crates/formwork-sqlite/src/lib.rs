#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod config;
mod database;
mod error;
mod idempotency;
mod inbox;
mod migrations;
mod module;
mod outbox;
mod transaction;

pub use config::{SqliteConfig, Synchronous};
pub use database::Database;
pub use error::store_error;
pub use migrations::{MigrationError, Migrations};
pub use module::SqliteModule;
pub use transaction::Transaction;
