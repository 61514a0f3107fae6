//! The modules and what ties them, for people.

use std::fmt::Write;

use serde::Serialize;

use super::resolve::Link;
use super::{Declared, Problem};

/// The modules and what ties them. Printable also when the wiring failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The modules: in the order of their start, then those that have none, by name.
    pub nodes: Vec<GraphNode>,
    /// What ties them, by names.
    pub edges: Vec<Edge>,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GraphNode {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its level: modules of one level start together. `None` when a cycle is in the way.
    pub level: Option<usize>,
    /// Whether something is wrong with it.
    pub failed: bool,
}

/// One module comes after another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The module that comes later.
    pub from: String,
    /// The module that comes earlier.
    pub to: String,
    /// Why.
    pub kind: EdgeKind,
    /// The service it is about.
    pub service: Option<String>,
}

/// Why a module comes after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EdgeKind {
    /// It cannot work without a service of the other.
    Needs,
    /// It takes what the other contributes.
    Collects,
    /// It uses a service of the other.
    Wants,
    /// It wraps a service of the other.
    Decorates,
    /// It gets a service wrapped by the other.
    Through,
    /// The other starts before everything.
    StartsAfter,
}

impl EdgeKind {
    pub(crate) fn verb(self, service: &str) -> String {
        match self {
            Self::Needs => format!("needs `{service}` of"),
            Self::Collects => format!("collects `{service}` from"),
            Self::Wants => format!("wants `{service}` of"),
            Self::Decorates => format!("decorates `{service}` of"),
            Self::Through => format!("gets `{service}` through"),
            Self::StartsAfter => "starts after".to_owned(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Needs => "needs",
            Self::Collects => "collects",
            Self::Wants => "wants",
            Self::Decorates => "decorates",
            Self::Through => "through",
            Self::StartsAfter => "starts after",
        }
    }
}

impl Graph {
    pub(crate) fn new(
        modules: &[Declared],
        edges: &[Link],
        levels: &[Vec<usize>],
        problems: &[Problem],
    ) -> Self {
        let node = |index: usize, level| GraphNode {
            name: modules[index].name().to_owned(),
            version: modules[index].declaration.version.clone().into_owned(),
            level,
            failed: false,
        };
        let mut nodes = Vec::new();
        for (level, members) in levels.iter().enumerate() {
            nodes.extend(members.iter().map(|index| node(*index, Some(level))));
        }
        let rest =
            (0..modules.len()).filter(|index| !levels.iter().any(|level| level.contains(index)));
        nodes.extend(rest.map(|index| node(index, None)));
        let mut graph = Self {
            nodes,
            edges: edges
                .iter()
                .map(|link| Edge {
                    from: modules[link.from].name().to_owned(),
                    to: modules[link.to].name().to_owned(),
                    kind: link.kind,
                    service: link.service.map(|_| link.service_text()),
                })
                .collect(),
        };
        graph.mark(problems);
        graph
    }

    /// Marks the modules that these problems concern.
    pub(crate) fn mark(&mut self, problems: &[Problem]) {
        for node in &mut self.nodes {
            node.failed |= problems.iter().any(|problem| problem.concerns(&node.name));
        }
    }

    /// As lines of text: each module with its level and what it comes after.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            let level = node
                .level
                .map_or_else(|| "-".to_owned(), |level| level.to_string());
            let mark = if node.failed { "  <- failed" } else { "" };
            let _ = writeln!(text, "{level} {} {}{mark}", node.name, node.version);
            for edge in self.edges.iter().filter(|edge| edge.from == node.name) {
                let service = edge.service.as_deref().unwrap_or_default();
                let _ = writeln!(text, "    {} `{}`", edge.kind.verb(service), edge.to);
            }
        }
        text
    }

    /// As a graph in the DOT language of Graphviz; modules with something wrong are red.
    pub fn to_dot(&self) -> String {
        let mut text = "digraph modules {\n    rankdir=LR\n    node [shape=box]\n".to_owned();
        for node in &self.nodes {
            let mark = if node.failed {
                ", color=\"#cc0000\", fontcolor=\"#cc0000\", penwidth=3"
            } else {
                ""
            };
            let (name, version) = (quoted(&node.name), &node.version);
            let _ = writeln!(text, "    {name} [tooltip={}{mark}]", quoted(version));
        }
        for edge in &self.edges {
            let style = if edge.kind == EdgeKind::Wants {
                ", style=dashed"
            } else {
                ""
            };
            let (from, to) = (quoted(&edge.from), quoted(&edge.to));
            let label = quoted(&edge.label());
            let _ = writeln!(text, "    {from} -> {to} [label={label}{style}]");
        }
        text.push_str("}\n");
        text
    }

    /// As a Mermaid flow chart; modules with something wrong have the class `failed`.
    pub fn to_mermaid(&self) -> String {
        let mut text = "graph LR\n".to_owned();
        for (index, node) in self.nodes.iter().enumerate() {
            let mark = if node.failed { ":::failed" } else { "" };
            let _ = writeln!(
                text,
                "    m{index}[\"{}\"]{mark}",
                node.name.replace('"', "#quot;")
            );
        }
        let number = |name: &str| self.nodes.iter().position(|node| node.name == name);
        for edge in &self.edges {
            let (Some(from), Some(to)) = (number(&edge.from), number(&edge.to)) else {
                continue;
            };
            let arrow = if edge.kind == EdgeKind::Wants {
                "-.->"
            } else {
                "-->"
            };
            // A quote would end the label.
            let label = edge.label().replace('"', "#quot;");
            let _ = writeln!(text, "    m{from} {arrow}|\"{label}\"| m{to}");
        }
        if self.nodes.iter().any(|node| node.failed) {
            text.push_str("    classDef failed stroke:#c00,stroke-width:3px\n");
        }
        text
    }
}

impl Edge {
    /// The kind and the service.
    fn label(&self) -> String {
        match &self.service {
            Some(service) => format!("{} {service}", self.kind.word()),
            None => self.kind.word().to_owned(),
        }
    }
}

/// As a string of the DOT language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
