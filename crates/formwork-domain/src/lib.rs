//! The pure vocabulary of a domain layer: identifiers, versions, money, events, errors, repository contracts.
//!
//! A domain layer built on this crate has no I/O, no async runtime and no serialisation. Time and
//! identifiers come from outside, through [`Clock`] and [`Identifiers`].
//!
//! ```
//! use formwork_domain::{Currency, Money};
//!
//! let euro: Currency = "EUR".parse()?;
//! let price = Money::new(1_250, euro);
//! assert_eq!(price.times(3)?.to_string(), "37.50 EUR");
//!
//! let dollar: Currency = "USD".parse()?;
//! assert!(price.plus(Money::new(1, dollar)).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs)]

pub mod check;
mod error;
mod event;
mod id;
mod money;
mod operation;
mod page;
mod repository;
mod tenant;
mod time;
mod violation;

pub use error::{DomainError, UseCaseError};
pub use event::{DomainEvent, EventKind};
pub use id::{Id, Identifiers, ParseIdError};
pub use money::{Currency, Money, MoneyError, ParseCurrencyError};
pub use operation::{Delivery, IdempotencyKey, Operation, Outcome};
pub use page::{Cursor, Page, PageRequest, ParseCursorError, SortKey};
pub use repository::{Aggregate, BoxFuture, OperationLog, RepositoryError, Version};
pub use tenant::{ParseTenantIdError, TenantId, TenantKey};
pub use time::{Clock, ParseTimestampError, Timestamp};
pub use violation::{Violation, Violations};
