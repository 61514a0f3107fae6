//! What can be done to payments.

use std::sync::Arc;

use domain::order::OrderId;
use domain::payment::{Capture, Payment, PaymentId, PaymentRepository, Request};
use formwork_domain::{
    Aggregate, Identifiers, Operation, OperationLog, Outcome, UseCaseError, Version,
};

/// The commands on payments. Each changes one payment in one unit of work.
#[derive(Clone)]
pub struct PaymentCommands {
    repository: Arc<dyn PaymentRepository>,
    log: Arc<dyn OperationLog>,
    identifiers: Arc<dyn Identifiers>,
}

impl PaymentCommands {
    /// Commands that keep their payments in `repository`.
    pub fn new(
        repository: Arc<dyn PaymentRepository>,
        log: Arc<dyn OperationLog>,
        identifiers: Arc<dyn Identifiers>,
    ) -> Self {
        Self {
            repository,
            log,
            identifiers,
        }
    }

    /// Asks the customer to pay.
    ///
    /// # Errors
    /// Why there is no new payment.
    pub async fn request(
        &self,
        input: Request,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of([0; 16], Err(repeated));
        }
        let id = PaymentId::from_bytes(self.identifiers.next());
        let payment = Payment::request(id, input, operation.at)?;
        self.save(&payment, operation).await
    }

    /// Notes the money a payment provider reports; too little is reported, not kept.
    ///
    /// # Errors
    /// Why the payment did not change. With `expected`, also when it is at another version.
    pub async fn capture(
        &self,
        id: PaymentId,
        input: Capture,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut payment = self.load(id, expected).await?;
        payment.capture(input, operation.at)?;
        self.save(&payment, operation).await
    }

    /// Notes that the customer's bank refused.
    ///
    /// # Errors
    /// Why the payment did not change. With `expected`, also when it is at another version.
    pub async fn decline(
        &self,
        id: PaymentId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut payment = self.load(id, expected).await?;
        payment.decline(operation.at)?;
        self.save(&payment, operation).await
    }

    /// Stops asking for the money, or gives it back.
    ///
    /// # Errors
    /// Why the payment did not change. With `expected`, also when it is at another version.
    pub async fn cancel(
        &self,
        id: PaymentId,
        expected: Option<Version>,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        if let Err(repeated) = self.log.check(operation).await {
            return Outcome::of(id.to_bytes(), Err(repeated));
        }
        let mut payment = self.load(id, expected).await?;
        payment.cancel(operation.at)?;
        self.save(&payment, operation).await
    }

    /// The identifier of the payment with this `order`.
    ///
    /// # Errors
    /// When there is none, or the repository cannot say.
    pub async fn id_by_order(&self, order: &OrderId) -> Result<PaymentId, UseCaseError> {
        let lookup = self.repository.find_by_order(order);
        let found = lookup.await?;
        let payment = found.ok_or_else(|| UseCaseError::NotFound {
            aggregate: Payment::NAME,
            key: order.to_string(),
        })?;
        Ok(payment.id())
    }

    async fn load(
        &self,
        id: PaymentId,
        expected: Option<Version>,
    ) -> Result<Payment, UseCaseError> {
        let found = self.repository.find(id).await?;
        let payment = found.ok_or_else(|| UseCaseError::NotFound {
            aggregate: Payment::NAME,
            key: id.to_string(),
        })?;
        let actual = payment.version();
        match expected {
            Some(expected) if expected != actual => {
                Err(UseCaseError::VersionMismatch { expected, actual })
            }
            _ => Ok(payment),
        }
    }

    async fn save(
        &self,
        payment: &Payment,
        operation: &Operation,
    ) -> Result<Outcome, UseCaseError> {
        let saved = self.repository.save(payment, operation).await;
        Outcome::of(payment.id_bytes(), saved)
    }
}
