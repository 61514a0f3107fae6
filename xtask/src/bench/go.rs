//! Benchmarks written in Go: the runtime's peers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Nanoseconds per operation, by the name of the benchmark.
pub(super) type Figures = BTreeMap<String, f64>;

/// Whether there is a Go toolchain.
pub(super) fn is_installed() -> bool {
    let version = Command::new("go")
        .arg("version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

/// Runs each of these benchmarks of the module in `folder` once.
pub(super) fn run(folder: &Path, names: &[&str]) -> Result<Figures> {
    let output = Command::new("go")
        .args(["test", "-run", "^$", "-benchtime", "0.5s", "-bench"])
        .arg(format!("^Benchmark({})$", names.join("|")))
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .context("could not run `go test`")?;
    ensure!(
        output.status.success(),
        "`go test` failed in `{}`",
        folder.display()
    );
    Ok(read(&String::from_utf8_lossy(&output.stdout)))
}

/// The figures in what `go test -bench` prints: `BenchmarkName-2   300   1787 ns/op`.
fn read(output: &str) -> Figures {
    let figure = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.strip_prefix("Benchmark")?;
        let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
        let nanoseconds = words.nth(1)?.parse().ok()?;
        (words.next() == Some("ns/op")).then(|| (name.to_owned(), nanoseconds))
    };
    output.lines().filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_from_the_rest() {
        let output = "goos: linux\nBenchmarkBootstrap10-2  \t  186\t   1699169 ns/op\n\
                      BenchmarkLookup \t 30 \t 0.8284 ns/op\nPASS\nok  \tpeers\t2.8s\n";
        let expected = [("Bootstrap10", 1_699_169.0), ("Lookup", 0.8284)];
        let expected = expected.map(|(name, figure)| (name.to_owned(), figure));
        assert_eq!(read(output), BTreeMap::from(expected));
    }
}
