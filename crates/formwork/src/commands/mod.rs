//! What the commands do.

pub(crate) mod aggregate;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod features;
pub(crate) mod life;
pub(crate) mod module;
pub(crate) mod new;
pub(crate) mod pack;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod texts;
pub(crate) mod update;
pub(crate) mod what_if;
pub(crate) mod why;
