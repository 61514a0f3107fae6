//! Structs: one key per field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Error, Field, Result, Token};

use crate::attributes::{self, FieldAttributes, description, kebab, option};

pub(crate) fn derive(
    input: &DeriveInput,
    fields: &Punctuated<Field, Token![,]>,
) -> Result<TokenStream> {
    let name = &input.ident;
    let name_text = name.to_string();
    let about = description(&input.attrs);
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let check = attributes::check(&input.attrs)?;

    let mut schemas = Vec::new();
    let mut identifiers = Vec::new();
    let mut keys = Vec::new();
    let mut locals = Vec::new();
    let mut assertions = Vec::new();
    for field in fields {
        let Some(identifier) = &field.ident else {
            continue;
        };
        let read = FieldAttributes::read(&field.attrs)?;
        let ty = &field.ty;
        let about = description(&field.attrs);
        if about.is_empty() {
            return Err(Error::new_spanned(
                identifier,
                "a configuration field has a doc comment: it becomes the description in the reference",
            ));
        }
        let key = read
            .rename
            .clone()
            .unwrap_or_else(|| kebab(&identifier.to_string()));
        if !is_kebab(&key) {
            return Err(Error::new_spanned(
                identifier,
                "the key of a configuration field is in kebab-case, so that it has one variable",
            ));
        }
        let default = option(read.default);
        if read.hidden && read.default_text {
            return Err(Error::new_spanned(
                identifier,
                "a secret has no default: it would be in the source, the sample and the reference",
            ));
        }
        let rules = &read.rules;
        let class = read
            .class
            .unwrap_or_else(|| quote!(::formwork_config::Class::Public));
        let dynamic = read.dynamic;
        let tenant = read.tenant;
        for rule in rules {
            assertions.push(quote! {
                const _: () = ::core::assert!(
                    <#ty as ::formwork_config::Field>::SHAPE.takes(&#rule),
                    "a limit that values of this type cannot have, or of another type than they are",
                );
            });
        }
        if read.nested {
            assertions.push(quote! {
                const _: () = ::core::assert!(
                    <#ty as ::formwork_config::Field>::SHAPE.is_nested(),
                    "a nested field holds structs that derive `Config`",
                );
            });
        }
        if read.default_text {
            assertions.push(quote! {
                const _: () = ::core::assert!(
                    !<#ty as ::formwork_config::Field>::SHAPE.is_secret(),
                    "a secret has no default: it would be in the source, the sample and the reference",
                );
            });
        }
        schemas.push(quote! {
            ::formwork_config::FieldSchema {
                key: #key,
                description: #about,
                shape: <#ty as ::formwork_config::Field>::SHAPE,
                default: #default,
                rules: &[#(#rules),*],
                class: #class,
                dynamic: #dynamic,
                tenant: #tenant,
            }
        });
        // Not the field's own name, which may be that of a variable used here.
        locals.push(format_ident!("field_{}", locals.len()));
        identifiers.push(identifier);
        keys.push(key);
    }

    let finish = match check {
        Some(check) => quote!(reader.checked(node, value, #check)),
        None => quote!(::core::option::Option::Some(value)),
    };
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::formwork_config::Config for #name #type_generics #where_clause {
            const SCHEMA: ::formwork_config::Schema = ::formwork_config::Schema {
                name: #name_text,
                description: #about,
                fields: &[#(#schemas),*],
            };
        }

        #[automatically_derived]
        impl #impl_generics ::formwork_config::Field for #name #type_generics #where_clause {
            const SHAPE: ::formwork_config::Shape =
                ::formwork_config::Shape::Struct(&<Self as ::formwork_config::Config>::SCHEMA);

            fn read(
                node: &::formwork_config::Node,
                reader: &mut ::formwork_config::Reader,
            ) -> ::core::option::Option<Self> {
                #(let #locals = reader.field(node, #keys);)*
                let value = Self { #(#identifiers: #locals?),* };
                #finish
            }
        }

        #(#assertions)*
    })
}

fn is_kebab(key: &str) -> bool {
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    key.starts_with(|it: char| it.is_ascii_lowercase()) && key.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    /// What is wrong with a struct.
    fn refusal(input: DeriveInput) -> String {
        match crate::expand(&input) {
            Ok(tokens) => panic!("it was derived: {tokens}"),
            Err(error) => error.to_string(),
        }
    }

    /// Derives that cannot be right do not compile, and say why.
    ///
    /// Shows a part of: R-006.
    #[test]
    fn what_cannot_be_right_is_refused() {
        let cases: Vec<(DeriveInput, &str)> = vec![
            (
                parse_quote! { struct A(u8); },
                "a configuration struct has named fields",
            ),
            (
                parse_quote! { union A { a: u8 } },
                "a configuration is a struct, or an enum without data",
            ),
            (
                parse_quote! { enum A { B(u8) } },
                "a configuration choice has no data",
            ),
            (
                parse_quote! { struct A { a: u8 } },
                "a configuration field has a doc comment: it becomes the description in the reference",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(pattern = "[a")] a: String } },
                "not a regular expression: non-empty character class has no closing bracket",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(defualt = 1)] a: u8 } },
                "expected `default`, `range`, `length`, `pattern`, `one_of`, `secret`, `class`, `dynamic`, `tenant`, `nested` or `rename`",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(default = 1 + 1)] a: u8 } },
                "expected text, a number, `true`, `false`, or an array of them",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(range())] a: u8 } },
                "unexpected end of input, expected nested attribute",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(range(least = 1))] a: u8 } },
                "expected `min` or `max`",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(class = "private")] a: u8 } },
                "expected `public`, `internal`, `confidential` or `secret`",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(rename = "Some_Key")] a: u8 } },
                "the key of a configuration field is in kebab-case, so that it has one variable",
            ),
            (
                parse_quote! { struct A { #[doc = "A."] #[config(secret, default = "hunter2")] a: String } },
                "a secret has no default: it would be in the source, the sample and the reference",
            ),
            (
                parse_quote! { #[config(chek = "a")] struct A {} },
                "expected `check = \"Type::function\"`",
            ),
        ];
        for (input, expected) in cases {
            assert_eq!(refusal(input), expected);
        }
    }
}
