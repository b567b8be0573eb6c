//! A loaded reranker and its state.

use std::cell::RefCell;
use std::rc::Rc;

use super::info::ModelInfo;
use super::prefix_cache::PrefixEntry;
use super::runtime::Runtime;
use crate::api::DocumentScore;
use crate::model::{Reranker, sigmoid};
use crate::prompt::Prompter;

/// A loaded reranker.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))]
/// # pollster::block_on(async {
/// use secondpass::bytes::DirectoryFolder;
/// use secondpass::{Engine, LoadOptions, Observer, RerankRequest};
///
/// let folder = DirectoryFolder::new("tests/fixtures/text/tiny-tied");
/// let engine = Engine::load(&folder, LoadOptions::cpu(), &Observer::silent()).await?;
/// let request = RerankRequest::from_json(r#"{"query": "a planet", "documents": ["Mars", "a page", "Saturn"], "top_n": 2}"#)?;
/// let response = engine.rerank(&request, &Observer::silent()).await?;
/// assert_eq!(response.results.len(), 2);
/// assert!(response.results[0].relevance_score >= response.results[1].relevance_score);
/// # Ok::<(), secondpass::Error>(())
/// # }).unwrap();
/// ```
pub struct Engine {
    pub(super) model: Reranker,
    pub(super) prompter: Prompter,
    pub(super) info: ModelInfo,
    pub(super) runtime: Rc<Runtime>,
    pub(super) prefix_cache: RefCell<Option<PrefixEntry>>,
}

impl Engine {
    /// What is loaded, and where it runs.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The score of a logit.
    pub(super) fn score(&self, logit: f64, raw: bool) -> DocumentScore {
        let relevance_score = if raw { self.model.config().activation.published(logit) } else { sigmoid(logit) };
        DocumentScore { relevance_score, logit }
    }

    /// Makes the prompts.
    #[doc(hidden)]
    pub fn prompter(&self) -> &Prompter {
        &self.prompter
    }

    /// The model itself, for comparison with the reference implementation.
    #[doc(hidden)]
    pub fn model(&self) -> &Reranker {
        &self.model
    }
}
