//! From the text of one manifest to a feature, with every mistake in it.

mod feature;
mod fields;
mod manifest;
mod parts;
mod rules;

pub(crate) use feature::read;
