//! What a struct says about its fields, and that each of these things is kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use formwork_config::{
    ByteSize, Checks, Class, Config, Environment, Errors, FieldSchema, Loader, Secret, Section,
    Url, ViolationKind,
};

use crate::support::{Log, Sources};

/// Everything a field can be,
/// and can say.
///
/// In two paragraphs.
#[derive(Debug, PartialEq, Config)]
#[config(check = "Everything::check")]
struct Everything {
    /// What it is called.
    name: String,
    /// A pattern.
    #[config(default = "a-1", pattern = "[a-z]-[0-9]")]
    code: String,
    /// A length.
    #[config(default = "ab", length(min = 2, max = 3))]
    short: String,
    /// A truth value.
    #[config(default = true, dynamic)]
    flag: bool,
    /// A whole number.
    #[config(default = 3, range(min = 1, max = 5))]
    number: u16,
    /// A number below nothing.
    #[config(default = -3, range(min = -5, max = -1), tenant)]
    below: i64,
    /// A decimal number.
    #[config(default = 0.5, range(min = 0, max = 0.75))]
    ratio: f64,
    /// A time span.
    #[config(default = "2s", range(min = "1s", max = "3s"), dynamic, tenant)]
    time: Duration,
    /// An amount of bytes.
    #[config(default = "2KiB", range(min = 1024, max = "3KiB"))]
    size: ByteSize,
    /// An address with a port.
    #[config(default = "127.0.0.1:1")]
    listen: SocketAddr,
    /// A path.
    #[config(default = "/etc/shop", pattern = "/.+")]
    path: PathBuf,
    /// An address.
    #[config(default = "nats://localhost")]
    url: Url,
    /// A choice.
    #[config(default = "full-detail")]
    log: Log,
    /// One of some texts.
    #[config(default = "1.3", one_of("1.2", "1.3"))]
    version: String,
    /// One of some numbers.
    #[config(default = 2, one_of(1, 2, 4))]
    kind: u8,
    /// A list.
    #[config(default = ["a", "b"], length(min = 1, max = 2))]
    items: Vec<String>,
    /// A map.
    #[config(length(max = 2))]
    labels: Option<BTreeMap<String, u8>>,
    /// Another name, and a class.
    #[config(rename = "type", class = "internal")]
    kind_of_thing: Option<String>,
    /// For few.
    #[config(class = "confidential")]
    note: Option<String>,
    /// Nobody's business, by its class.
    #[config(class = "secret", length(min = 4))]
    token: Option<String>,
    /// The same, shorter.
    #[config(secret)]
    pin: Option<u32>,
    /// Nobody's business, by its type.
    #[config(pattern = "k-.+")]
    key: Option<Secret<String>>,
    /// Within.
    #[config(nested)]
    inner: Inner,
    /// Several within.
    #[config(nested, default = [])]
    list: Vec<Inner>,
    /// Some within, by name.
    #[config(nested)]
    map: Option<BTreeMap<String, Inner>>,
}

/// Something within.
#[derive(Debug, PartialEq, Config)]
#[config(check = "Inner::check")]
struct Inner {
    /// At least.
    #[config(default = 1, range(max = 9))]
    min: u8,
    /// At most.
    #[config(default = 2, range(max = 9))]
    max: u8,
}

impl Inner {
    fn check(&self, checks: &mut Checks) {
        if self.min > self.max {
            checks.refuse("min", "must not be more than `max`");
        }
    }
}

impl Everything {
    fn check(&self, checks: &mut Checks) {
        if !self.flag && self.number == 5 {
            checks.refuse("", "is too much at once");
        }
    }
}

fn load(text: &str) -> Result<Everything, Errors> {
    let sources = Sources::new().file("config/default.toml", text);
    let sections = [Section::of::<Everything>("all")];
    let snapshot = sources.loader().load(&sections)?;
    Ok(snapshot.get("all").expect("it was loaded"))
}

fn described(field: &FieldSchema) -> String {
    let mut words = vec![format!("{}: {}", field.key, field.description)];
    words.extend(field.default.map(|default| format!("default {default}")));
    words.extend(field.is_required().then(|| "required".to_owned()));
    words.extend(field.rules.iter().map(ToString::to_string));
    if field.class() != Class::Public {
        words.push(field.class().as_str().to_owned());
    }
    words.extend(field.dynamic.then(|| "dynamic".to_owned()));
    words.extend(field.tenant.then(|| "tenant".to_owned()));
    words.join(" | ")
}

/// Everything that can be said of a field is said on the struct and nowhere else: description,
/// default, required, limits, class, `dynamic`; and the values arrive as the types of its fields.
///
/// Proves: R-006.
#[test]
fn a_struct_says_everything_about_its_fields() {
    let schema = Everything::SCHEMA;
    assert_eq!(schema.name, "Everything");
    assert_eq!(
        schema.description,
        "Everything a field can be, and can say.\n\nIn two paragraphs."
    );
    let fields: Vec<_> = schema.fields.iter().map(described).collect();
    insta::assert_snapshot!(fields.join("\n"), @r#"
    name: What it is called. | required
    code: A pattern. | default "a-1" | like the regular expression `[a-z]-[0-9]`
    short: A length. | default "ab" | from 2 to 3 long
    flag: A truth value. | default true | dynamic
    number: A whole number. | default 3 | from 1 to 5
    below: A number below nothing. | default -3 | from -5 to -1 | tenant
    ratio: A decimal number. | default 0.5 | from 0 to 0.75
    time: A time span. | default "2s" | from 1s to 3s | dynamic | tenant
    size: An amount of bytes. | default "2KiB" | from 1024 to 3KiB
    listen: An address with a port. | default "127.0.0.1:1"
    path: A path. | default "/etc/shop" | like the regular expression `/.+`
    url: An address. | default "nats://localhost"
    log: A choice. | default "full-detail"
    version: One of some texts. | default "1.3" | `1.2` or `1.3`
    kind: One of some numbers. | default 2 | `1`, `2` or `4`
    items: A list. | default ["a", "b"] | from 1 to 2 long
    labels: A map. | at most 2 long
    type: Another name, and a class. | internal
    note: For few. | confidential
    token: Nobody's business, by its class. | at least 4 long | secret
    pin: The same, shorter. | secret
    key: Nobody's business, by its type. | like the regular expression `k-.+` | secret
    inner: Within.
    list: Several within. | default []
    map: Some within, by name.
    "#);

    let read = load("all.name = \"x\"").expect("only the name is required");
    let defaults = Everything {
        name: "x".to_owned(),
        code: "a-1".to_owned(),
        short: "ab".to_owned(),
        flag: true,
        number: 3,
        below: -3,
        ratio: 0.5,
        time: Duration::from_secs(2),
        size: ByteSize::bytes(2048),
        listen: "127.0.0.1:1".parse().expect("an address"),
        path: "/etc/shop".into(),
        url: "nats://localhost".parse().expect("an address"),
        log: Log::FullDetail,
        version: "1.3".to_owned(),
        kind: 2,
        items: vec!["a".to_owned(), "b".to_owned()],
        labels: None,
        kind_of_thing: None,
        note: None,
        token: None,
        pin: None,
        key: None,
        inner: Inner { min: 1, max: 2 },
        list: Vec::new(),
        map: None,
    };
    assert_eq!(read, defaults);
    let set = load(
        r#"
        [all]
        name = "y"
        code = "b-2"
        short = "abc"
        flag = false
        number = 1
        below = -1
        ratio = 0.75
        time = "3s"
        size = 1024
        listen = "[::1]:2"
        path = "/x"
        url = "nats://other"
        log = "off"
        version = "1.2"
        kind = 4
        items = ["c"]
        labels = { one = 1, two = 2 }
        type = "t"
        note = "n"
        token = "abcd"
        pin = 7
        key = "k-x"
        inner = { min = 3, max = 4 }
        list = [{ min = 5, max = 5 }]
        map = { one = { max = 9 } }
        "#,
    );
    let expected = Everything {
        name: "y".to_owned(),
        code: "b-2".to_owned(),
        short: "abc".to_owned(),
        flag: false,
        number: 1,
        below: -1,
        ratio: 0.75,
        time: Duration::from_secs(3),
        size: ByteSize::bytes(1024),
        listen: "[::1]:2".parse().expect("an address"),
        path: "/x".into(),
        url: "nats://other".parse().expect("an address"),
        log: Log::Off,
        version: "1.2".to_owned(),
        kind: 4,
        items: vec!["c".to_owned()],
        labels: Some([("one".to_owned(), 1), ("two".to_owned(), 2)].into()),
        kind_of_thing: Some("t".to_owned()),
        note: Some("n".to_owned()),
        token: Some("abcd".to_owned()),
        pin: Some(7),
        key: Some(Secret::new("k-x".to_owned())),
        inner: Inner { min: 3, max: 4 },
        list: vec![Inner { min: 5, max: 5 }],
        map: Some([("one".to_owned(), Inner { min: 1, max: 9 })].into()),
    };
    assert_eq!(set.expect("it is valid"), expected);
}

/// The last value that each limit lets through and the first that it does not, for a limit of every
/// kind on a value of every shape that can have it; and what does not go together, in a struct, in
/// one within it, and in those of lists and maps.
///
/// Proves: R-040.
#[test]
fn every_limit_is_kept_to_its_last_value() {
    // The path, what is within, what is not, and which kind of mistake that is.
    use ViolationKind::{Check, Range};
    #[rustfmt::skip]
    let cases: &[(&str, &[&str], &[&str], ViolationKind)] = &[
        ("code", &["'z-9'"], &["'z-10'", "'a-1\\n'", "''", "'A-1'"], Range),
        ("short", &["'äö'", "'äöü'"], &["'a'", "'abcd'", "''"], Range),
        ("number", &["1", "5"], &["0", "6"], Range),
        ("below", &["-5", "-1"], &["-6", "0"], Range),
        ("ratio", &["0", "0.0", "0.75"], &["-0.001", "0.751", "1"], Range),
        ("time", &["'1s'", "'3000ms'"], &["'999ms'", "'3001ms'"], Range),
        ("size", &["1024", "'1KiB'", "'3KiB'"], &["1023", "3073", "'1MiB'"], Range),
        ("path", &["'/a'"], &["'a/'", "'/'"], Range),
        ("version", &["'1.2'"], &["'1.1'", "''"], Range),
        ("kind", &["1", "4"], &["0", "3"], Range),
        ("items", &["['a']", "['a', 'b']"], &["[]", "['a', 'b', 'c']"], Range),
        ("labels", &["{}", "{ a = 1, b = 2 }"], &["{ a = 1, b = 2, c = 3 }"], Range),
        ("token", &["'abcd'"], &["'abc'", "''"], Range),
        ("key", &["'k-x'"], &["'k-'", "'x'"], Range),
        ("inner.max", &["1", "9"], &["10"], Range),
        ("inner.min", &["2"], &["3"], Check),
        ("list", &["[{ min = 2 }]"], &["[{ min = 3 }]", "[{}, { min = 9, max = 8 }]"], Check),
        ("list", &["[{ max = 9 }]"], &["[{ max = 10 }]"], Range),
        ("map", &["{ a = { min = 2 } }"], &["{ a = {}, b = { min = 3 } }"], Check),
        ("number", &["5"], &["5\nall.flag = false"], Check),
    ];
    for (path, within, beyond, kind) in cases {
        let load = |value: &str| load(&format!("all.name = 'x'\nall.{path} = {value}"));
        for value in *within {
            let value = value.replace('\'', "\"");
            load(&value).unwrap_or_else(|errors| panic!("{path} = {value}: {errors}"));
        }
        for value in *beyond {
            let value = value.replace('\'', "\"");
            let errors = load(&value).expect_err(&value);
            let kinds: Vec<_> = errors.iter().map(|it| it.kind).collect();
            assert_eq!(kinds, [*kind], "{path} = {value}: {errors}");
            let place = errors.iter().next().map(|it| it.origin.is_some());
            assert_eq!(place, Some(true), "{path} = {value}: {errors}");
        }
    }
}

/// A limit holds for what is compiled, and wherever a value comes from.
///
/// Shows a part of: R-040.
#[test]
fn limits_hold_in_every_layer() {
    /// A default that its own limit refuses.
    #[derive(Debug, Config)]
    #[expect(dead_code, reason = "it is never loaded")]
    struct Wrong {
        /// Too many.
        #[config(default = 9, range(max = 5))]
        number: u8,
        /// A limit that is none.
        #[config(default = "1s", range(max = "10 minutes"))]
        time: Duration,
    }
    let loader = Loader::new("shop").with_environment(Environment::default());
    let errors = loader.load(&[Section::of::<Wrong>("wrong")]);
    insta::assert_snapshot!(errors.expect_err("it is wrong"), @r"
    the configuration has 2 mistakes
      compiled default: `wrong.number` must be at most 5, found `9`
      compiled default: `wrong.time` must be at most 10 minutes, found `1s`
    ");

    let files = [
        Sources::new().file("config/default.yaml", "all: {name: x, number: 6}"),
        Sources::new().file(
            "config/default.json",
            r#"{"all": {"name": "x", "number": 6}}"#,
        ),
        Sources::new().file("config/default.toml", "all.name = \"x\"\nall.number = 6"),
    ];
    let other = || Sources::new().file("config/default.toml", "all.name = \"x\"");
    let others = [
        other()
            .file("config/dev.toml", "all.number = 6")
            .profile("dev"),
        other().file("secrets/all.number", "6").secrets(),
        other().variable("SHOP__ALL__NUMBER", "6"),
        other().flag("all.number=6"),
        other().value("all.number", "6"),
    ];
    for sources in files.into_iter().chain(others) {
        let errors = sources.loader().load(&[Section::of::<Everything>("all")]);
        let errors = errors.expect_err("it is too much");
        let text = sources.relative(&errors);
        assert!(
            text.ends_with("`all.number` must be from 1 to 5, found `6`"),
            "{text}"
        );
        assert_eq!(errors.iter().count(), 1, "{text}");
    }
}
