//! Reports of whole catalogs.
