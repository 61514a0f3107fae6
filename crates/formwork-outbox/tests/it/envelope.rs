//! Events on the wire.

use formwork_domain::{Operation, TenantId, Timestamp};
use formwork_outbox::{Envelope, EnvelopeError, partition_of};

fn stamped() -> Envelope {
    let mut envelope = Envelope::new(
        "order.placed",
        2,
        "order",
        [0xab; 16],
        7,
        serde_json::json!({ "total": { "amount": 1250, "currency": "EUR" }, "a": null }),
    );
    let operation = Operation {
        correlation: Some("request-1".to_owned()),
        trace_parent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ..Operation::new(Timestamp::from_micros(1_772_357_400_000_000))
    };
    envelope.stamp("shop", [0x01; 16], &operation);
    envelope
}

/// The text is fixed: other services read it.
///
/// Shows a part of: S-33.
#[test]
fn an_event_is_written_as_cloudevents_1_0() {
    let expected = concat!(
        r#"{"specversion":"1.0","id":"01010101-0101-0101-0101-010101010101","#,
        r#""source":"/shop/order","type":"order.placed","#,
        r#""subject":"abababab-abab-abab-abab-abababababab","#,
        r#""time":"2026-03-01T09:30:00.000000Z","datacontenttype":"application/json","#,
        r#""dataschema":"urn:event:order.placed:2","#,
        r#""partitionkey":"abababab-abab-abab-abab-abababababab","#,
        r#""sequence":"00000000000000000007","correlationid":"request-1","#,
        r#""traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","#,
        r#""data":{"total":{"amount":1250,"currency":"EUR"},"a":null}}"#
    );
    assert_eq!(stamped().to_json(), expected);
    assert_eq!(Envelope::from_json(expected.as_bytes()), Ok(stamped()));
}

#[test]
fn an_answer_continues_the_context_of_its_event() {
    let envelope = stamped();
    let operation = envelope.operation("mailer", 3, Timestamp::from_micros(5));
    assert_eq!(operation.correlation, envelope.correlation);
    assert_eq!(operation.trace_parent, envelope.trace_parent);
    assert_eq!(operation.causation.as_ref(), Some(&envelope.id));
    let delivery = operation.delivery.expect("a delivery");
    assert_eq!((delivery.message, delivery.part), (envelope.id, 3));
}

/// Proves: R-038.
/// Shows a part of: R-005.
#[test]
fn the_tenant_travels_with_its_event_and_comes_back_in_the_answer() {
    let acme = TenantId::new("acme").expect("a tenant");
    let operation = Operation::new(Timestamp::from_micros(5)).for_tenant(acme.clone());
    let data = serde_json::Value::Null;
    let mut envelope = Envelope::new("order.placed", 1, "order", [0xab; 16], 1, data);
    envelope.stamp("shop", [0x01; 16], &operation);
    let json = envelope.to_json();
    assert!(json.contains(r#""tenantid":"acme""#), "{json}");

    let read = Envelope::from_json(json.as_bytes()).expect("an event");
    assert_eq!(read, envelope);
    let answer = read.operation("mailer", 0, Timestamp::from_micros(6));
    assert_eq!(answer.tenant, Some(acme));
    assert_eq!(
        read.partition_key, "acme/abababab-abab-abab-abab-abababababab",
        "the same aggregate in two tenants is two aggregates"
    );

    let wrong = json.replace("acme\",\"part", "A CME\",\"part");
    let [reason] = &reasons(&wrong)[..] else {
        panic!("expected one mistake");
    };
    assert!(
        reason.starts_with("`tenantid` is `A CME`: expected a tenant such as `acme`"),
        "{reason}"
    );
}

#[test]
fn what_others_add_is_ignored() {
    let json = stamped()
        .to_json()
        .replacen('{', r#"{"tenant":"acme","count":3,"#, 1);
    assert_eq!(Envelope::from_json(json.as_bytes()), Ok(stamped()));
}

fn reasons(json: &str) -> Vec<String> {
    match Envelope::from_json(json.as_bytes()) {
        Err(EnvelopeError { reasons, .. }) => reasons,
        Ok(envelope) => panic!("read as {envelope:?}"),
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let wrong = r#"{
        "specversion": "0.3", "id": "", "source": 3, "type": "order.placed", "Subject": "x",
        "time": "yesterday", "datacontenttype": "text/plain", "dataschema": "urn:event:order.paid:1",
        "partitionkey": "k", "partitionkey": "l", "sequence": "many", "data_base64": "AA=="
    }"#;
    assert_eq!(
        reasons(wrong),
        [
            "`Subject` is no attribute name, expected lower-case letters and digits",
            "`partitionkey` occurs twice",
            "`specversion` is `0.3`, expected `1.0`",
            "`datacontenttype` is `text/plain`, expected `application/json`",
            "`data_base64` is not supported, expected JSON in `data`",
            "`id` is \"\", expected a text that is not empty",
            "`source` is 3, expected a text that is not empty",
            "`subject` is missing",
            "`time` is `yesterday`, expected an RFC 3339 instant",
            "`dataschema` is for `order.paid`, expected it to be for `order.placed`",
            "`sequence` is `many`, expected a number",
        ]
    );
}

#[test]
fn what_is_no_object_is_refused() {
    for wrong in ["", "[]", "null", "{\"id\": }", "{} {}"] {
        assert_eq!(reasons(wrong).len(), 1, "{wrong}");
    }
    assert_eq!(reasons("{}").len(), 9);
}

/// Stored rows depend on it: it must never change.
#[test]
fn partitions_are_stable_and_even() {
    assert_eq!(partition_of("abababab-abab-abab-abab-abababababab", 32), 1);
    let mut counts = [0; 32];
    for number in 0..3_200_u32 {
        let key = format!("0197a3c0-5b5e-7c3a-9a51-0242ac{number:06x}");
        counts[usize::from(partition_of(&key, 32))] += 1;
    }
    assert!(
        counts.iter().all(|count| (60..=150).contains(count)),
        "{counts:?}"
    );
}
