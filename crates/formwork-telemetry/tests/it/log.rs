//! Logs go to standard output, of which a process has one: a service under test is a process.

use std::process::Command;

use formwork_app::{
    App, Context, Declaration, Error, Module, Policy, ReloadError, Reloads, Running, ServiceInfo,
    Trigger, WireError, Wiring,
};
use formwork_config::{Environment, Loader};
use formwork_domain::BoxFuture;
use formwork_telemetry::{LogFilter, LogModule};
use serde_json::Value;
use tracing::Instrument;

/// A format of the program's own.
const OWN: &str = "own";

/// Set for the process that plays the service.
const CHILD: &str = "FORMWORK_TELEMETRY_TEST_FORMAT";

/// The level is in a file.
struct Files(tempfile::TempDir);

impl Files {
    fn write(&self, level: &str) {
        let text = format!("log.level = \"{level}\"\n");
        std::fs::write(self.0.path().join("default.toml"), text).unwrap();
    }
}

async fn start(format: &str, files: &Files) -> Running {
    let loader = Loader::new("shop")
        .with_environment(Environment::default())
        .with_location(files.0.path())
        .with_value("log.format", format);
    let app = App::new(ServiceInfo::new("shop", "1.0.0"))
        .config(loader)
        .module(LogModule::new())
        .module(Speaker);
    app.start().await.unwrap()
}

/// Says something in every phase, and in a task on behalf of somebody.
struct Speaker;

impl Module for Speaker {
    fn declare(&self) -> Declaration {
        Declaration::new("speaker").instance("loud")
    }

    fn wire(&mut self, _wiring: &mut Wiring<'_>) -> Result<(), WireError> {
        tracing::info!("speaks in wire");
        Ok(())
    }

    fn start<'a>(&'a mut self, context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        context.tasks().spawn("chat", Policy::Once, || async {
            let job = tracing::info_span!("job", tenant = "acme", correlation = "c-2");
            async { tracing::info!("speaks in a task") }
                .instrument(job)
                .await;
            Ok(())
        });
        Box::pin(async {
            tracing::info!("speaks in start");
            Ok(())
        })
    }

    fn stop<'a>(&'a mut self, _context: &'a Context) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            tracing::info!("speaks in stop");
            Ok(())
        })
    }
}

/// The service: does nothing unless it is started by [`output`].
#[tokio::test]
async fn a_service_that_logs() {
    let Ok(format) = std::env::var(CHILD) else {
        return;
    };
    let format = if format == OWN {
        install_own();
        "json"
    } else {
        &format
    };
    let files = Files(tempfile::TempDir::new().unwrap());
    files.write("info,quiet=error");
    let running = start(format, &files).await;
    {
        let _span = tracing::info_span!("request", correlation = "c-1").entered();
        tracing::info!(order = 7, "placed");
        tracing::debug!("too fine");
        tracing::warn!(target: "quiet::part", "not loud enough");
    }
    let filter = running.get::<LogFilter>().unwrap();
    assert!(filter.set("nonsense!").is_err());
    filter.set("debug").unwrap();
    tracing::debug!("fine enough now");
    filter.set("off").unwrap();
    tracing::error!("nobody listens");
    filter.set("info").unwrap();
    let reloads = running.get::<Reloads>().unwrap();
    files.write("shop=trace,off");
    let applied = reloads.reload(Trigger::Signal).await.applied().unwrap();
    assert_eq!(applied.paths, ["log.level"]);
    tracing::trace!(target: "shop::orders", "reloaded");
    tracing::error!("not asked for any more");
    files.write("nonsense!");
    let refused = reloads.reload(Trigger::Signal).await.applied();
    assert!(
        matches!(
            refused.as_ref().map_err(Option::as_deref),
            Err(Some(ReloadError::Invalid(_)))
        ),
        "{refused:?}"
    );
    tracing::trace!(target: "shop::orders", "still as before");
    files.write("info");
    reloads.reload(Trigger::Signal).await.applied().unwrap();
    running.stop().await.unwrap();
}

/// What the service wrote to standard output.
fn output(format: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "log::a_service_that_logs", "--nocapture"])
        .args(["--test-threads", "1"])
        .env(CHILD, format)
        .output()
        .unwrap();
    let output = String::from_utf8(child.stdout).unwrap();
    assert!(child.status.success(), "{output}");
    output
}

/// The JSON of each line.
fn objects(output: &str) -> Vec<Value> {
    output
        .lines()
        // The test harness has its own words before the first line and after the last.
        .filter_map(|line| line.find('{').map(|start| &line[start..]))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn json_logs_are_one_object_per_line_and_the_filter_can_be_changed() {
    let output = output("json");
    let lines = objects(&output);
    for line in &lines {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field} in {line}");
        }
    }
    let find = |message: &str| lines.iter().find(|line| line["message"] == message);
    let placed = find("placed").unwrap();
    assert_eq!(placed["level"], "info");
    assert_eq!(placed["order"], 7);
    assert_eq!(placed["correlation"], "c-1");
    for said in ["fine enough now", "reloaded", "still as before"] {
        assert!(find(said).is_some(), "{said}");
    }
    for silent in [
        "too fine",
        "not loud enough",
        "nobody listens",
        "not asked for any more",
    ] {
        assert!(find(silent).is_none(), "{silent}");
    }
}

/// Proves: R-047.
#[test]
fn lines_of_modules_say_which_module_instance_phase_task_tenant_and_correlation() {
    let output = output("json");
    let lines = objects(&output);
    let find = |message: &str, phase: Option<&str>| {
        let mut lines = lines.iter();
        let found = lines.find(|line| {
            line["message"] == message
                && line["module"] == "speaker@loud"
                && line["instance"] == "loud"
                && line["phase"].as_str() == phase
        });
        found.unwrap_or_else(|| panic!("`{message}` in {phase:?}: {output}"))
    };
    find("speaks in wire", Some("wire"));
    find("speaks in start", Some("start"));
    find("speaks in stop", Some("stop"));
    // The application's own lines of a module as well.
    find("started", Some("start"));
    find("stopped", Some("stop"));
    let line = find("speaks in a task", None);
    assert_eq!(line["task"], "chat");
    assert_eq!(line["tenant"], "acme");
    assert_eq!(line["correlation"], "c-2");
}

#[test]
fn text_logs_are_for_people() {
    let output = output("text");
    let placed = output.lines().find(|line| line.contains("placed")).unwrap();
    assert!(
        placed.contains("INFO") && placed.contains("order=7"),
        "{placed}"
    );
    assert!(placed.contains("correlation=\"c-1\""), "{placed}");
}

/// The subscriber of a program that has one before the service starts.
fn install_own() {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stdout)
        .with_ansi(false)
        .without_time()
        .with_target(false);
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
}

#[test]
fn a_subscriber_that_is_there_already_stays() {
    let output = output(OWN);
    let placed = output.lines().find(|line| line.contains("placed")).unwrap();
    assert!(placed.ends_with("placed order=7"), "{placed}");
    assert!(!output.contains("timestamp"), "{output}");
}

#[test]
fn a_wrong_level_is_found_before_anything_starts() {
    let loader = Loader::new("shop")
        .with_environment(Environment::default())
        .with_value("log.level", "info,sqlx=loud");
    let app = App::new(ServiceInfo::new("shop", "1.0.0"))
        .config(loader)
        .module(LogModule::new());
    let error = app.check().unwrap_err().to_string();
    assert!(
        error.contains("log.level") && error.contains("`sqlx=loud`"),
        "{error}"
    );
}
