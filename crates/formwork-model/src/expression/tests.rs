//! Expressions and their Rust, in a scope with something of every type.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::parse::Operator;
use super::*;
use crate::model::{Field, Form, Kind, Type, Value};

fn field(name: &str, kind: Type, optional: bool) -> Field {
    Field {
        name: name.to_owned(),
        summary: String::new(),
        kind,
        optional,
        unique: false,
        derived: None,
        default: None,
    }
}

fn value(name: &str, form: Form, kind: Option<Type>, fields: Vec<Field>) -> Value {
    Value {
        name: name.to_owned(),
        summary: String::new(),
        form,
        copy: kind.as_ref().is_some_and(|kind| kind.copy),
        kind,
        fields,
        values: Vec::new(),
        aggregate: None,
    }
}

fn named(name: &str, copy: bool) -> Type {
    Type {
        of: Some(name.to_owned()),
        shared: true,
        copy,
        ..Type::plain(Kind::Value)
    }
}

fn values() -> Values {
    let plain = Type::plain;
    let all = [
        value("sku", Form::Scalar, Some(plain(Kind::Text)), Vec::new()),
        value(
            "weight",
            Form::Scalar,
            Some(plain(Kind::Integer)),
            Vec::new(),
        ),
        value(
            "line",
            Form::Struct,
            None,
            vec![
                field("sku", named("sku", false), false),
                field("quantity", plain(Kind::Integer), false),
                field("price", plain(Kind::Money), false),
                field("remark", plain(Kind::Text), true),
            ],
        ),
    ];
    Values {
        all: all
            .into_iter()
            .map(|value| ((None, value.name.clone()), Some(value)))
            .collect(),
    }
}

/// Fields of `self`, and the inputs `quantity`, `reason` and `code`.
fn scope(values: &Values) -> Scope<'_> {
    let plain = Type::plain;
    let list = Type {
        item: Some(Box::new(named("line", false))),
        min: Some(1),
        ..plain(Kind::List)
    };
    let numbers = Type {
        item: Some(Box::new(plain(Kind::Integer))),
        ..plain(Kind::List)
    };
    let states = ["open", "closed"].map(str::to_owned);
    let order = Type {
        of: Some("order".to_owned()),
        ..plain(Kind::Reference)
    };
    let mut scope = Scope::new(values);
    for (name, kind, optional) in [
        ("on-hand", plain(Kind::Integer), false),
        ("reserved", plain(Kind::Integer), false),
        ("active", plain(Kind::Boolean), false),
        ("title", plain(Kind::Text), false),
        ("note", plain(Kind::Text), true),
        ("limit", plain(Kind::Integer), true),
        ("fee", plain(Kind::Money), false),
        ("due", plain(Kind::Timestamp), false),
        ("sku", named("sku", false), false),
        ("weight", named("weight", true), false),
        (
            "extras",
            Type {
                min: None,
                ..list.clone()
            },
            false,
        ),
        ("lines", list, false),
        ("numbers", numbers, false),
        ("order", order, false),
        ("state", Type::state("shelf", states), false),
    ] {
        let binding = Binding {
            rust: format!("self.{}", crate::name::snake(name)),
            access: Access::Place,
            kind: Some(kind),
            optional,
        };
        scope.names.insert(name.to_owned(), binding);
    }
    for (name, kind) in [
        ("quantity", plain(Kind::Integer)),
        ("reason", plain(Kind::Text)),
        ("code", named("sku", false)),
    ] {
        let binding = Binding {
            rust: name.to_owned(),
            access: Access::Local,
            kind: Some(kind),
            optional: false,
        };
        scope.names.insert(name.to_owned(), binding);
    }
    let line = scope.accessors(&named("line", false), "item");
    scope
        .structs
        .insert("item".to_owned(), line.unwrap_or_default());
    scope
}

fn translated(source: &str, kind: Kind, optional: bool, negated: bool) -> Result<Code, String> {
    let values = values();
    let told = |error: ExpressionError| {
        let hint = error
            .hint
            .map(|hint| format!(" ({hint})"))
            .unwrap_or_default();
        format!("{}: {}{hint}", error.offset, error.message)
    };
    let ast = parse(source).map_err(told)?;
    match check(&ast, &scope(&values), &Type::plain(kind), optional, negated) {
        Ok(code) => Ok(code),
        Err(Failure::Wrong(error)) => Err(told(error)),
        Err(Failure::Reported) => Err("reported".to_owned()),
    }
}

/// The Rust of a condition and of its opposite.
fn check_condition(source: &str, rust: &str, not: &str) {
    for (negated, expected) in [(false, rust), (true, not)] {
        let code = translated(source, Kind::Boolean, false, negated);
        let text = code.map(|code| code.text);
        assert_eq!(text.as_deref(), Ok(expected), "{source}");
        let parsed = syn::parse_str::<syn::Expr>(expected);
        assert!(parsed.is_ok(), "{expected}");
    }
}

/// The Rust of a value that is kept.
fn check_value(source: &str, kind: Kind, optional: bool, rust: &str) {
    let code = translated(source, kind, optional, false);
    let text = code.map(|code| owned(&code, optional, true));
    assert_eq!(text.as_deref(), Ok(rust), "{source}");
    let parsed = syn::parse_str::<syn::Expr>(rust);
    assert!(parsed.is_ok(), "{rust}");
}

fn check_mistake(source: &str, kind: Kind, expected: &str) {
    let text = translated(source, kind, false, false).map(|code| code.text);
    assert_eq!(text, Err(expected.to_owned()), "{source}");
}

/// Shows a part of: C-40.
#[test]
fn conditions_become_rust() {
    check_condition(
        "reserved <= on-hand",
        "self.reserved <= self.on_hand",
        "self.reserved > self.on_hand",
    );
    check_condition(
        "on-hand - reserved >= quantity",
        "self.on_hand.checked_sub(self.reserved).ok_or(DomainError::Overflow)? >= quantity",
        "self.on_hand.checked_sub(self.reserved).ok_or(DomainError::Overflow)? < quantity",
    );
    check_condition("active", "self.active", "!self.active");
    check_condition("not active", "!self.active", "self.active");
    check_condition(
        "state == open or not (active and is-set(note))",
        "self.state == ShelfState::Open || !self.active || self.note.is_none()",
        "self.state != ShelfState::Open && self.active && self.note.is_some()",
    );
    check_condition(
        "(active or open != state) and quantity > 1",
        "(self.active || ShelfState::Open != self.state) && quantity > 1",
        "!self.active && ShelfState::Open == self.state || quantity <= 1",
    );
    check_condition(
        "count(lines) >= 1",
        "!self.lines.is_empty()",
        "self.lines.is_empty()",
    );
    check_condition(
        "count(lines) < 3",
        "self.lines.len() < 3",
        "self.lines.len() >= 3",
    );
    check_condition(
        "count(lines) < quantity",
        "(self.lines.len() as i64) < quantity",
        "self.lines.len() as i64 >= quantity",
    );
    check_condition(
        "fee >= 100",
        "self.fee.minor() >= 100",
        "self.fee.minor() < 100",
    );
    check_condition(
        "fee < item.price * 2",
        "self.fee.minus(item.price().times(2)?)?.minor() < 0",
        "self.fee.minus(item.price().times(2)?)?.minor() >= 0",
    );
    check_condition("due < now", "self.due < now", "self.due >= now");
    check_condition(
        "title == \"a \\\"b\\\"\" and reason != title",
        r#"self.title == "a \"b\"" && reason != self.title"#,
        r#"self.title != "a \"b\"" || reason == self.title"#,
    );
    check_condition(
        "sku == item.sku and code != sku",
        "self.sku == *item.sku() && code != self.sku",
        "self.sku != *item.sku() || code == self.sku",
    );
    check_condition(
        "sku == \"A\" and weight > -1",
        r#"self.sku.as_str() == "A" && self.weight.get() > -1"#,
        r#"self.sku.as_str() != "A" || self.weight.get() <= -1"#,
    );
    check_condition(
        "value-or(limit, 0) > 3 and value-or(note, title) == value-or(item.remark, \"\")",
        r#"self.limit.unwrap_or(0) > 3 && self.note.as_deref().unwrap_or(&self.title) == item.remark().unwrap_or("")"#,
        r#"self.limit.unwrap_or(0) <= 3 || self.note.as_deref().unwrap_or(&self.title) != item.remark().unwrap_or("")"#,
    );
    check_condition(
        "active == (quantity > 1)",
        "self.active == (quantity > 1)",
        "self.active != (quantity > 1)",
    );
}

/// Shows a part of: C-40.
#[test]
fn values_become_rust() {
    check_value(
        "on-hand + 2 * -quantity",
        Kind::Integer,
        false,
        "self.on_hand.checked_add(2_i64.checked_mul(quantity.checked_neg().ok_or(DomainError::Overflow)?)\
         .ok_or(DomainError::Overflow)?).ok_or(DomainError::Overflow)?",
    );
    check_value(
        "sum(lines, price * quantity)",
        Kind::Money,
        false,
        "Money::sum(self.lines.iter().map(|line| line.price().times(line.quantity())))?",
    );
    check_value(
        "sum(lines, price * (quantity + 1) + fee) - fee",
        Kind::Money,
        false,
        "Money::sum(self.lines.iter().map(|line| line.price()\
         .times(line.quantity().checked_add(1).ok_or(MoneyError::Overflow)?)?.plus(self.fee)))?\
         .minus(self.fee)?",
    );
    check_value(
        "sum(lines, price)",
        Kind::Money,
        false,
        "Money::sum(self.lines.iter().map(|line| Ok(line.price())))?",
    );
    check_value(
        "sum(lines, quantity * 2)",
        Kind::Integer,
        false,
        "self.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.quantity().checked_mul(2)?))\
         .ok_or(DomainError::Overflow)?",
    );
    check_value(
        "sum(numbers, item)",
        Kind::Integer,
        false,
        "self.numbers.iter().try_fold(0_i64, |sum, item| sum.checked_add(*item))\
         .ok_or(DomainError::Overflow)?",
    );
    check_value(
        "count(lines)",
        Kind::Integer,
        false,
        "self.lines.len() as i64",
    );
    check_value("title", Kind::Text, false, "self.title.clone()");
    check_value("reason", Kind::Text, true, "Some(reason)");
    check_value("\"x\"", Kind::Text, true, r#"Some("x".to_owned())"#);
    check_value("none", Kind::Text, true, "None");
    check_value("note", Kind::Text, true, "self.note.clone()");
    check_value(
        "item.remark",
        Kind::Text,
        true,
        "item.remark().map(str::to_owned)",
    );
    check_value("now", Kind::Timestamp, true, "Some(now)");
    check_value("fee * 3", Kind::Money, false, "self.fee.times(3)?");
    check_value("quantity > 2", Kind::Boolean, false, "quantity > 2");
}

#[test]
fn mistakes_have_a_place_and_a_reason() {
    let boolean = Kind::Boolean;
    check_mistake("", boolean, "0: expected a value, found the end");
    check_mistake(
        "active && active",
        boolean,
        "7: `&` means nothing here (write `and`)",
    );
    check_mistake("on-hand-1 > 0", boolean, "0: there is no `on-hand-1` here");
    check_mistake(
        "quantity-1 > 0",
        boolean,
        "0: there is no `quantity-1` here (to subtract, put spaces: `quantity - 1`)",
    );
    check_mistake(
        "1 < quantity < 3",
        boolean,
        "13: comparisons do not chain (join them with `and`)",
    );
    check_mistake(
        "limit > 3",
        boolean,
        "0: this is optional: an integer that may not be there (ask `is-set(…)`, or give `value-or(…, otherwise)`)",
    );
    check_mistake(
        "state == opened",
        boolean,
        "9: `opened` is no `shelf-state`",
    );
    check_mistake(
        "title < reason",
        boolean,
        "6: `<` does not take a text and a text",
    );
    check_mistake(
        "active == true",
        boolean,
        "7: a boolean is compared with a literal (write the boolean itself, or `not` before it)",
    );
    check_mistake(
        "quantity == quantity",
        boolean,
        "9: both sides of `==` are the same",
    );
    check_mistake(
        "quantity",
        boolean,
        "0: expected a boolean, found an integer",
    );
    check_mistake(
        "is-set(title)",
        boolean,
        "7: this is always set: it is not optional",
    );
    check_mistake("size(lines) > 1", boolean, "0: there is no function `size`");
    check_mistake("count() > 1", boolean, "0: `count` takes one argument");
    check_mistake("event.id == order", boolean, "0: there is no `event` here");
    check_mistake("item.colour == title", boolean, "5: `item` has no `colour`");
    check_mistake(
        "9223372036854775808",
        Kind::Integer,
        "0: the number does not fit 64 bits",
    );
    check_mistake(
        "sum(lines, sku)",
        Kind::Money,
        "11: `sum` adds integers or money, not a text",
    );
    check_mistake(
        "sum(extras, price)",
        Kind::Money,
        "4: the sum of no money has no currency, and this list may be empty (give the list `min = 1`)",
    );
    check_mistake("(active", boolean, "7: expected `)`, found the end");
    check_mistake("title == \"x", boolean, "9: the text is never closed");
}

/// An expression with all its parentheses.
fn explicit(ast: &Ast) -> String {
    match &ast.node {
        Node::Integer(number) => number.to_string(),
        Node::Name(name) => name.clone(),
        Node::Not(inner) => format!("(not {})", explicit(inner)),
        Node::Minus(inner) => format!("(- {})", explicit(inner)),
        Node::Binary(operator, left, right) => {
            format!(
                "({} {} {})",
                explicit(left),
                operator.sign(),
                explicit(right)
            )
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn operators_bind_as_in_school() {
    for (source, expected) in [
        ("a + b * c - d", "((a + (b * c)) - d)"),
        ("a - b - c", "((a - b) - c)"),
        ("not a == b and c", "((not (a == b)) and c)"),
        ("a or b and c or d", "((a or (b and c)) or d)"),
        (
            "a < b + 1 and -c * d >= e",
            "((a < (b + 1)) and (((- c) * d) >= e))",
        ),
        ("a-b - c", "(a-b - c)"),
    ] {
        let ast = parse(source).map(|ast| explicit(&ast));
        assert_eq!(ast.as_deref(), Ok(expected));
    }
}

const OPERATORS: [Operator; 11] = [
    Operator::Or,
    Operator::And,
    Operator::Equal,
    Operator::Unequal,
    Operator::Less,
    Operator::LessEqual,
    Operator::Greater,
    Operator::GreaterEqual,
    Operator::Plus,
    Operator::Minus,
    Operator::Times,
];

fn precedence(operator: Operator) -> u8 {
    match operator {
        Operator::Or => 0,
        Operator::And => 1,
        Operator::Plus | Operator::Minus => 3,
        Operator::Times => 4,
        _ => 2,
    }
}

/// Writes a random tree with no more parentheses than the precedence asks for.
fn tree() -> impl Strategy<Value = Ast> {
    let leaf = prop_oneof![
        (0..100_i64).prop_map(Node::Integer),
        prop::sample::select(vec!["a", "b-c", "on-hand"])
            .prop_map(|name| Node::Name(name.to_owned())),
    ];
    leaf.prop_map(|node| Ast { offset: 0, node })
        .prop_recursive(4, 24, 2, |inner| {
            (
                prop::sample::select(OPERATORS.to_vec()),
                inner.clone(),
                inner,
            )
                .prop_map(|(operator, left, right)| Ast {
                    offset: 0,
                    node: Node::Binary(operator, Box::new(left), Box::new(right)),
                })
        })
}

fn written(ast: &Ast) -> String {
    let Node::Binary(operator, left, right) = &ast.node else {
        return explicit(ast);
    };
    let level = precedence(*operator);
    let side = |side: &Ast, least: u8| match &side.node {
        Node::Binary(inner, ..) if precedence(*inner) < least => format!("({})", written(side)),
        _ => written(side),
    };
    // Comparisons do not chain, everything else groups from the left.
    let left_least = if level == 2 { 3 } else { level };
    format!(
        "{} {} {}",
        side(left, left_least),
        operator.sign(),
        side(right, level + 1)
    )
}

proptest! {
    #[test]
    fn reading_follows_precedence(ast in tree()) {
        let read = parse(&written(&ast)).map(|ast| explicit(&ast));
        prop_assert_eq!(read, Ok(explicit(&ast)));
    }

    #[test]
    fn nothing_makes_it_panic(source in "\\PC{0,60}") {
        let _ = translated(&source, Kind::Boolean, false, true);
    }

    #[test]
    fn nothing_that_looks_like_an_expression_makes_it_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "on-hand", "lines", "state", "open", "item", ".", "price", "sum", "count", "is-set",
            "value-or", "note", "(", ")", ",", "and", "or", "not", "==", "<", "+", "-", "*", "1",
            "\"x\"", "true", "none", "now", "active", "fee",
        ]), 0..30),
    ) {
        let source = words.join(" ");
        for kind in [Kind::Boolean, Kind::Integer, Kind::Money] {
            if let Ok(code) = translated(&source, kind, false, false) {
                let parsed = syn::parse_str::<syn::Expr>(&code.text);
                prop_assert!(parsed.is_ok(), "{} became {}", source, code.text);
            }
        }
    }
}

#[test]
fn deep_and_long_expressions_are_refused() {
    let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    let long = vec!["1"; 1000].join(" + ");
    let offsets = BTreeMap::from([(&deep, "too deep"), (&long, "too long")]);
    for (source, reason) in offsets {
        let message = parse(source).map_err(|error| error.message);
        assert_eq!(message, Err(format!("the expression is {reason}")));
    }
}
