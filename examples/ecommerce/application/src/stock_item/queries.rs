//! What can be asked about stock items. Answers come straight from storage.

use domain::shared::Sku;
use domain::stock_item::{StockItemId, StockItemSnapshot};
use formwork_domain::{BoxFuture, Cursor, Page, PageRequest, RepositoryError, SortKey};

/// Reads stock items.
pub trait StockItemQueries: Send + Sync {
    /// The stock item with this identifier, if there is one.
    fn get(
        &self,
        id: StockItemId,
    ) -> BoxFuture<'_, Result<Option<StockItemSnapshot>, RepositoryError>>;

    /// The stock items that `filter` lets through, a page at a time. Those with equal `sort` follow
    /// each other by identifier.
    fn list<'a>(
        &'a self,
        filter: &'a StockItemFilter,
        sort: StockItemSort,
        page: &'a PageRequest,
    ) -> BoxFuture<'a, Result<Page<StockItemSnapshot>, RepositoryError>>;
}

/// Which stock items: those for which everything given is equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockItemFilter {
    /// Which article.
    pub sku: Option<Sku>,
}

/// What stock items are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StockItemSort {
    /// When it was created.
    #[default]
    Created,
    /// When it last changed.
    Updated,
    /// `sku`.
    Sku,
    /// `on_hand`.
    OnHand,
}

impl StockItemSort {
    /// Where `stock_item` stands in this order.
    pub fn cursor(self, stock_item: &StockItemSnapshot) -> Cursor {
        let key = match self {
            Self::Created => SortKey::Integer(stock_item.created.as_micros()),
            Self::Updated => SortKey::Integer(stock_item.updated.as_micros()),
            Self::Sku => SortKey::Text(stock_item.sku.to_string()),
            Self::OnHand => SortKey::Integer(stock_item.on_hand),
        };
        Cursor {
            key,
            id: stock_item.id.to_bytes(),
        }
    }
}
