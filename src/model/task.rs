//! What a model is loaded for. The same files may serve both: the trunk is the same, the head is not.

use serde::Deserialize;

/// What a model is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// To score documents against a query.
    #[default]
    Rerank,
    /// To turn texts and images into vectors.
    Embed,
}
