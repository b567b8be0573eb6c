//! How a request is answered, beyond what its body says.

/// How a request is answered, beyond what its body says.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))]
/// # pollster::block_on(async {
/// use secondpass::bytes::DirectoryFolder;
/// use secondpass::{Engine, LoadOptions, NoPictures, Observer, RequestOptions, RerankRequest};
///
/// let folder = DirectoryFolder::new("tests/fixtures/vl/vl-tied");
/// let engine = Engine::load(&folder, LoadOptions::cpu(), &Observer::silent()).await?;
/// let request = RerankRequest::from_json(r#"{"query": "q", "documents": ["a", {"image": "missing.png"}]}"#)?;
///
/// // One document cannot be read: it is reported, unless the request is strict.
/// let response = engine.rerank(&request, &Observer::silent()).await?;
/// assert_eq!((response.results.len(), response.meta.failed.len()), (1, 1));
/// let strict = RequestOptions { strict: true };
/// assert!(engine.rerank_with(&request, &NoPictures, strict, &Observer::silent()).await.is_err());
/// # Ok::<(), secondpass::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestOptions {
    /// Whether a document that cannot be scored fails the request, instead of being reported beside the scores of the
    /// others.
    pub strict: bool,
}
