//! What the service has on its books, against what it promised.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Client;
use crate::load::Placed;

/// The books.
pub(crate) struct Ledger {
    orders: BTreeMap<String, Value>,
    payments: Vec<Value>,
    shipments: Vec<Value>,
    stock: Vec<Value>,
}

impl Ledger {
    pub(crate) fn read(client: &Client) -> Self {
        let orders = client.list("/api/orders").into_iter();
        Self {
            orders: orders.map(|order| (text(&order, "id"), order)).collect(),
            payments: client.list("/api/payments"),
            shipments: client.list("/api/shipments"),
            stock: client.list("/api/stock-items"),
        }
    }

    /// Everything that is lost, too much, or applied twice.
    pub(crate) fn mistakes(&self, placed: &[Placed]) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.orders.len() != placed.len() {
            let (orders, keys) = (self.orders.len(), placed.len());
            mistakes.push(format!("{orders} orders for {keys} keys"));
        }
        for order in placed {
            match self.orders.get(&order.id) {
                None => mistakes.push(format!("the order {} was answered and is lost", order.id)),
                Some(found) if found["state"] != "placed" => {
                    mistakes.push(format!("the order {} is {}", order.id, found["state"]));
                }
                Some(_) => {}
            }
        }

        for (what, listed) in [("payments", &self.payments), ("shipments", &self.shipments)] {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for item in listed {
                *counts.entry(text(item, "order")).or_default() += 1;
            }
            for id in self.orders.keys() {
                match counts.remove(id).unwrap_or_default() {
                    1 => {}
                    count => mistakes.push(format!("the order {id} has {count} {what}")),
                }
            }
            for (id, count) in counts {
                mistakes.push(format!("{count} {what} for {id}, which is no order"));
            }
        }
        for payment in &self.payments {
            let owed = self.orders.get(&text(payment, "order"));
            if owed.is_some_and(|order| order["total"] != payment["amount"]) {
                mistakes.push(format!("the payment {payment} is not the order's total"));
            }
        }

        let mut promised: BTreeMap<&str, u64> = BTreeMap::new();
        for (sku, quantity) in placed.iter().flat_map(|order| &order.quantities) {
            *promised.entry(sku).or_default() += quantity;
        }
        for item in &self.stock {
            let sku = text(item, "sku");
            let (found, expected) = (
                item["reserved"].as_u64().unwrap_or_default(),
                promised.remove(sku.as_str()).unwrap_or_default(),
            );
            if found != expected {
                mistakes.push(format!(
                    "{found} of {sku} are reserved, {expected} were ordered"
                ));
            }
        }
        for sku in promised.keys() {
            mistakes.push(format!("the article {sku} is lost"));
        }
        mistakes
    }

    /// What it holds, in words.
    pub(crate) fn summary(&self) -> String {
        let reserved: u64 = self
            .stock
            .iter()
            .filter_map(|item| item["reserved"].as_u64())
            .sum();
        format!(
            "{} orders, {} payments, {} shipments, {reserved} pieces reserved",
            self.orders.len(),
            self.payments.len(),
            self.shipments.len()
        )
    }
}

fn text(item: &Value, key: &str) -> String {
    item[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {item}"))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The books of two orders, and the orders.
    fn books() -> (Ledger, Vec<Placed>) {
        let placed = ["a", "b"].map(|id| Placed {
            key: id.to_owned(),
            body: Value::Null,
            id: id.to_owned(),
            quantities: BTreeMap::from([("MUG-0000".to_owned(), 2)]),
        });
        let order = |id: &str| json!({ "id": id, "state": "placed", "total": 5 });
        let payment = |id: &str| json!({ "order": id, "amount": 5 });
        let shipment = |id: &str| json!({ "order": id });
        let ledger = Ledger {
            orders: ["a", "b"].map(|id| (id.to_owned(), order(id))).into(),
            payments: ["a", "b"].map(payment).into(),
            shipments: ["a", "b"].map(shipment).into(),
            stock: vec![json!({ "sku": "MUG-0000", "reserved": 4 })],
        };
        (ledger, placed.into())
    }

    fn check(wrong: impl Fn(&mut Ledger), expected: &[&str]) {
        let (mut ledger, placed) = books();
        wrong(&mut ledger);
        assert_eq!(ledger.mistakes(&placed), expected);
    }

    #[test]
    fn the_books_tell_what_is_lost_and_what_is_there_twice() {
        check(|_| {}, &[]);
        check(
            |ledger| drop(ledger.shipments.pop()),
            &["the order b has 0 shipments"],
        );
        check(
            |ledger| ledger.payments.push(json!({ "order": "a", "amount": 5 })),
            &["the order a has 2 payments"],
        );
        check(
            |ledger| ledger.payments[0]["amount"] = json!(4),
            &[r#"the payment {"order":"a","amount":4} is not the order's total"#],
        );
        check(
            |ledger| ledger.stock[0]["reserved"] = json!(6),
            &["6 of MUG-0000 are reserved, 4 were ordered"],
        );
        check(
            |ledger| drop(ledger.orders.remove("b")),
            &[
                "1 orders for 2 keys",
                "the order b was answered and is lost",
                "1 payments for b, which is no order",
                "1 shipments for b, which is no order",
            ],
        );
        check(
            |ledger| {
                drop(
                    ledger
                        .orders
                        .insert("a".to_owned(), json!({ "state": "cancelled", "total": 5 })),
                )
            },
            &[r#"the order a is "cancelled""#],
        );
    }
}
