//! Layout, by example and against the real rustfmt.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::resolve;

fn check(marked: &str, expected: &str) {
    let resolved = resolve(marked).expect("the marks are sound");
    assert_eq!(resolved, expected);
}

fn mistakes(marked: &str) -> Vec<String> {
    resolve(marked)
        .expect_err("the marks are not sound")
        .into_iter()
        .map(|mistake| format!("{}: {}", mistake.line, mistake.message))
        .collect()
}

#[test]
fn short_content_stays_on_its_line() {
    check(
        "fn f(⟦sig:a: A, b: B⟧) -> C {\n",
        "fn f(a: A, b: B) -> C {\n",
    );
    check(
        "    let x =⟦let:f(⟦call:a, b⟧)⟧;\n",
        "    let x = f(a, b);\n",
    );
    check("    Foo {⟦lit:a, b: c⟧}\n", "    Foo { a, b: c }\n");
    check("use a::{⟦use:B, A, B⟧};\n", "use a::{A, B};\n");
    check("use a::{⟦use:B⟧};\n", "use a::B;\n");
    check("        A =>⟦arm:b⟧\n", "        A => b,\n");
    check("    self⟦chain:.a|.b()|.c()?⟧;\n", "    self.a.b().c()?;\n");
    check("    let x = [⟦array:1, 2⟧];\n", "    let x = [1, 2];\n");
}

#[test]
fn strings_comments_and_closures_do_not_confuse_the_items() {
    check(
        "    f(⟦call:\"a, (b⟧\", ',', |a, b| a, g::<A, B>(c), /* , ( */ d⟧); // ⟧, (\n",
        "    f(\"a, (b⟧\", ',', |a, b| a, g::<A, B>(c), /* , ( */ d); // ⟧, (\n",
    );
    check(
        "    fn f(⟦sig:a: Result<Vec<A>, B>, b: impl Fn(A, B) -> C⟧) {\n",
        "    fn f(a: Result<Vec<A>, B>, b: impl Fn(A, B) -> C) {\n",
    );
}

#[test]
fn a_mark_may_go_on_over_several_lines() {
    check(
        "fn f(⟦sig:\n    a: A,\n    b: B,\n⟧) {\n}\n",
        "fn f(a: A, b: B) {\n}\n",
    );
}

#[test]
fn every_unsound_mark_is_reported_with_its_line() {
    assert_eq!(
        mistakes("fn f(⟦sig:a: A) {\n\n}\nfn g(a⟧) {}\nf(⟦cal:a⟧);\n"),
        [
            "1: `⟦` is not closed on its line",
            "4: `⟧` closes nothing",
            "5: `⟦cal` is no layout mark; expected one of sig, call, array, lit, use, need, arm, or, let, cond, chain and a colon",
        ]
    );
}

/// A small deterministic generator of names, texts and choices.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }

    fn length(&mut self) -> usize {
        match self.next(4) {
            0 => 1 + self.next(4),
            1 | 2 => 4 + self.next(10),
            _ => 8 + self.next(24),
        }
    }

    fn name(&mut self) -> String {
        let length = self.length();
        let mut name: String = (0..length)
            .map(|index| match self.next(12) {
                0 if index > 0 && index + 1 < length => '_',
                choice => char::from(b'a' + ((choice * 7 + index * 3 + self.next(26)) % 26) as u8),
            })
            .collect();
        name.push_str("_x");
        name.replace("__", "_a")
    }

    fn kind(&mut self) -> String {
        let name = self.name();
        let mut kind = crate::names::pascal(&name);
        match self.next(5) {
            0 => kind = format!("Vec<{kind}>"),
            1 => kind = format!("Result<{kind}, Error>"),
            2 => kind = format!("&{kind}"),
            _ => {}
        }
        kind
    }

    fn many(
        &mut self,
        least: usize,
        most: usize,
        mut item: impl FnMut(&mut Self) -> String,
    ) -> Vec<String> {
        let count = least + self.next(most - least + 1);
        (0..count).map(|_| item(self)).collect()
    }

    /// An argument: simple, or with marks of its own.
    fn value(&mut self, depth: usize) -> String {
        match self.next(if depth == 0 { 7 } else { 13 }) {
            0 | 1 => self.name(),
            2 => format!("&{}", self.name()),
            3 => format!("self.{}", self.name()),
            4 => format!("{}⟦chain:.{}()⟧", self.name(), self.name()),
            5 => format!("\"{}, ({}\"", self.name(), self.name()),
            6 => format!("{}", self.next(100_000)),
            7 => self.call(depth - 1),
            8 => self.literal(depth - 1),
            9 => self.chain(depth - 1),
            12 => self.operators(depth - 1),
            10 => format!("vec![⟦array:{}⟧]", self.list(depth - 1, 0, 6)),
            _ => format!("{}?", self.call(depth - 1)),
        }
    }

    fn operators(&mut self, depth: usize) -> String {
        let operator = [" + ", " && ", " || ", " == ", " * "][self.next(5)];
        let most = if operator == " == " { 2 } else { 4 };
        self.many(2, most, |random| match random.next(4) {
            0 => random.name(),
            1 => format!("self.{}", random.name()),
            2 => random.call(depth.min(1)),
            _ => format!(
                "{}⟦chain:.{}({})|.{}()⟧",
                random.name(),
                random.name(),
                random.name(),
                random.name()
            ),
        })
        .join(operator)
    }

    fn list(&mut self, depth: usize, least: usize, most: usize) -> String {
        self.many(least, most, |random| random.value(depth))
            .join(", ")
    }

    fn call(&mut self, depth: usize) -> String {
        let callee = match self.next(5) {
            0 => "Ok".to_owned(),
            1 => "Some".to_owned(),
            2 => format!("{}::new", crate::names::pascal(&self.name())),
            3 => format!("{}::{}", self.name(), self.name()),
            _ => self.name(),
        };
        let most = if callee.len() < 5 { 1 } else { 5 };
        format!("{callee}(⟦call:{}⟧)", self.list(depth, 1, most))
    }

    fn literal(&mut self, depth: usize) -> String {
        let mut fields = self.many(1, 4, |random| match random.next(3) {
            0 => random.name(),
            _ => format!("{}: {}", random.name(), random.value(depth)),
        });
        if self.next(4) == 0 {
            fields.push(format!("..{}", self.name()));
        }
        format!(
            "{} {{⟦lit:{}⟧}}",
            crate::names::pascal(&self.name()),
            fields.join(", ")
        )
    }

    fn chain(&mut self, depth: usize) -> String {
        let base = match self.next(5) {
            0 => "self".to_owned(),
            1 => format!("self.{}", self.name()),
            2 => self.name(),
            3 => format!("{}::{}()", crate::names::pascal(&self.name()), self.name()),
            _ => self.call(depth.saturating_sub(1)),
        };
        let links = self.many(1, 4, |random| {
            let question = if random.next(4) == 0 { "?" } else { "" };
            match random.next(6) {
                0 => format!(".{}", random.name()),
                1 => format!(".await{question}"),
                2 => format!(
                    ".{}(|{}| {}){question}",
                    random.name(),
                    random.name(),
                    random.name()
                ),
                3 if depth > 0 => {
                    let list = random.list(depth - 1, 1, 3);
                    format!(".{}(⟦call:{list}⟧){question}", random.name())
                }
                _ => format!(".{}({}){question}", random.name(), random.name()),
            }
        });
        format!("{base}⟦chain:{}⟧", links.join("|"))
    }

    fn statement(&mut self, indent: &str) -> String {
        match self.next(10) {
            9 => format!(
                "{indent}if ⟦cond:{}⟧ {{\n{indent}    x();\n{indent}}}",
                self.operators(1)
            ),
            0 => format!("{indent}{};", self.call(2)),
            1 => format!("{indent}{};", self.chain(2)),
            2 => format!("{indent}let {} =⟦let:{}⟧;", self.name(), self.call(2)),
            3 => format!("{indent}let {} =⟦let:{}⟧;", self.name(), self.chain(2)),
            4 => format!("{indent}let {} =⟦let:{}⟧;", self.name(), self.literal(2)),
            5 => format!("{indent}let {} =⟦let:{}⟧;", self.name(), self.value(1)),
            6 => format!("{indent}self.{} =⟦let:{}⟧;", self.name(), self.value(2)),
            7 => format!("{indent}return {};", self.call(2)),
            _ => format!(
                "{indent}let {} = [⟦array:{}⟧];",
                self.name(),
                self.list(1, 1, 8)
            ),
        }
    }

    fn item(&mut self) -> String {
        match self.next(5) {
            0 => {
                let parameters = self.many(0, 5, |random| {
                    format!("{}: {}", random.name(), random.kind())
                });
                let returns = if self.next(2) == 0 {
                    format!(" -> {}", self.kind())
                } else {
                    String::new()
                };
                let (name, list) = (self.name(), parameters.join(", "));
                format!("pub fn {name}(⟦sig:{list}⟧){returns} {{\n    todo()\n}}\n")
            }
            1 => {
                let methods = self.many(1, 3, |random| {
                    let parameters = random.many(0, 3, |random| {
                        format!("{}: {}", random.name(), random.kind())
                    });
                    let mut list = vec!["&self".to_owned()];
                    list.extend(parameters);
                    format!(
                        "    fn {}(⟦sig:{}⟧) -> {};\n",
                        random.name(),
                        list.join(", "),
                        random.kind()
                    )
                });
                format!(
                    "trait {} {{\n{}}}\n",
                    crate::names::pascal(&self.name()),
                    methods.concat()
                )
            }
            2 => {
                let arms = self.many(1, 4, |random| {
                    let body = match random.next(4) {
                        0 => random.value(0),
                        1 => format!("return {}", random.call(1)),
                        _ => random.value(2),
                    };
                    let pattern = match random.next(3) {
                        0 => format!("Some({})", random.name()),
                        1 => format!(
                            "{}::{}",
                            crate::names::pascal(&random.name()),
                            crate::names::pascal(&random.name())
                        ),
                        _ => format!("{} if {}", random.name(), random.name()),
                    };
                    format!("        {pattern} =>⟦arm:{body}⟧\n")
                });
                let alternatives = self.many(1, 5, |random| {
                    format!("Self::{}(_)", crate::names::pascal(&random.name()))
                });
                let body = self.value(1);
                let arms = [
                    format!("        ⟦or:{}⟧ =>⟦arm:{body}⟧\n", alternatives.join(", ")),
                    arms.concat(),
                ];
                format!(
                    "fn {}() {{\n    match x {{\n{}    }}\n}}\n",
                    self.name(),
                    arms.concat()
                )
            }
            _ => {
                let lines = self.many(1, 3, |random| {
                    if random.next(3) == 0 {
                        format!("    {{\n{}\n    }}\n", random.statement("        "))
                    } else {
                        format!("{}\n", random.statement("    "))
                    }
                });
                format!("fn {}() {{\n{}}}\n", self.name(), lines.concat())
            }
        }
    }

    fn import(&mut self) -> String {
        let mut names = self.many(1, 12, |random| {
            let name = crate::names::pascal(&random.name());
            match random.next(8) {
                0 => format!("{}::{name}", random.name()),
                1 => format!("{name} as {}", crate::names::pascal(&random.name())),
                2 => random.name(),
                3 => format!("{name}{}", random.next(30)),
                4 => random.name().to_uppercase(),
                _ => name,
            }
        });
        if self.next(4) == 0 {
            names.push("self".to_owned());
        }
        if self.next(6) == 0 {
            let nested = self.many(2, 5, Self::name).join(", ");
            names.push(format!("{}::{{{nested}}}", self.name()));
        }
        let visibility = ["", "", "pub ", "pub(crate) "][self.next(4)];
        let root = match self.next(5) {
            0 => "crate".to_owned(),
            1 => "super".to_owned(),
            _ => self.name(),
        };
        format!(
            "{visibility}use {root}::{}::{{⟦use:{}⟧}};\n",
            self.name(),
            names.join(", ")
        )
    }
}

/// What the real rustfmt makes of a file.
pub(crate) fn rustfmt(text: &str) -> String {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rustfmt is part of the toolchain");
    let mut input = child.stdin.take().expect("standard input is piped");
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("rustfmt runs");
    writer
        .join()
        .expect("the writer ends")
        .expect("rustfmt reads");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("rustfmt writes text")
}

/// Lays out generated snippets and compares them with what rustfmt makes of them, all in one file per call.
fn compare(seed: u64, count: usize, snippet: impl Fn(&mut Random) -> String) {
    let mut random = Random(seed);
    let mut sources = Vec::new();
    let mut file = String::new();
    for index in 0..count {
        let marked = snippet(&mut random);
        let laid_out = resolve(&marked).expect("the marks are sound");
        file.push_str(&format!("mod m{index} {{}}\n\n{laid_out}\n"));
        sources.push((marked, laid_out));
    }
    let formatted = rustfmt(&file);
    if formatted.trim_end() == file.trim_end() {
        return;
    }
    let mut wrong = 0;
    let mut report = String::new();
    for (index, (marked, ours)) in sources.iter().enumerate() {
        let start = format!("mod m{index} {{}}\n");
        let end = format!("mod m{} {{}}\n", index + 1);
        let theirs = formatted.split(&start).nth(1).unwrap_or_default();
        let theirs = theirs.split(&end).next().unwrap_or_default().trim();
        if theirs != ours.trim() {
            wrong += 1;
            if wrong <= 8 {
                report.push_str(&format!(
                    "--- marked\n{marked}--- ours\n{}\n--- rustfmt\n{theirs}\n",
                    ours.trim()
                ));
            }
        }
    }
    panic!("{wrong} of {count} differ\n{report}");
}

#[test]
fn items_are_laid_out_as_rustfmt_does() {
    compare(0x5eed_0001, 4000, Random::item);
}

#[test]
fn imports_are_laid_out_as_rustfmt_does() {
    compare(0x5eed_0002, 1500, Random::import);
    compare(0x5eed_0003, 300, |random| {
        let lines = random.many(2, 6, |random| match random.next(3) {
            0 => format!("use {}::{};\n", random.name(), random.name()),
            1 => format!("use crate::{};\n", random.name()),
            _ => random.import(),
        });
        lines.concat()
    });
}

#[test]
fn names_are_imported_only_where_they_are_used() {
    check(
        "//! Uses [`Gone`].\n\nuse std::{⟦need:fmt⟧};\nuse std::str::{⟦need:FromStr⟧};\n\nuse c::{⟦need:check⟧};\nuse b::{⟦need:Used, Gone, As as Alias⟧};\n\nfn f(x: Used) -> Alias {\n    x.check(\"Gone\", Kind::Gone)\n}\n",
        "//! Uses [`Gone`].\n\nuse b::{As as Alias, Used};\n\nfn f(x: Used) -> Alias {\n    x.check(\"Gone\", Kind::Gone)\n}\n",
    );
}

#[test]
fn neighbouring_imports_and_modules_are_sorted() {
    check(
        "use crate::stock;\nuse crate::order::{Order};\npub use self::a::B;\n\nmod b10;\n#[cfg(test)]\nmod tests;\npub mod b9;\n/// Says.\npub mod a;\n",
        "pub use self::a::B;\nuse crate::order::Order;\nuse crate::stock;\n\n/// Says.\npub mod a;\nmod b10;\npub mod b9;\n#[cfg(test)]\nmod tests;\n",
    );
}

#[test]
fn alternatives_stay_on_a_line_or_have_one_each() {
    check(
        "    match x {\n        ⟦or:A::B(_), A::C(_)⟧ =>⟦arm:1⟧\n    }\n",
        "    match x {\n        A::B(_) | A::C(_) => 1,\n    }\n",
    );
}

#[test]
fn blank_lines_are_reduced_but_not_in_strings() {
    check(
        "\n\nfn f() {\n\n    let x = \"a\n\n\n  }\";\n\n\n    g(x);\n\n}\n\n\n",
        "fn f() {\n    let x = \"a\n\n\n  }\";\n\n    g(x);\n}\n",
    );
}
