//! Examples of valid values and commands, for tests.

use formwork_domain::{Money, Timestamp};

use crate::order;
use crate::order::OrderId;
use crate::payment;
use crate::shared::{Address, Country, Line, Sku};
use crate::shipment;
use crate::shipment::{Carrier, Parcel, TrackingCode};
use crate::stock_item;

/// The instant at which everything in a test happens.
pub fn now() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

/// An amount in euros.
pub fn money(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().expect("a currency"))
}

/// A sku.
pub fn sku() -> Sku {
    Sku::new("AA-0000").expect("a valid sample")
}

/// A country.
pub fn country() -> Country {
    Country::new("AA").expect("a valid sample")
}

/// An address.
pub fn address() -> Address {
    let address = Address::new(
        "a".to_owned(),
        "a".to_owned(),
        "aaa".to_owned(),
        "a".to_owned(),
        country(),
    );
    address.expect("a valid sample")
}

/// A line.
pub fn line() -> Line {
    let line = Line::new(sku(), 1, money(0));
    line.expect("a valid sample")
}

/// Orders goods.
pub fn order_place() -> order::Place {
    order::Place {
        customer: "a".to_owned(),
        deliver_to: address(),
        lines: vec![line()],
        note: None,
    }
}

/// Calls the order off, as long as nothing has been sent.
pub fn order_cancel() -> order::Cancel {
    order::Cancel {
        reason: "a".to_owned(),
    }
}

/// Asks the customer to pay.
pub fn payment_request() -> payment::Request {
    payment::Request {
        order: OrderId::from_bytes([1; 16]),
        amount: money(0),
    }
}

/// Notes the money a payment provider reports; too little is reported, not kept.
pub fn payment_capture() -> payment::Capture {
    payment::Capture { paid: money(0) }
}

/// A tracking code.
pub fn tracking_code() -> TrackingCode {
    TrackingCode::new("00000000").expect("a valid sample")
}

/// A parcel.
pub fn parcel() -> Parcel {
    let parcel = Parcel::new(tracking_code(), 1);
    parcel.expect("a valid sample")
}

/// Plans to send the goods of an order.
pub fn shipment_plan() -> shipment::Plan {
    shipment::Plan {
        order: OrderId::from_bytes([1; 16]),
        deliver_to: address(),
        lines: vec![line()],
    }
}

/// Hands the parcels over to a carrier.
pub fn shipment_dispatch() -> shipment::Dispatch {
    shipment::Dispatch {
        parcels: vec![parcel()],
        by: Carrier::Dhl,
    }
}

/// Adds an article to the range.
pub fn stock_item_register() -> stock_item::Register {
    stock_item::Register {
        sku: sku(),
        title: "a".to_owned(),
        on_hand: 0,
        reorder_level: 0,
    }
}

/// Books a delivery from a supplier.
pub fn stock_item_receive() -> stock_item::Receive {
    stock_item::Receive { quantity: 1 }
}

/// Takes lost or broken pieces off the books.
pub fn stock_item_write_off() -> stock_item::WriteOff {
    stock_item::WriteOff { quantity: 1 }
}

/// Promises pieces to an order.
pub fn stock_item_reserve() -> stock_item::Reserve {
    stock_item::Reserve {
        order: OrderId::from_bytes([1; 16]),
        quantity: 1,
    }
}

/// Takes back the promise to an order that was cancelled.
pub fn stock_item_release() -> stock_item::Release {
    stock_item::Release { quantity: 1 }
}

/// Hands promised pieces over to the carrier.
pub fn stock_item_pick() -> stock_item::Pick {
    stock_item::Pick { quantity: 1 }
}
