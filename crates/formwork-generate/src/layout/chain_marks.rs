//! Chain marks for expressions that come from the model.

use super::lexer::Lexer;

/// Marks the links of a method chain: `a.b(c).d()?` becomes `a⟦chain:.b(c)|.d()?⟧`. What is no
/// such chain stays as it is.
pub(crate) fn chain_marks(expression: &str) -> String {
    let mut marked = String::with_capacity(expression.len());
    for part in operands(expression) {
        marked.push_str(&operand_marks(part));
    }
    marked
}

/// The operands of an expression, and between them its operators with the spaces around them.
fn operands(expression: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut parts = Vec::new();
    let (mut start, mut position) = (0, 0);
    for lexeme in Lexer::new(expression) {
        match lexeme {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ if depth == 0 && lexeme.trim().is_empty() => {
                parts.push(&expression[start..position]);
                parts.push(lexeme);
                start = position + lexeme.len();
            }
            _ => {}
        }
        position += lexeme.len();
    }
    parts.push(&expression[start..]);
    parts
}

fn operand_marks(expression: &str) -> String {
    let mut depth = 0_usize;
    let mut dots = Vec::new();
    let mut calls = 0;
    let mut position = 0;
    let mut previous = "";
    for lexeme in Lexer::new(expression) {
        match lexeme {
            "(" | "[" | "{" => {
                if depth == 0 && lexeme == "(" && !dots.is_empty() {
                    calls += 1;
                }
                depth += 1;
            }
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "." if depth == 0 && position > 0 && !previous.ends_with('.') => dots.push(position),
            _ if depth == 0 && lexeme.trim().is_empty() => return expression.to_owned(),
            "|" if depth == 0 => return expression.to_owned(),
            _ => {}
        }
        previous = lexeme;
        position += lexeme.len();
    }
    let Some(first) = dots
        .first()
        .copied()
        .filter(|_| calls >= 2 || (calls == 1 && dots.len() >= 2))
    else {
        return expression.to_owned();
    };
    let mut marked = expression[..first].to_owned();
    marked.push_str("⟦chain:");
    for (index, start) in dots.iter().enumerate() {
        if index > 0 {
            marked.push('|');
        }
        let end = dots.get(index + 1).copied().unwrap_or(expression.len());
        marked.push_str(&expression[*start..end]);
    }
    marked.push('⟧');
    marked
}

#[cfg(test)]
mod tests {
    use super::chain_marks;

    #[test]
    fn only_chains_are_marked() {
        assert_eq!(
            chain_marks("self.a.checked_add(b).ok_or(E::F)?"),
            "self⟦chain:.a|.checked_add(b)|.ok_or(E::F)?⟧"
        );
        assert_eq!(chain_marks("self.a.len()"), "self⟦chain:.a|.len()⟧");
        for other in ["a", "self.a", "a.len()", "Some(a.b().c())"] {
            assert_eq!(chain_marks(other), other);
        }
    }
}
