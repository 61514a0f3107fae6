//! The bars of the resolver on made-up catalogs: CPU time of one core, at the median and at P99
//! over many catalogs and wishes. One JSON object per row.
//!
//! Every case is taken as the smallest of a few runs, so that the tail is that of the cases and not
//! of the machine. A part of a row's name as argument measures only those rows.

mod synthetic;

use std::hint::black_box;

use formwork_resolve::{Plan, ResolveError, Resolver, resolve};
use rustix::time::{ClockId, clock_gettime};

const RUNS: usize = 3;

/// A size of catalog, and how many cases of it are measured.
struct Size {
    features: usize,
    versions: usize,
    catalogs: u64,
    cases: u64,
    /// Milliseconds at P99 for a plan, and for a conflict with its fixes.
    plan: f64,
    conflict: f64,
}

const SIZES: [Size; 2] = [
    Size {
        features: 60,
        versions: 3,
        catalogs: 20,
        cases: 30,
        plan: 1.0,
        conflict: 2.0,
    },
    Size {
        features: 200,
        versions: 5,
        catalogs: 10,
        cases: 40,
        plan: 8.0,
        conflict: 2.0,
    },
];

fn main() {
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    for size in &SIZES {
        let name = format!("{} × {}", size.features, size.versions);
        let (mut plans, mut warm, mut conflicts) = (Vec::new(), Vec::new(), Vec::new());
        for seed in 0..size.catalogs {
            let catalog = synthetic::catalog(size.features, size.versions, seed);
            let resolver = Resolver::new(&catalog);
            for case in 0..size.cases {
                let wishes = synthetic::wishes(size.features, size.versions, seed * 1000 + case);
                match measure(|| resolve(&catalog, &wishes)) {
                    (spent, Outcome::Plan) => {
                        plans.push(spent);
                        warm.push(measure(|| resolver.resolve(&wishes)).0);
                    }
                    (spent, Outcome::Conflict) => conflicts.push(spent),
                }
            }
        }
        for (what, values, goal) in [
            ("exact plan", plans, size.plan),
            ("exact plan, catalog made ready before", warm, size.plan),
            ("conflict with fixes", conflicts, size.conflict),
        ] {
            let name = format!("{what}, {name}");
            if filter
                .as_ref()
                .is_none_or(|filter| name.contains(filter.as_str()))
            {
                report(&name, values, goal);
            }
        }
    }
}

enum Outcome {
    Plan,
    Conflict,
}

/// Milliseconds from a catalog in memory to the plan, or to the explained conflict as text.
fn measure(resolve: impl Fn() -> Result<Plan, ResolveError>) -> (f64, Outcome) {
    let mut least = f64::INFINITY;
    let mut outcome = Outcome::Plan;
    for _ in 0..RUNS {
        let start = now();
        outcome = match black_box(resolve()) {
            Ok(plan) => {
                assert!(plan.optimal);
                Outcome::Plan
            }
            Err(ResolveError::Conflict(conflict)) => {
                black_box(conflict.to_string());
                Outcome::Conflict
            }
            Err(error) => panic!("{error}"),
        };
        least = least.min(now() - start);
    }
    (least, outcome)
}

/// CPU time of this thread in milliseconds.
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn report(name: &str, mut values: Vec<f64>, goal: f64) {
    values.sort_by(f64::total_cmp);
    let at = |percent: usize| values[(values.len() * percent / 100).min(values.len() - 1)];
    println!(
        "{{\"name\":\"{name}\",\"cases\":{},\"median\":{:.3},\"p90\":{:.3},\"p99\":{:.3},\"most\":{:.3},\"unit\":\"ms\",\"goal\":{goal},\"ok\":{}}}",
        values.len(),
        at(50),
        at(90),
        at(99),
        values[values.len() - 1],
        at(99) <= goal
    );
}
