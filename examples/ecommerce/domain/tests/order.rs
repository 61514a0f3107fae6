//! Orders keep their rules, whatever happens to them.

use domain::order::{Order, OrderId};
use domain::samples::{now, order_cancel, order_place};
use formwork_domain::{Aggregate, DomainError};
use proptest::prelude::*;

fn fresh() -> Order {
    let id = OrderId::from_bytes([7; 16]);
    let made = Order::place(id, order_place(), now());
    made.expect("the sample keeps every rule")
}

#[test]
fn it_records_what_happened_when_it_is_made() {
    assert_eq!(fresh().events().len(), 1);
}

type OrderChange = fn(&mut Order) -> Result<(), DomainError>;

/// Every command, with a valid input.
const COMMANDS: &[OrderChange] = &[
    |aggregate| aggregate.mark_paid(now()),
    |aggregate| aggregate.ship(now()),
    |aggregate| aggregate.complete(now()),
    |aggregate| aggregate.cancel(order_cancel(), now()),
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
            let restored = Order::restore(aggregate.snapshot());
            let restored = restored.map(|restored| restored.snapshot());
            prop_assert_eq!(restored, Ok(aggregate.snapshot()));
        }
    }
}
