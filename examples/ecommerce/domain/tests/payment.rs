//! Payments keep their rules, whatever happens to them.

use domain::payment::{Payment, PaymentId};
use domain::samples::{now, payment_capture, payment_request};
use formwork_domain::{Aggregate, DomainError};
use proptest::prelude::*;

fn fresh() -> Payment {
    let id = PaymentId::from_bytes([7; 16]);
    let made = Payment::request(id, payment_request(), now());
    made.expect("the sample keeps every rule")
}

#[test]
fn it_records_what_happened_when_it_is_made() {
    assert_eq!(fresh().events().len(), 1);
}

type PaymentChange = fn(&mut Payment) -> Result<(), DomainError>;

/// Every command, with a valid input.
const COMMANDS: &[PaymentChange] = &[
    |aggregate| aggregate.capture(payment_capture(), now()),
    |aggregate| aggregate.decline(now()),
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
            let restored = Payment::restore(aggregate.snapshot());
            let restored = restored.map(|restored| restored.snapshot());
            prop_assert_eq!(restored, Ok(aggregate.snapshot()));
        }
    }
}
