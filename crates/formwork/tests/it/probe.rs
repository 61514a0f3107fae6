//! `formwork probe` against answers made here: evidence is found where it is, and missed where it is not.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

use crate::json::check;
use crate::support::{Place, Run};

/// The token of those who are shown components.
const TOKEN: &str = "the-token-of-the-tests";

/// Answers by path; everything else is not found.
type Answers = BTreeMap<String, (u16, String)>;

#[test]
fn probes_find_the_evidence_that_is_there() {
    let place = Place::new();
    let answers = evidence(&place);
    let url = serve(answers);
    let arguments = [
        "probe",
        "--url",
        &url,
        "--project",
        "shop",
        "--no-commands",
        "--health-token",
        TOKEN,
        "--wait",
        "0",
        "--json",
    ];
    let lines = place.run(&arguments).well().json_lines();
    assert!(lines.iter().any(|line| line["skipped"] == false));
    for line in &lines {
        check(&place, "probe", line);
        assert_eq!(line["ok"], true, "{line}");
    }
}

#[test]
fn a_missing_piece_of_evidence_is_named() {
    let place = Place::new();
    let mut answers = evidence(&place);
    answers.insert("/metrics".to_owned(), (200, "up 1\n".to_owned()));
    let url = serve(answers);
    let arguments = [
        "probe",
        "--url",
        &url,
        "--project",
        "shop",
        "--no-commands",
        "--health-token",
        TOKEN,
        "--wait",
        "0",
    ];
    let run = place.run(&arguments);
    assert_eq!(run.code, 5);
    assert!(run.stdout.contains("prometheus/"), "{run:?}");
    assert!(
        run.stdout
            .contains("outbox_published_total is at least 1 — no such series"),
        "{run:?}"
    );
    assert!(
        run.stderr
            .contains("prometheus/published-events-are-counted"),
        "{run:?}"
    );
}

/// Shows a part of: C-34.
#[test]
fn a_doctor_looks_at_the_project_and_at_the_service() {
    let place = Place::new();
    let mut answers = evidence(&place);
    let doctor = |url: &str| {
        let arguments = [
            "doctor",
            "shop",
            "--url",
            url,
            "--health-token",
            TOKEN,
            "--wait",
            "0",
        ];
        place.run(&arguments)
    };
    doctor(&serve(answers.clone())).well();
    place.run(&["doctor", "shop", "--json"]).well();

    answers.insert("/metrics".to_owned(), (200, "up 1\n".to_owned()));
    let recipe = place.join("shop/formwork.toml");
    let text = std::fs::read_to_string(&recipe).expect("the recipe is there");
    let text = text.replace("[answers]\n", "[answers]\nbroker = \"nats\"\n");
    std::fs::write(&recipe, text).expect("it is written");
    let run = doctor(&serve(answers));
    assert_eq!(run.code, 1, "{run:?}");
    for words in ["adds `nats`", "outbox_published_total is at least 1"] {
        assert!(run.stdout.contains(words), "{words}: {run:?}");
    }
    assert!(run.stderr.contains("2 mistakes"), "{run:?}");
    assert_eq!(place.run(&["doctor", "elsewhere"]).code, 3);
}

#[test]
fn what_was_skipped_is_not_counted_as_held() {
    let place = Place::new();
    let url = serve(evidence(&place));
    let arguments = ["probe", "--url", &url, "--project", "shop", "--wait", "0"];
    let run = place.run(&[&arguments[..], &["--no-commands"]].concat());
    let run = run.well();
    let count = |word: &str| {
        let lines = run.stdout.lines();
        lines.filter(|line| line.starts_with(word)).count()
    };
    let (held, skipped) = (count("ok "), count("skipped "));
    assert!(held > 0 && skipped > 0, "{run:?}");
    let last = format!(
        "{held} of {} probes hold, {skipped} were skipped",
        held + skipped
    );
    assert!(run.stdout.trim_end().ends_with(&last), "{last}: {run:?}");
}

#[test]
fn components_are_not_looked_for_without_the_token() {
    let place = Place::new();
    let url = serve(evidence(&place));
    let run = |token: Option<&str>| {
        let mut command = place.command();
        command
            .args(["probe", "--url", &url, "--project", "shop"])
            .args(["--no-commands", "--wait", "0", "--json"]);
        command.env_remove("SHOP__HEALTH__TOKEN");
        command.envs(token.map(|token| ("SHOP__HEALTH__TOKEN", token)));
        let output = command.output().expect("the binary runs");
        Run::from(output).well().json_lines()
    };
    let needs_token = |line: &&Value| {
        line["kind"] == "health"
            || line["name"] == "health-basic/components-are-listed-to-the-authorised"
    };
    let without = run(None);
    assert!(without.iter().any(|line| line["kind"] == "health"));
    for line in without.iter().filter(needs_token) {
        assert_eq!(line["skipped"], true, "{line}");
        assert_eq!(
            line["found"],
            "SHOP__HEALTH__TOKEN is not set, nor is --health-token given"
        );
    }
    for line in run(Some(TOKEN)).iter().filter(needs_token) {
        assert_eq!(line["skipped"], false, "{line}");
    }
}

#[test]
fn components_shown_to_everybody_are_found() {
    let place = Place::new();
    let mut answers = evidence(&place);
    let shown = answers[&known("/health")].clone();
    answers.insert("/health".to_owned(), shown);
    let url = serve(answers);
    let run = place.run(&[
        "probe",
        "--url",
        &url,
        "--project",
        "shop",
        "--no-commands",
        "--health-token",
        TOKEN,
        "--wait",
        "0",
    ]);
    assert_eq!(run.code, 5);
    assert!(
        run.stderr
            .contains("health-basic/nobody-is-shown-components"),
        "{run:?}"
    );
}

#[test]
fn a_log_that_is_not_structured_is_found() {
    let place = Place::new();
    let url = serve(evidence(&place));
    std::fs::write(place.join("log"), "starting up\n").expect("the file can be written");
    let arguments = [
        "probe",
        "--url",
        &url,
        "--project",
        "shop",
        "--no-commands",
        "--health-token",
        TOKEN,
        "--wait",
        "0",
        "--log",
        "log",
    ];
    let run = place.run(&arguments);
    assert_eq!(run.code, 5);
    assert!(run.stdout.contains("starting up"), "{run:?}");
    assert!(run.stdout.contains("13 of 14 probes hold"), "{run:?}");
}

#[test]
fn a_service_that_is_not_there_is_an_error() {
    let place = Place::new();
    place.shop(&[]).well();
    let unused = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port is free");
    let url = format!("http://{unused}");
    let run = place.run(&[
        "probe",
        "--url",
        &url,
        "--project",
        "shop",
        "--no-commands",
        "--health-token",
        TOKEN,
        "--wait",
        "0",
    ]);
    assert_eq!(run.code, 5);
}

/// Generates a project with metrics, and makes what its probes look for.
fn evidence(place: &Place) -> Answers {
    let new = place
        .shop(&["--answer", "metrics=prometheus", "--json"])
        .well()
        .json();
    let mut answers = Answers::new();
    let mut components = Vec::new();
    let mut metrics = String::new();
    for probe in new["plan"]["probes"].as_array().expect("probes are listed") {
        let text = |key: &str| probe[key].as_str().unwrap_or_default().to_owned();
        match probe["kind"].as_str() {
            Some("http") => {
                let mut body = text("contains");
                if let Some(pointers) = probe["json"]
                    .as_array()
                    .filter(|pointers| !pointers.is_empty())
                {
                    body = with_pointers(pointers).to_string();
                }
                let status = probe["status"].as_u64().expect("a status is expected");
                answers.insert(
                    text("path"),
                    (u16::try_from(status).expect("a status is small"), body),
                );
            }
            Some("metric") => metrics += &format!("{} {}\n", text("series"), probe["min"]),
            Some("health") => {
                components.push(json!({ "name": text("component"), "status": text("status") }))
            }
            Some("scenario") => {
                for step in probe["steps"].as_array().expect("steps are listed") {
                    let path = step["path"].as_str().unwrap_or_default();
                    let token = step["headers"].to_string().contains("${HEALTH__TOKEN}");
                    let path = if token { known(path) } else { path.to_owned() };
                    let body = step["contains"].as_str().unwrap_or_default().to_owned();
                    let status = step["status"].as_u64().expect("a status is expected");
                    let status = u16::try_from(status).expect("a status is small");
                    answers.insert(path, (status, body));
                }
            }
            _ => {}
        }
    }
    if let Some((_, body)) = answers.get_mut("/metrics") {
        metrics += body;
    }
    answers.insert("/metrics".to_owned(), (200, metrics));
    let mut health = json!({ "status": "healthy" });
    answers.insert("/health".to_owned(), (200, health.to_string()));
    health["components"] = Value::from(components);
    answers.insert(known("/health"), (200, health.to_string()));
    answers
}

/// What the answer to those who send the token is called.
fn known(path: &str) -> String {
    format!("{path} to those who send the token")
}

/// An object with a value at each pointer; our pointers have one or two steps, never into a list.
fn with_pointers(pointers: &[Value]) -> Value {
    let mut document = json!({});
    for pointer in pointers {
        let path = pointer[0].as_str().unwrap_or_default();
        let mut place = &mut document;
        for step in path.split('/').skip(1) {
            place = &mut place[step];
        }
        *place = pointer[1].clone();
    }
    document
}

/// Serves the answers on a port of its own until the process ends.
fn serve(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("the listener is bound");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            answer(stream, &answers);
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream, answers: &Answers) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let path = request
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let bearer = format!("authorization: Bearer {TOKEN}");
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let is_known = headers.contains(&bearer);
    let (status, body) = is_known
        .then(|| answers.get(&known(&path)))
        .flatten()
        .or_else(|| answers.get(&path))
        .cloned()
        .unwrap_or((404, "not found".to_owned()));
    // The client may have gone; the test says what it missed.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}
