//! A project of 100 files that both sides changed, and files of 10,000 lines.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::{fs, io};

use criterion::{Criterion, criterion_group, criterion_main};
use formwork_merge::{Labels, Outcome, Sides, merge};

struct File {
    path: PathBuf,
    base: String,
    ours: String,
    theirs: String,
}

impl File {
    fn merge(&self, labels: &Labels) -> Outcome {
        let sides = Sides {
            base: Some(self.base.as_bytes()),
            ours: Some(self.ours.as_bytes()),
            theirs: Some(self.theirs.as_bytes()),
        };
        merge(&self.path, &sides, labels)
    }
}

/// The first 100 files of the committed example, each with an addition of both sides and a word changed by each.
fn project() -> io::Result<Vec<File>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/ecommerce");
    let mut folders = vec![root];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
            match name.as_deref() {
                Some("vendor" | "target" | ".formwork" | "Cargo.lock") => {}
                _ if path.is_dir() => folders.push(path),
                _ => paths.push(path),
            }
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if let Ok(base) = fs::read_to_string(&path)
            && files.len() < 100
        {
            files.push(file(path, base));
        }
    }
    Ok(files)
}

fn file(path: PathBuf, base: String) -> File {
    let addition = |name: &str| match path.extension().and_then(|it| it.to_str()) {
        Some("rs") => format!("\nfn {name}() {{\n    todo();\n}}\n"),
        Some("toml") => format!("\n[{name}]\nkey = 1\n"),
        Some("md") => format!("\n## {name}\n\nText.\n"),
        Some("sql") => format!("\nSELECT {name};\n"),
        _ => String::new(),
    };
    File {
        ours: base.replacen("the ", "the new ", 1) + &addition("ours"),
        theirs: base.replacen(" a ", " my ", 1) + &addition("mine"),
        path,
        base,
    }
}

/// A file of 10,000 lines with a change of each side in every 100th.
fn large(path: &str, line: fn(usize, &str) -> String, frame: (&str, &str)) -> File {
    let text = |ours: &str, at: usize| {
        let mut text = String::from(frame.0);
        for number in 0..10_000 {
            let mark = match number % 100 == at {
                true => ours,
                false => "same",
            };
            text.push_str(&line(number, mark));
        }
        text.push_str(frame.1);
        text
    };
    File {
        path: PathBuf::from(path),
        base: text("", usize::MAX),
        ours: text("ours", 10),
        theirs: text("mine", 60),
    }
}

fn files(criterion: &mut Criterion) {
    let labels = Labels::default();
    let project = project().expect("the example is there");
    assert_eq!(project.len(), 100);
    criterion.bench_function("merge/project-of-100-files", |bencher| {
        bencher.iter(|| {
            for file in &project {
                let _ = black_box(file.merge(&labels));
            }
        });
    });
    let large = [
        large("a.txt", |n, it| format!("{it} {n}\n"), ("", "")),
        large(
            "a.rs",
            |n, it| format!("fn name_{n}() {{ {it}() }}\n"),
            ("", ""),
        ),
        large(
            "b.rs",
            |n, it| format!("    call_{n}({it});\n"),
            ("fn a() {\n", "}\n"),
        ),
        large(
            "a.toml",
            |n, it| format!("key_{n} = \"{it}\"\n"),
            ("[a]\n", ""),
        ),
        large("a.yaml", |n, it| format!("  key_{n}: {it}\n"), ("a:\n", "")),
        large(
            "a.json",
            |n, it| format!("  \"key_{n}\": \"{it}\",\n"),
            ("{\n", "  \"end\": 1\n}\n"),
        ),
        large(
            "a.sql",
            |n, it| format!("SELECT {it} FROM t_{n};\n"),
            ("", ""),
        ),
        large(
            "a.md",
            |n, it| format!("- item {n} {it}\n"),
            ("# A\n\n", ""),
        ),
    ];
    for file in &large {
        let outcome = file.merge(&labels);
        assert!(matches!(outcome, Outcome::Written(_)), "{:?}", file.path);
        let name = format!("merge/10000-lines/{}", file.path.display());
        criterion.bench_function(&name, |bencher| {
            bencher.iter(|| black_box(file.merge(&labels)));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = files
}
criterion_main!(benches);
