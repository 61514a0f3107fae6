//! Stock items keep their rules, whatever happens to them.

use domain::samples::{
    now, stock_item_pick, stock_item_receive, stock_item_register, stock_item_release,
    stock_item_reserve, stock_item_write_off,
};
use domain::stock_item::{StockItem, StockItemId};
use formwork_domain::{Aggregate, DomainError};
use proptest::prelude::*;

fn fresh() -> StockItem {
    let id = StockItemId::from_bytes([7; 16]);
    let made = StockItem::register(id, stock_item_register(), now());
    made.expect("the sample keeps every rule")
}

#[test]
fn it_records_what_happened_when_it_is_made() {
    assert_eq!(fresh().events().len(), 1);
}

type StockItemChange = fn(&mut StockItem) -> Result<(), DomainError>;

/// Every command, with a valid input.
const COMMANDS: &[StockItemChange] = &[
    |aggregate| aggregate.receive(stock_item_receive(), now()),
    |aggregate| aggregate.write_off(stock_item_write_off(), now()),
    |aggregate| aggregate.reserve(stock_item_reserve(), now()),
    |aggregate| aggregate.release(stock_item_release(), now()),
    |aggregate| aggregate.pick(stock_item_pick(), now()),
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
            let restored = StockItem::restore(aggregate.snapshot());
            let restored = restored.map(|restored| restored.snapshot());
            prop_assert_eq!(restored, Ok(aggregate.snapshot()));
        }
    }
}
