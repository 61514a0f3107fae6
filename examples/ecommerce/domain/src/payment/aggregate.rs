//! The money for one order.

use std::fmt;
use std::str::FromStr;

use formwork_domain::{Aggregate, DomainError, Id, Money, Timestamp, Version, Violations, check};

use crate::order::OrderId;

use super::{
    Capture, PaymentCancelled, PaymentCaptured, PaymentDeclined, PaymentEvent, PaymentRefunded,
    PaymentRequested, PaymentUnderpaid, Request,
};

/// The identifier of a payment.
pub type PaymentId = Id<Payment>;

/// Where a payment is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaymentState {
    /// The customer has been asked to pay.
    Requested,
    /// The money is there.
    Captured,
    /// The customer's bank refused.
    Declined,
    /// No longer owed; what was paid goes back.
    Cancelled,
}

impl PaymentState {
    /// Every one, in the order of the model.
    pub const ALL: [Self; 4] = [
        Self::Requested,
        Self::Captured,
        Self::Declined,
        Self::Cancelled,
    ];

    /// The name in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Captured => "captured",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for PaymentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PaymentState {
    type Err = Violations;

    fn from_str(text: &str) -> Result<Self, Violations> {
        let found = Self::ALL.into_iter().find(|known| known.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Violations::one("", "unknown", format!("must be one of {names}"))
        })
    }
}

/// The money for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    id: PaymentId,
    version: Version,
    state: PaymentState,
    order: OrderId,
    amount: Money,
    captured_at: Option<Timestamp>,
    created: Timestamp,
    updated: Timestamp,
    events: Vec<PaymentEvent>,
}

/// A payment at one version: what is stored, and what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentSnapshot {
    /// The identifier.
    pub id: PaymentId,
    /// How often it was saved.
    pub version: Version,
    /// Where it is in its life.
    pub state: PaymentState,
    /// What is paid for.
    pub order: OrderId,
    /// What is owed.
    pub amount: Money,
    /// When the money arrived.
    pub captured_at: Option<Timestamp>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl Payment {
    /// Asks the customer to pay.
    ///
    /// # Errors
    /// Everything that is wrong with the input, or the rule it breaks.
    pub fn request(id: PaymentId, input: Request, now: Timestamp) -> Result<Self, DomainError> {
        input.validate()?;
        let Request { order, amount } = input;
        let mut payment = Self {
            id,
            version: Version::NEW,
            state: PaymentState::Requested,
            order,
            amount,
            captured_at: None,
            created: now,
            updated: now,
            events: Vec::new(),
        };
        payment.check()?;
        let recorded = PaymentRequested {
            id: payment.id,
            version: payment.version.next(),
            at: now,
            order: payment.order,
            amount: payment.amount,
        };
        payment.record(PaymentEvent::Requested(recorded));
        Ok(payment)
    }

    /// Notes the money a payment provider reports; too little is reported, not kept.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn capture(&mut self, input: Capture, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_capture(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_capture(&mut self, input: Capture, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("payment.capture", &[PaymentState::Requested])?;
        input.validate()?;
        let Capture { paid } = input;
        if paid.minus(self.amount)?.minor() < 0 {
            let recorded = PaymentUnderpaid {
                id: self.id,
                version: self.version.next(),
                at: now,
                order: self.order,
                amount: self.amount,
                paid,
            };
            self.record(PaymentEvent::Underpaid(recorded));
            self.updated = now;
            return Ok(());
        }
        let captured_at = Some(now);
        self.captured_at = captured_at;
        self.state = PaymentState::Captured;
        self.updated = now;
        self.check()?;
        let recorded = PaymentCaptured {
            id: self.id,
            version: self.version.next(),
            at: now,
            order: self.order,
            amount: self.amount,
            captured_at: self.captured_at,
        };
        self.record(PaymentEvent::Captured(recorded));
        Ok(())
    }

    /// Notes that the customer's bank refused.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn decline(&mut self, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_decline(now)?;
        *self = next;
        Ok(())
    }

    fn apply_decline(&mut self, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("payment.decline", &[PaymentState::Requested])?;
        self.state = PaymentState::Declined;
        self.updated = now;
        self.check()?;
        let recorded = PaymentDeclined {
            id: self.id,
            version: self.version.next(),
            at: now,
            order: self.order,
        };
        self.record(PaymentEvent::Declined(recorded));
        Ok(())
    }

    /// Stops asking for the money, or gives it back.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_cancel(now)?;
        *self = next;
        Ok(())
    }

    fn apply_cancel(&mut self, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state(
            "payment.cancel",
            &[PaymentState::Requested, PaymentState::Captured],
        )?;
        self.state = PaymentState::Cancelled;
        self.updated = now;
        self.check()?;
        let recorded = PaymentCancelled {
            id: self.id,
            version: self.version.next(),
            at: now,
            order: self.order,
        };
        self.record(PaymentEvent::Cancelled(recorded));
        if self.captured_at.is_some() {
            let recorded = PaymentRefunded {
                id: self.id,
                version: self.version.next(),
                at: now,
                order: self.order,
                amount: self.amount,
            };
            self.record(PaymentEvent::Refunded(recorded));
        }
        Ok(())
    }

    /// A payment as it was stored.
    ///
    /// # Errors
    /// The invariant that what was stored does not keep.
    pub fn restore(snapshot: PaymentSnapshot) -> Result<Self, DomainError> {
        let payment = Self {
            id: snapshot.id,
            version: snapshot.version,
            state: snapshot.state,
            order: snapshot.order,
            amount: snapshot.amount,
            captured_at: snapshot.captured_at,
            created: snapshot.created,
            updated: snapshot.updated,
            events: Vec::new(),
        };
        payment.check()?;
        Ok(payment)
    }

    /// What there is to store and to show.
    pub fn snapshot(&self) -> PaymentSnapshot {
        PaymentSnapshot {
            id: self.id,
            version: self.version,
            state: self.state,
            order: self.order,
            amount: self.amount,
            captured_at: self.captured_at,
            created: self.created,
            updated: self.updated,
        }
    }

    /// The identifier.
    pub const fn id(&self) -> PaymentId {
        self.id
    }

    /// Where it is in its life.
    pub const fn state(&self) -> PaymentState {
        self.state
    }

    /// What is paid for.
    pub const fn order(&self) -> OrderId {
        self.order
    }

    /// What is owed.
    pub const fn amount(&self) -> Money {
        self.amount
    }

    /// When the money arrived.
    pub const fn captured_at(&self) -> Option<Timestamp> {
        self.captured_at
    }

    /// When it was created.
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// When it last changed.
    pub const fn updated(&self) -> Timestamp {
        self.updated
    }

    fn record(&mut self, event: PaymentEvent) {
        self.events.push(event);
    }

    fn expect_state(
        &self,
        command: &'static str,
        expected: &[PaymentState],
    ) -> Result<(), DomainError> {
        if expected.contains(&self.state) {
            return Ok(());
        }
        Err(DomainError::State {
            command,
            state: self.state.as_str(),
        })
    }

    /// Checks what always holds.
    fn check(&self) -> Result<(), DomainError> {
        let mut violations = Violations::new();
        violations.check("amount", Self::check_amount(self.amount));
        violations.into_result()?;
        if self.state == PaymentState::Captured && self.captured_at.is_none() {
            return Err(DomainError::Rule {
                rule: "captured-with-date",
                message: "a captured payment says when",
            });
        }
        Ok(())
    }
}

impl Payment {
    /// Checks what is given as `amount`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_amount(value: Money) -> Result<(), Violations> {
        check::amount(value, 0..)
    }
}

impl Aggregate for Payment {
    type Event = PaymentEvent;

    const NAME: &'static str = "payment";

    fn id_bytes(&self) -> [u8; 16] {
        self.id.to_bytes()
    }

    fn version(&self) -> Version {
        self.version
    }

    fn events(&self) -> &[PaymentEvent] {
        &self.events
    }
}
