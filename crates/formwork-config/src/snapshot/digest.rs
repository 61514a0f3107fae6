//! A digest of all values.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::Snapshot;
use super::leaves::{self, Leaf};
use crate::node::Value;
use crate::quantity::{ByteSize, parse_duration};
use crate::{Node, Shape};

/// Random bytes of this process: a digest of a short secret could be guessed otherwise.
static SALT: LazyLock<[u8; 32]> = LazyLock::new(|| {
    let mut salt = [0; 32];
    for chunk in salt.chunks_exact_mut(8) {
        chunk.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    salt
});

pub(super) fn of(snapshot: &Snapshot) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(*SALT);
    for (section, node) in snapshot.parts() {
        text(section.prefix(), &mut digest);
        for leaf in leaves::of(section.schema(), node) {
            if let Some(node) = leaf.node {
                text(&leaf.path, &mut digest);
                Canonical::of(leaf.shape, node).update(&mut digest);
            }
        }
    }
    digest.finalize().into()
}

/// Whether two leaves at one path have the same value, however it is written.
pub(super) fn same(old: &Leaf<'_>, new: &Leaf<'_>) -> bool {
    match (old.node, new.node) {
        (Some(old_node), Some(new_node)) => {
            old_node.same_values(new_node)
                || Canonical::of(old.shape, old_node) == Canonical::of(new.shape, new_node)
        }
        (None, None) => true,
        _ => false,
    }
}

/// A value without the ways to write it.
enum Canonical<'a> {
    /// Nanoseconds of a time span, bytes of a size, the bits of a decimal number.
    Amount(u128),
    List(Vec<Canonical<'a>>),
    Other(&'a Node),
}

impl PartialEq for Canonical<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Amount(one), Self::Amount(other)) => one == other,
            (Self::List(one), Self::List(other)) => one == other,
            (Self::Other(one), Self::Other(other)) => one.same_values(other),
            _ => false,
        }
    }
}

impl<'a> Canonical<'a> {
    fn of(shape: &Shape, node: &'a Node) -> Self {
        let amount = match shape.bare() {
            Shape::Duration => node
                .as_text()
                .and_then(|text| parse_duration(text).ok())
                .map(|span| span.as_nanos()),
            Shape::ByteSize => match node.as_integer() {
                Some(bytes) => u128::try_from(bytes).ok(),
                None => node
                    .as_text()
                    .and_then(|text| text.parse::<ByteSize>().ok())
                    .map(|size| size.as_u64().into()),
            },
            Shape::Float => node.as_float().map(|number| number.to_bits().into()),
            Shape::List(item) => {
                let items = node.as_list().unwrap_or_default();
                return Self::List(items.iter().map(|node| Self::of(item, node)).collect());
            }
            _ => None,
        };
        amount.map_or(Self::Other(node), Self::Amount)
    }

    fn update(&self, digest: &mut Sha256) {
        match self {
            Self::Amount(amount) => {
                digest.update([1]);
                digest.update(amount.to_le_bytes());
            }
            Self::List(items) => {
                digest.update([2]);
                digest.update(items.len().to_le_bytes());
                items.iter().for_each(|item| item.update(digest));
            }
            Self::Other(node) => plain(node, digest),
        }
    }
}

/// A tag and the length go before everything, so that nothing can be read in two ways.
fn plain(node: &Node, digest: &mut Sha256) {
    match &node.value {
        Value::Boolean(value) => digest.update([3, u8::from(*value)]),
        Value::Integer(value) => {
            digest.update([4]);
            digest.update(value.to_le_bytes());
        }
        Value::Float(value) => {
            digest.update([5]);
            digest.update(value.to_bits().to_le_bytes());
        }
        Value::Text(value) => {
            digest.update([6]);
            text(value, digest);
        }
        Value::Sealed(secret) => {
            digest.update([7]);
            text(secret.expose(), digest);
        }
        Value::Url(url) => {
            digest.update([10]);
            text(url.expose(), digest);
        }
        // No snapshot has one.
        Value::Wrong => digest.update([0]),
        Value::List(items) => {
            digest.update([8]);
            digest.update(items.len().to_le_bytes());
            items.iter().for_each(|item| plain(item, digest));
        }
        Value::Table(entries) => {
            digest.update([9]);
            digest.update(entries.len().to_le_bytes());
            for (key, node) in entries {
                text(key, digest);
                plain(node, digest);
            }
        }
    }
}

fn text(text: &str, digest: &mut Sha256) {
    digest.update(text.len().to_le_bytes());
    digest.update(text);
}
