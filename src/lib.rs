//! secondpass reranks search results with cross-encoders, in a web page or natively.
//!
//! ```
//! # #[cfg(not(target_arch = "wasm32"))]
//! # pollster::block_on(async {
//! use secondpass::bytes::DirectoryFolder;
//! use secondpass::{Engine, LoadOptions, Observer, RerankRequest};
//!
//! // A folder with config.json, tokenizer.json and safetensors, such as that of Qwen3-Reranker-0.6B.
//! let folder = DirectoryFolder::new("tests/fixtures/text/tiny-tied");
//! let engine = Engine::load(&folder, LoadOptions::cpu(), &Observer::silent()).await?;
//! let request = RerankRequest::from_json(r#"{"query": "capital of China", "documents": ["Beijing", "Paris"]}"#)?;
//! let response = engine.rerank(&request, &Observer::silent()).await?;
//! println!("{}", serde_json::to_string_pretty(&response).unwrap());
//! # assert_eq!(response.results.len(), 2);
//! # Ok::<(), secondpass::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Modules
//!
//! A request goes through `api` (the contract), `prompt` (text to token ids), `media` (images to patches), `engine` (what
//! to compute), `model` (burn modules) and `kernels` (their operations). Files come in through [`bytes`] and [`weights`].
//! `web` and `cli` are the two callers of the engine, and no other module depends on them. Modules that are not
//! documented here are internal, and public only for the integration tests.

pub mod api;
pub mod bytes;
#[doc(hidden)]
pub mod download;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod kernels;
pub mod media;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod prompt;
pub mod weights;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod web;

#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
pub mod cli;

#[doc(inline)]
pub use api::{EmbedRequest, EmbedResponse, RerankRequest, RerankResponse};
#[doc(inline)]
pub use engine::{
    Embedder, Engine, Error, FileLocation, LoadOptions, LoadProgress, LoadStage, Manifest, ModelInfo, ModelLocation,
    NoPictures, Observer, Optimizations, PictureSource, RequestOptions, TaskInfo,
};
#[doc(inline)]
pub use kernels::selection::KernelChoice;
#[doc(inline)]
pub use model::{DeviceKind, Precision};
