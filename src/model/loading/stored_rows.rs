//! Reads rows of an embedding table that stays in its file.

use std::rc::Rc;

use futures_util::future::try_join_all;

use crate::bytes::LocalBoxFuture;
use crate::model::layers::RowReader;
use crate::weights::{Checkpoint, WeightsError};

/// The rows of a table.
pub struct StoredRows {
    pub checkpoint: Rc<Checkpoint>,
    pub name: String,
    pub shape: [usize; 2],
}

/// Rows that are read at once. Each is a request to the browser's storage.
const ROWS_AT_ONCE: usize = 64;

impl RowReader for StoredRows {
    fn read<'a>(&'a self, ids: &'a [u32]) -> LocalBoxFuture<'a, Result<Vec<u8>, WeightsError>> {
        Box::pin(async move {
            let mut bytes = Vec::new();
            for ids in ids.chunks(ROWS_AT_ONCE) {
                let rows = ids.iter().map(|&id| self.checkpoint.raw_rows(&self.name, &self.shape, id as usize, 1));
                for row in try_join_all(rows).await? {
                    bytes.extend(row.bytes);
                }
            }
            Ok(bytes)
        })
    }
}
