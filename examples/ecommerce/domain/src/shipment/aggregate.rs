//! The goods of one order, from the shelf to the door.

use std::fmt;
use std::str::FromStr;

use formwork_domain::{Aggregate, DomainError, Id, Timestamp, Version, Violations, check};

use crate::order::OrderId;
use crate::shared::{Address, Line};

use super::{
    Carrier, Dispatch, Parcel, Plan, ShipmentCancelled, ShipmentDelivered, ShipmentDispatched,
    ShipmentEvent, ShipmentPlanned, ShipmentPrepared,
};

/// The identifier of a shipment.
pub type ShipmentId = Id<Shipment>;

/// Where a shipment is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShipmentState {
    /// Waiting for the order to be paid.
    Planned,
    /// Ready to be packed and sent.
    Prepared,
    /// With the carrier.
    Dispatched,
    /// With the customer.
    Delivered,
    /// Will not be sent.
    Cancelled,
}

impl ShipmentState {
    /// Every one, in the order of the model.
    pub const ALL: [Self; 5] = [
        Self::Planned,
        Self::Prepared,
        Self::Dispatched,
        Self::Delivered,
        Self::Cancelled,
    ];

    /// The name in storage and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Prepared => "prepared",
            Self::Dispatched => "dispatched",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ShipmentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ShipmentState {
    type Err = Violations;

    fn from_str(text: &str) -> Result<Self, Violations> {
        let found = Self::ALL.into_iter().find(|known| known.as_str() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Violations::one("", "unknown", format!("must be one of {names}"))
        })
    }
}

/// The goods of one order, from the shelf to the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    id: ShipmentId,
    version: Version,
    state: ShipmentState,
    order: OrderId,
    deliver_to: Address,
    lines: Vec<Line>,
    carrier: Option<Carrier>,
    parcels: Vec<Parcel>,
    grams: i64,
    delivered_at: Option<Timestamp>,
    created: Timestamp,
    updated: Timestamp,
    events: Vec<ShipmentEvent>,
}

/// A shipment at one version: what is stored, and what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentSnapshot {
    /// The identifier.
    pub id: ShipmentId,
    /// How often it was saved.
    pub version: Version,
    /// Where it is in its life.
    pub state: ShipmentState,
    /// Whose goods these are.
    pub order: OrderId,
    /// Where they go.
    pub deliver_to: Address,
    /// What to pack.
    pub lines: Vec<Line>,
    /// Who takes them there.
    pub carrier: Option<Carrier>,
    /// How they were packed.
    pub parcels: Vec<Parcel>,
    /// What they weigh.
    pub grams: i64,
    /// When they arrived.
    pub delivered_at: Option<Timestamp>,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl Shipment {
    /// Plans to send the goods of an order.
    ///
    /// # Errors
    /// Everything that is wrong with the input, or the rule it breaks.
    pub fn plan(id: ShipmentId, input: Plan, now: Timestamp) -> Result<Self, DomainError> {
        input.validate()?;
        let Plan {
            order,
            deliver_to,
            lines,
        } = input;
        let parcels: Vec<Parcel> = Vec::new();
        let grams: i64 = parcels
            .iter()
            .try_fold(0_i64, |sum, parcel| sum.checked_add(parcel.grams()))
            .ok_or(DomainError::Overflow)?;
        let mut shipment = Self {
            id,
            version: Version::NEW,
            state: ShipmentState::Planned,
            order,
            deliver_to,
            lines,
            carrier: None,
            parcels,
            delivered_at: None,
            grams,
            created: now,
            updated: now,
            events: Vec::new(),
        };
        shipment.check()?;
        let recorded = ShipmentPlanned {
            id: shipment.id,
            version: shipment.version.next(),
            at: now,
            order: shipment.order,
        };
        shipment.record(ShipmentEvent::Planned(recorded));
        Ok(shipment)
    }

    /// Gives the goods free for packing.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn prepare(&mut self, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_prepare(now)?;
        *self = next;
        Ok(())
    }

    fn apply_prepare(&mut self, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("shipment.prepare", &[ShipmentState::Planned])?;
        self.state = ShipmentState::Prepared;
        self.updated = now;
        self.check()?;
        let recorded = ShipmentPrepared {
            id: self.id,
            version: self.version.next(),
            at: now,
            order: self.order,
        };
        self.record(ShipmentEvent::Prepared(recorded));
        Ok(())
    }

    /// Hands the parcels over to a carrier.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn dispatch(&mut self, input: Dispatch, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_dispatch(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_dispatch(&mut self, input: Dispatch, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("shipment.dispatch", &[ShipmentState::Prepared])?;
        input.validate()?;
        let Dispatch { parcels, by } = input;
        if parcels.is_empty() {
            return Err(DomainError::Rule {
                rule: "packed",
                message: "there is nothing to dispatch",
            });
        }
        let carrier = Some(by);
        let grams = parcels
            .iter()
            .try_fold(0_i64, |sum, parcel| sum.checked_add(parcel.grams()))
            .ok_or(DomainError::Overflow)?;
        self.parcels = parcels;
        self.carrier = carrier;
        self.grams = grams;
        self.state = ShipmentState::Dispatched;
        self.updated = now;
        self.check()?;
        let recorded = ShipmentDispatched {
            id: self.id,
            version: self.version.next(),
            at: now,
            order: self.order,
            lines: self.lines.clone(),
            carrier: self.carrier,
            grams: self.grams,
        };
        self.record(ShipmentEvent::Dispatched(recorded));
        Ok(())
    }

    /// Notes that the customer has the goods.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn deliver(&mut self, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_deliver(now)?;
        *self = next;
        Ok(())
    }

    fn apply_deliver(&mut self, now: Timestamp) -> Result<(), DomainError> {
        self.expect_state("shipment.deliver", &[ShipmentState::Dispatched])?;
        let delivered_at = Some(now);
        self.delivered_at = delivered_at;
        self.state = ShipmentState::Delivered;
        self.updated = now;
        self.check()?;
        let recorded = ShipmentDelivered {
            id: self.id,
            version: self.version.next(),
            at: now,
            order: self.order,
            delivered_at: self.delivered_at,
        };
        self.record(ShipmentEvent::Delivered(recorded));
        Ok(())
    }

    /// Puts the goods back on the shelf.
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
            "shipment.cancel",
            &[ShipmentState::Planned, ShipmentState::Prepared],
        )?;
        self.state = ShipmentState::Cancelled;
        self.updated = now;
        self.check()?;
        let recorded = ShipmentCancelled {
            id: self.id,
            version: self.version.next(),
            at: now,
            order: self.order,
        };
        self.record(ShipmentEvent::Cancelled(recorded));
        Ok(())
    }

    /// A shipment as it was stored.
    ///
    /// # Errors
    /// The invariant that what was stored does not keep.
    pub fn restore(snapshot: ShipmentSnapshot) -> Result<Self, DomainError> {
        let shipment = Self {
            id: snapshot.id,
            version: snapshot.version,
            state: snapshot.state,
            order: snapshot.order,
            deliver_to: snapshot.deliver_to,
            lines: snapshot.lines,
            carrier: snapshot.carrier,
            parcels: snapshot.parcels,
            grams: snapshot.grams,
            delivered_at: snapshot.delivered_at,
            created: snapshot.created,
            updated: snapshot.updated,
            events: Vec::new(),
        };
        shipment.check()?;
        Ok(shipment)
    }

    /// What there is to store and to show.
    pub fn snapshot(&self) -> ShipmentSnapshot {
        ShipmentSnapshot {
            id: self.id,
            version: self.version,
            state: self.state,
            order: self.order,
            deliver_to: self.deliver_to.clone(),
            lines: self.lines.clone(),
            carrier: self.carrier,
            parcels: self.parcels.clone(),
            grams: self.grams,
            delivered_at: self.delivered_at,
            created: self.created,
            updated: self.updated,
        }
    }

    /// The identifier.
    pub const fn id(&self) -> ShipmentId {
        self.id
    }

    /// Where it is in its life.
    pub const fn state(&self) -> ShipmentState {
        self.state
    }

    /// Whose goods these are.
    pub const fn order(&self) -> OrderId {
        self.order
    }

    /// Where they go.
    pub fn deliver_to(&self) -> &Address {
        &self.deliver_to
    }

    /// What to pack.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Who takes them there.
    pub const fn carrier(&self) -> Option<Carrier> {
        self.carrier
    }

    /// How they were packed.
    pub fn parcels(&self) -> &[Parcel] {
        &self.parcels
    }

    /// What they weigh.
    pub const fn grams(&self) -> i64 {
        self.grams
    }

    /// When they arrived.
    pub const fn delivered_at(&self) -> Option<Timestamp> {
        self.delivered_at
    }

    /// When it was created.
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// When it last changed.
    pub const fn updated(&self) -> Timestamp {
        self.updated
    }

    fn record(&mut self, event: ShipmentEvent) {
        self.events.push(event);
    }

    fn expect_state(
        &self,
        command: &'static str,
        expected: &[ShipmentState],
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
        violations.check("lines", Self::check_lines(self.lines.len()));
        violations.check("parcels", Self::check_parcels(self.parcels.len()));
        violations.into_result()?;
        if self.state == ShipmentState::Dispatched
            && (self.carrier.is_none() || self.parcels.is_empty())
        {
            return Err(DomainError::Rule {
                rule: "dispatched-in-parcels",
                message: "what was dispatched has a carrier and a parcel",
            });
        }
        Ok(())
    }
}

impl Shipment {
    /// Checks what is given as `lines`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_lines(value: usize) -> Result<(), Violations> {
        check::count(value, 1..=100)
    }

    /// Checks what is given as `parcels`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_parcels(value: usize) -> Result<(), Violations> {
        check::count(value, ..=50)
    }
}

impl Aggregate for Shipment {
    type Event = ShipmentEvent;

    const NAME: &'static str = "shipment";

    fn id_bytes(&self) -> [u8; 16] {
        self.id.to_bytes()
    }

    fn version(&self) -> Version {
        self.version
    }

    fn events(&self) -> &[ShipmentEvent] {
        &self.events
    }
}
