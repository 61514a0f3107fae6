//! A customer's purchase, from placement to delivery.

mod aggregate;
mod commands;
mod events;
mod repository;

pub use aggregate::{Order, OrderId, OrderSnapshot, OrderState};
pub use commands::{Cancel, Place};
pub use events::{
    OrderCancelled, OrderCompleted, OrderEvent, OrderPaid, OrderPlaced, OrderShipped,
};
pub use repository::OrderRepository;
