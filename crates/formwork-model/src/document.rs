//! What a model file says, word for word: every key read, nothing looked up yet.

use toml_edit::{Document, Item};

use crate::mistake::Report;
use crate::source::{Source, Span, Spanned};
use crate::toml::{Table, Text, span_of, text};

#[derive(Debug)]
pub(crate) enum File {
    Aggregate(Box<Aggregate>),
    Shared(Vec<Value>),
}

#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) name: Text,
    pub(crate) plural: Option<Text>,
    pub(crate) summary: String,
    pub(crate) values: Vec<Value>,
    pub(crate) fields: Vec<Field>,
    pub(crate) states: Option<States>,
    pub(crate) commands: Vec<Command>,
    pub(crate) events: Vec<Event>,
    pub(crate) queries: Queries,
    pub(crate) invariants: Vec<Rule>,
    pub(crate) reactions: Vec<Reaction>,
}

#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) name: Text,
    pub(crate) summary: String,
    pub(crate) form: Form,
}

#[derive(Debug)]
pub(crate) enum Form {
    Scalar(Box<Type>),
    Struct(Vec<Field>),
    Enum(Vec<Text>),
}

/// What follows `type`, as far as it is there.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) kind: Text,
    pub(crate) of: Option<Text>,
    pub(crate) to: Option<Text>,
    pub(crate) min: Option<Spanned<i64>>,
    pub(crate) max: Option<Spanned<i64>>,
    pub(crate) pattern: Option<Text>,
    pub(crate) values: Option<Vec<Text>>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Text,
    pub(crate) summary: String,
    /// `None` when it has none that can be read.
    pub(crate) kind: Option<Type>,
    pub(crate) optional: bool,
    pub(crate) unique: bool,
    pub(crate) derived: Option<Text>,
    pub(crate) default: Option<Spanned<Literal>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Literal {
    Integer(i64),
    Boolean(bool),
    Text(String),
}

#[derive(Debug)]
pub(crate) struct States {
    pub(crate) span: Span,
    pub(crate) initial: Option<Text>,
    pub(crate) all: Vec<(Text, String)>,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: Text,
    pub(crate) summary: String,
    pub(crate) creates: bool,
    pub(crate) internal: bool,
    pub(crate) from: Vec<Text>,
    pub(crate) to: Option<Text>,
    pub(crate) takes: Vec<Text>,
    pub(crate) inputs: Vec<Field>,
    /// Field and expression.
    pub(crate) set: Vec<(Text, Text)>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) emits: Vec<Text>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Text,
    pub(crate) check: Text,
    pub(crate) message: String,
    pub(crate) otherwise: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: Text,
    pub(crate) summary: String,
    pub(crate) integration: bool,
    pub(crate) version: Option<Spanned<i64>>,
    pub(crate) when: Option<Text>,
    pub(crate) fields: Vec<Text>,
}

#[derive(Debug, Default)]
pub(crate) struct Queries {
    pub(crate) filters: Vec<Text>,
    pub(crate) sorts: Vec<Text>,
    pub(crate) page_default: Option<Spanned<i64>>,
    pub(crate) page_max: Option<Spanned<i64>>,
}

#[derive(Debug)]
pub(crate) struct Reaction {
    pub(crate) span: Span,
    pub(crate) name: Option<Text>,
    pub(crate) on: Text,
    pub(crate) run: Text,
    pub(crate) each: Option<Text>,
    /// `id` or a unique field, and an expression.
    pub(crate) target: Option<(Text, Text)>,
    /// Input and expression.
    pub(crate) with: Vec<(Text, Text)>,
    pub(crate) missing: Option<Text>,
    pub(crate) refused: Option<Text>,
}

/// The keys of each kind of table; the JSON Schema is made of the same lists.
pub(crate) mod keys {
    pub(crate) const AGGREGATE: &[&str] = &[
        "name",
        "plural",
        "summary",
        "values",
        "fields",
        "states",
        "invariants",
        "commands",
        "events",
        "queries",
        "reactions",
    ];
    pub(crate) const SHARED: &[&str] = &["values"];
    pub(crate) const VALUE: &[&str] = &[
        "summary", "fields", "values", "type", "of", "to", "min", "max", "pattern",
    ];
    pub(crate) const FIELD: &[&str] = &[
        "type", "of", "to", "values", "min", "max", "pattern", "optional", "unique", "derived",
        "default", "summary",
    ];
    pub(crate) const COMMAND: &[&str] = &[
        "summary", "creates", "internal", "from", "to", "takes", "inputs", "rules", "set", "emits",
    ];
    pub(crate) const RULE: &[&str] = &["name", "check", "message", "otherwise"];
    pub(crate) const INVARIANT: &[&str] = &["name", "check", "message"];
    pub(crate) const EVENT: &[&str] = &["summary", "integration", "version", "when", "fields"];
    pub(crate) const QUERIES: &[&str] = &["filters", "sorts", "page"];
    pub(crate) const PAGE: &[&str] = &["default", "max"];
    pub(crate) const REACTION: &[&str] = &[
        "name", "on", "each", "run", "target", "with", "missing", "refused",
    ];
}

/// Reads one file; `None` when it is not TOML or says too little to go on with.
pub(crate) fn read(source: &Source, file: usize, report: &mut Report<'_>) -> Option<File> {
    let start = Span {
        file,
        start: 0,
        end: 0,
    };
    let document = match Document::parse(source.text.as_str()) {
        Ok(document) => document,
        Err(error) => {
            let span = error.span().map_or(start, |range| Span {
                file,
                start: range.start,
                end: range.end,
            });
            let message = error.message().trim().replace('\n', ", ");
            report.add(span, format!("this is not TOML: {message}"));
            return None;
        }
    };
    let root = document.as_item();
    if source.stem() == "shared" {
        let table = Table::new(root, start, "a file of shared values", keys::SHARED, report)?;
        return Some(File::Shared(values(&table, report)));
    }
    let table = Table::new(root, start, "an aggregate", keys::AGGREGATE, report)?;
    aggregate(&table, report).map(|aggregate| File::Aggregate(Box::new(aggregate)))
}

fn aggregate(table: &Table<'_>, report: &mut Report<'_>) -> Option<Aggregate> {
    let name = table.required("name", report);
    let aggregate = Aggregate {
        name: name.clone().unwrap_or(Spanned {
            value: String::new(),
            span: table.span,
        }),
        plural: table.text("plural", report),
        summary: table.summary(report),
        values: values(table, report),
        fields: fields(table, "fields", report),
        states: states(table, report),
        commands: table
            .named("commands", "`commands`", report)
            .into_iter()
            .filter_map(|(name, item)| command(name, item, report))
            .collect(),
        events: table
            .named("events", "`events`", report)
            .into_iter()
            .filter_map(|(name, item)| event(name, item, report))
            .collect(),
        queries: queries(table, report),
        invariants: rules(table, "invariants", "an invariant", keys::INVARIANT, report),
        reactions: table
            .tables("reactions", "a reaction", keys::REACTION, report)
            .iter()
            .filter_map(|table| reaction(table, report))
            .collect(),
    };
    name.map(|_| aggregate)
}

fn values(table: &Table<'_>, report: &mut Report<'_>) -> Vec<Value> {
    let entries = table.named("values", "`values`", report);
    entries
        .into_iter()
        .filter_map(|(name, item)| value(name, item, report))
        .collect()
}

fn value(name: Text, item: &Item, report: &mut Report<'_>) -> Option<Value> {
    let table = Table::new(
        item,
        span_of(item, name.span),
        "a value",
        keys::VALUE,
        report,
    )?;
    let summary = table.summary(report);
    let has = |key| table.item(key).is_some();
    let form = match (has("type"), has("fields"), has("values")) {
        (true, false, _) => Form::Scalar(Box::new(kind(&table, report)?)),
        (false, true, false) => Form::Struct(fields(&table, "fields", report)),
        (false, false, true) => Form::Enum(table.texts("values", report)?),
        _ => {
            report.add(
                name.span,
                format!(
                    "the value `{}` has either `type`, `fields` or `values`",
                    name.value
                ),
            );
            return None;
        }
    };
    if !matches!(form, Form::Scalar(_)) {
        for key in ["of", "to", "min", "max", "pattern"] {
            if let Some((_, span)) = table.item(key) {
                report.add(span, format!("`{key}` belongs to a value with a `type`"));
            }
        }
    }
    Some(Value {
        name,
        summary,
        form,
    })
}

fn kind(table: &Table<'_>, report: &mut Report<'_>) -> Option<Type> {
    Some(Type {
        kind: table.required("type", report)?,
        of: table.text("of", report),
        to: table.text("to", report),
        min: table.integer("min", report),
        max: table.integer("max", report),
        pattern: table.text("pattern", report),
        values: table.texts("values", report),
    })
}

fn fields(table: &Table<'_>, key: &str, report: &mut Report<'_>) -> Vec<Field> {
    let entries = table.named(key, "a table of fields", report);
    entries
        .into_iter()
        .filter_map(|(name, item)| {
            let table = Table::new(
                item,
                span_of(item, name.span),
                "a field",
                keys::FIELD,
                report,
            )?;
            let default = table.item("default").and_then(|(item, span)| {
                let value = if let Some(integer) = item.as_integer() {
                    Literal::Integer(integer)
                } else if let Some(boolean) = item.as_bool() {
                    Literal::Boolean(boolean)
                } else {
                    Literal::Text(text(item, span, "`default`", report)?.value)
                };
                Some(Spanned { value, span })
            });
            Some(Field {
                name,
                summary: table.summary(report),
                kind: kind(&table, report),
                optional: table.flag("optional", report),
                unique: table.flag("unique", report),
                derived: table.text("derived", report),
                default,
            })
        })
        .collect()
}

fn states(table: &Table<'_>, report: &mut Report<'_>) -> Option<States> {
    let (item, span) = table.item("states")?;
    let table = Table::open(item, span, "`states`", report)?;
    let all = table.entries();
    Some(States {
        span,
        initial: table.required("initial", report),
        all: all
            .into_iter()
            .filter(|(name, _)| name.value != "initial")
            .map(|(name, item)| {
                let span = span_of(item, name.span);
                let summary = text(item, span, "the summary of a state", report);
                (name, summary.map(|text| text.value).unwrap_or_default())
            })
            .collect(),
    })
}

fn command(name: Text, item: &Item, report: &mut Report<'_>) -> Option<Command> {
    let span = span_of(item, name.span);
    let table = Table::new(item, span, "a command", keys::COMMAND, report)?;
    Some(Command {
        name,
        summary: table.summary(report),
        creates: table.flag("creates", report),
        internal: table.flag("internal", report),
        from: table.texts("from", report).unwrap_or_default(),
        to: table.text("to", report),
        takes: table.texts("takes", report).unwrap_or_default(),
        inputs: fields(&table, "inputs", report),
        set: expressions(&table, "set", report),
        rules: rules(&table, "rules", "a rule", keys::RULE, report),
        emits: table.texts("emits", report).unwrap_or_default(),
    })
}

fn expressions(table: &Table<'_>, key: &'static str, report: &mut Report<'_>) -> Vec<(Text, Text)> {
    let entries = table.named(key, "a table of expressions", report);
    entries
        .into_iter()
        .filter_map(|(name, item)| {
            let span = span_of(item, name.span);
            let expression = match item.as_integer() {
                // A number needs no quotes.
                Some(integer) => Spanned {
                    value: integer.to_string(),
                    span,
                },
                None => text(item, span, "an expression", report)?,
            };
            Some((name, expression))
        })
        .collect()
}

fn rules(
    table: &Table<'_>,
    key: &str,
    what: &'static str,
    known: &[&str],
    report: &mut Report<'_>,
) -> Vec<Rule> {
    table
        .tables(key, what, known, report)
        .iter()
        .filter_map(|table| {
            let name = table.required("name", report);
            let check = table.required("check", report);
            let message = table.required("message", report);
            Some(Rule {
                name: name?,
                check: check?,
                message: message?.value,
                otherwise: table.text("otherwise", report),
            })
        })
        .collect()
}

fn event(name: Text, item: &Item, report: &mut Report<'_>) -> Option<Event> {
    let span = span_of(item, name.span);
    let table = Table::new(item, span, "an event", keys::EVENT, report)?;
    Some(Event {
        name,
        summary: table.summary(report),
        integration: table.flag("integration", report),
        version: table.integer("version", report),
        when: table.text("when", report),
        fields: table.texts("fields", report).unwrap_or_default(),
    })
}

fn queries(table: &Table<'_>, report: &mut Report<'_>) -> Queries {
    let Some(table) = table
        .item("queries")
        .and_then(|(item, span)| Table::new(item, span, "`queries`", keys::QUERIES, report))
    else {
        return Queries::default();
    };
    let page = table
        .item("page")
        .and_then(|(item, span)| Table::new(item, span, "`page`", keys::PAGE, report));
    let mut size = |key| page.as_ref().and_then(|page| page.integer(key, report));
    Queries {
        page_default: size("default"),
        page_max: size("max"),
        filters: table.texts("filters", report).unwrap_or_default(),
        sorts: table.texts("sorts", report).unwrap_or_default(),
    }
}

fn reaction(table: &Table<'_>, report: &mut Report<'_>) -> Option<Reaction> {
    let on = table.required("on", report);
    let run = table.required("run", report);
    let mut target = expressions(table, "target", report);
    if target.len() > 1 {
        let (name, _) = &target[1];
        report.add(
            name.span,
            "a target is found by one thing: `id` or one unique field",
        );
    }
    target.truncate(1);
    Some(Reaction {
        span: table.span,
        name: table.text("name", report),
        on: on?,
        run: run?,
        each: table.text("each", report),
        target: target.pop(),
        with: expressions(table, "with", report),
        missing: table.text("missing", report),
        refused: table.text("refused", report),
    })
}
