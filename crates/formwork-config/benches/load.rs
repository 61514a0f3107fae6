//! Loading 1,000 fields, and comparing what was loaded.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use formwork_config::{ByteSize, Config, Environment, Loader, Secret, Section};

/// A struct of fields that are each there for a list of names.
macro_rules! fields {
    ($($limits:tt [$($name:ident)*]: $type:ty;)*) => {
        /// Fifty fields.
        #[expect(dead_code, reason = "the values are of no interest")]
        #[derive(Config)]
        struct Fifty {$($(
            /// A field.
            #[config $limits]
            $name: $type,
        )*)*}
    };
}

fields! {
    (length(min = 1, max = 80))
    [text_a text_b text_c text_d text_e text_f text_g text_h text_i text_j]: String;
    (default = 1, range(min = 1, max = 100_000))
    [number_a number_b number_c number_d number_e number_f number_g number_h number_i number_j]: u32;
    (class = "public")
    [flag_a flag_b flag_c flag_d flag_e flag_f flag_g flag_h flag_i flag_j]: bool;
    (default = "1s", range(max = "1h"), dynamic)
    [span_a span_b span_c span_d span_e span_f span_g span_h]: Duration;
    (default = "1MiB")
    [size_a size_b size_c size_d]: ByteSize;
    (length(max = 3))
    [list_a list_b list_c list_d]: Vec<String>;
    (secret)
    [secret_a secret_b secret_c secret_d]: Secret<String>;
}

fn text() -> String {
    let mut text = String::new();
    for section in 0..20 {
        text.push_str(&format!("[section-{section}]\n"));
        for letter in 'a'..='j' {
            text.push_str(&format!("text-{letter} = \"some text of the {letter}\"\n"));
            text.push_str(&format!("number-{letter} = {}\n", section * 100 + 7));
            text.push_str(&format!("flag-{letter} = false\n"));
            if letter <= 'h' {
                text.push_str(&format!("span-{letter} = \"250ms\"\n"));
            }
            if letter <= 'd' {
                text.push_str(&format!("size-{letter} = \"64KiB\"\n"));
                text.push_str(&format!("list-{letter} = [\"one\", \"two\"]\n"));
                text.push_str(&format!("secret-{letter} = \"hunter2\"\n"));
            }
        }
    }
    text
}

fn load(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |text: &str| {
        let path = directory.path().join("default.toml");
        std::fs::write(path, text).expect("the file can be written");
    };
    let sections: Vec<_> = (0..20)
        .map(|section| Section::of::<Fifty>(format!("section-{section}")))
        .collect();
    let loader = Loader::new("bench")
        .with_location(directory.path())
        .with_environment(Environment::default());
    let load = || loader.load(&sections).expect("a valid configuration");

    write(&text());
    criterion.bench_function("load and validate 1,000 fields", |bencher| {
        bencher.iter(|| black_box(load()));
    });
    let before = load();
    criterion.bench_function("reload 1,000 fields, one changed, and compare", |bencher| {
        write(&text().replacen("250ms", "300ms", 1));
        bencher.iter(|| {
            let after = loader.reload(&before).expect("a valid configuration");
            assert_eq!(before.changes(&after).len(), 1);
            after
        });
    });
    let after = load();
    criterion.bench_function("compare 1,000 fields", |bencher| {
        bencher.iter(|| black_box(before.changes(&after)));
    });
    criterion.bench_function("shared struct of one of 20 sections", |bencher| {
        bencher.iter(|| black_box(before.shared::<Fifty>("section-7")));
    });
}

criterion_group!(benches, load);
criterion_main!(benches);
