//! The packs of third parties in a recipe: where each comes from, and whose packs are trusted.
//!
//! ```toml
//! [packs.tide]
//! git = "https://example.org/tide.git"
//! rev = "2f0c…"
//!
//! [trust]
//! tide = "RWQ…"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use formwork_catalog::PackFrom;
use semver::VersionReq;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use crate::recipe::{Reader, bare, quoted};

/// The packs a project is made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packs {
    /// By id.
    pub entries: BTreeMap<String, PackEntry>,
    /// Public keys, by what they are called here.
    pub trust: BTreeMap<String, String>,
}

/// One pack of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackEntry {
    pub from: PackFrom,
    /// The hash of the content that is taken whoever signed it.
    pub allow: Option<String>,
}

/// The keys of an entry, by where it comes from.
const KINDS: [(&str, &[&str]); 4] = [
    ("folder", &["folder", "allow"]),
    ("git", &["git", "rev", "allow"]),
    ("archive", &["archive", "allow"]),
    ("index", &["index", "version", "allow"]),
];

impl Packs {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.trust.is_empty()
    }

    /// The sections of a recipe; empty when there is nothing to say.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        if !self.entries.is_empty() {
            text.push_str(
                "\n# Packs of features from third parties; `formwork pack list` says more.\n",
            );
        }
        for (index, (id, entry)) in self.entries.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            writeln!(text, "[packs.{}]", bare(id)).expect("writing into a string cannot fail");
            for (key, value) in entry.keys() {
                writeln!(text, "{key} = {}", quoted(&value))
                    .expect("writing into a string cannot fail");
            }
        }
        if !self.trust.is_empty() {
            text.push_str("\n# Whose packs are taken: public keys of minisign.\n[trust]\n");
            for (name, key) in &self.trust {
                writeln!(text, "{} = {}", bare(name), quoted(key))
                    .expect("writing into a string cannot fail");
            }
        }
        text
    }

    /// The text of a recipe with these packs and keys instead of its own; all else stays as it is written. `text` must
    /// be the text of a valid recipe.
    pub fn rewrite(&self, text: &str) -> String {
        let Ok(mut document) = text.parse::<DocumentMut>() else {
            return text.to_owned();
        };
        let has_packs = document.get("packs").is_some_and(Item::is_table_like);
        let has_trust = document.get("trust").is_some_and(Item::is_table_like);
        if !has_packs && !has_trust {
            let end = if text.ends_with('\n') { "" } else { "\n" };
            return format!("{text}{end}{}", self.to_toml());
        }
        let table = |document: &mut DocumentMut, name: &str, implicit: bool| {
            if !document.contains_key(name) {
                let mut table = Table::new();
                table.set_implicit(implicit);
                document.insert(name, Item::Table(table));
            }
        };
        table(&mut document, "packs", true);
        table(&mut document, "trust", false);
        if let Some(packs) = document["packs"].as_table_like_mut() {
            retain(packs, |id| self.entries.contains_key(id));
            for (id, entry) in &self.entries {
                if !packs.contains_key(id) {
                    packs.insert(id, Item::Table(Table::new()));
                }
                if let Some(pack) = packs.get_mut(id).and_then(Item::as_table_like_mut) {
                    write(pack, &entry.keys());
                }
            }
        }
        if let Some(trust) = document["trust"].as_table_like_mut() {
            let keys: Vec<_> = self
                .trust
                .iter()
                .map(|(name, key)| (name.as_str(), key.clone()))
                .collect();
            write(trust, &keys);
        }
        for name in ["packs", "trust"] {
            let is_empty = document[name]
                .as_table_like()
                .is_some_and(TableLike::is_empty);
            if is_empty {
                document.remove(name);
            }
        }
        document.to_string()
    }
}

impl PackEntry {
    fn keys(&self) -> Vec<(&'static str, String)> {
        let mut keys = match &self.from {
            PackFrom::Folder { path } => vec![("folder", path.clone())],
            PackFrom::Git { url, rev } => vec![("git", url.clone()), ("rev", rev.clone())],
            PackFrom::Archive { at } => vec![("archive", at.clone())],
            PackFrom::Index { at, range } if *range == VersionReq::STAR => {
                vec![("index", at.clone())]
            }
            PackFrom::Index { at, range } => {
                vec![("index", at.clone()), ("version", range.to_string())]
            }
        };
        keys.extend(self.allow.clone().map(|hash| ("allow", hash)));
        keys
    }
}

/// Makes a table say exactly this; what it says already stays as it is written.
fn write(table: &mut dyn TableLike, keys: &[(&str, String)]) {
    retain(table, |key| keys.iter().any(|(known, _)| *known == key));
    for (key, text) in keys {
        if table.get(key).and_then(Item::as_str) != Some(text) {
            table.insert(key, value(text));
        }
    }
}

fn retain(table: &mut dyn TableLike, keep: impl Fn(&str) -> bool) {
    let gone: Vec<String> = table
        .iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| !keep(key))
        .collect();
    for key in gone {
        table.remove(&key);
    }
}

impl Reader<'_> {
    /// `[packs.ID]` and `[trust]`.
    pub(crate) fn packs(&mut self, root: &dyn TableLike) -> Packs {
        let mut packs = Packs::default();
        if let Some(table) = self.table(root, "packs") {
            for (id, _) in table.iter() {
                let entry = self
                    .table(table, id)
                    .map(|pack| (pack, self.pack(id, pack, table)));
                if let Some((_, Some(entry))) = entry {
                    packs.entries.insert(id.to_owned(), entry);
                }
            }
        }
        if let Some(table) = self.table(root, "trust") {
            for (name, _) in table.iter() {
                if let Some(key) = self.text(table, name) {
                    packs.trust.insert(name.to_owned(), key.to_owned());
                }
            }
        }
        packs
    }

    fn pack(&mut self, id: &str, pack: &dyn TableLike, packs: &dyn TableLike) -> Option<PackEntry> {
        let span = packs.get(id).and_then(Item::span);
        let mut kinds = KINDS.iter().filter(|(kind, _)| pack.contains_key(kind));
        let (Some((kind, keys)), None) = (kinds.next(), kinds.next()) else {
            let names = KINDS.map(|(kind, _)| format!("`{kind}`")).join(", ");
            let message = format!("the pack `{id}` needs one place to come from: {names}");
            self.mistake(span, message, None);
            return None;
        };
        self.known(pack, &format!("packs.{id}"), keys);
        let at = self.text(pack, kind).unwrap_or_default().to_owned();
        let from = match *kind {
            "folder" => PackFrom::Folder { path: at },
            "git" => {
                let rev = self.text(pack, "rev").unwrap_or_default().to_owned();
                let is_commit = matches!(rev.len(), 40 | 64)
                    && rev.bytes().all(|byte| byte.is_ascii_hexdigit());
                if !is_commit {
                    let message = format!("the pack `{id}` needs a whole commit as its `rev`");
                    let hint = "`formwork pack add` finds the commit of a branch or tag".to_owned();
                    self.mistake(
                        pack.get("rev").and_then(Item::span).or(span),
                        message,
                        Some(hint),
                    );
                }
                PackFrom::Git { url: at, rev }
            }
            "archive" => PackFrom::Archive { at },
            _ => {
                let text = self.text(pack, "version").unwrap_or("*");
                let range = VersionReq::parse(text).unwrap_or_else(|error| {
                    let message = format!("`{text}` is no range of versions: {error}");
                    self.mistake(pack.get("version").and_then(Item::span), message, None);
                    VersionReq::STAR
                });
                PackFrom::Index { at, range }
            }
        };
        let allow = self.text(pack, "allow").map(str::to_owned);
        Some(PackEntry { from, allow })
    }
}
