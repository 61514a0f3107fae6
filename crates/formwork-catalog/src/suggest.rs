//! The nearest name to one that does not exist.

/// The candidate a misspelt name most likely means, if any is close enough.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= limit || (name.len() >= 3 && candidate.split('-').any(|part| part == name))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?` for the nearest candidate.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(name, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn close_names_are_found_and_far_ones_are_not() {
        let names = ["sqlite", "postgres", "outbox-notifier"];
        assert_eq!(nearest("sqlit", names), Some("sqlite"));
        assert_eq!(nearest("postgers", names), Some("postgres"));
        assert_eq!(nearest("notifier", names), Some("outbox-notifier"));
        assert_eq!(nearest("kafka", names), None);
    }
}
