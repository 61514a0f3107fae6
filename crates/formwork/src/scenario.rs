//! Scenarios: requests one after the other, with changes of the configuration in between.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use formwork_catalog::{Change, Method, OptionValue, Request, Step};
use toml_edit::{DocumentMut, Item, Table};

use crate::http::Answer;
use crate::probe::{PAUSE, Scene, as_json, shortened};
use crate::report::in_words;

/// The file of a project that changes are made in.
const CONFIG: &str = "config/default.toml";

/// Why the scenario cannot be played here.
pub(crate) fn skip(steps: &[Step], scene: &Scene<'_>) -> Option<String> {
    let changes = steps.iter().any(|step| matches!(step, Step::Change(_)));
    if changes && !scene.changes {
        return Some(format!(
            "{CONFIG} is left alone; --change-config changes it and gives it back"
        ));
    }
    let texts = steps.iter().flat_map(Step::texts);
    let mut missing = texts
        .flat_map(references)
        .filter(|name| is_variable(name))
        .filter_map(|name| scene.missing(name));
    missing.next()
}

/// In words, what is looked for.
pub(crate) fn in_sentence(steps: &[Step]) -> String {
    let words: Vec<String> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Change(Change { change }) => {
                let keys: Vec<&str> = change.keys().map(String::as_str).collect();
                Some(format!("{} changes", keys.join(", ")))
            }
            Step::Restore(_) => None,
            Step::Request(request) => Some(format!(
                "{} {} answers {}",
                request.method.as_str(),
                request.path,
                request.status
            )),
        })
        .collect();
    words.join(", then ")
}

/// Plays all steps; the error says which one went wrong, and what was found. The configuration is given back.
pub(crate) fn play(steps: &[Step], scene: &Scene<'_>) -> Result<(), String> {
    let mut values = BTreeMap::from([("unique".to_owned(), unique())]);
    let mut config = Config::of(scene.project);
    for (index, step) in steps.iter().enumerate() {
        let done = match step {
            Step::Change(change) => config.change(change),
            Step::Restore(_) => config.restore(),
            Step::Request(request) => ask(request, &mut values, scene),
        };
        done.map_err(|found| format!("step {}: {found}", index + 1))?;
    }
    config.restore()
}

/// Sends a request. A `GET` is repeated until its answer holds.
fn ask(
    request: &Request,
    values: &mut BTreeMap<String, String>,
    scene: &Scene<'_>,
) -> Result<(), String> {
    let filled = |text: &str| fill(text, values, scene);
    let path = filled(&request.path)?;
    let body = request.body.as_deref().map(filled).transpose()?;
    let mut headers = Vec::new();
    for (name, value) in &request.headers {
        headers.push((name.clone(), filled(value)?));
    }
    let expected = Request {
        contains: request.contains.as_deref().map(filled).transpose()?,
        lacks: request.lacks.as_deref().map(filled).transpose()?,
        ..request.clone()
    };
    let deadline = Instant::now() + scene.patience;
    let method = request.method.as_str();
    let answer = loop {
        let held = scene
            .client
            .send(method, &path, &headers, body.as_deref())
            .and_then(|answer| holds(&expected, &answer).map(|()| answer));
        match held {
            Ok(answer) => break answer,
            Err(found) => {
                let last = request.method != Method::Get || Instant::now() >= deadline;
                if last || scene.interrupt.wait(PAUSE) {
                    return Err(format!("{method} {path}: {found}"));
                }
            }
        }
    };
    let found = answer.json();
    for (name, pointer) in &request.save {
        let value = match found.pointer(pointer) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => return Err(format!("{method} {path}: no {pointer} in the answer")),
        };
        values.insert(name.clone(), value);
    }
    Ok(())
}

fn holds(request: &Request, answer: &Answer) -> Result<(), String> {
    let body = || shortened(&answer.body);
    if answer.status != request.status {
        return Err(format!("status {}: {}", answer.status, body()));
    }
    if let Some(contains) = &request.contains
        && !answer.body.contains(contains)
    {
        return Err(format!("no {contains:?} in {}", body()));
    }
    if let Some(lacks) = &request.lacks
        && answer.body.contains(lacks)
    {
        return Err(format!("it has what it must not: {}", shortened(lacks)));
    }
    let found = answer.json();
    for (pointer, expected) in &request.json {
        match found.pointer(pointer) {
            Some(value) if *value == as_json(expected) => {}
            Some(value) => return Err(format!("{pointer} is {}", shortened(&value.to_string()))),
            None => return Err(format!("no {pointer} in {}", body())),
        }
    }
    for (name, text) in &request.answer {
        let values = answer
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        if !values.clone().any(|(_, value)| value.contains(text)) {
            let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
            return Err(format!("the header {name} is {values:?}"));
        }
    }
    Ok(())
}

/// The names in `${…}` of a text.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
}

/// Whether a name is that of a variable of the environment, without the service's prefix.
fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The text with every `${name}` replaced.
fn fill(
    text: &str,
    values: &BTreeMap<String, String>,
    scene: &Scene<'_>,
) -> Result<String, String> {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((name, rest)) = part.split_once('}') else {
            return Err(format!("`${{{part}` is not closed"));
        };
        let value = if is_variable(name) {
            scene.variable(name)
        } else {
            values.get(name).cloned()
        };
        filled += &value.ok_or_else(|| format!("nothing is known as `{name}`"))?;
        filled += rest;
    }
    Ok(filled)
}

/// A word no other run has.
fn unique() -> String {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    format!("{nanos:x}{:x}", std::process::id())
}

/// The configuration file of a project. What was changed in it is given back when this is dropped.
struct Config {
    path: PathBuf,
    original: Option<String>,
}

impl Config {
    fn of(project: &Path) -> Self {
        Self {
            path: project.join(CONFIG),
            original: None,
        }
    }

    fn change(&mut self, change: &Change) -> Result<(), String> {
        let error = |error| format!("{}: {}", self.path.display(), in_words(&error));
        let text = fs::read_to_string(&self.path).map_err(error)?;
        let changed = changed(&text, &change.change)?;
        write(&self.path, &changed).map_err(error)?;
        self.original.get_or_insert(text);
        Ok(())
    }

    fn restore(&mut self) -> Result<(), String> {
        let Some(original) = &self.original else {
            return Ok(());
        };
        write(&self.path, original)
            .map_err(|error| format!("{}: {}", self.path.display(), in_words(&error)))?;
        self.original = None;
        Ok(())
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // Where that fails, the scenario has failed before and said so.
        let _ = self.restore();
    }
}

/// In one step: whoever reads sees the old file or the new one.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = path.with_file_name(format!(".{name}.formwork-{}", std::process::id()));
    fs::write(&staged, text)
        .and_then(|()| fs::set_permissions(&staged, fs::metadata(path)?.permissions()))
        .and_then(|()| fs::rename(&staged, path))
        .inspect_err(|_| drop(fs::remove_file(&staged)))
}

/// The file with values set, by path; everything else in it stays.
fn changed(text: &str, values: &BTreeMap<String, OptionValue>) -> Result<String, String> {
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| format!("{CONFIG}: {}", error.message()))?;
    for (path, value) in values {
        let mut keys: Vec<&str> = path.split('.').collect();
        let last = keys.pop().unwrap_or_default();
        let mut table: &mut dyn toml_edit::TableLike = document.as_table_mut();
        for key in keys {
            let item = table.entry(key).or_insert(Item::Table(Table::new()));
            table = item
                .as_table_like_mut()
                .ok_or_else(|| format!("{CONFIG}: `{key}` of `{path}` is no table"))?;
        }
        let value = match value {
            OptionValue::Boolean(value) => toml_edit::value(*value),
            OptionValue::Integer(value) => toml_edit::value(*value),
            OptionValue::Text(value) => toml_edit::value(value),
        };
        // A key keeps its comments only where its value alone is replaced.
        match table.get_mut(last) {
            Some(item) => *item = value,
            None => drop(table.insert(last, value)),
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use formwork_catalog::Restore;

    use super::*;
    use crate::http::Client;
    use crate::interrupt::Interrupt;

    /// Answers every request with its first line, its tenant and what the configuration file holds.
    fn serve(config: PathBuf) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let lines = BufReader::new(stream.try_clone().expect("it can be cloned")).lines();
                let head: Vec<String> = lines
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .collect();
                let tenant = head
                    .iter()
                    .find_map(|line| line.strip_prefix("x-tenant: "))
                    .unwrap_or("nobody");
                let config = fs::read_to_string(&config).expect("the file is there");
                let body =
                    serde_json::json!({ "asked": head[0], "tenant": tenant, "config": config });
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\netag: \"v7\"\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        format!("http://{address}")
    }

    fn request(path: &str) -> Request {
        Request {
            method: Method::Get,
            path: path.to_owned(),
            headers: BTreeMap::new(),
            body: None,
            status: 200,
            contains: None,
            lacks: None,
            json: BTreeMap::new(),
            answer: BTreeMap::new(),
            save: BTreeMap::new(),
        }
    }

    fn check(changes: bool, steps: &[Step]) -> (Result<(), String>, Option<String>) {
        const TEXT: &str = "[a]\nb = 1\n";
        let folder = tempfile::tempdir().expect("a folder can be made");
        let config = folder.path().join(CONFIG);
        fs::create_dir(folder.path().join("config")).expect("a folder can be made");
        fs::write(&config, TEXT).expect("the file can be written");
        let client = Client::new(&serve(config.clone()));
        let interrupt = Interrupt::default();
        let scene = Scene {
            client: &client,
            project: folder.path(),
            log: None,
            commands: false,
            changes,
            prefix: "NO_SUCH_SERVICE",
            health_token: Some("a-token"),
            patience: Duration::ZERO,
            interrupt: &interrupt,
        };
        let skipped = skip(steps, &scene);
        let played = play(steps, &scene);
        let text = fs::read_to_string(&config).expect("the file is there");
        assert_eq!(text, TEXT, "the configuration is as it was");
        (played, skipped)
    }

    #[test]
    fn steps_are_played_in_order_with_what_was_saved() {
        let first = Request {
            headers: BTreeMap::from([("x-tenant".to_owned(), "a-${unique}".to_owned())]),
            answer: BTreeMap::from([("ETag".to_owned(), "\"v".to_owned())]),
            save: BTreeMap::from([("who".to_owned(), "/tenant".to_owned())]),
            ..request("/first")
        };
        let change = Change {
            change: BTreeMap::from([("a.b".to_owned(), OptionValue::Integer(2))]),
        };
        let second = Request {
            contains: Some("GET /of/a-".to_owned()),
            lacks: Some("b = 1".to_owned()),
            json: BTreeMap::from([("/tenant".to_owned(), OptionValue::Text("nobody".to_owned()))]),
            ..request("/of/${who}")
        };
        let third = Request {
            contains: Some("b = 1".to_owned()),
            ..request("/third")
        };
        let steps = [
            Step::Request(first),
            Step::Change(change),
            Step::Request(second),
            Step::Restore(Restore { restore: true }),
            Step::Request(third),
        ];
        assert_eq!(check(true, &steps), (Ok(()), None));
        let (_, skipped) = check(false, &steps);
        assert!(skipped.is_some_and(|reason| reason.contains("--change-config")));
    }

    #[test]
    fn what_does_not_hold_is_named_with_its_step() {
        let change = Change {
            change: BTreeMap::from([("a.b".to_owned(), OptionValue::Integer(2))]),
        };
        let wrong = |wrong: Request| {
            let steps = [Step::Change(change.clone()), Step::Request(wrong)];
            check(true, &steps).0.expect_err("it does not hold")
        };
        let other = |header: &str| BTreeMap::from([("etag".to_owned(), header.to_owned())]);
        assert!(
            wrong(Request {
                status: 401,
                ..request("/x")
            })
            .starts_with("step 2: GET /x: status 200")
        );
        assert!(
            wrong(Request {
                contains: Some("b = 1".to_owned()),
                ..request("/x")
            })
            .contains("no \"b = 1\"")
        );
        assert!(
            wrong(Request {
                lacks: Some("b = 2".to_owned()),
                ..request("/x")
            })
            .contains("it must not: b = 2")
        );
        assert!(
            wrong(Request {
                answer: other("v8"),
                ..request("/x")
            })
            .contains("the header etag is")
        );
        let (_, skipped) = check(true, &[Step::Request(request("/${ADMIN__TOKEN}"))]);
        assert_eq!(
            skipped.as_deref(),
            Some("NO_SUCH_SERVICE__ADMIN__TOKEN is not set")
        );
    }

    #[test]
    fn values_are_set_and_all_else_stays() {
        let values = BTreeMap::from([
            (
                "log.level".to_owned(),
                OptionValue::Text("debug".to_owned()),
            ),
            (
                "health.details".to_owned(),
                OptionValue::Text("never".to_owned()),
            ),
            ("http.body-limit".to_owned(), OptionValue::Integer(7)),
        ]);
        assert_eq!(
            changed("# Ours.\n[log]\n# How much.\nlevel = \"info\"\n\n[http]\nlisten = \"x\"\n", &values),
            Ok("# Ours.\n[log]\n# How much.\nlevel = \"debug\"\n\n[http]\nlisten = \"x\"\nbody-limit = 7\n\n[health]\ndetails = \"never\"\n".to_owned())
        );
        assert!(changed("log = 1", &values).is_err());
    }

    #[test]
    fn texts_are_filled_with_what_is_known() {
        let values = BTreeMap::from([("id".to_owned(), "7".to_owned())]);
        let (client, interrupt) = (Client::new("http://127.0.0.1"), Interrupt::default());
        let scene = Scene {
            client: &client,
            project: Path::new("."),
            log: None,
            commands: false,
            changes: false,
            prefix: "NO_SUCH_SERVICE",
            health_token: Some("a-token"),
            patience: Duration::ZERO,
            interrupt: &interrupt,
        };
        let filled = |text| fill(text, &values, &scene);
        assert_eq!(filled("/orders/${id}/x"), Ok("/orders/7/x".to_owned()));
        assert_eq!(
            filled("Bearer ${HEALTH__TOKEN}"),
            Ok("Bearer a-token".to_owned())
        );
        assert_eq!(filled("{}"), Ok("{}".to_owned()));
        assert!(filled("${other}").is_err());
        assert!(filled("${ADMIN__TOKEN}").is_err());
        assert!(filled("${id").is_err());
    }
}
