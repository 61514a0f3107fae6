//! The compose file of a project, held against its service.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::project::Project;

/// Docker waits for an orderly stop as long as the service is told, which is long enough; a service
/// whose stop would not fit says so before anything starts.
pub(crate) fn prove(project: &Project, binary: &Path, settings: &[(String, String)]) {
    let variable = format!("{}__APP__GRACE_PERIOD", project.name.to_uppercase());
    let text = fs::read_to_string(project.folder.join("compose.yaml"));
    let text = text.expect("there is a compose file");
    let value = |key: &str| {
        let mut lines = text.lines().map(str::trim);
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        let value = value.unwrap_or_else(|| panic!("no {key} in {text}"));
        value.trim().trim_matches(['"', '\'']).to_owned()
    };
    let period = value("stop_grace_period");
    assert_eq!(value(&variable), period);

    let check = |arguments: &[&str]| -> Output {
        let mut command = Command::new(binary);
        command
            .arg("--check-config")
            .args(arguments)
            .current_dir(&project.folder)
            .envs(settings.iter().map(|(key, value)| (key, value)))
            .env(&variable, &period);
        command.output().expect("the service runs")
    };
    let fits = check(&[]);
    assert!(fits.status.success(), "{fits:?}");
    let longer = check(&["--set", "app.drain-timeout=20s"]);
    let said = String::from_utf8_lossy(&longer.stderr);
    assert!(!longer.status.success(), "{longer:?}");
    assert!(said.contains("`app.grace-period` is shorter"), "{said}");
}
