//! Parts of the runtime: the benchmarks of its crates, beside peers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Row, go};
use crate::workspace;

const ROUNDS: usize = 5;

/// A benchmark of a crate, with what is expected of it.
struct Benchmark {
    name: &'static str,
    package: &'static str,
    target: &'static str,
    /// As the benchmark calls itself.
    id: &'static str,
    unit: Unit,
    goal: f64,
    /// The peer, and the name of its benchmark.
    peer: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Copy)]
enum Unit {
    Nanoseconds,
    Microseconds,
    Milliseconds,
}

impl Unit {
    fn symbol(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
        }
    }

    fn of(self, nanoseconds: f64) -> f64 {
        match self {
            Self::Nanoseconds => nanoseconds,
            Self::Microseconds => nanoseconds / 1e3,
            Self::Milliseconds => nanoseconds / 1e6,
        }
    }
}

const FX: &str = "fx 1.24";
const DIG: &str = "dig 1.19";
const CONTEXT: &str = "Go context";
const KOANF: &str = "koanf 2.4 + validator 10";

const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "runtime: typed handle",
        package: "formwork-app",
        target: "core",
        id: "look-up/handle",
        unit: Unit::Nanoseconds,
        goal: 5.0,
        peer: Some((DIG, "LookupTypedHandle")),
    },
    Benchmark {
        name: "runtime: look-up by trait of 500",
        package: "formwork-app",
        target: "core",
        id: "look-up/by-trait-of-500",
        unit: Unit::Nanoseconds,
        goal: 20.0,
        peer: Some((DIG, "LookupByTrait500")),
    },
    Benchmark {
        name: "runtime: look-up by trait of 500, all cores",
        package: "formwork-app",
        target: "core",
        id: "look-up/by-trait-of-500-contended",
        unit: Unit::Nanoseconds,
        goal: 20.0,
        peer: None,
    },
    Benchmark {
        name: "runtime: start of 10 modules",
        package: "formwork-app",
        target: "core",
        id: "boot/10-modules",
        unit: Unit::Microseconds,
        goal: 100.0,
        peer: Some((FX, "Bootstrap10")),
    },
    Benchmark {
        name: "runtime: start of 500 modules",
        package: "formwork-app",
        target: "core",
        id: "boot/500-modules",
        unit: Unit::Milliseconds,
        goal: 2.0,
        peer: Some((FX, "Bootstrap500")),
    },
    Benchmark {
        name: "runtime: configuration of 1,000 fields",
        package: "formwork-config",
        target: "load",
        id: "load and validate 1,000 fields",
        unit: Unit::Milliseconds,
        goal: 1.0,
        peer: Some((KOANF, "Config1000Fields")),
    },
    Benchmark {
        name: "runtime: health snapshot",
        package: "formwork-app",
        target: "health",
        id: "health snapshot read",
        unit: Unit::Nanoseconds,
        goal: 50.0,
        peer: None,
    },
    Benchmark {
        name: "runtime: health snapshot beside a hung check",
        package: "formwork-app",
        target: "health",
        id: "health snapshot read, the eleventh hung",
        unit: Unit::Nanoseconds,
        goal: 50.0,
        peer: None,
    },
    Benchmark {
        name: "runtime: cycle of 10 health checks",
        package: "formwork-app",
        target: "health",
        id: "health cycle of 10 checks",
        unit: Unit::Microseconds,
        goal: 20.0,
        peer: None,
    },
    Benchmark {
        name: "runtime: reload of 5 modules",
        package: "formwork-app",
        target: "reload",
        id: "reload/5 modules, 10 values changed",
        unit: Unit::Milliseconds,
        goal: 2.0,
        peer: None,
    },
    Benchmark {
        name: "runtime: tenant of an operation, 500 tenants",
        package: "formwork-tenancy",
        target: "context",
        id: "tenant/of-an-operation",
        unit: Unit::Nanoseconds,
        goal: 5.0,
        peer: Some((CONTEXT, "TenantContext")),
    },
];

/// Where the peers are.
const PEERS: &str = "benches/runtime-go";

/// Measures the benchmarks that are wanted: round by round, each round first ours, then the peers.
pub(super) fn measure(root: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Row>> {
    let chosen: Vec<_> = BENCHMARKS
        .iter()
        .filter(|benchmark| wanted(benchmark.name))
        .collect();
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let peers: Vec<_> = chosen
        .iter()
        .filter_map(|benchmark| benchmark.peer.map(|(_, id)| id))
        .collect();
    let peers_run = !peers.is_empty() && go::is_installed();
    if !peers_run && !peers.is_empty() {
        eprintln!("warning: no `go` here, so nothing is measured beside the runtime");
    }
    let targets: BTreeSet<_> = chosen
        .iter()
        .map(|benchmark| (benchmark.package, benchmark.target))
        .collect();

    let mut ours: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut theirs: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for round in 1..=ROUNDS {
        eprintln!("measuring the runtime, round {round} of {ROUNDS} …");
        let home = tempfile::tempdir().context("could not create a temporary folder")?;
        for (package, target) in &targets {
            bench(root, home.path(), package, target)?;
        }
        let medians = medians(home.path())?;
        for benchmark in &chosen {
            let median = medians.get(benchmark.id).with_context(|| {
                format!(
                    "`{}` has no benchmark `{}`",
                    benchmark.package, benchmark.id
                )
            })?;
            ours.entry(benchmark.id).or_default().push(*median);
        }
        if peers_run {
            for (name, figure) in go::run(&root.join(PEERS), &peers)? {
                theirs.entry(name).or_default().push(figure);
            }
        }
    }

    let row = |benchmark: &Benchmark| {
        let unit = benchmark.unit;
        let in_unit = |values: &[f64]| values.iter().map(|value| unit.of(*value)).collect();
        let values = in_unit(&ours[benchmark.id]);
        let row = Row::new(benchmark.name, unit.symbol(), benchmark.goal, values);
        match benchmark.peer {
            Some((peer, id)) if theirs.contains_key(id) => row.beside(peer, in_unit(&theirs[id])),
            _ => row,
        }
    };
    Ok(chosen.into_iter().map(row).collect())
}

fn bench(root: &Path, home: &Path, package: &str, target: &str) -> Result<()> {
    let status = workspace::cargo(root)
        .args(["bench", "--quiet", "--all-features"])
        .args(["--package", package, "--bench", target])
        .args(["--", "--noplot", "--quiet"])
        .args(["--sample-size", "20", "--warm-up-time", "0.5"])
        .args(["--measurement-time", "1"])
        .env("CRITERION_HOME", home)
        .stdout(std::process::Stdio::null())
        .status()
        .context("could not run `cargo bench`")?;
    ensure!(status.success(), "`cargo bench --package {package}` failed");
    Ok(())
}

/// The medians below a folder of results, in nanoseconds, by the full names of the benchmarks.
fn medians(folder: &Path) -> Result<BTreeMap<String, f64>> {
    let mut medians = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let (about, estimates) = (path.join("benchmark.json"), path.join("estimates.json"));
        if path.ends_with("new") && about.is_file() {
            let read = |path: &Path| -> Result<serde_json::Value> {
                Ok(serde_json::from_slice(&fs::read(path)?)?)
            };
            let (about, estimates) = (read(&about)?, read(&estimates)?);
            let id = about["full_id"].as_str().context("a result has no name")?;
            let median = estimates["median"]["point_estimate"].as_f64();
            medians.insert(id.to_owned(), median.context("a result has no median")?);
        } else {
            medians.extend(self::medians(&path)?);
        }
    }
    Ok(medians)
}
