//! Reads doc comments and `#[config(…)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprLit, Lit, LitStr, Meta, Path, Result, Token, UnOp};

/// What `#[config(…)]` on a field says.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) default: Option<TokenStream>,
    /// Whether the default holds anything: `[]` and `""` do not.
    pub(crate) default_text: bool,
    /// Whether the value is never shown.
    pub(crate) hidden: bool,
    pub(crate) rules: Vec<TokenStream>,
    pub(crate) class: Option<TokenStream>,
    pub(crate) dynamic: bool,
    pub(crate) tenant: bool,
    pub(crate) nested: bool,
    pub(crate) rename: Option<String>,
}

impl FieldAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in config_attributes(attributes) {
            attribute.parse_nested_meta(|meta| read.item(&meta))?;
        }
        Ok(read)
    }

    fn item(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string);
        match name.as_deref() {
            Some("default") => {
                let value = meta.value()?.parse()?;
                self.default = Some(literal(&value)?);
                self.default_text = !is_empty(&value);
            }
            Some("range") => {
                let (min, max) = limits(meta, |value| literal(&value))?;
                self.rules
                    .push(quote!(::formwork_config::Rule::Range { min: #min, max: #max }));
            }
            Some("length") => {
                let (min, max) = limits(meta, |value| Ok(quote!(#value)))?;
                self.rules
                    .push(quote!(::formwork_config::Rule::Length { min: #min, max: #max }));
            }
            Some("one_of") => {
                let content;
                syn::parenthesized!(content in meta.input);
                let values = content
                    .parse_terminated(<Expr as syn::parse::Parse>::parse, Token![,])?
                    .iter()
                    .map(literal)
                    .collect::<Result<Vec<_>>>()?;
                self.rules
                    .push(quote!(::formwork_config::Rule::OneOf(&[#(#values),*])));
            }
            Some("pattern") => {
                let pattern: LitStr = meta.value()?.parse()?;
                if let Err(error) = regex_lite::Regex::new(&pattern.value()) {
                    let message = format!("not a regular expression: {error}");
                    return Err(Error::new(pattern.span(), message));
                }
                self.rules
                    .push(quote!(::formwork_config::Rule::Pattern(#pattern)));
            }
            Some("secret") => {
                self.hidden = true;
                self.class = Some(quote!(::formwork_config::Class::Secret));
            }
            Some("class") => {
                let name: LitStr = meta.value()?.parse()?;
                self.hidden = name.value() == "secret";
                self.class = Some(class(&name)?);
            }
            Some("dynamic") => self.dynamic = true,
            Some("tenant") => self.tenant = true,
            Some("nested") => self.nested = true,
            Some("rename") => self.rename = Some(meta.value()?.parse::<LitStr>()?.value()),
            _ => {
                return Err(meta.error(
                    "expected `default`, `range`, `length`, `pattern`, `one_of`, `secret`, `class`, `dynamic`, `tenant`, `nested` or `rename`",
                ));
            }
        }
        Ok(())
    }
}

/// The function named by `#[config(check = "path")]` on a struct.
pub(crate) fn check(attributes: &[Attribute]) -> Result<Option<Path>> {
    let mut check = None;
    for attribute in config_attributes(attributes) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("check") {
                return Err(meta.error("expected `check = \"Type::function\"`"));
            }
            check = Some(meta.value()?.parse::<LitStr>()?.parse()?);
            Ok(())
        })?;
    }
    Ok(check)
}

/// The doc comment, paragraphs kept, lines joined.
pub(crate) fn description(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        let Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) = &meta.value
        else {
            continue;
        };
        if !meta.path.is_ident("doc") {
            continue;
        }
        let line = line.value();
        let line = line.trim();
        if line.is_empty() {
            text.push_str("\n\n");
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    text.trim().to_owned()
}

/// A Rust name in kebab-case: `MaxAge` and `max_age` become `max-age`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for symbol in name.trim_start_matches("r#").chars() {
        if symbol == '_' {
            kebab.push('-');
        } else if symbol.is_uppercase() {
            if !kebab.is_empty() && !kebab.ends_with('-') {
                kebab.push('-');
            }
            kebab.extend(symbol.to_lowercase());
        } else {
            kebab.push(symbol);
        }
    }
    kebab
}

fn config_attributes(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("config"))
}

/// `min = …` and `max = …`, at least one of them.
fn limits(
    meta: &ParseNestedMeta<'_>,
    convert: impl Fn(Expr) -> Result<TokenStream>,
) -> Result<(TokenStream, TokenStream)> {
    let (mut min, mut max) = (None, None);
    meta.parse_nested_meta(|limit| {
        let place = if limit.path.is_ident("min") {
            &mut min
        } else if limit.path.is_ident("max") {
            &mut max
        } else {
            return Err(limit.error("expected `min` or `max`"));
        };
        *place = Some(convert(limit.value()?.parse()?)?);
        Ok(())
    })?;
    Ok((option(min), option(max)))
}

pub(crate) fn option(tokens: Option<TokenStream>) -> TokenStream {
    match tokens {
        Some(tokens) => quote!(::core::option::Option::Some(#tokens)),
        None => quote!(::core::option::Option::None),
    }
}

fn class(name: &LitStr) -> Result<TokenStream> {
    match name.value().as_str() {
        "public" => Ok(quote!(::formwork_config::Class::Public)),
        "internal" => Ok(quote!(::formwork_config::Class::Internal)),
        "confidential" => Ok(quote!(::formwork_config::Class::Confidential)),
        "secret" => Ok(quote!(::formwork_config::Class::Secret)),
        _ => Err(Error::new(
            name.span(),
            "expected `public`, `internal`, `confidential` or `secret`",
        )),
    }
}

fn is_empty(value: &Expr) -> bool {
    match value {
        Expr::Array(array) => array.elems.is_empty(),
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => text.value().is_empty(),
        _ => false,
    }
}

fn literal(value: &Expr) -> Result<TokenStream> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Str(text) => Ok(quote!(::formwork_config::Literal::Text(#text))),
            Lit::Bool(value) => Ok(quote!(::formwork_config::Literal::Boolean(#value))),
            Lit::Int(value) => Ok(quote!(::formwork_config::Literal::Integer(#value))),
            Lit::Float(value) => Ok(quote!(::formwork_config::Literal::Float(#value))),
            other => Err(not_a_literal(other.span())),
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match &*unary.expr {
            Expr::Lit(ExprLit {
                lit: Lit::Int(value),
                ..
            }) => Ok(quote!(::formwork_config::Literal::Integer(-#value))),
            Expr::Lit(ExprLit {
                lit: Lit::Float(value),
                ..
            }) => Ok(quote!(::formwork_config::Literal::Float(-#value))),
            other => Err(not_a_literal(other.span())),
        },
        Expr::Array(array) => {
            let items = array
                .elems
                .iter()
                .map(literal)
                .collect::<Result<Vec<_>>>()?;
            Ok(quote!(::formwork_config::Literal::List(&[#(#items),*])))
        }
        other => Err(not_a_literal(other.span())),
    }
}

fn not_a_literal(span: proc_macro2::Span) -> Error {
    Error::new(
        span,
        "expected text, a number, `true`, `false`, or an array of them",
    )
}
