//! Names on the wire.

use formwork_outbox::Subscription;

/// The subject of an event.
pub(crate) fn subject(prefix: &str, event: &str) -> String {
    format!("{prefix}.{event}")
}

/// The subject of what a consumer gave up.
pub(crate) fn dead_subject(prefix: &str, consumer: &str, event: &str) -> String {
    format!("dead.{prefix}.{}.{event}", durable(consumer))
}

/// The narrowest filter that lets through all a subscription wants; the rest is sorted out on
/// arrival, because servers before 2.10 know one filter per consumer.
pub(crate) fn filter(prefix: &str, subscription: &Subscription) -> String {
    match &subscription.subjects[..] {
        [exact] if !exact.contains('*') => subject(prefix, exact),
        [family] if family.ends_with(".*") && family.matches('*').count() == 1 => {
            let family = family.strip_suffix('*').unwrap_or(family);
            format!("{}>", subject(prefix, family))
        }
        _ => format!("{prefix}.>"),
    }
}

/// A consumer's name as JetStream takes it: everything but letters, digits and `-` is written as
/// `_` and two hexadecimal digits, so that different names stay different.
pub(crate) fn durable(consumer: &str) -> String {
    let mut name = String::with_capacity(consumer.len());
    for byte in consumer.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            name.push(byte as char);
        } else {
            name.push_str(&format!("_{byte:02x}"));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_let_through_what_is_wanted() {
        for (subjects, expected) in [
            (&["order.placed"][..], "shop.order.placed"),
            (&["order.*"], "shop.order.>"),
            (&["*"], "shop.>"),
            (&["ord*"], "shop.>"),
            (&["order.placed", "order.paid"], "shop.>"),
        ] {
            let subscription = Subscription {
                consumer: "c".to_owned(),
                subjects: subjects.iter().map(|it| (*it).to_owned()).collect(),
                limit: 1,
            };
            assert_eq!(filter("shop", &subscription), expected);
        }
    }

    #[test]
    fn names_of_consumers_stay_apart() {
        assert_eq!(durable("payment.request-x"), "payment_2erequest-x");
        assert_ne!(durable("a.b"), durable("a_b"));
        assert_ne!(durable("a.b"), durable("a_2eb"));
    }
}
