//! DIMACS: clauses of numbers, each ended by a zero; `c NUMBER NAME` gives a variable a name.

use formwork_resolve::engine::{Formula, Lit, Origin};

use crate::{Model, ReadError};

/// Variables beyond this are a mistake of the file, not a model.
const MOST: u32 = 10_000_000;

/// Reads a model. The header may be missing; then the numbers that occur are the variables.
pub fn read(text: &str) -> Result<Model, ReadError> {
    let mut clauses: Vec<Lit> = Vec::with_capacity(text.len() / 4);
    let mut ends: Vec<usize> = Vec::new();
    let mut model = Model::default();
    let mut variables = 0;
    for (index, line) in text.lines().enumerate() {
        let wrong = |message: String| ReadError::new(index + 1, message);
        if let Some(comment) = line.strip_prefix('c') {
            let mut words = comment.splitn(3, ' ').skip(1);
            let number = words
                .next()
                .and_then(|word| word.trim_end_matches('$').parse().ok());
            if let (Some(number @ 1..=MOST), Some(name)) = (number, words.next()) {
                let literal = Lit::positive(number - 1);
                model.names.insert(name.trim().to_owned(), literal);
            }
            continue;
        }
        if let Some(header) = line.strip_prefix('p') {
            let mut words = header.split_whitespace();
            let (kind, count) = (words.next(), words.next());
            let count = count.and_then(|count| count.parse().ok());
            match (kind, count) {
                (Some("cnf"), Some(count @ 0..=MOST)) => variables = variables.max(count),
                _ => {
                    return Err(wrong(format!(
                        "expected `p cnf VARIABLES CLAUSES`, found `{line}`"
                    )));
                }
            }
            continue;
        }
        for word in line.split_ascii_whitespace() {
            if word == "%" {
                break;
            }
            let number: i64 = word
                .parse()
                .map_err(|_| wrong(format!("expected a number, found `{word}`")))?;
            let variable = u32::try_from(number.unsigned_abs()).unwrap_or(u32::MAX);
            match variable {
                0 => ends.push(clauses.len()),
                1..=MOST => {
                    variables = variables.max(variable);
                    let positive = Lit::positive(variable - 1);
                    clauses.push(if number > 0 { positive } else { !positive });
                }
                _ => return Err(wrong(format!("`{word}` is too large for a variable"))),
            }
        }
    }
    if ends.last().copied().unwrap_or(0) < clauses.len() {
        ends.push(clauses.len());
    }
    model.formula = Formula::new(variables);
    let mut start = 0;
    for (rule, end) in ends.into_iter().enumerate() {
        let rule = u32::try_from(rule).map_err(|_| ReadError::new(0, "too many clauses"))?;
        model.formula.add(Origin::Rule(rule), &clauses[start..end]);
        start = end;
    }
    model.features = (0..variables).map(Lit::positive).collect();
    model
        .names
        .retain(|_, literal| literal.variable() < variables as usize);
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn clauses_names_and_a_header_are_read() {
        let model = read("c 1 Root\nc 2 Left part\np cnf 3 2\n1 0\n-1 2\n 3 0\n").expect("a model");
        assert_eq!((model.features.len(), model.formula.len()), (3, 2));
        assert_eq!(model.formula.clause(1).len(), 3);
        assert_eq!(model.names["Left part"], model.features[1]);
    }

    #[test]
    fn a_file_without_a_header_is_a_model_too() {
        let model = read("1 -4 0\n2 0").expect("a model");
        assert_eq!((model.features.len(), model.formula.len()), (4, 2));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let mistake = read("p cnf 2 1\n1 x 0\n").expect_err("`x` is no number");
        assert_eq!(mistake.to_string(), "line 2: expected a number, found `x`");
        assert!(read("p dnf 2 1\n").is_err());
        assert!(read("99999999999 0\n").is_err());
    }
}
