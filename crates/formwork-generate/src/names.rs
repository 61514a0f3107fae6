//! One name in the spellings of different places.

/// The words of a kebab-case, snake_case, camelCase or spaced name, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() {
            words.push(std::mem::take(&mut word));
            lower = false;
            continue;
        }
        if character.is_uppercase() && lower {
            words.push(std::mem::take(&mut word));
        }
        lower = !character.is_uppercase();
        word.extend(character.to_lowercase());
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn capitalized(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

pub(crate) fn snake(name: &str) -> String {
    words(name).join("_")
}

pub(crate) fn kebab(name: &str) -> String {
    words(name).join("-")
}

pub(crate) fn pascal(name: &str) -> String {
    words(name).iter().map(|word| capitalized(word)).collect()
}

pub(crate) fn camel(name: &str) -> String {
    let pascal = pascal(name);
    let mut characters = pascal.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => pascal,
    }
}

pub(crate) fn screaming(name: &str) -> String {
    snake(name).to_uppercase()
}

/// Words for people with their article: `stock-item` is `a stock item`, `order` is `an order`.
pub(crate) fn with_article(name: &str) -> String {
    let words = words(name).join(" ");
    let article = match words.chars().next() {
        Some('a' | 'e' | 'i' | 'o') => "an",
        _ => "a",
    };
    format!("{article} {words}")
}

/// Words for people: `stock-item` is `Stock item`.
pub(crate) fn title(name: &str) -> String {
    capitalized(&words(name).join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_comes_from_every_other() {
        for name in [
            "stock-item",
            "stock_item",
            "StockItem",
            "stockItem",
            "stock item",
        ] {
            assert_eq!(snake(name), "stock_item");
            assert_eq!(kebab(name), "stock-item");
            assert_eq!(pascal(name), "StockItem");
            assert_eq!(camel(name), "stockItem");
            assert_eq!(screaming(name), "STOCK_ITEM");
            assert_eq!(title(name), "Stock item");
        }
        assert_eq!(snake("line-2"), "line_2");
        assert_eq!(pascal(""), "");
    }
}
