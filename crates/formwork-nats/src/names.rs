//! Names on the wire.

use formwork_domain::TenantId;
use formwork_outbox::Subscription;

use crate::NatsConfig;

/// The subject of an event; the tenant comes last, so that `{prefix}.{aggregate}.>` is all of an
/// aggregate with and without tenants.
pub(crate) fn subject(config: &NatsConfig, event: &str, tenant: Option<&TenantId>) -> String {
    format!("{}.{}", config.prefix, event_of(config, event, tenant))
}

/// The subject of what a consumer gave up.
pub(crate) fn dead_subject(
    config: &NatsConfig,
    consumer: &str,
    event: &str,
    tenant: Option<&TenantId>,
) -> String {
    let (prefix, consumer) = (&config.prefix, durable(consumer));
    format!(
        "dead.{prefix}.{consumer}.{}",
        event_of(config, event, tenant)
    )
}

fn event_of(config: &NatsConfig, event: &str, tenant: Option<&TenantId>) -> String {
    match tenant {
        Some(tenant) if config.tenant_subjects => format!("{event}.{tenant}"),
        _ => event.to_owned(),
    }
}

/// The narrowest filter that lets through all a subscription wants; the rest is sorted out on
/// arrival, because servers before 2.10 know one filter per consumer.
pub(crate) fn filter(config: &NatsConfig, subscription: &Subscription) -> String {
    let prefix = &config.prefix;
    match &subscription.subjects[..] {
        [exact] if !exact.contains('*') => match exact.rsplit_once('.') {
            _ if !config.tenant_subjects => format!("{prefix}.{exact}"),
            // With and without a tenant.
            Some((family, _)) => format!("{prefix}.{family}.>"),
            None => format!("{prefix}.>"),
        },
        [family] if family.ends_with(".*") && family.matches('*').count() == 1 => {
            let family = family.strip_suffix('*').unwrap_or(family);
            format!("{prefix}.{family}>")
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

    fn config(tenant_subjects: bool) -> NatsConfig {
        NatsConfig {
            prefix: "shop".to_owned(),
            tenant_subjects,
            ..NatsConfig::new("nats://localhost".parse().expect("an address"))
        }
    }

    #[test]
    fn filters_let_through_what_is_wanted() {
        for (subjects, expected, with_tenants) in [
            (&["order.placed"][..], "shop.order.placed", "shop.order.>"),
            (&["order.*"], "shop.order.>", "shop.order.>"),
            (&["placed"], "shop.placed", "shop.>"),
            (&["*"], "shop.>", "shop.>"),
            (&["ord*"], "shop.>", "shop.>"),
            (&["order.placed", "order.paid"], "shop.>", "shop.>"),
        ] {
            let subscription = Subscription {
                consumer: "c".to_owned(),
                subjects: subjects.iter().map(|it| (*it).to_owned()).collect(),
                limit: 1,
            };
            assert_eq!(filter(&config(false), &subscription), expected);
            assert_eq!(filter(&config(true), &subscription), with_tenants);
        }
    }

    #[test]
    fn a_subject_carries_the_tenant_where_that_is_asked_for() {
        let acme = TenantId::new("acme").expect("a tenant");
        for (tenants, tenant, expected) in [
            (true, Some(&acme), "order.placed.acme"),
            (true, None, "order.placed"),
            (false, Some(&acme), "order.placed"),
        ] {
            let config = config(tenants);
            assert_eq!(
                subject(&config, "order.placed", tenant),
                format!("shop.{expected}")
            );
            assert_eq!(
                dead_subject(&config, "a.b", "order.placed", tenant),
                format!("dead.shop.a_2eb.{expected}")
            );
        }
    }

    #[test]
    fn names_of_consumers_stay_apart() {
        assert_eq!(durable("payment.request-x"), "payment_2erequest-x");
        assert_ne!(durable("a.b"), durable("a_b"));
        assert_ne!(durable("a.b"), durable("a_2eb"));
    }
}
