#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod database;
mod database_error;
mod error;
mod listen;
mod migrations;
mod module;
mod options;
mod pool;
mod reader;
mod session;
mod store;
pub mod tenancy;
mod transaction;

pub use database::Database;
pub use database_error::DatabaseError;
pub use error::{Error, store_error};
pub use listen::{ListenNotifier, ListenNotifyModule};
pub use migrations::{Applied, MigrateError, Migrations};
pub use module::PostgresModule;
pub use options::{Isolation, PostgresConfig};
pub use reader::Reader;
pub use store::PostgresStore;
pub use transaction::Transaction;
