//! Derives typed configuration for formwork-config.
//!
//! The attributes are described on the page of `formwork-config`, which re-exports the macro.

#![warn(missing_docs)]

mod attributes;
mod choice;
mod record;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, Error, Fields, Result, parse_macro_input};

/// Derives `Config` for a struct with named fields, or a choice for an enum without data.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

fn expand(input: &DeriveInput) -> Result<proc_macro2::TokenStream> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => record::derive(input, &fields.named),
            _ => Err(Error::new_spanned(
                &input.ident,
                "a configuration struct has named fields",
            )),
        },
        Data::Enum(data) => choice::derive(input, &data.variants),
        Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "a configuration is a struct, or an enum without data",
        )),
    }
}
