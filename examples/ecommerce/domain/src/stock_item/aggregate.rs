//! How much of one article is in the warehouse, and how much of it is promised.

use formwork_domain::{Aggregate, DomainError, Id, Timestamp, Version, Violations, check};

use crate::shared::Sku;

use super::{
    Pick, Receive, Register, Release, Reserve, StockItemEvent, StockItemPicked, StockItemReceived,
    StockItemRegistered, StockItemReleased, StockItemReserved, StockItemRunningLow, StockItemShort,
    StockItemWrittenOff, WriteOff,
};

/// The identifier of a stock item.
pub type StockItemId = Id<StockItem>;

/// How much of one article is in the warehouse, and how much of it is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItem {
    id: StockItemId,
    version: Version,
    sku: Sku,
    title: String,
    on_hand: i64,
    reserved: i64,
    reorder_level: i64,
    created: Timestamp,
    updated: Timestamp,
    events: Vec<StockItemEvent>,
}

/// A stock item at one version: what is stored, and what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockItemSnapshot {
    /// The identifier.
    pub id: StockItemId,
    /// How often it was saved.
    pub version: Version,
    /// Which article.
    pub sku: Sku,
    /// What customers call it.
    pub title: String,
    /// Pieces in the warehouse.
    pub on_hand: i64,
    /// Pieces promised to orders.
    pub reserved: i64,
    /// Fewer free pieces than this are too few.
    pub reorder_level: i64,
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl StockItem {
    /// Adds an article to the range.
    ///
    /// # Errors
    /// Everything that is wrong with the input, or the rule it breaks.
    pub fn register(id: StockItemId, input: Register, now: Timestamp) -> Result<Self, DomainError> {
        input.validate()?;
        let Register {
            sku,
            title,
            on_hand,
            reorder_level,
        } = input;
        let mut stock_item = Self {
            id,
            version: Version::NEW,
            sku,
            title,
            on_hand,
            reserved: 0,
            reorder_level,
            created: now,
            updated: now,
            events: Vec::new(),
        };
        stock_item.check()?;
        let recorded = StockItemRegistered {
            id: stock_item.id,
            version: stock_item.version.next(),
            at: now,
            sku: stock_item.sku.clone(),
            title: stock_item.title.clone(),
            on_hand: stock_item.on_hand,
        };
        stock_item.record(StockItemEvent::Registered(recorded));
        Ok(stock_item)
    }

    /// Books a delivery from a supplier.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn receive(&mut self, input: Receive, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_receive(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_receive(&mut self, input: Receive, now: Timestamp) -> Result<(), DomainError> {
        input.validate()?;
        let Receive { quantity } = input;
        let on_hand = self
            .on_hand
            .checked_add(quantity)
            .ok_or(DomainError::Overflow)?;
        self.on_hand = on_hand;
        self.updated = now;
        self.check()?;
        let recorded = StockItemReceived {
            id: self.id,
            version: self.version.next(),
            at: now,
            sku: self.sku.clone(),
            quantity,
            on_hand: self.on_hand,
        };
        self.record(StockItemEvent::Received(recorded));
        Ok(())
    }

    /// Takes lost or broken pieces off the books.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn write_off(&mut self, input: WriteOff, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_write_off(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_write_off(&mut self, input: WriteOff, now: Timestamp) -> Result<(), DomainError> {
        input.validate()?;
        let WriteOff { quantity } = input;
        if quantity > self.on_hand {
            return Err(DomainError::Rule {
                rule: "only-what-is-there",
                message: "there are not so many pieces",
            });
        }
        let on_hand = self
            .on_hand
            .checked_sub(quantity)
            .ok_or(DomainError::Overflow)?;
        self.on_hand = on_hand;
        self.updated = now;
        self.check()?;
        let recorded = StockItemWrittenOff {
            id: self.id,
            version: self.version.next(),
            at: now,
            sku: self.sku.clone(),
            quantity,
            on_hand: self.on_hand,
        };
        self.record(StockItemEvent::WrittenOff(recorded));
        if self
            .on_hand
            .checked_sub(self.reserved)
            .ok_or(DomainError::Overflow)?
            < self.reorder_level
        {
            let recorded = StockItemRunningLow {
                id: self.id,
                version: self.version.next(),
                at: now,
                sku: self.sku.clone(),
                on_hand: self.on_hand,
                reserved: self.reserved,
            };
            self.record(StockItemEvent::RunningLow(recorded));
        }
        Ok(())
    }

    /// Promises pieces to an order.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn reserve(&mut self, input: Reserve, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_reserve(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_reserve(&mut self, input: Reserve, now: Timestamp) -> Result<(), DomainError> {
        input.validate()?;
        let Reserve { order, quantity } = input;
        let reserved = self
            .reserved
            .checked_add(quantity)
            .ok_or(DomainError::Overflow)?;
        self.reserved = reserved;
        self.updated = now;
        self.check()?;
        let recorded = StockItemReserved {
            id: self.id,
            version: self.version.next(),
            at: now,
            sku: self.sku.clone(),
            order,
            quantity,
        };
        self.record(StockItemEvent::Reserved(recorded));
        if self.reserved > self.on_hand {
            let recorded = StockItemShort {
                id: self.id,
                version: self.version.next(),
                at: now,
                sku: self.sku.clone(),
                order,
                quantity,
            };
            self.record(StockItemEvent::Short(recorded));
        }
        if self
            .on_hand
            .checked_sub(self.reserved)
            .ok_or(DomainError::Overflow)?
            < self.reorder_level
        {
            let recorded = StockItemRunningLow {
                id: self.id,
                version: self.version.next(),
                at: now,
                sku: self.sku.clone(),
                on_hand: self.on_hand,
                reserved: self.reserved,
            };
            self.record(StockItemEvent::RunningLow(recorded));
        }
        Ok(())
    }

    /// Takes back the promise to an order that was cancelled.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn release(&mut self, input: Release, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_release(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_release(&mut self, input: Release, now: Timestamp) -> Result<(), DomainError> {
        input.validate()?;
        let Release { quantity } = input;
        let reserved = self
            .reserved
            .checked_sub(quantity)
            .ok_or(DomainError::Overflow)?;
        self.reserved = reserved;
        self.updated = now;
        self.check()?;
        let recorded = StockItemReleased {
            id: self.id,
            version: self.version.next(),
            at: now,
            sku: self.sku.clone(),
            quantity,
        };
        self.record(StockItemEvent::Released(recorded));
        Ok(())
    }

    /// Hands promised pieces over to the carrier.
    ///
    /// # Errors
    /// The state, input or rule that forbids it. Nothing has changed then.
    pub fn pick(&mut self, input: Pick, now: Timestamp) -> Result<(), DomainError> {
        let mut next = self.clone();
        next.apply_pick(input, now)?;
        *self = next;
        Ok(())
    }

    fn apply_pick(&mut self, input: Pick, now: Timestamp) -> Result<(), DomainError> {
        input.validate()?;
        let Pick { quantity } = input;
        let on_hand = self
            .on_hand
            .checked_sub(quantity)
            .ok_or(DomainError::Overflow)?;
        let reserved = self
            .reserved
            .checked_sub(quantity)
            .ok_or(DomainError::Overflow)?;
        self.on_hand = on_hand;
        self.reserved = reserved;
        self.updated = now;
        self.check()?;
        let recorded = StockItemPicked {
            id: self.id,
            version: self.version.next(),
            at: now,
            sku: self.sku.clone(),
            quantity,
            on_hand: self.on_hand,
        };
        self.record(StockItemEvent::Picked(recorded));
        Ok(())
    }

    /// A stock item as it was stored.
    ///
    /// # Errors
    /// The invariant that what was stored does not keep.
    pub fn restore(snapshot: StockItemSnapshot) -> Result<Self, DomainError> {
        let stock_item = Self {
            id: snapshot.id,
            version: snapshot.version,
            sku: snapshot.sku,
            title: snapshot.title,
            on_hand: snapshot.on_hand,
            reserved: snapshot.reserved,
            reorder_level: snapshot.reorder_level,
            created: snapshot.created,
            updated: snapshot.updated,
            events: Vec::new(),
        };
        stock_item.check()?;
        Ok(stock_item)
    }

    /// What there is to store and to show.
    pub fn snapshot(&self) -> StockItemSnapshot {
        StockItemSnapshot {
            id: self.id,
            version: self.version,
            sku: self.sku.clone(),
            title: self.title.clone(),
            on_hand: self.on_hand,
            reserved: self.reserved,
            reorder_level: self.reorder_level,
            created: self.created,
            updated: self.updated,
        }
    }

    /// The identifier.
    pub const fn id(&self) -> StockItemId {
        self.id
    }

    /// Which article.
    pub fn sku(&self) -> &Sku {
        &self.sku
    }

    /// What customers call it.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Pieces in the warehouse.
    pub const fn on_hand(&self) -> i64 {
        self.on_hand
    }

    /// Pieces promised to orders.
    pub const fn reserved(&self) -> i64 {
        self.reserved
    }

    /// Fewer free pieces than this are too few.
    pub const fn reorder_level(&self) -> i64 {
        self.reorder_level
    }

    /// When it was created.
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// When it last changed.
    pub const fn updated(&self) -> Timestamp {
        self.updated
    }

    fn record(&mut self, event: StockItemEvent) {
        self.events.push(event);
    }

    /// Checks what always holds.
    fn check(&self) -> Result<(), DomainError> {
        let mut violations = Violations::new();
        violations.check("title", Self::check_title(&self.title));
        violations.check("on_hand", Self::check_on_hand(self.on_hand));
        violations.check("reserved", Self::check_reserved(self.reserved));
        violations.check(
            "reorder_level",
            Self::check_reorder_level(self.reorder_level),
        );
        violations.into_result()?;
        Ok(())
    }
}

impl StockItem {
    /// Checks what is given as `title`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_title(value: &str) -> Result<(), Violations> {
        check::length(value, 1..=120)
    }

    /// Checks what is given as `on_hand`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_on_hand(value: i64) -> Result<(), Violations> {
        check::range(value, 0..)
    }

    /// Checks what is given as `reserved`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_reserved(value: i64) -> Result<(), Violations> {
        check::range(value, 0..)
    }

    /// Checks what is given as `reorder_level`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_reorder_level(value: i64) -> Result<(), Violations> {
        check::range(value, 0..)
    }
}

impl Aggregate for StockItem {
    type Event = StockItemEvent;

    const NAME: &'static str = "stock-item";

    fn id_bytes(&self) -> [u8; 16] {
        self.id.to_bytes()
    }

    fn version(&self) -> Version {
        self.version
    }

    fn events(&self) -> &[StockItemEvent] {
        &self.events
    }
}
