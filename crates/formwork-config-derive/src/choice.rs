//! Enums without data: one word per variant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Error, Fields, Result, Token, Variant};

use crate::attributes::{FieldAttributes, description, kebab};

pub(crate) fn derive(
    input: &DeriveInput,
    variants: &Punctuated<Variant, Token![,]>,
) -> Result<TokenStream> {
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let mut words = Vec::new();
    let mut identifiers = Vec::new();
    let mut abouts = Vec::new();
    for variant in variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                variant,
                "a configuration choice has no data",
            ));
        }
        let read = FieldAttributes::read(&variant.attrs)?;
        words.push(
            read.rename
                .unwrap_or_else(|| kebab(&variant.ident.to_string())),
        );
        identifiers.push(&variant.ident);
        abouts.push(description(&variant.attrs));
    }
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::formwork_config::Field for #name #type_generics #where_clause {
            const SHAPE: ::formwork_config::Shape = ::formwork_config::Shape::Choice(&[
                #(::formwork_config::Choice { name: #words, description: #abouts }),*
            ]);

            fn read(
                node: &::formwork_config::Node,
                _reader: &mut ::formwork_config::Reader,
            ) -> ::core::option::Option<Self> {
                match node.as_text()? {
                    #(#words => ::core::option::Option::Some(Self::#identifiers),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}
