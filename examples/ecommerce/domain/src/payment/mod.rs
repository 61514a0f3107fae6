//! The money for one order.

mod aggregate;
mod commands;
mod events;
mod repository;

pub use aggregate::{Payment, PaymentId, PaymentSnapshot, PaymentState};
pub use commands::{Capture, Request};
pub use events::{
    PaymentCancelled, PaymentCaptured, PaymentDeclined, PaymentEvent, PaymentRefunded,
    PaymentRequested, PaymentUnderpaid,
};
pub use repository::PaymentRepository;
