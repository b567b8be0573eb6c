//! How a caller watches and cancels work. The engine knows neither threads nor event loops; its callers supply them.

use super::error::Error;
use super::progress::{LoadProgress, LoadStage};
use crate::api::DocumentScore;
use crate::bytes::LocalBoxFuture;
use crate::model::{ModelError, YieldPoint};

/// Callbacks with which a caller watches and cancels a load or a request.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))]
/// # pollster::block_on(async {
/// use std::cell::Cell;
///
/// use secondpass::bytes::DirectoryFolder;
/// use secondpass::api::DocumentScore;
/// use secondpass::{Engine, LoadOptions, Observer, RerankRequest};
///
/// let folder = DirectoryFolder::new("tests/fixtures/text/tiny-tied");
/// let engine = Engine::load(&folder, LoadOptions::cpu(), &Observer::silent()).await?;
/// let request = RerankRequest::from_json(r#"{"query": "q", "documents": ["a", "b"]}"#)?;
///
/// let scored = Cell::new(0);
/// let on_result = |_index: usize, _score: DocumentScore| scored.set(scored.get() + 1);
/// engine.rerank(&request, &Observer { on_result: &on_result, ..Observer::silent() }).await?;
/// assert_eq!(scored.get(), 2);
///
/// let cancelled = Observer { aborted: &|| true, ..Observer::silent() };
/// assert!(engine.rerank(&request, &cancelled).await.unwrap_err().is_abort());
/// # Ok::<(), secondpass::Error>(())
/// # }).unwrap();
/// ```
pub struct Observer<'a> {
    /// Called with the progress of loading.
    pub on_progress: &'a dyn Fn(LoadProgress),
    /// Called with the index and score of each document, in the order in which they are computed.
    pub on_result: &'a dyn Fn(usize, DocumentScore),
    /// Called between steps; `true` cancels the work with [`Error::Aborted`].
    pub aborted: &'a dyn Fn() -> bool,
    /// Lets other tasks run between steps, without which no cancellation could arrive.
    pub pause: &'a dyn Fn() -> LocalBoxFuture<'static, ()>,
    /// Milliseconds since an arbitrary start. No clock works on all platforms.
    pub now: &'a dyn Fn() -> f64,
}

impl Observer<'static> {
    /// Ignores everything and never cancels.
    pub fn silent() -> Self {
        Self {
            on_progress: &|_| {},
            on_result: &|_, _| {},
            aborted: &|| false,
            pause: &|| Box::pin(std::future::ready(())),
            now: &|| 0.0,
        }
    }
}

impl Observer<'_> {
    pub(super) fn report(&self, stage: LoadStage, loaded: u64, total: u64) {
        (self.on_progress)(LoadProgress { stage, loaded, total, rate: None, file: None });
    }

    /// Lets other tasks run, then fails if the work was cancelled.
    pub(super) async fn checkpoint(&self) -> Result<(), Error> {
        (self.pause)().await;
        if (self.aborted)() { Err(Error::Aborted) } else { Ok(()) }
    }
}

impl YieldPoint for Observer<'_> {
    fn yield_now(&self) -> LocalBoxFuture<'_, Result<(), ModelError>> {
        Box::pin(async { self.checkpoint().await.map_err(|_| ModelError::Aborted) })
    }

    fn now(&self) -> f64 {
        (self.now)()
    }
}
