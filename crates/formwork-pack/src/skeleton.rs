//! A new pack: one feature that works, and what its author fills in.

use semver::Version;

/// Why a text cannot be the id of a pack, if so.
pub fn id_mistake(id: &str) -> Option<&'static str> {
    const TAKEN: [&str; 5] = ["formwork", "core", "features", "packs", "service"];
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if id.len() > 50 {
        Some("it is longer than 50 characters")
    } else if !id.starts_with(|first: char| first.is_ascii_lowercase())
        || !id.split('-').all(is_part)
    {
        Some("use lower-case letters, digits and single hyphens, as in `tide-tables`")
    } else if TAKEN.contains(&id) {
        Some("the name is taken")
    } else {
        None
    }
}

/// The files of a new pack, by path. `id` has no [`id_mistake`].
pub fn skeleton(id: &str, formwork: &Version) -> Vec<(String, String)> {
    let snake = id.replace('-', "_");
    let pascal: String = id
        .split('-')
        .map(|word| {
            let (first, rest) = word.split_at(1.min(word.len()));
            first.to_uppercase() + rest
        })
        .collect();
    let title = id.replace('-', " ");
    let Version { major, minor, .. } = formwork;
    let fill = |text: &str| {
        text.replace("@id@", id)
            .replace("@snake@", &snake)
            .replace("@pascal@", &pascal)
            .replace("@title@", &title)
            .replace("@formwork@", &format!("^{major}.{minor}"))
    };
    [
        ("pack.toml", include_str!("skeleton/pack.toml")),
        ("README.md", include_str!("skeleton/README.md")),
        (
            "features/@id@/feature.toml",
            include_str!("skeleton/feature.toml"),
        ),
        (
            "features/@id@/README.md",
            include_str!("skeleton/feature.md"),
        ),
        (
            "features/@id@/files/service/src/modules/@snake@.rs",
            include_str!("skeleton/module.rs.in"),
        ),
    ]
    .into_iter()
    .map(|(path, text)| (fill(path), fill(text)))
    .collect()
}
