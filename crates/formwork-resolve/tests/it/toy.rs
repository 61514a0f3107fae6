//! Toy catalogs and wishes, a line for a feature.
//!
//! ```text
//! capability database exactly-one =sqlite     at the top: declared by `core`
//! core 1.0.0                                  a feature and its version
//! sqlite 1.0.0 : +database@1.0.0 core^1       provides, needs (a|b for alternatives, ?x when x)
//! a 1.0.0 : !b ~c %d/e                        conflicts, recommends, supplements d and e
//! b 1.0.0 : b[mode=x,y]                       an option with its choices, the first the default
//! c 1.0.0 : #advanced:a                       the tier asks for a
//! d 1.0.0 : *advanced                         made for a tier and higher ones
//! e 1.0.0 : &a$security                       suggests a, as a practice
//! example a b                                 a service that has a and b
//! ```
//! Wishes: `a`, `a^1`, `!a` refused, `a==1.0.0` pinned, `q=x` answered, `#advanced`, `@a=1.0.0` locked.

use std::fmt::Write;

use formwork_catalog::{Catalog, Source, Tier};
use formwork_resolve::{Basis, Plan, Reason, ResolveError, Resolver, Wishes};

/// The catalog the lines describe.
pub(crate) fn catalog(lines: &str) -> Catalog {
    match Catalog::read(source(lines)) {
        Ok(reading) => reading.catalog,
        Err(error) => panic!("{error}"),
    }
}

/// The pack the lines describe.
pub(crate) fn source(lines: &str) -> Source {
    let mut source = Source::default();
    let mut capabilities = String::new();
    let mut examples = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(capability) = line.strip_prefix("capability ") {
            let mut words = capability.split_whitespace();
            let id = words.next().expect("a capability has a name");
            let cardinality = words.next().expect("a capability has a cardinality");
            let _ = writeln!(
                capabilities,
                "[[capabilities]]\nid = \"{id}\"\ncardinality = \"{cardinality}\"\nquestion = \"?\""
            );
            if let Some(default) = words.next().and_then(|word| word.strip_prefix('=')) {
                let _ = writeln!(capabilities, "default = \"{default}\"");
            }
            continue;
        }
        if let Some(example) = line.strip_prefix("example ") {
            let ids: Vec<_> = example
                .split_whitespace()
                .map(|id| format!("\"{id}\""))
                .collect();
            let _ = writeln!(examples, "[[example]]\nfeatures = [{}]", ids.join(", "));
            continue;
        }
        let (head, rules) = line.split_once(" :").unwrap_or((line, ""));
        let (id, version) = head.split_once(' ').expect("a feature has a version");
        let tier = rules
            .split_whitespace()
            .find_map(|rule| rule.strip_prefix('*'));
        let tier = tier.map(|tier| format!("tier = \"{tier}\"\n"));
        let mut manifest = format!(
            "id = \"{id}\"\nname = \"{id}\"\nsummary = \"{id}.\"\nversion = \"{version}\"\nkind = \"core\"\n{}\
             [[probes]]\nname = \"present\"\nkind = \"file\"\npath = \"x\"\n",
            tier.unwrap_or_default()
        );
        if id == "core" {
            manifest.push_str(&capabilities);
        }
        for rule in rules.split_whitespace().filter(|it| !it.starts_with('*')) {
            write_rule(&mut manifest, rule);
        }
        let folder = format!("features/{id}@{version}");
        source.insert(format!("{folder}/feature.toml"), manifest.into_bytes());
        source.insert(format!("{folder}/README.md"), b"".to_vec());
    }
    if !examples.is_empty() {
        source.insert("examples.toml", examples.into_bytes());
    }
    source
}

fn write_rule(manifest: &mut String, rule: &str) {
    let target = |text: &str| match text.find(['^', '=', '<', '>']) {
        Some(at) => format!("{} {}", &text[..at], &text[at..]),
        None => text.to_owned(),
    };
    let (rule, practice) = match rule.split_once('$') {
        Some((rule, practice)) => (rule, format!("practice = \"{practice}\"\n")),
        None => (rule, String::new()),
    };
    let (rule, when) = match rule.split_once('?') {
        Some((rule, when)) => (rule, Some(when)),
        None => (rule, None),
    };
    let section = if let Some(provide) = rule.strip_prefix('+') {
        let (capability, version) = provide.split_once('@').unwrap_or((provide, "1.0.0"));
        format!("[[provides]]\ncapability = \"{capability}\"\nversion = \"{version}\"\n")
    } else if let Some(with) = rule.strip_prefix('!') {
        let (with, range) = match with.find(['^', '=', '<', '>']) {
            Some(at) => (&with[..at], format!("range = \"{}\"\n", &with[at..])),
            None => (with, String::new()),
        };
        format!("[[conflicts]]\nwith = \"{with}\"\n{range}reason = \"they clash\"\n")
    } else if let Some(feature) = rule.strip_prefix('~') {
        format!(
            "[[recommends]]\nfeature = \"{}\"\nreason = \"goes well\"\n",
            target(feature)
        )
    } else if let Some(feature) = rule.strip_prefix('&') {
        format!(
            "[[suggests]]\nfeature = \"{}\"\nreason = \"worth a look\"\n",
            target(feature)
        )
    } else if let Some(all) = rule.strip_prefix('%') {
        let all: Vec<_> = all
            .split('/')
            .map(|it| format!("\"{}\"", target(it)))
            .collect();
        format!(
            "[[supplements]]\nwhen-all = [{}]\nreason = \"ties them\"\n",
            all.join(", ")
        )
    } else if let Some(rule) = rule.strip_prefix('#') {
        let (tier, need) = rule.split_once(':').expect("a tier asks for something");
        let any = alternatives(need, target);
        format!("[[tiers]]\ntier = \"{tier}\"\nrequires = [{{ any = [{any}] }}]\n")
    } else if let Some((key, choices)) = rule.strip_suffix(']').and_then(|it| it.split_once('[')) {
        let choices: Vec<_> = choices.split(',').map(|it| format!("\"{it}\"")).collect();
        let default = &choices[0];
        let all = choices.join(", ");
        format!(
            "[[options]]\nkey = \"{key}\"\ntype = \"choice\"\nprompt = \"?\"\nchoices = [{all}]\ndefault = {default}\n"
        )
    } else {
        format!("[[requires]]\nany = [{}]\n", alternatives(rule, target))
    };
    manifest.push_str(&section);
    manifest.push_str(&practice);
    match when.map(|when| when.split_once('=').ok_or(when)) {
        None => {}
        Some(Ok((key, value))) => {
            let _ = writeln!(manifest, "when = {{ answer = \"{key}={value}\" }}");
        }
        Some(Err(when)) => {
            let kind = if Tier::from_name(when).is_some() {
                "tier"
            } else if when.starts_with("cap-") {
                "capability"
            } else {
                "feature"
            };
            let _ = writeln!(manifest, "when = {{ {kind} = \"{when}\" }}");
        }
    }
}

fn alternatives(need: &str, target: impl Fn(&str) -> String) -> String {
    let any: Vec<_> = need
        .split('|')
        .map(|it| format!("\"{}\"", target(it)))
        .collect();
    any.join(", ")
}

/// The wishes the words describe.
pub(crate) fn wishes(words: &str) -> Wishes {
    let version = |text: &str| text.parse().expect("a version");
    let mut wishes = Wishes::new();
    for word in words.split_whitespace() {
        wishes = if let Some(id) = word.strip_prefix('!') {
            wishes.refuse(id)
        } else if let Some(tier) = word.strip_prefix('#') {
            wishes.tier(Tier::from_name(tier).expect("a tier"))
        } else if let Some(locked) = word.strip_prefix('@') {
            let (id, at) = locked.split_once('=').expect("a locked version");
            wishes.lock(id, version(at))
        } else if let Some((id, at)) = word.split_once("==") {
            wishes.pin(id, version(at))
        } else if let Some((question, value)) = word.split_once('=') {
            wishes.answer(question, value)
        } else if let Some(at) = word.find('^') {
            wishes.want_range(&word[..at], word[at..].parse().expect("a range"))
        } else {
            wishes.want(word)
        };
    }
    wishes
}

/// The whole report of resolving: a plan with its reasons, or the conflict in words.
pub(crate) fn report(catalog: &Catalog, words: &str) -> String {
    let (resolver, wishes) = (Resolver::new(catalog), wishes(words));
    match resolver.resolve(&wishes) {
        Ok(plan) => describe(&plan),
        Err(ResolveError::Conflict(mut conflict)) => {
            let outcomes = resolver.outcomes(&wishes, &conflict);
            conflict.fixes.clear();
            let mut text = conflict.to_string();
            for (index, outcome) in (1..).zip(outcomes.expect("fixes resolve")) {
                let _ = write!(text, "\nhint: fix {index}: {outcome}");
            }
            text
        }
        Err(error @ ResolveError::Wishes(_)) => error.to_string(),
        Err(error) => panic!("{error}"),
    }
}

fn describe(plan: &Plan) -> String {
    let mut text = String::new();
    for planned in &plan.features {
        let reason = match &planned.reason {
            Reason::Wished => "wished".to_owned(),
            Reason::Needed { by, capability, .. } => match capability {
                Some(capability) => format!("{by} needs {capability}"),
                None => format!("{by} needs it"),
            },
            Reason::Tier { tier, .. } => format!("tier {tier}"),
            Reason::Default { capability, .. } => format!("default {capability}"),
            Reason::Role { capability, .. } => format!("has to be a {capability}"),
            Reason::Recommended { by, .. } => format!("recommended by {}", by.join(", ")),
        };
        let _ = write!(text, "{} {}: {reason}", planned.id, planned.version);
        for (key, value) in &planned.options {
            let _ = write!(text, " [{key}={value}]");
        }
        text.push('\n');
    }
    for dropped in &plan.dropped {
        let _ = writeln!(
            text,
            "without {}, recommended by {}",
            dropped.feature,
            dropped.by.join(", ")
        );
    }
    for suggestion in &plan.suggestions {
        let verb = match suggestion.basis {
            Basis::Recommends => "recommended by ",
            Basis::Security => "for security, says ",
            Basis::Performance => "for performance, says ",
            Basis::Suggests => "suggested by ",
            Basis::Supplements => "supplement by ",
            Basis::Enhances => "enhancement by ",
            Basis::Tier | Basis::Popular => suggestion.reason.as_str(),
        };
        let by = match suggestion.basis {
            Basis::Tier | Basis::Popular => String::new(),
            _ => suggestion.by.join(", "),
        };
        let _ = writeln!(text, "try {}: {verb}{by}", suggestion.feature);
    }
    for answer in &plan.unused_answers {
        let _ = writeln!(text, "unused {answer}");
    }
    for circle in &plan.circles {
        let _ = writeln!(text, "in a circle: {}", circle.features.join(", "));
    }
    assert!(plan.optimal);
    text
}
