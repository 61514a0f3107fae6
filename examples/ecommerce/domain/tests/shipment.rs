//! Shipments keep their rules, whatever happens to them.

use domain::samples::{now, shipment_dispatch, shipment_plan};
use domain::shipment::{Shipment, ShipmentId};
use formwork_domain::{Aggregate, DomainError};
use proptest::prelude::*;

fn fresh() -> Shipment {
    let id = ShipmentId::from_bytes([7; 16]);
    let made = Shipment::plan(id, shipment_plan(), now());
    made.expect("the sample keeps every rule")
}

#[test]
fn it_records_what_happened_when_it_is_made() {
    assert_eq!(fresh().events().len(), 1);
}

type ShipmentChange = fn(&mut Shipment) -> Result<(), DomainError>;

/// Every command, with a valid input.
const COMMANDS: &[ShipmentChange] = &[
    |aggregate| aggregate.prepare(now()),
    |aggregate| aggregate.dispatch(shipment_dispatch(), now()),
    |aggregate| aggregate.deliver(now()),
    |aggregate| aggregate.cancel(now()),
];

proptest! {
    #[test]
    fn commands_in_any_order_keep_every_rule(steps in prop::collection::vec(0..COMMANDS.len(), 0..30)) {
        let mut aggregate = fresh();
        for index in steps {
            let before = aggregate.clone();
            match COMMANDS[index](&mut aggregate) {
                Ok(()) => prop_assert!(aggregate.events().starts_with(before.events())),
                Err(_) => prop_assert_eq!(&aggregate, &before),
            }
            let restored = Shipment::restore(aggregate.snapshot());
            let restored = restored.map(|restored| restored.snapshot());
            prop_assert_eq!(restored, Ok(aggregate.snapshot()));
        }
    }
}
