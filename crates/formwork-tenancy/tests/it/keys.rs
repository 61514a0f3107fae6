//! Names of what tenants share: whatever is in them, they never meet and never lead elsewhere.

use std::path::{Component, Path};

use formwork_domain::{TenantId, TenantKey};
use proptest::prelude::*;

use crate::support::id;

fn tenants() -> impl Strategy<Value = TenantId> {
    // Few and alike, so that they could be taken for one another.
    prop_oneof![
        Just(id("a")),
        Just(id("a-a")),
        Just(id("aa")),
        Just(id("2e"))
    ]
}

/// Parts as somebody would write them who wants to get elsewhere, and any others.
fn parts() -> impl Strategy<Value = Vec<String>> {
    let symbols = prop_oneof![
        Just("."),
        Just(".."),
        Just("/"),
        Just("\\"),
        Just("%"),
        Just("%2e"),
        Just("%2f"),
        Just("a"),
        Just("A"),
        Just("2e"),
        Just("aa"),
        Just("*"),
        Just(">"),
        Just(" "),
        Just("\0"),
        Just(":"),
        Just("~"),
        Just("\u{ff0f}"),
    ];
    let hostile = prop::collection::vec(symbols, 0..4).prop_map(|symbols| symbols.concat());
    let part = prop_oneof![4 => hostile, 1 => any::<String>()];
    prop::collection::vec(part, 1..4)
}

fn key(tenant: &TenantId, parts: &[String]) -> TenantKey {
    let (first, rest) = parts.split_first().expect("there is one at least");
    rest.iter().fold(tenant.key(first), TenantKey::join)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Not as a text, not as a topic, not as a path, and not where capitals are the same.
    ///
    /// Proves: R-038.
    #[test]
    fn different_things_have_different_names(
        (one, here) in (tenants(), parts()),
        (other, there) in (tenants(), parts()),
    ) {
        let same = one == other && here == there;
        let (one, other) = (key(&one, &here), key(&other, &there));
        prop_assert_eq!(one == other, same);
        prop_assert_eq!(one.as_str() == other.as_str(), same);
        prop_assert_eq!(one.topic() == other.topic(), same);
        prop_assert_eq!(one.path() == other.path(), same);
        let small = |key: &TenantKey| key.path().to_string_lossy().to_ascii_lowercase();
        prop_assert_eq!(small(&one) == small(&other), same);
    }

    /// Proves: R-038.
    #[test]
    fn a_name_is_the_tenants_own_and_leads_nowhere_else(tenant in tenants(), parts in parts()) {
        let key = key(&tenant, &parts);
        prop_assert_eq!(key.tenant(), &tenant);
        let levels = parts.len() + 1;

        prop_assert_eq!(key.as_str().split('/').count(), levels);
        prop_assert_eq!(key.as_str().split('/').next(), Some(tenant.as_str()));

        let topic = key.topic();
        prop_assert_eq!(topic.split('.').next(), Some(tenant.as_str()));
        prop_assert_eq!(topic.split('.').count(), levels);
        let plain = |token: &str| {
            let symbol = |byte: u8| byte.is_ascii_alphanumeric() || b"-_%".contains(&byte);
            !token.is_empty() && token.bytes().all(symbol)
        };
        prop_assert!(topic.split('.').all(plain), "{}", topic);

        let path = key.path();
        let names = path.components().map(|part| match part {
            Component::Normal(name) => name.to_str().filter(|name| !name.starts_with('.')),
            _ => None,
        });
        let names: Option<Vec<_>> = names.collect();
        prop_assert_eq!(names.map(|names| names.len()), Some(levels), "{}", path.display());
        let root = Path::new("/data");
        prop_assert!(root.join(&path).starts_with(root.join(tenant.as_str())));
    }
}
