//! The e-commerce example: a whole business, read and given to templates.

use formwork_model::{Model, read};
use serde_json::Value;

use crate::sources;

fn model() -> Model {
    match read(&sources("../../examples/ecommerce/model")) {
        Ok(model) => model,
        Err(mistakes) => panic!("{mistakes}"),
    }
}

fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    names.join(" ")
}

/// Shows a part of: C-40.
#[test]
fn describes_a_whole_business() {
    let model = model();
    let mut overview = String::new();
    for aggregate in &model.aggregates {
        let fields = names(aggregate.fields.iter().map(|field| &field.name));
        overview += &format!("{}: {fields}\n", aggregate.name);
        for command in &aggregate.commands {
            let inputs = names(command.inputs.iter().map(|input| &input.name));
            let from = names(&command.from);
            let to = command.to.as_deref().unwrap_or("-");
            let emits = names(&command.emits);
            overview += &format!("  {}({inputs}) [{from}] -> {to}: {emits}\n", command.name);
        }
    }
    for consumer in &model.consumers {
        overview += &format!(
            "{} => {}\n",
            consumer.reaction.on, consumer.reaction.consumer
        );
    }
    insta::assert_snapshot!(overview, @r"
    order: customer deliver-to lines total note cancel-reason
      place(customer deliver-to lines note) [] -> -: placed
      mark-paid() [placed] -> paid: paid
      ship() [paid] -> shipped: shipped
      complete() [shipped] -> completed: completed
      cancel(reason) [placed paid] -> cancelled: cancelled
    payment: order amount captured-at
      request(order amount) [] -> -: requested
      capture(paid) [requested] -> captured: captured
      decline() [requested] -> declined: declined
      cancel() [requested captured] -> cancelled: cancelled refunded
    shipment: order deliver-to lines carrier parcels grams delivered-at
      plan(order deliver-to lines) [] -> -: planned
      prepare() [planned] -> prepared: prepared
      dispatch(parcels by) [prepared] -> dispatched: dispatched
      deliver() [dispatched] -> delivered: delivered
      cancel() [planned prepared] -> cancelled: cancelled
    stock-item: sku title on-hand reserved reorder-level
      register(sku title on-hand reorder-level) [] -> -: registered
      receive(quantity) [] -> -: received
      write-off(quantity) [] -> -: written-off running-low
      reserve(order quantity) [] -> -: reserved short running-low
      release(quantity) [] -> -: released
      pick(quantity) [] -> -: picked
    order.cancelled => payment.cancel-on-order-cancelled
    order.cancelled => shipment.cancel-on-order-cancelled
    order.cancelled => stock-item.release-on-order-cancelled
    order.paid => shipment.prepare-on-order-paid
    order.placed => payment.request-on-order-placed
    order.placed => shipment.plan-on-order-placed
    order.placed => stock-item.reserve-on-order-placed
    payment.captured => order.mark-paid-on-payment-captured
    payment.declined => order.cancel-on-payment-declined
    shipment.delivered => order.complete-on-shipment-delivered
    shipment.dispatched => order.ship-on-shipment-dispatched
    shipment.dispatched => stock-item.pick-on-shipment-dispatched
    stock-item.short => order.cancel-on-stock-item-short
    ");
}

fn excerpt(json: &Value) -> String {
    serde_json::to_string_pretty(json).expect("JSON can be written")
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array()
        .into_iter()
        .flatten()
        .find(|item| item["name"] == name)
        .expect("the model has it")
}

/// Shows a part of: C-40.
#[test]
fn values_carry_their_constraints() {
    let json = model().to_json();
    let sku = named(&json["values"], "sku");
    insta::assert_snapshot!(excerpt(sku), @r#"
    {
      "name": "sku",
      "summary": "An article number, such as `MUG-0042`.",
      "form": "scalar",
      "type": {
        "kind": "text",
        "of": null,
        "shared": false,
        "aggregate": null,
        "item": null,
        "min": null,
        "max": null,
        "pattern": {
          "source": "[A-Z]{2,4}-[0-9]{4,6}",
          "atoms": [
            {
              "ranges": [
                [
                  "A",
                  "Z"
                ]
              ],
              "min": 2,
              "max": 4
            },
            {
              "ranges": [
                [
                  "-",
                  "-"
                ]
              ],
              "min": 1,
              "max": 1
            },
            {
              "ranges": [
                [
                  "0",
                  "9"
                ]
              ],
              "min": 4,
              "max": 6
            }
          ]
        },
        "values": [],
        "copy": false
      },
      "fields": [],
      "values": [],
      "aggregate": null,
      "copy": false
    }
    "#);
}

#[test]
fn commands_carry_their_rust() {
    let json = model().to_json();
    let payment = named(&json["aggregates"], "payment");
    let rule = &named(&payment["commands"], "capture")["rules"][0];
    insta::assert_snapshot!(excerpt(&rule["check"]), @r#"
    {
      "source": "paid >= amount",
      "rust": "paid.minus(self.amount)?.minor() >= 0",
      "rust_new": null,
      "not": "paid.minus(self.amount)?.minor() < 0",
      "not_new": null,
      "type": {
        "kind": "boolean",
        "of": null,
        "shared": false,
        "aggregate": null,
        "item": null,
        "min": null,
        "max": null,
        "pattern": null,
        "values": [],
        "copy": true
      },
      "optional": false,
      "fallible": true
    }
    "#);
    let order = named(&json["aggregates"], "order");
    let cancel = named(&order["commands"], "cancel");
    let texts: Vec<&Value> = cancel["emissions"][0]["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|field| &field["value"]["rust"])
        .chain([&cancel["set"][0]["value"]["rust"]])
        .collect();
    insta::assert_snapshot!(excerpt(&serde_json::json!(texts)), @r#"
    [
      "self.lines.clone()",
      "self.total",
      "reason",
      "Some(reason.clone())"
    ]
    "#);
}

#[test]
fn reactions_carry_what_they_need() {
    let json = model().to_json();
    let mut reserve = json["consumers"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|consumer| consumer["run"] == "reserve")
        .expect("orders reserve stock")
        .clone();
    // What is said elsewhere already.
    for part in [
        "/event",
        "/each/field",
        "/target/value/type",
        "/with/0/value/type",
        "/with/1/value/type",
    ] {
        if let Some(part) = reserve.pointer_mut(part) {
            *part = Value::String("…".to_owned());
        }
    }
    insta::assert_snapshot!(excerpt(&reserve), @r#"
    {
      "aggregate": "stock-item",
      "name": "reserve-on-order-placed",
      "on": "order.placed",
      "source": "order",
      "event": "…",
      "run": "reserve",
      "each": {
        "path": "event.lines",
        "rust": "event.lines",
        "field": "…"
      },
      "target": {
        "by": "sku",
        "value": {
          "source": "item.sku",
          "rust": "item.sku()",
          "rust_new": null,
          "not": null,
          "not_new": null,
          "type": "…",
          "optional": false,
          "fallible": false
        }
      },
      "with": [
        {
          "input": "order",
          "value": {
            "source": "event.id",
            "rust": "event.id",
            "rust_new": null,
            "not": null,
            "not_new": null,
            "type": "…",
            "optional": false,
            "fallible": false
          }
        },
        {
          "input": "quantity",
          "value": {
            "source": "item.quantity",
            "rust": "item.quantity()",
            "rust_new": null,
            "not": null,
            "not_new": null,
            "type": "…",
            "optional": false,
            "fallible": false
          }
        }
      ],
      "missing": "fail",
      "refused": "fail",
      "consumer": "stock-item.reserve-on-order-placed"
    }
    "#);
}

/// Every Rust text in the model is an expression of Rust.
#[test]
fn every_rust_text_can_be_parsed() {
    fn walk(json: &Value, count: &mut usize) {
        match json {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let is_rust = matches!(key.as_str(), "rust" | "rust_new" | "not" | "not_new");
                    match value.as_str().filter(|_| is_rust) {
                        Some(text) => {
                            assert!(syn::parse_str::<syn::Expr>(text).is_ok(), "{text}");
                            *count += 1;
                        }
                        None => walk(value, count),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, count)),
            _ => {}
        }
    }
    let mut count = 0;
    walk(&model().to_json(), &mut count);
    assert!(count > 100, "{count}");
}

/// The order in which files are found changes nothing.
#[test]
fn the_same_files_make_the_same_model() {
    let mut files = sources("../../examples/ecommerce/model");
    files.reverse();
    let reversed = read(&files).map(|model| model.to_json().to_string());
    assert_eq!(reversed, Ok(model().to_json().to_string()));
}
