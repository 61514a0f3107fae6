//! A customer's purchase, from placement to delivery.

use std::fmt;
use std::str::FromStr;

use formwork_domain::{Aggregate, DomainError, Id, Money, Timestamp, Version, Violations, check};

use crate::shared::{Address, Line};

use super::{
    Cancel, OrderCancelled, OrderCompleted, OrderEvent, OrderPaid, OrderPlaced, OrderShipped, Place,
};

/// The identifier of an order.
pub type OrderId = Id<Order>;

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderState {
    /// Waiting for payment.
    Placed,
    /// Paid for; the warehouse has it.
    Paid,
    /// On its way to the customer.
    Shipped,
    /// Delivered.
    Completed,
    /// Will not be delivered.
    Cancelled,
}

impl OrderState {
    /// Every one, in the order of the model.
    pub const ALL: [Self; 5] = [
        Self::Placed,
        Self::Paid,
        Self::Shipped,
        Self::Completed,
        Self::Cancelled,
    ];

    /// The name in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OrderState {
    type Err = Violations;

    fn from_str(text: &str) -> Result<Self, Violations> {
        let found = Self::ALL.into_iter().find(|known| known.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Violations::one("", "unknown", format!("must be one of {names}"))
        })
    }
}

/// A customer's purchase, from placement to delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    id: OrderId,
    version: Version,
    state: OrderState,
    customer: String,
    deliver_to: Address,
    lines: Vec<Line>,
    total: Money,
    note: Option<String>,
    cancel_reason: Option<String>,
    created: Timestamp,
    updated: Timestamp,
    events: Vec<OrderEvent>,
}

/// An order at one version: what is stored, and what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSnapshot {
    /// The identifier.
    pub id: OrderId,
    /// How often it was saved.
    pub version: Version,
    /// Where it is in its life.
    pub state: OrderState,
    /// Who ordered.
    pub customer: String,
    /// Where the goods go.
    pub deliver_to: Address,
    /// What was ordered.
    pub lines: Vec<Line>,
    /// What the customer owes.
    pub total: Money,
    /// What the customer wants us to know.
    pub note: Option<String>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl Order {
    /// Orders goods.
    ///
    /// # Errors
    /// Everything that is wrong with the input, or the rule it breaks.
    pub fn place(id: OrderId, input: Place, now: Timestamp) -> Result<Self, DomainError> {
        input.validate()?;
        let Place {
            customer,
            deliver_to,
            lines,
            note,
        } = input;
        let total: Money =
            Money::sum(lines.iter().map(|line| line.price().times(line.quantity())))?;
        let mut order = Self {
            id,
            version: Version::NEW,
            state: OrderState::Placed,
            customer,
            deliver_to,
            lines,
            note,
            cancel_reason: None,
            total,
            created: now,
            updated: now,
            events: Vec::new(),
        };
        order.check()?;
        let recorded = OrderPlaced {
            id: order.id,
            version: order.version.next(),
            at: now,
            customer: order.customer.clone(),
            deliver_to: order.deliver_to.clone(),
            lines: order.lines.clone(),
            total: order.total,
        };
        order.record(OrderEvent::Placed(recorded));
        Ok(order)
    }

    /// Notes that the money is there.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn mark_paid(&mut self, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_mark_paid(now)?;
        *self = next;
        Ok(())
    }

    fn apply_mark_paid(&mut self, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("order.mark-paid", &[OrderState::Placed])?;
        self.state = OrderState::Paid;
        self.updated = now;
        self.check()?;
        let recorded = OrderPaid {
            id: self.id,
            version: self.version.next(),
            at: now,
            customer: self.customer.clone(),
        };
        self.record(OrderEvent::Paid(recorded));
        Ok(())
    }

    /// Notes that the goods have left the warehouse.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn ship(&mut self, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_ship(now)?;
        *self = next;
        Ok(())
    }

    fn apply_ship(&mut self, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("order.ship", &[OrderState::Paid])?;
        self.state = OrderState::Shipped;
        self.updated = now;
        self.check()?;
        let recorded = OrderShipped {
            id: self.id,
            version: self.version.next(),
            at: now,
        };
        self.record(OrderEvent::Shipped(recorded));
        Ok(())
    }

    /// Notes that the customer has the goods.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn complete(&mut self, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_complete(now)?;
        *self = next;
        Ok(())
    }

    fn apply_complete(&mut self, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("order.complete", &[OrderState::Shipped])?;
        self.state = OrderState::Completed;
        self.updated = now;
        self.check()?;
        let recorded = OrderCompleted {
            id: self.id,
            version: self.version.next(),
            at: now,
        };
        self.record(OrderEvent::Completed(recorded));
        Ok(())
    }

    /// Calls the order off, as long as nothing has been sent.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn cancel(&mut self, input: Cancel, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_cancel(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_cancel(&mut self, input: Cancel, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("order.cancel", &[OrderState::Placed, OrderState::Paid])?;
        input.validate()?;
        let Cancel { reason } = input;
        let cancel_reason = Some(reason.clone());
        self.cancel_reason = cancel_reason;
        self.state = OrderState::Cancelled;
        self.updated = now;
        self.check()?;
        let recorded = OrderCancelled {
            id: self.id,
            version: self.version.next(),
            at: now,
            lines: self.lines.clone(),
            total: self.total,
            reason,
        };
        self.record(OrderEvent::Cancelled(recorded));
        Ok(())
    }

    /// An order as it was stored.
    ///
    /// # Errors
    /// The invariant that what was stored does not keep.
    pub fn restore(snapshot: OrderSnapshot) -> Result<Self, DomainError> {
        let order = Self {
            id: snapshot.id,
            version: snapshot.version,
            state: snapshot.state,
            customer: snapshot.customer,
            deliver_to: snapshot.deliver_to,
            lines: snapshot.lines,
            total: snapshot.total,
            note: snapshot.note,
            cancel_reason: snapshot.cancel_reason,
            created: snapshot.created,
            updated: snapshot.updated,
            events: Vec::new(),
        };
        order.check()?;
        Ok(order)
    }

    /// What there is to store and to show.
    pub fn snapshot(&self) -> OrderSnapshot {
        OrderSnapshot {
            id: self.id,
            version: self.version,
            state: self.state,
            customer: self.customer.clone(),
            deliver_to: self.deliver_to.clone(),
            lines: self.lines.clone(),
            total: self.total,
            note: self.note.clone(),
            cancel_reason: self.cancel_reason.clone(),
            created: self.created,
            updated: self.updated,
        }
    }

    /// The identifier.
    pub const fn id(&self) -> OrderId {
        self.id
    }

    /// Where it is in its life.
    pub const fn state(&self) -> OrderState {
        self.state
    }

    /// Who ordered.
    pub fn customer(&self) -> &str {
        &self.customer
    }

    /// Where the goods go.
    pub fn deliver_to(&self) -> &Address {
        &self.deliver_to
    }

    /// What was ordered.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What the customer owes.
    pub const fn total(&self) -> Money {
        self.total
    }

    /// What the customer wants us to know.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Why it was cancelled.
    pub fn cancel_reason(&self) -> Option<&str> {
        self.cancel_reason.as_deref()
    }

    /// When it was created.
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// When it last changed.
    pub const fn updated(&self) -> Timestamp {
        self.updated
    }

    fn record(&mut self, event: OrderEvent) {
        self.events.push(event);
    }

    fn expect_state(
        &self,
        command: &'static str,
        expected: &[OrderState],
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
        violations.check("customer", Self::check_customer(&self.customer));
        violations.check("lines", Self::check_lines(self.lines.len()));
        if let Some(value) = &self.note {
            violations.check("note", Self::check_note(value));
        }
        if let Some(value) = &self.cancel_reason {
            violations.check("cancel_reason", Self::check_cancel_reason(value));
        }
        violations.into_result()?;
        if self.state == OrderState::Cancelled && self.cancel_reason.is_none() {
            return Err(DomainError::Rule {
                rule: "cancelled-with-reason",
                message: "a cancelled order says why",
            });
        }
        Ok(())
    }
}

impl Order {
    /// Checks what is given as `customer`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_customer(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=64)
    }

    /// Checks what is given as `lines`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_lines(value: usize) -> Result<(), Violations> {
        check::count(value, 1..=100)
    }

    /// Checks what is given as `note`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_note(value: &str) -> Result<(), Violations> {
        check::length(value, ..=500)
    }

    /// Checks what is given as `cancel_reason`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_cancel_reason(value: &str) -> Result<(), Violations> {
        check::length(value, ..=200)
    }
}

impl Aggregate for Order {
    type Event = OrderEvent;

    const NAME: &'static str = "order";

    fn id_bytes(&self) -> [u8; 16] {
        self.id.to_bytes()
    }

    fn version(&self) -> Version {
        self.version
    }

    fn events(&self) -> &[OrderEvent] {
        &self.events
    }
}
