//! Finding and stopping the servers' processes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long a server may take to stop after each signal.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server's main process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) port: u16,
}

/// The process of `program` whose command line names `data` or something in it. A remembered pid
/// is never trusted: the system may have given it to another program since.
pub(super) fn find(program: &str, data: &Path) -> Result<Option<Process>> {
    for entry in fs::read_dir("/proc").context("could not list `/proc`")? {
        // Processes come and go while we look.
        let Ok(entry) = entry else { continue };
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(line) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        if let Some(port) = port(program, data, &line) {
            return Ok(Some(Process { pid, port }));
        }
    }
    Ok(None)
}

/// The port on the command line, if it is that of `program` with `data`.
fn port(program: &str, data: &Path, line: &[u8]) -> Option<u16> {
    let arguments: Vec<&str> = line
        .split(|&byte| byte == 0)
        .map(std::str::from_utf8)
        .collect::<Result<_, _>>()
        .ok()?;
    let runs_program = Path::new(arguments.first()?).file_name()? == program;
    let has_data = arguments
        .iter()
        .any(|part| Path::new(part).starts_with(data));
    let port = arguments.iter().position(|&part| part == "-p")? + 1;
    let port = arguments.get(port)?.parse().ok()?;
    (runs_program && has_data).then_some(port)
}

/// Stops the process, if there is one, trying each signal in turn.
pub(super) fn stop(program: &str, data: &Path, signals: &[&str]) -> Result<()> {
    for signal in signals {
        let Some(process) = find(program, data)? else {
            return Ok(());
        };
        let status = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\""])
            .args([signal, process.pid.to_string().as_str()])
            .status()
            .context("could not run `sh`")?;
        // It may have gone by itself in between.
        ensure!(
            status.success() || find(program, data)?.is_none(),
            "could not send {signal} to process {}",
            process.pid
        );
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if find(program, data)?.is_none() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    match find(program, data)? {
        None => Ok(()),
        Some(process) => bail!("process {} does not stop", process.pid),
    }
}

/// Waits until no process has its working directory in `folder`.
pub(super) fn wait_until_unused(folder: &Path) -> Result<()> {
    let start = Instant::now();
    loop {
        let user = fs::read_dir("/proc")
            .context("could not list `/proc`")?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)));
        let Some(user) = user else {
            return Ok(());
        };
        ensure!(
            start.elapsed() < PATIENCE,
            "`{}` still uses `{}`",
            user.display(),
            folder.display()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<u16>) {
        let line = line.replace(' ', "\0");
        let found = port("nats-server", Path::new("/srv/x/nats"), line.as_bytes());
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn only_the_program_with_our_data_is_ours() {
        check(
            "/usr/sbin/nats-server -c /srv/x/nats/server.conf -p 4711 ",
            Some(4711),
        );
        check("nats-server -p 4711 -c /srv/x/nats ", Some(4711));
        check(
            "/usr/sbin/nats-server -c /srv/y/nats/server.conf -p 4711 ",
            None,
        );
        check(
            "/usr/sbin/nats-server -c /srv/x/nats-2/server.conf -p 4711 ",
            None,
        );
        check("/usr/bin/vim /srv/x/nats/server.conf -p 4711 ", None);
        check("/usr/sbin/nats-server -c /srv/x/nats/server.conf ", None);
        check("", None);
    }
}
