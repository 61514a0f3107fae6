//! Paths inside a pack: what is wrong with one on any system.

/// Names that mean a device on some systems, whatever the ending.
const DEVICES: [&str; 31] = [
    "con", "prn", "aux", "nul", "conin$", "conout$", "clock$", "com0", "com1", "com2", "com3",
    "com4", "com5", "com6", "com7", "com8", "com9", "com¹", "com²", "lpt0", "lpt1", "lpt2", "lpt3",
    "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "lpt¹", "lpt²",
];

/// Everything that is wrong with a path, as the end of a sentence.
pub(crate) fn mistakes(path: &str) -> Vec<&'static str> {
    let mut mistakes = Vec::new();
    let mut wrong = |is_wrong: bool, reason| {
        if is_wrong && !mistakes.contains(&reason) {
            mistakes.push(reason);
        }
    };
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    wrong(path.is_empty(), "is empty");
    wrong(path.starts_with(['/', '\\']), "is absolute");
    wrong(drive, "begins with a drive letter");
    wrong(
        path.contains(['\\', ':', '*', '?', '"', '<', '>', '|']),
        "has a character that some systems do not take in a name",
    );
    wrong(
        path.chars().any(char::is_control),
        "has a control character",
    );
    for step in path.trim_start_matches('/').split(['/', '\\']) {
        let stem = step.split('.').next().unwrap_or(step).trim_end();
        let folded = step.to_lowercase();
        wrong(step == "..", "leaves its folder through `..`");
        wrong(step.is_empty() || step == ".", "has an empty step");
        wrong(
            step != "." && step != ".." && step.ends_with(['.', ' ']),
            "has a step that ends with a dot or a space, which some systems drop",
        );
        wrong(
            DEVICES.contains(&stem.to_lowercase().as_str()),
            "has a step that is a device on some systems",
        );
        wrong(
            matches!(folded.as_str(), ".git" | "git~1" | ".formwork"),
            "has a step that belongs to git or to Formwork itself",
        );
    }
    mistakes
}

#[cfg(test)]
mod tests {
    use super::mistakes;

    /// Shows a part of: C-05.
    #[test]
    fn paths_that_reach_out_or_mean_something_else_somewhere_are_wrong() {
        for (path, reason) in [
            ("", "empty"),
            ("/etc/passwd", "absolute"),
            ("\\\\server\\share", "absolute"),
            ("C:/x", "drive letter"),
            ("c:x", "drive letter"),
            ("../up", "`..`"),
            ("features/../../up", "`..`"),
            ("features\\..\\up", "`..`"),
            ("features//x", "empty step"),
            ("./x", "empty step"),
            ("a\nb", "control"),
            ("a\u{85}b", "control"),
            ("nul", "device"),
            ("features/CON.toml", "device"),
            ("features/aux .txt", "device"),
            ("features/x.", "drop"),
            ("features/x ", "drop"),
            (".git/hooks/pre-commit", "git"),
            ("features/x/files/.GIT/config", "git"),
            ("features/x/files/git~1/config", "git"),
            (".formwork/base", "Formwork"),
        ] {
            let found = mistakes(path);
            assert!(
                found.iter().any(|mistake| mistake.contains(reason)),
                "{path:?}: {found:?}"
            );
        }
    }

    #[test]
    fn ordinary_paths_are_right() {
        for path in [
            "pack.toml",
            "features/x/files/.github/workflows/ci.yml",
            "features/x/files/.gitignore",
            "features/x@1.0.0/seeds/console.rs",
            "features/größe/feature.toml",
        ] {
            assert_eq!(mistakes(path), Vec::<&str>::new(), "{path:?}");
        }
    }
}
