//! `formwork demo`: the e-commerce example from nothing to one order followed through a running service.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::cargo;
use crate::cli::{Choices, Demo};
use crate::composition::{self, Composed};
use crate::http::{Answer, Client};
use crate::interrupt::Interrupt;
use crate::name::environment_prefix;
use crate::probe::{self, Outcome, Scene};
use crate::report::{BOLD, Failure, GREEN, PLAIN, Problem, data, json_line, say};
use crate::service::Service;
use crate::timings::Timings;
use crate::{catalog, situation};

/// The service's name, and the preset it is made of.
const NAME: &str = "ecommerce";

/// What is added to the embedded default, so that there is something to look at.
const SHOWN: &[&str] = &["openapi", "prometheus"];

/// The file that says that a folder belongs to the demo, so that it may be emptied.
const MARKER: &str = ".formwork-demo";

/// How long the service may take to start, to react to an event, and to stop.
const START: Duration = Duration::from_secs(30);
const REACT: Duration = Duration::from_secs(15);
const STOP: Duration = Duration::from_secs(30);

/// How often something expected is looked for.
const PAUSE: Duration = Duration::from_millis(20);

/// A step of the demo, as one line of JSON.
#[derive(Serialize)]
struct Step<'a> {
    name: &'a str,
    ok: bool,
    milliseconds: u128,
    #[serde(skip_serializing_if = "Value::is_null")]
    result: Value,
}

pub(crate) fn run(demo: &Demo) -> Result<(), Failure> {
    let interrupt = Interrupt::install()?;
    let mut show = Show {
        json: demo.json,
        step: Instant::now(),
    };
    let folder = prepare(&demo.dir.clone().unwrap_or_else(cache_folder))?;
    let project = folder.join(NAME);
    let generated = generate(&project)?;
    show.step("generate", &format!("{NAME} in {}", project.display()), json!({ "project": project.display().to_string(), "features": generated.plan.versions(), "tree-hash": generated.document().tree_hash }))?;

    let binary = cargo::build(
        &project,
        NAME,
        &folder.join("target"),
        demo.optimized,
        &interrupt,
    )?;
    show.step(
        "build",
        &format!("built {}", binary.display()),
        json!({ "binary": binary.display().to_string() }),
    )?;

    let token = random_token()?;
    let mut service = start(&binary, &folder, &project, &token)?;
    let address = service.address(START, &interrupt)?;
    let client = Client::new(&format!("http://{address}"));
    wait_until_ready(&client, &mut service, &interrupt)?;
    show.step(
        "start",
        &format!("the service is ready on {}", client.base()),
        json!({ "url": client.base(), "pid": service.id() }),
    )?;

    let followed = follow_an_order(&client, &mut service, &interrupt, &mut show);
    let proven = followed.and_then(|()| {
        if demo.check {
            prove(
                &generated,
                &client,
                &token,
                &mut service,
                &project,
                &interrupt,
                &mut show,
            )
        } else {
            Ok(())
        }
    });
    if let Err(failure) = proven {
        // The failure is what matters; the service ends either way.
        let _ = service.stop(STOP);
        return Err(failure);
    }
    if !demo.check {
        show.addresses(&generated, &client, &token)?;
        while !interrupt.wait(Duration::from_millis(200)) {
            service.still_running()?;
        }
        say("\nstopping …");
    }
    service.stop(STOP)?;
    show.step("stop", "the service stopped gracefully", Value::Null)
}

/// A folder that survives between runs: the user's cache, or else the system's temporary folder.
fn cache_folder() -> PathBuf {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map_or_else(
            || env::temp_dir().join("formwork-demo"),
            |cache| cache.join("formwork").join("demo"),
        )
}

/// Makes the folder ours. A folder with anything else in it is left alone.
fn prepare(folder: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: &io::Error| {
        Failure::io(
            format_args!("cannot use the folder `{}`", folder.display()),
            error,
        )
    };
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let folder = fs::canonicalize(folder).map_err(|error| failed(&error))?;
    let marker = folder.join(MARKER);
    if !marker.exists() {
        if fs::read_dir(&folder)
            .map_err(|error| failed(&error))?
            .next()
            .is_some()
        {
            return Err(Failure::input(
                Problem::new(format!(
                    "the folder `{}` is not empty, and no demo made it",
                    folder.display()
                ))
                .hint("name an empty folder with --dir"),
            ));
        }
        fs::write(
            &marker,
            "This folder belongs to `formwork demo`, which may empty it.\n",
        )
        .map_err(|error| failed(&error))?;
    }
    Ok(folder)
}

/// Generates the example on the embedded default, with everything there is to look at. What is there already stays, so that
/// the next build is quick; anything else makes way.
fn generate(project: &Path) -> Result<Composed, Failure> {
    let catalog = catalog::read()?;
    let choices = Choices {
        preset: Some(NAME.to_owned()),
        with: SHOWN.iter().map(|id| (*id).to_owned()).collect(),
        ..Choices::default()
    };
    let request = situation::request(NAME, &choices)?;
    let composed = composition::work_out(
        &catalog,
        request.order,
        &Choices::default(),
        &mut Timings::default(),
    )?;
    let same = formwork_generate::read_lock(project)
        .is_ok_and(|lock| lock.tree == composed.document().tree_hash)
        && formwork_generate::drift(project).is_ok_and(|drifts| drifts.is_empty());
    if !same {
        if project.exists() {
            fs::remove_dir_all(project).map_err(|error| {
                Failure::io(format_args!("cannot empty `{}`", project.display()), &error)
            })?;
        }
        super::new::create(&composed, project)?;
    }
    Ok(composed)
}

/// A token nobody can guess, from the system's random numbers.
fn random_token() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(|error| Failure::io(format_args!("cannot read `/dev/urandom`"), &error))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Starts the service on a free port with an empty database; who sends the token is shown its components.
fn start(binary: &Path, folder: &Path, project: &Path, token: &str) -> Result<Service, Failure> {
    let state = folder.join("state");
    if state.exists() {
        fs::remove_dir_all(&state).map_err(|error| {
            Failure::io(format_args!("cannot empty `{}`", state.display()), &error)
        })?;
    }
    fs::create_dir_all(&state).map_err(|error| {
        Failure::io(format_args!("cannot create `{}`", state.display()), &error)
    })?;
    let prefix = environment_prefix(NAME);
    let mut command = Command::new(binary);
    command
        .current_dir(project)
        .env(format!("{prefix}__HTTP__LISTEN"), "127.0.0.1:0")
        .env(
            format!("{prefix}__SQLITE__PATH"),
            state.join(format!("{NAME}.db")),
        )
        .env(format!("{prefix}__{}", probe::HEALTH_TOKEN), token);
    Service::start(command)
}

fn wait_until_ready(
    client: &Client,
    service: &mut Service,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let deadline = Instant::now() + START;
    loop {
        let answer = client.get("/readyz");
        if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        service.still_running()?;
        if interrupt.wait(PAUSE) {
            return Err(Failure::interrupted("waiting for the service"));
        }
        if Instant::now() > deadline {
            let found = answer.map_or_else(
                |error| error,
                |answer| format!("GET /readyz answers {}: {}", answer.status, answer.body),
            );
            return Err(service.failure(format!(
                "the service was not ready within {} s: {found}",
                START.as_secs()
            )));
        }
    }
}

/// Puts goods in the warehouse, orders some, and waits for what the order's event sets off elsewhere.
fn follow_an_order(
    client: &Client,
    service: &mut Service,
    interrupt: &Interrupt,
    show: &mut Show,
) -> Result<(), Failure> {
    let article =
        json!({ "sku": "MUG-0042", "title": "A mug", "on_hand": 100, "reorder_level": 10 });
    let article = created(
        client.post("/api/stock-items", &article),
        "POST /api/stock-items",
        service,
    )?;
    show.step(
        "stock",
        "POST /api/stock-items: 100 mugs are in the warehouse",
        article,
    )?;

    let order = json!({
        "customer": "ada",
        "deliver_to": { "recipient": "Ada Lovelace", "street": "12 St James's Square", "postcode": "SW1Y 4JH", "city": "London", "country": "GB" },
        "lines": [{ "sku": "MUG-0042", "quantity": 2, "price": { "minor": 1250, "currency": "EUR" } }],
    });
    let order = created(
        client.post("/api/orders", &order),
        "POST /api/orders",
        service,
    )?;
    let Some(id) = order["id"].as_str().map(str::to_owned) else {
        return Err(service.failure(format!("POST /api/orders answers without an `id`: {order}")));
    };
    show.step(
        "order",
        &format!("POST /api/orders: the order {id} is placed"),
        order,
    )?;

    let path = format!("/api/payments?order={id}");
    let payment = eventually(
        service,
        interrupt,
        &format!("no payment for the order {id} appeared: its event was not delivered"),
        || {
            let answer = client.get(&path)?.json();
            let first = answer.get("items").unwrap_or(&answer).get(0).cloned();
            first.ok_or_else(|| format!("GET {path} answers {answer}"))
        },
    )?;
    show.step(
        "event",
        "order.placed went through the outbox to the payments",
        json!({ "event": "order.placed", "consumer": "payment" }),
    )?;
    let text = format!(
        "GET {path}: payment {} of {} is {}",
        text_of(&payment["id"]),
        money_of(&payment["amount"]),
        text_of(&payment["state"])
    );
    show.step("payment", &text, payment)
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// `25.00 EUR`; the demo pays in a currency with two decimals.
fn money_of(value: &Value) -> String {
    let minor = value["minor"].as_i64().unwrap_or_default();
    format!(
        "{}.{:02} {}",
        minor / 100,
        minor % 100,
        text_of(&value["currency"])
    )
}

/// The body of an answer that says that something was made.
fn created(
    answer: Result<Answer, String>,
    request: &str,
    service: &mut Service,
) -> Result<Value, Failure> {
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(answer.json()),
        Ok(answer) => Err(service.failure(format!(
            "{request} answers {}: {}",
            answer.status, answer.body
        ))),
        Err(error) => Err(service.failure(format!("{request} failed: {error}"))),
    }
}

/// Looks again and again until there is something to see.
fn eventually<T>(
    service: &mut Service,
    interrupt: &Interrupt,
    otherwise: &str,
    mut look: impl FnMut() -> Result<T, String>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + REACT;
    loop {
        let found = match look() {
            Ok(value) => return Ok(value),
            Err(found) => found,
        };
        service.still_running()?;
        if interrupt.wait(PAUSE) {
            return Err(Failure::interrupted("waiting for an event"));
        }
        if Instant::now() > deadline {
            return Err(service.failure(format!("{otherwise} ({found})")));
        }
    }
}

/// Runs the acceptance probes of every selected feature.
fn prove(
    generated: &Composed,
    client: &Client,
    token: &str,
    service: &mut Service,
    project: &Path,
    interrupt: &Interrupt,
    show: &mut Show,
) -> Result<(), Failure> {
    let log = service.log();
    let prefix = environment_prefix(generated.recipe.project.name());
    let scene = Scene {
        client,
        project,
        log: Some(&log),
        commands: true,
        changes: true,
        prefix: &prefix,
        health_token: Some(token),
        patience: REACT,
        interrupt,
    };
    let mut failed: Vec<Outcome> = Vec::new();
    let mut skipped = 0;
    for planned in &generated.document().probes {
        let outcome = probe::run(&planned.feature, &planned.probe, &scene);
        super::probe::show(&outcome, show.json)?;
        skipped += usize::from(outcome.skipped);
        if !outcome.ok {
            failed.push(outcome);
        }
        if interrupt.is_set() {
            return Err(Failure::interrupted("probing the service"));
        }
    }
    if !show.json {
        let total = generated.document().probes.len();
        super::probe::summarize(total, failed.len(), skipped)?;
    }
    super::probe::verdict(&failed).map_err(|mut failure| {
        if let Some(last) = failure.problems.last_mut() {
            last.notes.extend(service.tail());
        }
        failure
    })
}

/// Where the demo's steps are shown.
struct Show {
    json: bool,
    /// When the step that is under way began.
    step: Instant,
}

impl Show {
    /// A step that was done.
    fn step(&mut self, name: &str, text: &str, result: Value) -> Result<(), Failure> {
        let milliseconds = self.step.elapsed().as_millis();
        self.step = Instant::now();
        if self.json {
            return json_line(&Step {
                name,
                ok: true,
                milliseconds,
                result,
            });
        }
        data(&format!("{GREEN}{name:<9}{PLAIN} {text}\n"))
    }

    /// What there is to see while the service runs.
    fn addresses(&self, generated: &Composed, client: &Client, token: &str) -> Result<(), Failure> {
        let base = client.base();
        let mut addresses = vec![
            ("API", format!("{base}/api/orders")),
            ("health", format!("{base}/health")),
        ];
        for (feature, what, path) in [
            ("openapi", "API docs", "/docs"),
            ("openapi", "OpenAPI", "/openapi.json"),
            ("prometheus", "metrics", "/metrics"),
        ] {
            if generated.plan.contains(feature) {
                addresses.push((what, format!("{base}{path}")));
            }
        }
        if self.json {
            let addresses: Value = addresses
                .into_iter()
                .map(|(what, address)| (what.to_owned(), Value::from(address)))
                .collect::<serde_json::Map<_, _>>()
                .into();
            return json_line(&Step {
                name: "addresses",
                ok: true,
                milliseconds: 0,
                result: addresses,
            });
        }
        data("\n")?;
        for (what, address) in addresses {
            data(&format!("{BOLD}{what:<8}{PLAIN} {address}\n"))?;
        }
        data(&format!(
            "\n{base}/health names its components to those who send\n  authorization: Bearer {token}\n"
        ))?;
        say("\nrunning until Ctrl-C");
        Ok(())
    }
}
