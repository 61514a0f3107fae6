//! What somebody probably meant.

/// The candidate most like `wrong`, when one is like it at all.
pub(crate) fn nearest<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // What is longer than any name is like none, and would take its time.
    if wrong.len() > 200 {
        return None;
    }
    candidates
        .into_iter()
        .filter(|candidate| wrong.len().abs_diff(candidate.len()) <= most(wrong, candidate))
        .map(|candidate| (strsim::damerau_levenshtein(wrong, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= most(wrong, candidate))
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters may differ.
fn most(wrong: &str, candidate: &str) -> usize {
    wrong.len().max(candidate.len()).div_ceil(3)
}

/// The hint for something unknown: the nearest name, or all of them when they are few.
pub(crate) fn did_you_mean(wrong: &str, candidates: &[&str]) -> Option<String> {
    if let Some(nearest) = nearest(wrong, candidates.iter().copied()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    match candidates {
        [] => None,
        few if few.len() <= 12 => Some(format!(
            "there is {}",
            few.iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        )),
        _ => None,
    }
}
