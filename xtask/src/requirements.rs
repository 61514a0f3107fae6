//! `cargo xtask requirements`: which tests prove which requirement.
//!
//! A test says in its doc comment what it proves, in a line of its own: `/// Proves: C-04, S-30.`
//! A test that shows only some sentences of a requirement says `/// Shows a part of: S-33.` instead.
//! The titles are in `docs/requirements.toml`; the page `docs/requirements.md` is written from both.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::json;
use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::{rows, workspace};

/// The generated page.
pub(crate) const PAGE: &str = "docs/requirements.md";
const TITLES: &str = "docs/requirements.toml";

/// Writes the page, or with `check` only compares it.
pub(crate) fn run(check: bool, json: bool) -> Result<bool> {
    let root = workspace::root();
    let (map, mistakes) = read(&root)?;
    for mistake in &mistakes {
        eprintln!("error: {mistake}");
    }
    let page = map.page();
    let path = root.join(PAGE);
    let stale = fs::read_to_string(&path).unwrap_or_default() != page;
    if stale && check {
        eprintln!("error: {PAGE} is stale");
        eprintln!("hint: run `cargo xtask requirements`");
    } else if stale && mistakes.is_empty() {
        fs::write(&path, page).with_context(|| format!("could not write `{}`", path.display()))?;
    }

    for requirement in &map.requirements {
        if json {
            rows::json(json!({
                "name": requirement.title,
                "ok": requirement.status() == "proven",
                "id": requirement.id,
                "tests": requirement.tests,
                "parts": requirement.parts,
                "status": requirement.status(),
            }));
        }
    }
    if !json {
        println!("{}", map.summary());
    }
    Ok(mistakes.is_empty() && !(stale && check))
}

/// The page as it should be, and every mistake in the tests' claims.
pub(crate) fn expected(root: &Path) -> Result<(String, Vec<String>)> {
    let (map, mistakes) = read(root)?;
    Ok((map.page(), mistakes))
}

struct Requirement {
    part: String,
    id: String,
    title: String,
    /// The tests that prove it, each alone or all of them together.
    tests: Vec<String>,
    /// The tests that show some of it.
    parts: Vec<String>,
}

impl Requirement {
    fn status(&self) -> &'static str {
        match (self.tests.is_empty(), self.parts.is_empty()) {
            (false, _) => "proven",
            (true, false) => "partly",
            (true, true) => "open",
        }
    }
}

/// Every requirement with its tests, in the order of the titles' file.
struct Map {
    requirements: Vec<Requirement>,
}

impl Map {
    fn summary(&self) -> String {
        let count = |status| {
            let with = self.requirements.iter().filter(|it| it.status() == status);
            with.count()
        };
        format!(
            "{} of {} requirements proven, {} partly, {} open",
            count("proven"),
            self.requirements.len(),
            count("partly"),
            count("open")
        )
    }

    fn page(&self) -> String {
        let mut page = String::from(
            "# Requirements\n\n\
             <!-- Written by `cargo xtask requirements` from the tests; do not edit. -->\n\n\
             A requirement is proven when the tests that say so show every sentence of it, and pass. It is \
             partly shown when tests show some of its sentences, and open when none does. A test says in its \
             doc comment which.\n",
        );
        writeln!(page, "\n{}.", self.summary()).expect("a string takes all text");
        let mut part = "";
        for requirement in &self.requirements {
            if requirement.part != part {
                part = &requirement.part;
                let mut letters = part.chars();
                let first = letters.next().map(|letter| letter.to_ascii_uppercase());
                let heading: String = first.into_iter().chain(letters).collect();
                write!(
                    page,
                    "\n## {heading}\n\n| id | what | status | tests |\n|---|---|---|---|\n"
                )
                .expect("a string takes all text");
            }
            let proofs = requirement.tests.iter().map(|test| format!("`{test}`"));
            let parts = requirement.parts.iter();
            let parts = parts.map(|test| format!("`{test}` (a part)"));
            let tests: Vec<_> = proofs.chain(parts).collect();
            writeln!(
                page,
                "| {} | {} | {} | {} |",
                requirement.id,
                requirement.title,
                requirement.status(),
                tests.join("<br>")
            )
            .expect("a string takes all text");
        }
        page
    }
}

fn read(root: &Path) -> Result<(Map, Vec<String>)> {
    let path = root.join(TITLES);
    let text = fs::read_to_string(&path)
        .with_context(|| format!("could not read `{}`", path.display()))?;
    let mut map = titles(&text).with_context(|| format!("could not read `{}`", path.display()))?;
    let mut mistakes = Vec::new();
    for file in workspace::files(root)? {
        // Templates of generated services are Rust only after rendering.
        if !file.ends_with(".rs") || file.starts_with("features/") {
            continue;
        }
        let text = fs::read_to_string(root.join(&file))
            .with_context(|| format!("could not read `{file}`"))?;
        if !Form::ALL.iter().any(|form| text.contains(form.words())) {
            continue;
        }
        match claims(&text) {
            Ok(claims) => {
                for claim in claims {
                    mistakes.extend(map.add(&file, claim));
                }
            }
            Err(error) => mistakes.push(format!("{file}: not Rust: {error}")),
        }
    }
    Ok((map, mistakes))
}

fn titles(text: &str) -> Result<Map> {
    // The file's own order is the page's order, which a table of the `toml` crate does not keep.
    let parsed: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text)?;
    let mut requirements = Vec::new();
    let mut parts: Vec<&String> = parsed.keys().collect();
    parts.sort_by_key(|part| text.find(&format!("[{part}]")));
    for part in parts {
        for (id, title) in &parsed[part] {
            requirements.push(Requirement {
                part: part.clone(),
                id: id.clone(),
                title: title.clone(),
                tests: Vec::new(),
                parts: Vec::new(),
            });
        }
    }
    if requirements.is_empty() {
        bail!("it lists no requirement");
    }
    Ok(Map { requirements })
}

impl Map {
    /// Records a claim; returns what is wrong with it.
    fn add(&mut self, file: &str, claim: Claim) -> Vec<String> {
        let place = format!("{file}:{}", claim.line);
        let mut mistakes = Vec::new();
        if !claim.of_test {
            mistakes.push(format!("{place}: only a test can show a requirement"));
            return mistakes;
        }
        let Some(list) = claim.list.strip_suffix('.') else {
            mistakes.push(format!(
                "{place}: expected ids and a final period: `{} C-04, S-30.`",
                claim.form.words()
            ));
            return mistakes;
        };
        let test = format!("{file}::{}", claim.test);
        for id in list.split(',').map(str::trim) {
            let mut requirements = self.requirements.iter_mut();
            let Some(requirement) = requirements.find(|requirement| requirement.id == id) else {
                mistakes.push(format!("{place}: unknown requirement `{id}`"));
                continue;
            };
            if requirement.tests.contains(&test) || requirement.parts.contains(&test) {
                mistakes.push(format!("{place}: `{id}` is claimed twice"));
                continue;
            }
            match claim.form {
                Form::Whole => requirement.tests.push(test.clone()),
                Form::Part => requirement.parts.push(test.clone()),
            }
        }
        mistakes
    }
}

/// How much of a requirement a test shows.
#[derive(Clone, Copy)]
enum Form {
    /// All of it, alone or together with the other tests that say so.
    Whole,
    Part,
}

impl Form {
    const ALL: [Self; 2] = [Self::Whole, Self::Part];

    /// How its line begins.
    fn words(self) -> &'static str {
        match self {
            Self::Whole => "Proves:",
            Self::Part => "Shows a part of:",
        }
    }
}

/// A `Proves:` or `Shows a part of:` line.
struct Claim {
    form: Form,
    list: String,
    line: usize,
    test: String,
    of_test: bool,
}

fn claims(text: &str) -> syn::Result<Vec<Claim>> {
    let mut collector = Collector {
        modules: Vec::new(),
        claims: Vec::new(),
    };
    collector.visit_file(&syn::parse_file(text)?);
    Ok(collector.claims)
}

struct Collector {
    modules: Vec<String>,
    claims: Vec<Claim>,
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.modules.push(module.ident.to_string());
        syn::visit::visit_item_mod(self, module);
        self.modules.pop();
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let name = function.sig.ident.to_string();
        let of_test = is_test(&function.attrs);
        self.collect(&function.attrs, &name, of_test);
        syn::visit::visit_item_fn(self, function);
    }

    // `proptest! { … }` holds tests as plain tokens.
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let body = item.mac.tokens.clone();
        if item.mac.path.is_ident("proptest")
            && let Ok(functions) = syn::parse2::<Functions>(body)
        {
            for (attributes, name) in functions.0 {
                let of_test = is_test(&attributes);
                self.collect(&attributes, &name.to_string(), of_test);
            }
        }
    }
}

/// The functions of a `proptest!`, whose parameters are no Rust.
struct Functions(Vec<(Vec<syn::Attribute>, syn::Ident)>);

impl syn::parse::Parse for Functions {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let mut functions = Vec::new();
        input.call(syn::Attribute::parse_inner)?;
        while !input.is_empty() {
            let attributes = input.call(syn::Attribute::parse_outer)?;
            input.parse::<syn::Visibility>()?;
            input.parse::<syn::Token![fn]>()?;
            functions.push((attributes, input.parse()?));
            // Parameters and, up to the next item, the body.
            while !input.is_empty() && !input.peek(syn::Token![#]) && !input.peek(syn::Token![fn]) {
                input.parse::<proc_macro2::TokenTree>()?;
            }
        }
        Ok(Self(functions))
    }
}

impl Collector {
    fn collect(&mut self, attributes: &[syn::Attribute], name: &str, of_test: bool) {
        for attribute in attributes {
            let Some(text) = doc(attribute) else {
                continue;
            };
            for form in Form::ALL {
                let Some(list) = text.trim().strip_prefix(form.words()) else {
                    continue;
                };
                let mut path = self.modules.clone();
                path.push(name.to_owned());
                self.claims.push(Claim {
                    form,
                    list: list.trim().to_owned(),
                    line: attribute.span().start().line,
                    test: path.join("::"),
                    of_test,
                });
            }
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "test")
    })
}

fn doc(attribute: &syn::Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let syn::Expr::Lit(literal) = &pair.value else {
        return None;
    };
    match &literal.lit {
        syn::Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Claims in `source`, recorded for two known requirements.
    fn check(source: &str) -> (Vec<String>, Vec<String>) {
        let mut map =
            titles("[composer]\nA-01 = \"one\"\n[runtime]\nA-02 = \"two\"\n").expect("valid");
        let mut mistakes = Vec::new();
        for claim in claims(source).expect("valid Rust") {
            mistakes.extend(map.add("a.rs", claim));
        }
        let tests = map.requirements.into_iter().flat_map(|requirement| {
            let id = requirement.id;
            let proofs = requirement.tests.into_iter();
            let parts = requirement.parts.into_iter();
            proofs
                .chain(parts.map(|test| test + " (a part)"))
                .map(move |test| format!("{id} {test}"))
        });
        (tests.collect(), mistakes)
    }

    #[test]
    fn tests_are_found_by_their_doc_line() {
        let (tests, mistakes) = check(
            "mod inner {\n/// It works.\n///\n/// Proves: A-01, A-02.\n#[tokio::test]\nasync fn works() {}\n}\n\
             proptest! {\n#![config(x)]\n/// Proves: A-01.\n#[test]\nfn holds(a in 0..3) { a; }\n#[test]\nfn other(b: u8) {}\n}\n",
        );
        assert_eq!(
            tests,
            [
                "A-01 a.rs::inner::works",
                "A-01 a.rs::holds",
                "A-02 a.rs::inner::works"
            ]
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
    }

    #[test]
    fn a_part_is_told_from_the_whole() {
        let (tests, mistakes) = check(
            "/// Proves: A-02.\n/// Shows a part of: A-01.\n#[test]\nfn a() {}\n\
             /// Shows a part of: A-01, A-02.\n#[test]\nfn b() {}\n",
        );
        assert_eq!(
            tests,
            [
                "A-01 a.rs::a (a part)",
                "A-01 a.rs::b (a part)",
                "A-02 a.rs::a",
                "A-02 a.rs::b (a part)"
            ]
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
    }

    #[test]
    fn parts_alone_prove_nothing() {
        let mut map =
            titles("[runtime]\nA-01 = \"one\"\nA-02 = \"two\"\nA-03 = \"three\"\n").expect("valid");
        let source = "/// Proves: A-01.\n/// Shows a part of: A-02.\n#[test]\nfn a() {}\n";
        for claim in claims(source).expect("valid Rust") {
            assert!(map.add("a.rs", claim).is_empty());
        }
        let statuses: Vec<_> = map.requirements.iter().map(Requirement::status).collect();
        assert_eq!(statuses, ["proven", "partly", "open"]);
        let page = map.page();
        for row in [
            "1 of 3 requirements proven, 1 partly, 1 open.",
            "| A-01 | one | proven | `a.rs::a` |",
            "| A-02 | two | partly | `a.rs::a` (a part) |",
            "| A-03 | three | open |  |",
        ] {
            assert!(page.contains(row), "{row} is missing in {page}");
        }
    }

    #[test]
    fn wrong_claims_are_all_reported() {
        let (tests, mistakes) = check(
            "/// Proves: A-01, B-09.\n#[test]\nfn a() {}\n/// Proves: A-01\n#[test]\nfn b() {}\n/// Proves: A-01.\nfn c() {}\n\
             /// Shows a part of: B-09.\n/// Shows a part of: A-02\n#[test]\nfn d() {}\n\
             /// Proves: A-02.\n/// Shows a part of: A-02.\n#[test]\nfn e() {}\n",
        );
        assert_eq!(tests, ["A-01 a.rs::a", "A-02 a.rs::e"]);
        assert_eq!(
            mistakes,
            [
                "a.rs:1: unknown requirement `B-09`",
                "a.rs:4: expected ids and a final period: `Proves: C-04, S-30.`",
                "a.rs:7: only a test can show a requirement",
                "a.rs:9: unknown requirement `B-09`",
                "a.rs:10: expected ids and a final period: `Shows a part of: C-04, S-30.`",
                "a.rs:14: `A-02` is claimed twice",
            ]
        );
    }

    #[test]
    fn the_page_lists_parts_in_their_own_order() {
        let map =
            titles("[service]\nS-01 = \"one\"\n[operations]\nO-01 = \"two\"\n").expect("valid");
        let page = map.page();
        let (service, operations) = (page.find("## Service"), page.find("## Operations"));
        assert!(service.is_some() && service < operations, "{page}");
        assert!(page.contains("| S-01 | one | open |  |"), "{page}");
    }
}
