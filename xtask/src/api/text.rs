//! Tokens as one reads them.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::ToTokens;

/// The tokens in one line, with the spaces rustfmt would leave.
pub(super) fn text(tokens: &impl ToTokens) -> String {
    let mut out = String::new();
    write(tokens.to_token_stream(), &mut out);
    let mut out = out.trim().to_owned();
    for (loose, tight) in [
        (" ::", "::"),
        (":: ", "::"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" ;", ";"),
        (" :", ":"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" [", "["),
        ("[ ", "["),
        (" ]", "]"),
        (" ?", "?"),
        ("? ", "?"),
        (" !", "!"),
        (",)", ")"),
        ("* ", "*"),
    ] {
        while out.contains(loose) {
            out = out.replace(loose, tight);
        }
    }
    for (tight, loose) in [("->", " -> "), ("=>", " => ")] {
        out = out
            .replace(&format!(" {tight} "), tight)
            .replace(tight, loose);
    }
    for after in [
        "dyn", "impl", "mut", "const", "for", "where", "as", ":", "+", "=",
    ] {
        for symbol in ["(", "[", "<", "&", "?"] {
            out = out.replace(&format!(" {after}{symbol}"), &format!(" {after} {symbol}"));
        }
    }
    out = out.replace(":?", ": ?");
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write(tokens: TokenStream, out: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                out.push_str(open);
                write(group.stream(), out);
                let end = out.trim_end().len();
                out.truncate(end);
                out.push_str(close);
                out.push(' ');
            }
            TokenTree::Punct(punct) => {
                out.push(punct.as_char());
                if punct.spacing() == Spacing::Alone && punct.as_char() != '\'' {
                    out.push(' ');
                }
            }
            other => {
                out.push_str(&other.to_string());
                out.push(' ');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_look_as_they_were_written() {
        for source in [
            "fn get<T: ?Sized + 'static>(&self, name: &str) -> Result<Arc<T>, WireError>",
            "async fn wait(&'a mut self, of: impl Fn() -> F + Send) -> Option<[u8; 16]>",
            "fn all(&self) -> Vec<Box<dyn Fn(&str) -> bool + Send>>",
            "const fn new() -> Self",
        ] {
            let signature: syn::Signature = syn::parse_str(source).expect("it is Rust");
            assert_eq!(text(&signature), source);
        }
    }
}
