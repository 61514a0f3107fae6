//! The goods of one order, from the shelf to the door.

mod aggregate;
mod commands;
mod events;
mod repository;
mod values;

pub use aggregate::{Shipment, ShipmentId, ShipmentSnapshot, ShipmentState};
pub use commands::{Dispatch, Plan};
pub use events::{
    ShipmentCancelled, ShipmentDelivered, ShipmentDispatched, ShipmentEvent, ShipmentPlanned,
    ShipmentPrepared,
};
pub use repository::ShipmentRepository;
pub use values::{Carrier, Parcel, TrackingCode};
