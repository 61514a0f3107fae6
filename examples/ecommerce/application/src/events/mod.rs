//! What aggregates do about what others reported.

mod order;
mod payment;
mod shipment;
mod stock_item;

pub use order::OrderReactions;
pub use payment::PaymentReactions;
pub use shipment::ShipmentReactions;
pub use stock_item::StockItemReactions;

use formwork_domain::{Delivery, DomainError, Operation, Outcome, RepositoryError, UseCaseError};

/// Success also when the event had been handled before.
fn once(outcome: Result<Outcome, UseCaseError>) -> Result<(), UseCaseError> {
    match outcome {
        Ok(_) | Err(UseCaseError::Repository(RepositoryError::AlreadyHandled)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Success also when the aggregate's state or rules leave nothing to do.
fn unless_refused(result: Result<(), UseCaseError>) -> Result<(), UseCaseError> {
    match result {
        Err(UseCaseError::Domain(DomainError::State { .. } | DomainError::Rule { .. })) => Ok(()),
        other => other,
    }
}

/// One part of the work for an event, applied once by itself.
fn part(operation: &Operation, index: usize) -> Operation {
    let delivery = operation.delivery.as_ref().map(|delivery| Delivery {
        part: u32::try_from(index).unwrap_or(u32::MAX),
        ..delivery.clone()
    });
    Operation {
        delivery,
        ..operation.clone()
    }
}
