//! The names of modules, sections and health components that a service has already.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ScaffoldError;
use super::list::{Token, tokens};
use super::module::failed;

/// Where the sources of a project are.
const FOLDERS: [&str; 2] = ["service/src", "vendor"];

/// Where a name is taken, if it is. `own` is the file of the module itself.
pub(super) fn place<'s>(
    project: &Path,
    name: &str,
    own: &str,
    others: impl IntoIterator<Item = (&'s str, &'s str)>,
) -> Result<Option<String>, ScaffoldError> {
    let own = project.join(own);
    let mut open: Vec<PathBuf> = FOLDERS.iter().map(|folder| project.join(folder)).collect();
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(failed("read", folder, source)),
        };
        for entry in entries {
            let entry = entry.map_err(|source| failed("read", &folder, source))?;
            let path = entry.path();
            let kind = entry
                .file_type()
                .map_err(|source| failed("look at", &path, source))?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file()
                && path != own
                && path.extension().is_some_and(|extension| extension == "rs")
            {
                let text = fs::read(&path).map_err(|source| failed("read", &path, source))?;
                if declares(&String::from_utf8_lossy(&text), name) {
                    let path = path.strip_prefix(project).unwrap_or(&path);
                    return Ok(Some(format!("`{}`", path.display())));
                }
            }
        }
    }
    let found = others
        .into_iter()
        .find(|(_, text)| declares(text, name))
        .map(|(place, _)| format!("`{place}`"));
    Ok(found)
}

/// Whether Rust outside tests declares a module, a section or a health check of this name.
fn declares(text: &str, name: &str) -> bool {
    let quoted = format!("\"{name}\"");
    if !text.contains(&quoted) {
        return false;
    }
    let tokens = tokens(text);
    let test = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    let end = tokens
        .windows(test.len())
        .position(|window| window.iter().map(|(_, token)| *token).eq(test))
        .unwrap_or(tokens.len());
    let tokens = &tokens[..end];
    let named = |index: usize| called(&tokens[..index]);
    tokens
        .iter()
        .enumerate()
        .any(|(index, (_, token))| *token == quoted && named(index))
}

/// Whether the tokens end with the start of a call that takes such a name.
fn called(before: &[Token<'_>]) -> bool {
    let words: Vec<&str> = before
        .iter()
        .rev()
        .take(40)
        .map(|(_, token)| *token)
        .collect();
    match words.as_slice() {
        ["(", "new", ":", ":", "Declaration", ..]
        | ["(", "required" | "optional", ":", ":", "HealthCheck", ..] => true,
        ["(", ">", rest @ ..] => {
            let open = rest.iter().position(|word| *word == "<");
            let head = open.and_then(|open| rest.get(open + 1..open + 5));
            matches!(head, Some([":", ":", "config" | "of", "." | ":"]))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::declares;

    #[test]
    fn modules_sections_and_components_are_found() {
        let text = r#"
            // Declaration::new("comment")
            Declaration::new("cache").config::<CacheConfig>("memory");
            HealthCheck::optional("heart", || ());
            Section::of::<HttpConfig>("http");
            println!("word");
            #[cfg(test)]
            mod tests { fn f() { Declaration::new("tested"); } }
        "#;
        for name in ["cache", "memory", "heart", "http"] {
            assert!(declares(text, name), "{name}");
        }
        for name in ["comment", "word", "tested", "other"] {
            assert!(!declares(text, name), "{name}");
        }
    }
}
