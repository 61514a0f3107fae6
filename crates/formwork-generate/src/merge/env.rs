//! Environment files: `KEY=value` lines, with the comments and blank lines above them.

use formwork_catalog::Format;

use super::{Contribution, Union};

pub(super) fn merge(texts: &[(&Contribution<'_>, &str)], union: &mut Union<'_>) -> String {
    let mut merged = String::new();
    let mut known: Vec<(String, String)> = Vec::new();
    for (contribution, text) in texts {
        let mut above = String::new();
        if !merged.is_empty() && !text.starts_with('\n') {
            above.push('\n');
        }
        for (index, line) in text.lines().enumerate() {
            let content = line.trim();
            if content.is_empty() || content.starts_with('#') {
                above.push_str(line);
                above.push('\n');
                continue;
            }
            let assignment = content.strip_prefix("export ").unwrap_or(content);
            let Some((key, value)) = assignment.split_once('=') else {
                let message = format!(
                    "line {}: expected `KEY=value`, found `{content}`",
                    index + 1
                );
                union.syntax(contribution, Format::Env, message);
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            match known.iter().find(|(other, _)| other == key) {
                Some((_, ours)) if ours == value => above.clear(),
                Some((_, ours)) => {
                    let ours = format!("`{ours}`");
                    union.conflict(key, contribution.feature, ours, format!("`{value}`"));
                }
                None => {
                    known.push((key.to_owned(), value.to_owned()));
                    union.bring(key.to_owned(), contribution.feature);
                    merged.push_str(&above);
                    above.clear();
                    merged.push_str(line);
                    merged.push('\n');
                }
            }
        }
        if known.is_empty() {
            merged.push_str(&above);
        }
    }
    merged
}
