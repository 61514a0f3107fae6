//! The sections that are rules.

use super::feature::kebab;
use super::fields::{Fields, range, wrong_type};
use super::manifest::Manifest;
use crate::{
    Capability, Cardinality, Condition, Conflict, Joint, Need, Position, Practice, Provide, Target,
    Tier, TierRule, Weak, When,
};

pub(super) fn capabilities(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    feature: &str,
) -> Vec<Capability> {
    let cardinalities = [
        ("exactly-one", Cardinality::ExactlyOne),
        ("at-most-one", Cardinality::AtMostOne),
        ("at-least-one", Cardinality::AtLeastOne),
        ("any", Cardinality::Any),
    ];
    let mut capabilities = Vec::new();
    for mut fields in fields.tables(manifest, "capabilities") {
        let id = fields.required(manifest, "id");
        let position = fields.place(manifest, "id");
        if !id.is_empty() {
            kebab(manifest, position, "capability id", &id);
        }
        fields.missing(manifest, "cardinality");
        let cardinality = fields.one_of(manifest, "cardinality", &cardinalities);
        capabilities.push(Capability {
            cardinality: cardinality.unwrap_or(Cardinality::Any),
            question: fields.text(manifest, "question"),
            default: fields.text(manifest, "default"),
            reason: fields.text(manifest, "reason"),
            feature: feature.to_owned(),
            site: manifest.site(&format!("capabilities/{id}"), position),
            id,
        });
        fields.finish(manifest);
    }
    capabilities
}

pub(super) fn tiers(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<TierRule> {
    let names = Tier::ALL.map(|tier| (tier.as_str(), tier));
    let mut rules = Vec::new();
    for mut fields in fields.tables(manifest, "tiers") {
        fields.missing(manifest, "tier");
        let tier = fields.one_of(manifest, "tier", &names).unwrap_or_default();
        rules.push(TierRule {
            tier,
            requires: needs(manifest, &mut fields, &format!("tiers/{tier}")),
            reason: fields.text(manifest, "reason"),
        });
        fields.finish(manifest);
    }
    rules
}

pub(super) fn provides(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<Provide> {
    let mut provides = Vec::new();
    for mut fields in fields.tables(manifest, "provides") {
        let capability = fields.required(manifest, "capability");
        let position = fields.place(manifest, "capability");
        provides.push(Provide {
            version: fields.version(manifest, "version"),
            site: manifest.site(&format!("provides/{capability}"), position),
            capability,
        });
        fields.finish(manifest);
    }
    provides
}

pub(super) fn requires(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<Need> {
    needs(manifest, fields, "requires")
}

fn needs(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>, section: &str) -> Vec<Need> {
    let mut needs = Vec::new();
    for (index, mut fields) in fields.tables(manifest, "requires").into_iter().enumerate() {
        let any = if fields.missing(manifest, "any") {
            Vec::new()
        } else {
            targets(manifest, &mut fields, "any")
        };
        needs.push(Need {
            any,
            when: when(manifest, &mut fields),
            reason: fields.text(manifest, "reason"),
            site: manifest.site(&format!("{section}/{index}"), fields.position),
        });
        fields.finish(manifest);
    }
    needs
}

pub(super) fn conflicts(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let tables = fields.tables(manifest, "conflicts");
    for (index, mut fields) in tables.into_iter().enumerate() {
        let with = fields.required(manifest, "with");
        let position = fields.place(manifest, "with");
        conflicts.push(Conflict {
            with,
            range: fields.range(manifest, "range"),
            when: when(manifest, &mut fields),
            reason: {
                fields.missing(manifest, "reason");
                fields.text(manifest, "reason")
            },
            site: manifest.site(&format!("conflicts/{index}"), position),
        });
        fields.finish(manifest);
    }
    conflicts
}

pub(super) fn weak(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    section: &'static str,
) -> Vec<Weak> {
    let mut rules = Vec::new();
    for (index, mut fields) in fields.tables(manifest, section).into_iter().enumerate() {
        let feature = fields.required(manifest, "feature");
        let position = fields.place(manifest, "feature");
        rules.push(Weak {
            feature: target(manifest, position, &feature),
            when: when(manifest, &mut fields),
            reason: fields.required(manifest, "reason"),
            practice: practice(manifest, &mut fields),
            site: manifest.site(&format!("{section}/{index}"), position),
        });
        fields.finish(manifest);
    }
    rules
}

pub(super) fn joint(
    manifest: &mut Manifest<'_>,
    fields: &mut Fields<'_>,
    section: &'static str,
) -> Vec<Joint> {
    let mut rules = Vec::new();
    for (index, mut fields) in fields.tables(manifest, section).into_iter().enumerate() {
        let when_all = if fields.missing(manifest, "when-all") {
            Vec::new()
        } else {
            targets(manifest, &mut fields, "when-all")
        };
        rules.push(Joint {
            when_all,
            reason: fields.required(manifest, "reason"),
            practice: practice(manifest, &mut fields),
            site: manifest.site(&format!("{section}/{index}"), fields.position),
        });
        fields.finish(manifest);
    }
    rules
}

fn practice(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> Option<Practice> {
    let practices = Practice::ALL.map(|practice| (practice.as_str(), practice));
    fields.one_of(manifest, "practice", &practices)
}

pub(super) fn when(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>) -> When {
    let Some(mut fields) = fields.table(manifest, "when") else {
        return When::default();
    };
    let mut all = Vec::new();
    if let Some(text) = fields.text(manifest, "feature") {
        let position = fields.place(manifest, "feature");
        all.push(Condition::Feature(target(manifest, position, &text)));
    }
    if let Some(text) = fields.text(manifest, "capability") {
        let position = fields.place(manifest, "capability");
        all.push(Condition::Capability(target(manifest, position, &text)));
    }
    if let Some(text) = fields.text(manifest, "answer") {
        let position = fields.place(manifest, "answer");
        match text.split_once('=') {
            Some((option, value)) => all.push(Condition::Answer {
                option: option.trim().to_owned(),
                value: value.trim().to_owned(),
                position,
            }),
            None => {
                let help = "write it as `option=value`".to_owned();
                manifest.error(position, format!("`{text}` is no answer"), Some(help));
            }
        }
    }
    let tiers = Tier::ALL.map(|tier| (tier.as_str(), tier));
    if let Some(tier) = fields.one_of(manifest, "tier", &tiers) {
        all.push(Condition::Tier(tier));
    }
    fields.finish(manifest);
    When { all }
}

fn targets(manifest: &mut Manifest<'_>, fields: &mut Fields<'_>, key: &'static str) -> Vec<Target> {
    let texts = fields.texts(manifest, key);
    if texts.is_empty()
        && let Some(item) = fields.get(key)
        && item.as_array().is_some_and(toml_edit::Array::is_empty)
    {
        wrong_type(manifest, key, "a list with at least one name", item);
    }
    texts
        .into_iter()
        .map(|(text, position)| target(manifest, position, &text))
        .collect()
}

fn target(manifest: &mut Manifest<'_>, position: Position, text: &str) -> Target {
    let (id, rest) = match text.trim().split_once(char::is_whitespace) {
        Some((id, rest)) => (id, rest.trim()),
        None => (text.trim(), "*"),
    };
    Target {
        id: id.to_owned(),
        range: range(manifest, position, rest),
        position,
    }
}
