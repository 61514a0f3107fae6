//! Where every value came from.

use std::fmt;

use serde::Serialize;

use super::{Snapshot, leaves};
use crate::secret::REDACTED;
use crate::section::join;
use crate::{Class, Origin};

/// Every value of a snapshot with its origin. Serialised, it is what an administration endpoint
/// answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The snapshot's number.
    pub generation: u64,
    /// The tenant whose values these are; `None` for the values of all.
    pub tenant: Option<String>,
    /// The values.
    pub rows: Vec<Explained>,
}

/// One value with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The key's whole path.
    pub path: String,
    /// The value as in TOML, or `<redacted>`.
    pub value: String,
    /// Where it came from; `None` for an optional value that is not set.
    pub origin: Option<Origin>,
    /// What was looked for, from the weakest: the key in files and flags, the variables. Of an
    /// instance, the shared ones come first.
    pub searched: Vec<String>,
    /// Who may see it.
    pub class: Class,
    /// Whether a running service takes a change over.
    pub dynamic: bool,
    /// Whether tenants may have values of their own.
    pub of_tenants: bool,
}

pub(super) fn all(snapshot: &Snapshot) -> Explanation {
    let mut rows = Vec::new();
    for (section, node) in snapshot.parts() {
        for leaf in leaves::of(section.schema(), node) {
            let mut searched = Vec::new();
            if section.instance_name().is_some() {
                snapshot.search(&join(section.base(), &leaf.path), &mut searched);
            }
            let path = join(section.prefix(), &leaf.path);
            snapshot.search(&path, &mut searched);
            let value = match leaf.node {
                None => "-".to_owned(),
                Some(_) if leaf.traits.class >= Class::Confidential => REDACTED.to_owned(),
                Some(node) => node.to_string(),
            };
            rows.push(Explained {
                path,
                value,
                origin: leaf.node.map(|node| node.origin.clone()),
                searched,
                class: leaf.traits.class,
                dynamic: leaf.traits.dynamic,
                of_tenants: leaf.traits.tenant,
            });
        }
    }
    Explanation {
        generation: snapshot.generation,
        tenant: snapshot.tenant.clone(),
        rows,
    }
}

impl Snapshot {
    fn search(&self, path: &str, searched: &mut Vec<String>) {
        let variable = self.naming.variable(path);
        searched.extend([path.to_owned(), format!("{variable}_FILE"), variable]);
    }
}

impl fmt::Display for Explanation {
    /// A line with the generation, then three columns: path, value, origin.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generation {}", self.generation)?;
        match &self.tenant {
            Some(tenant) => writeln!(f, ", tenant {tenant}")?,
            None => f.write_str("\n")?,
        }
        let width = |cell: fn(&Explained) -> &str| {
            let widths = self.rows.iter().map(|row| cell(row).chars().count());
            widths.max().unwrap_or(0)
        };
        let (paths, values) = (width(|row| &row.path), width(|row| &row.value));
        for row in &self.rows {
            write!(f, "{:paths$}  {:values$}  ", row.path, row.value)?;
            match &row.origin {
                Some(origin) => write!(f, "{origin}")?,
                None => f.write_str("not set")?,
            }
            f.write_str(if row.dynamic { "  (dynamic)\n" } else { "\n" })?;
        }
        Ok(())
    }
}
