//! UVL at the Boolean level: a tree of features with groups, and constraints between them.
//!
//! Attributes in braces are read over. Types other than Boolean, imports and arithmetic are told
//! as not supported.

use formwork_resolve::engine::{Lit, Origin};

use crate::{Model, ReadError};

/// How deep features and parentheses may be nested.
const DEEPEST: usize = 200;

/// Reads a model.
pub fn read(text: &str) -> Result<Model, ReadError> {
    let mut reader = Reader::default();
    let mut section = Section::None;
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let code = without_comment(raw);
        let content = code.trim();
        if content.is_empty() {
            continue;
        }
        let depth = depth(code);
        if depth == 0 {
            section = match content.split_whitespace().next() {
                Some("namespace" | "include") => Section::Skipped,
                Some("features") => Section::Features,
                Some("constraints") => Section::Constraints,
                _ => {
                    let message =
                        format!("expected `features` or `constraints`, found `{content}`");
                    return Err(ReadError::new(line, message));
                }
            };
            continue;
        }
        match section {
            Section::Features => reader.feature_line(line, depth, content)?,
            Section::Constraints => reader.constraint(line, content)?,
            Section::Skipped => {}
            Section::None => return Err(ReadError::new(line, "expected `features`")),
        }
    }
    reader.finish()
}

#[derive(Clone, Copy)]
enum Section {
    None,
    Skipped,
    Features,
    Constraints,
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (index, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '/' if !quoted && line[index..].starts_with("//") => return &line[..index],
            _ => {}
        }
    }
    line
}

/// Tabs count as one level, four spaces as well.
fn depth(line: &str) -> usize {
    let mut spaces: usize = 0;
    for character in line.chars() {
        match character {
            '\t' => spaces += 4,
            ' ' => spaces += 1,
            _ => break,
        }
    }
    spaces.div_ceil(4)
}

#[derive(Debug, Clone, Copy)]
enum Group {
    Mandatory,
    Optional,
    /// At least and, if bounded, at most so many.
    Some(usize, Option<usize>),
}

/// A feature or a group on the way to the present line.
struct Open {
    depth: usize,
    feature: Lit,
    /// The kind and the members, for a group.
    group: Option<(Group, Vec<Lit>)>,
}

#[derive(Default)]
struct Reader {
    model: Model,
    open: Vec<Open>,
    rules: u32,
    /// What a constraint names, until all features are known.
    constraints: Vec<(usize, Expression)>,
}

impl Reader {
    fn rule(&mut self) -> Origin {
        self.rules += 1;
        Origin::Rule(self.rules - 1)
    }

    fn feature_line(&mut self, line: usize, depth: usize, content: &str) -> Result<(), ReadError> {
        while self.open.last().is_some_and(|open| open.depth >= depth) {
            self.close();
        }
        if self.open.len() > DEEPEST {
            return Err(ReadError::new(line, "features are nested too deeply"));
        }
        if let Some(group) = group(content) {
            let group = group.map_err(|message| ReadError::new(line, message))?;
            let Some(Open {
                feature,
                group: None,
                ..
            }) = self.open.last()
            else {
                return Err(ReadError::new(
                    line,
                    format!("the group `{content}` has no feature above it"),
                ));
            };
            let feature = *feature;
            self.open.push(Open {
                depth,
                feature,
                group: Some((group, Vec::new())),
            });
            return Ok(());
        }
        let name = feature_name(content).map_err(|message| ReadError::new(line, message))?;
        let literal = self.model.formula.fresh();
        self.model.features.push(literal);
        if self.model.names.insert(name.clone(), literal).is_some() {
            return Err(ReadError::new(
                line,
                format!("the feature `{name}` exists twice"),
            ));
        }
        match self.open.last_mut() {
            Some(Open {
                group: Some((_, members)),
                ..
            }) => members.push(literal),
            Some(_) => {
                let message = format!("the feature `{name}` is in no group");
                return Err(ReadError::new(line, message));
            }
            None if self.model.features.len() > 1 => {
                return Err(ReadError::new(line, format!("`{name}` is a second root")));
            }
            None => {
                let origin = self.rule();
                self.model.formula.add(origin, &[literal]);
            }
        }
        self.open.push(Open {
            depth,
            feature: literal,
            group: None,
        });
        Ok(())
    }

    /// Writes the clauses of the innermost group or feature.
    fn close(&mut self) {
        let Some(Open {
            feature,
            group: Some((group, members)),
            ..
        }) = self.open.pop()
        else {
            return;
        };
        for member in &members {
            let origin = self.rule();
            self.model.formula.add(origin, &[!*member, feature]);
        }
        match group {
            Group::Optional => {}
            Group::Mandatory => {
                for member in members {
                    let origin = self.rule();
                    self.model.formula.add(origin, &[!feature, member]);
                }
            }
            Group::Some(least, most) => {
                let origin = self.rule();
                if least == 1 {
                    let mut clause = vec![!feature];
                    clause.extend(&members);
                    self.model.formula.add(origin, &clause);
                } else if least > 0 {
                    // Of any so many, one is in.
                    let out = members.len().saturating_sub(least - 1).max(1);
                    for some in subsets(&members, out) {
                        let mut clause = vec![!feature];
                        clause.extend(some);
                        self.model.formula.add(origin, &clause);
                    }
                    if least > members.len() {
                        self.model.formula.add(origin, &[!feature]);
                    }
                }
                if let Some(most) = most.filter(|most| *most < members.len()) {
                    let origin = self.rule();
                    for some in subsets(&members, most + 1) {
                        let clause: Vec<_> = some.into_iter().map(|member| !member).collect();
                        self.model.formula.add(origin, &clause);
                    }
                }
            }
        }
    }

    fn constraint(&mut self, line: usize, content: &str) -> Result<(), ReadError> {
        let expression =
            Expression::read(content).map_err(|message| ReadError::new(line, message))?;
        self.constraints.push((line, expression));
        Ok(())
    }

    fn finish(mut self) -> Result<Model, ReadError> {
        while !self.open.is_empty() {
            self.close();
        }
        if self.model.features.is_empty() {
            return Err(ReadError::new(1, "there is no feature"));
        }
        for (line, expression) in std::mem::take(&mut self.constraints) {
            let origin = self.rule();
            let wrong = |message| ReadError::new(line, message);
            assert_true(&mut self.model, origin, &expression, true).map_err(wrong)?;
        }
        Ok(self.model)
    }
}

/// Every choice of so many.
fn subsets(members: &[Lit], size: usize) -> Vec<Vec<Lit>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let Some((first, rest)) = members.split_first() else {
        return Vec::new();
    };
    let mut all = subsets(rest, size - 1);
    for some in &mut all {
        some.insert(0, *first);
    }
    all.extend(subsets(rest, size));
    all
}

fn group(content: &str) -> Option<Result<Group, String>> {
    Some(Ok(match content {
        "mandatory" => Group::Mandatory,
        "optional" => Group::Optional,
        "or" => Group::Some(1, None),
        "alternative" => Group::Some(1, Some(1)),
        _ => {
            let range = content.strip_prefix('[')?.strip_suffix(']')?;
            let (least, most) = range.split_once("..").unwrap_or((range, range));
            let number = |text: &str| text.trim().parse::<usize>().ok();
            let most = match most.trim() {
                "*" => Some(None),
                most => number(most).map(Some),
            };
            match (number(least), most) {
                (Some(least), Some(most)) if least <= 20 && most.unwrap_or(0) <= 20 => {
                    Group::Some(least, most)
                }
                _ => {
                    return Some(Err(format!(
                        "expected a small cardinality, found `{content}`"
                    )));
                }
            }
        }
    }))
}

fn feature_name(content: &str) -> Result<String, String> {
    if let Some(rest) = content.strip_prefix('"') {
        return match rest.split_once('"') {
            Some((name, _)) if !name.is_empty() => Ok(name.to_owned()),
            _ => Err(format!("expected a name in quotes, found `{content}`")),
        };
    }
    let end = content.find([' ', '\t', '{']).unwrap_or(content.len());
    let (name, rest) = content.split_at(end);
    let rest = rest.trim();
    if name.is_empty() || ["String", "Integer", "Real"].contains(&name) {
        return Err(format!(
            "expected the name of a Boolean feature, found `{content}`"
        ));
    }
    if name == "Boolean" {
        return feature_name(rest);
    }
    if rest.is_empty() || rest.starts_with('{') {
        return Ok(name.to_owned());
    }
    Err(format!("expected attributes in braces, found `{rest}`"))
}

enum Expression {
    Feature(String),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    Implies(Box<Self>, Box<Self>),
    Equals(Box<Self>, Box<Self>),
}

impl Expression {
    fn read(text: &str) -> Result<Self, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: &tokens,
            at: 0,
            depth: 0,
        };
        let expression = parser.equals()?;
        match parser.peek() {
            None => Ok(expression),
            Some(token) => Err(format!(
                "expected the end of the constraint, found `{token}`"
            )),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if let Some(sign) = ["<=>", "=>"].iter().find(|it| rest.starts_with(**it)) {
            sign.len()
        } else if "!&|()".contains(first) {
            1
        } else if first == '"' {
            let end = rest[1..].find('"').ok_or("expected a closing quote")?;
            end + 2
        } else {
            let end = rest.find(|it: char| it.is_whitespace() || "!&|()=<\"".contains(it));
            match end.unwrap_or(rest.len()) {
                0 => return Err(format!("expected a name or an operator, found `{rest}`")),
                end => end,
            }
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [String],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn equals(&mut self) -> Result<Expression, String> {
        let mut left = self.implies()?;
        while self.take("<=>") {
            left = Expression::Equals(Box::new(left), Box::new(self.implies()?));
        }
        Ok(left)
    }

    fn implies(&mut self) -> Result<Expression, String> {
        let left = self.or()?;
        if self.take("=>") {
            self.enter()?;
            let right = self.implies()?;
            self.depth -= 1;
            return Ok(Expression::Implies(Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn or(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.and()?];
        while self.take("|") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Expression::Or(parts)
        })
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.not()?];
        while self.take("&") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Expression::And(parts)
        })
    }

    fn not(&mut self) -> Result<Expression, String> {
        if self.take("!") {
            self.enter()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Expression::Not(Box::new(inner)));
        }
        if self.take("(") {
            self.enter()?;
            let inner = self.equals()?;
            self.depth -= 1;
            if !self.take(")") {
                return Err("expected a closing parenthesis".to_owned());
            }
            return Ok(inner);
        }
        match self.peek() {
            Some(name) if !["&", "|", ")", "=>", "<=>"].contains(&name) => {
                let name = name.trim_matches('"').to_owned();
                self.at += 1;
                Ok(Expression::Feature(name))
            }
            Some(token) => Err(format!("expected a feature, found `{token}`")),
            None => Err("expected a feature, found the end".to_owned()),
        }
    }

    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the constraint is nested too deeply".to_owned());
        }
        Ok(())
    }
}

/// Adds clauses that say that an expression is true, or false.
fn assert_true(
    model: &mut Model,
    origin: Origin,
    expression: &Expression,
    wanted: bool,
) -> Result<(), String> {
    match (expression, wanted) {
        (Expression::Not(inner), _) => assert_true(model, origin, inner, !wanted),
        (Expression::And(parts), true) | (Expression::Or(parts), false) => parts
            .iter()
            .try_for_each(|part| assert_true(model, origin, part, wanted)),
        (Expression::Implies(left, right), false) => {
            assert_true(model, origin, left, true)?;
            assert_true(model, origin, right, false)
        }
        (Expression::Equals(left, right), _) => {
            let left = literal(model, origin, left)?;
            let right = literal(model, origin, right)?;
            let right = if wanted { right } else { !right };
            model.formula.add(origin, &[!left, right]);
            model.formula.add(origin, &[left, !right]);
            Ok(())
        }
        _ => {
            let mut clause = Vec::new();
            disjuncts(model, origin, expression, wanted, &mut clause)?;
            model.formula.add(origin, &clause);
            Ok(())
        }
    }
}

/// Literals of which one must hold for an expression to be true, or false.
fn disjuncts(
    model: &mut Model,
    origin: Origin,
    expression: &Expression,
    wanted: bool,
    into: &mut Vec<Lit>,
) -> Result<(), String> {
    match (expression, wanted) {
        (Expression::Not(inner), _) => disjuncts(model, origin, inner, !wanted, into),
        (Expression::Or(parts), true) | (Expression::And(parts), false) => parts
            .iter()
            .try_for_each(|part| disjuncts(model, origin, part, wanted, into)),
        (Expression::Implies(left, right), true) => {
            disjuncts(model, origin, left, false, into)?;
            disjuncts(model, origin, right, true, into)
        }
        _ => {
            let literal = literal(model, origin, expression)?;
            into.push(if wanted { literal } else { !literal });
            Ok(())
        }
    }
}

/// A literal that is true exactly when an expression is.
fn literal(model: &mut Model, origin: Origin, expression: &Expression) -> Result<Lit, String> {
    let (parts, signs): (Vec<&Expression>, &[bool]) = match expression {
        Expression::Feature(name) => {
            let known = model.names.get(name).copied();
            return known.ok_or_else(|| format!("there is no feature `{name}`"));
        }
        Expression::Not(inner) => return Ok(!literal(model, origin, inner)?),
        Expression::Equals(left, right) => {
            let left = literal(model, origin, left)?;
            let right = literal(model, origin, right)?;
            let same = model.formula.fresh();
            model.formula.add(origin, &[!same, !left, right]);
            model.formula.add(origin, &[!same, left, !right]);
            model.formula.add(origin, &[same, left, right]);
            model.formula.add(origin, &[same, !left, !right]);
            return Ok(same);
        }
        Expression::And(parts) => (parts.iter().collect(), &[false]),
        Expression::Or(parts) => (parts.iter().collect(), &[true]),
        Expression::Implies(left, right) => (vec![left, right], &[false, true]),
    };
    // As a disjunction: of the parts, of their negations, or of one and one.
    let mut members = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let sign = signs[index.min(signs.len() - 1)];
        let literal = literal(model, origin, part)?;
        members.push(if sign { literal } else { !literal });
    }
    let any = model.formula.fresh();
    for member in &members {
        model.formula.add(origin, &[!*member, any]);
    }
    members.push(!any);
    model.formula.add(origin, &members);
    let is_and = matches!(expression, Expression::And(_));
    Ok(if is_and { !any } else { any })
}

#[cfg(test)]
mod tests {
    use formwork_resolve::engine::{Lit, Search};
    use proptest::prelude::*;

    use super::read;

    const CAR: &str = "namespace Car\n\nfeatures\n\tCar {abstract}\n\t\tmandatory\n\t\t\tEngine\n\
                       \t\t\t\talternative\n\t\t\t\t\tPetrol\n\t\t\t\t\tElectric\n\
                       \t\toptional\n\t\t\t\"Tow bar\"\n\t\t\tExtras\n\t\t\t\tor\n\t\t\t\t\tRadio\n\t\t\t\t\tNavigation\n\
                       constraints\n\t\"Tow bar\" => Petrol // no electric one\n\t!(Radio & Navigation) | Electric\n";

    /// Every configuration, as the names that are in.
    fn configurations(text: &str) -> Vec<Vec<String>> {
        let model = read(text).expect("a model");
        let mut search = Search::load(&model.formula);
        let mut all = Vec::new();
        while search.solve(&[]).is_satisfiable() {
            let is_in = |literal: &Lit| search.holds(*literal);
            let names = model.names.iter().filter(|(_, literal)| is_in(literal));
            all.push(names.map(|(name, _)| name.clone()).collect());
            let other = |literal: &Lit| if is_in(literal) { !*literal } else { *literal };
            let clause: Vec<_> = model.features.iter().map(other).collect();
            search.add(&clause);
        }
        all.sort();
        all
    }

    #[test]
    fn the_configurations_of_a_small_model_are_counted() {
        let all = configurations(CAR);
        // Petrol: tow bar or not, extras none or one of two. Electric: no tow bar, any extras.
        assert_eq!(all.len(), 2 * 3 + 4);
        assert!(all.iter().all(|it| it.contains(&"Engine".to_owned())));
    }

    #[test]
    fn cardinalities_and_equivalence_are_understood() {
        let text = "features\n\tR\n\t\t[2..3]\n\t\t\tA\n\t\t\tB\n\t\t\tC\n\t\t\tD\nconstraints\n\tA <=> B & C\n";
        let all = configurations(text);
        assert!(all.contains(&["A", "B", "C", "R"].map(str::to_owned).to_vec()));
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, expected) in [
            (
                "features\n\tA\n\t\tmandatory\n\t\t\tA\n",
                "line 4: the feature `A` exists twice",
            ),
            (
                "features\n\tA\nconstraints\n\tA => B\n",
                "line 4: there is no feature `B`",
            ),
            (
                "features\n\tA\nconstraints\n\tA & \n",
                "line 4: expected a feature, found the end",
            ),
            (
                "features\n\tA\n\t\tB\n",
                "line 3: the feature `B` is in no group",
            ),
            (
                "A\n",
                "line 1: expected `features` or `constraints`, found `A`",
            ),
        ] {
            assert_eq!(read(text).expect_err("a mistake").to_string(), expected);
        }
    }

    proptest! {
        /// Whatever the text, there is a model or a mistake.
        #[test]
        fn no_text_breaks_the_readers(text in "[ \\t\\n\"!&|()=<>a-c0-9{}\\[\\].,-]{0,80}") {
            let _ = read(&text);
            let _ = read(&format!("features\n\ta\n\t\tor\n\t\t\tb\nconstraints\n\t{text}"));
            let _ = crate::dimacs::read(&text);
        }
    }
}
