//! secondpass reranks search results with Qwen3 cross-encoders, inside the web page or on the command line.
//!
//! A request travels `api` (what was asked) → `prompt` (text to token ids) → `engine` (what to compute) → `model`
//! (burn modules) → `kernels` (the operations of our own), with `weights` as the way in for everything that comes from
//! a file. `web` and the `cli` are its two doors; no other part knows which of them was used.
//!
//! ```no_run
//! # #[cfg(not(target_arch = "wasm32"))]
//! # async fn example() -> Result<(), secondpass::Error> {
//! use secondpass::{Engine, LoadOptions, Observer, RerankRequest, bytes::DirectoryFolder};
//!
//! let folder = DirectoryFolder::new("Qwen3-Reranker-0.6B");
//! let engine = Engine::load(&folder, LoadOptions::cpu(), &Observer::silent()).await?;
//! let request = RerankRequest::from_json(r#"{"query": "capital of China", "documents": ["Beijing", "Paris"]}"#)?;
//! let response = engine.rerank(&request, &Observer::silent()).await?;
//! # Ok(()) }
//! ```

pub mod api;
pub mod bytes;
pub mod download;
pub mod engine;
pub mod kernels;
pub mod media;
pub mod model;
pub mod prompt;
pub mod weights;

#[cfg(target_arch = "wasm32")]
pub mod web;

#[cfg(not(target_arch = "wasm32"))]
pub mod cli;

pub use api::{RerankRequest, RerankResponse};
pub use engine::{Engine, Error, LoadOptions, Observer};
