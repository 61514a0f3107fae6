//! The circumstances under which a change is made, committed together with it.

use crate::{RepositoryError, TenantId, Timestamp, UseCaseError, Version};

/// Why, when and for whom a change is made. A repository commits what is in here in the same
/// transaction as the aggregate and its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// When the change is made.
    pub at: Timestamp,
    /// Whom it is made for, in a service that works for several tenants. It belongs to the change
    /// and travels with it: into the transaction, onto its events, and to whoever answers those.
    pub tenant: Option<TenantId>,
    /// Who asked for it, where known.
    pub actor: Option<String>,
    /// Ties together everything that follows from one request.
    pub correlation: Option<String>,
    /// The identifier of the event that caused the change, where one did.
    pub causation: Option<String>,
    /// The W3C trace context (`traceparent`) the change belongs to.
    pub trace_parent: Option<String>,
    /// The request's idempotency key, where it carried one.
    pub idempotency: Option<IdempotencyKey>,
    /// The event delivery the change answers; recorded in the inbox so that it is applied once.
    pub delivery: Option<Delivery>,
}

impl Operation {
    /// A change made at `at`, with nothing else known about it.
    pub const fn new(at: Timestamp) -> Self {
        Self {
            at,
            tenant: None,
            actor: None,
            correlation: None,
            causation: None,
            trace_parent: None,
            idempotency: None,
            delivery: None,
        }
    }

    /// The same change, made for a tenant.
    #[must_use]
    pub fn for_tenant(mut self, tenant: TenantId) -> Self {
        self.tenant = Some(tenant);
        self
    }
}

/// A key under which a client repeats a request safely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The command, such as `order.place`; keys of different commands do not meet.
    pub scope: String,
    /// The key the client chose.
    pub key: String,
    /// A digest of the request, so that the same key with another request is refused.
    pub fingerprint: String,
}

/// One delivery of an event to one consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The consumer's durable name.
    pub consumer: String,
    /// The identifier of the event.
    pub message: String,
    /// Which part of the event's work: a consumer that changes several aggregates numbers them.
    pub part: u32,
}

/// What a command led to; kept with its idempotency key and returned again on repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The bytes of the aggregate's identifier.
    pub id: [u8; 16],
    /// The aggregate's version after the command.
    pub version: u64,
}

impl Outcome {
    /// What saving the aggregate `id` led to; for a repeated request, what it led to the first
    /// time.
    ///
    /// # Errors
    /// Why nothing was saved.
    pub fn of(id: [u8; 16], saved: Result<Version, RepositoryError>) -> Result<Self, UseCaseError> {
        match saved {
            Ok(version) => Ok(Self {
                id,
                version: version.get(),
            }),
            Err(RepositoryError::Replayed {
                outcome: Some(outcome),
            }) => Ok(outcome),
            Err(error) => Err(error.into()),
        }
    }
}
