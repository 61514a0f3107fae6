//! Conflicts, fixes and reasons in words.

use std::fmt;

use crate::{
    Change, Conflict, Derivation, Diff, Fix, FixKind, Name, Outcome, Reason, Step, Why, Wish,
};

impl fmt::Display for Conflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, core) in self.cores.iter().enumerate() {
            match (self.cores.len(), index) {
                (1, _) => formatter.write_str("the wishes cannot hold together:")?,
                (count, 0) => write!(formatter, "{count} conflicts; the first:")?,
                _ => formatter.write_str("\nand independently:")?,
            }
            for line in lines(&core.derivation) {
                write!(formatter, "\n  {line}")?;
            }
        }
        for (index, fix) in self.fixes.iter().enumerate() {
            write!(formatter, "\nhint: fix {}: {fix}", index + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Derivation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&lines(self).join("; "))
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&changes(&self.changes))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&changes(&self.changes))?;
        if self.diff.is_empty() {
            Ok(())
        } else {
            write!(formatter, " ({})", self.diff)
        }
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (verb, ids) in [("adds", &self.added), ("removes", &self.removed)] {
            if !ids.is_empty() {
                let ids: Vec<_> = ids.keys().map(|id| format!("`{id}`")).collect();
                parts.push(format!("{verb} {}", ids.join(", ")));
            }
        }
        for (id, (from, to)) in &self.moved {
            parts.push(format!("moves `{id}` from {from} to {to}"));
        }
        formatter.write_str(&parts.join("; "))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, from, to } = self;
        match (kind, to) {
            (_, None) => match from {
                Wish::Refuse { id } => write!(formatter, "allow `{id}`"),
                Wish::Pin { feature, .. } => write!(formatter, "do not pin `{feature}`"),
                from => write!(formatter, "drop {from}"),
            },
            (FixKind::Version, Some(to)) => write!(formatter, "take {to}"),
            (FixKind::Answer, Some(to)) => write!(formatter, "answer {to}"),
            (FixKind::Tier, Some(to)) => write!(formatter, "ask for {to} only"),
            (_, Some(to)) => write!(formatter, "take {to} instead of {from}"),
        }
    }
}

fn changes(changes: &[Change]) -> String {
    let changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
    changes.join(" and ")
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (id, reason)) in self.chain.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "`{id}` is here because {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wished => formatter.write_str("you asked for it"),
            Self::Needed {
                by,
                capability,
                reason,
                ..
            } => {
                match capability {
                    Some(capability) => write!(formatter, "`{by}` needs a `{capability}`")?,
                    None => write!(formatter, "`{by}` needs it")?,
                }
                formatter.write_str(&because(reason.as_ref()))
            }
            Self::Tier { tier, reason, .. } => {
                write!(formatter, "the tier `{tier}` asks for it")?;
                formatter.write_str(&because(reason.as_ref()))
            }
            Self::Default { capability, .. } => {
                write!(formatter, "it is the default `{capability}`")
            }
            Self::Role { capability, .. } => {
                write!(formatter, "there has to be a `{capability}`, and it fits")
            }
            Self::Recommended { by, reason, .. } => {
                write!(formatter, "{} recommends it: {reason}", list(by, "and"))
            }
        }
    }
}

fn lines(derivation: &Derivation) -> Vec<String> {
    let mut lines = Vec::new();
    // The feature the last line was about, which the next may call "it".
    let mut last: Option<&str> = None;
    for step in &derivation.steps {
        if let Step::Either { branches } = step {
            lines.push("either way:".to_owned());
            for branch in branches {
                let mut inner = self::lines(&branch.derivation).into_iter();
                let first = inner.next().unwrap_or_default();
                lines.push(format!("  with `{}`: {first}", branch.feature));
                lines.extend(inner.map(|line| format!("    {line}")));
            }
            last = None;
        } else {
            // Several versions of a feature may have the same rule.
            let line = sentence(step, last);
            if lines.last() != Some(&line) {
                lines.push(line);
            }
            last = subject(step);
        }
    }
    lines
}

fn subject(step: &Step) -> Option<&str> {
    match step {
        Step::Wish {
            wish: Wish::Want { id, .. },
        } => Some(id),
        Step::Need { only, .. } | Step::Tier { only, .. } | Step::Demand { only, .. } => {
            match only.as_slice() {
                [only] => Some(only),
                _ => None,
            }
        }
        _ => None,
    }
}

fn sentence(step: &Step, last: Option<&str>) -> String {
    match step {
        Step::Wish { wish } => wished(wish),
        Step::NoVersion { wish, existing } => {
            format!(
                "{}, but there is only {}",
                wished(wish),
                existing.join(", ")
            )
        }
        Step::Need {
            feature,
            any,
            only,
            ruled_out,
            reason,
            ..
        } => {
            let who = if last == Some(feature) {
                "it".to_owned()
            } else {
                format!("`{feature}`")
            };
            format!(
                "{who} needs {}{}",
                needed(any, only, ruled_out),
                because(reason.as_ref())
            )
        }
        Step::Tier {
            tier,
            any,
            only,
            ruled_out,
            reason,
            ..
        } => {
            let reason = because(reason.as_ref());
            format!(
                "the tier `{tier}` asks for {}{reason}",
                needed(any, only, ruled_out)
            )
        }
        Step::Demand {
            capability,
            only,
            ruled_out,
            reason,
            ..
        } => {
            let reason = because(reason.as_ref());
            match only.as_slice() {
                [] => format!(
                    "there has to be a `{capability}`{reason}, but nothing is left to be it"
                ),
                [only] if ruled_out.is_empty() => {
                    format!("there has to be a `{capability}`{reason}; only `{only}` can be it")
                }
                [only] => {
                    format!("there has to be a `{capability}`{reason}; only `{only}` is left")
                }
                several => {
                    let several = list(several, "or");
                    format!("there has to be a `{capability}`{reason}: {several}")
                }
            }
        }
        Step::Exclusive {
            capability, reason, ..
        } => {
            let reason = because(reason.as_ref());
            format!("only one `{capability}` is allowed{reason}")
        }
        Step::Conflict {
            feature,
            with,
            reason,
            ..
        } => {
            let reason = because(reason.as_ref());
            format!(
                "`{feature}` cannot be together with {}{reason}",
                list(with, "and")
            )
        }
        Step::OneVersion { feature } => format!("only one version of `{feature}` is possible"),
        Step::Either { .. } => String::new(),
    }
}

fn wished(wish: &Wish) -> String {
    match wish {
        Wish::Pin { feature, version } => format!("you pinned `{feature}` to {version}"),
        Wish::Want { .. } => format!("you asked for {wish}"),
        Wish::Answer { question, value } => format!("you chose `{value}` for `{question}`"),
        Wish::Tier { .. } => format!("you asked for {wish}"),
        Wish::Refuse { id } => format!("you refused `{id}`"),
    }
}

fn needed(any: &[Name], only: &[String], ruled_out: &[String]) -> String {
    let names: Vec<_> = any
        .iter()
        .map(|name| {
            let role = if name.capability {
                "the capability "
            } else {
                ""
            };
            match &name.range {
                Some(range) => format!("{role}`{}` {range}", name.id),
                None => format!("{role}`{}`", name.id),
            }
        })
        .collect();
    let names = names.join(" or ");
    match (any, only) {
        ([one], [only]) if one.id == *only => names,
        ([one], [only]) if one.capability && ruled_out.is_empty() => {
            format!("{names}; only `{only}` provides it")
        }
        ([one], []) if one.capability => format!("{names}, which nothing is left to provide"),
        ([_], []) => names,
        (_, []) => format!("{names}, of which none is left"),
        (_, [only]) => format!("{names}; only `{only}` is left"),
        ([one], several) if one.capability => {
            format!("{names}, which {} provide", list(several, "and"))
        }
        _ => names,
    }
}

fn because(reason: Option<&String>) -> String {
    match reason {
        Some(reason) => format!(" ({})", reason.trim_end_matches('.')),
        None => String::new(),
    }
}

fn list(ids: &[String], word: &str) -> String {
    let ids: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
    match ids.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}
