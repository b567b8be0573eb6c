//! From the texts of a request to token ids, exactly as the reference implementation writes and tokenizes its prompt.
//!
//! A decoder's prompt is a [`PromptTemplate`]: constants, and no code of its own. An encoder reads a pair of texts, joined
//! as its tokenizer says. [`Prompter`] makes both, one [`Tokenizer`] serves all of them, and a template names the
//! [`Truncation`] that its reference uses. A new family adds a template in a file like `qwen.rs`, and a truncation rule if
//! none of the present ones is its own.

mod charsmap;
mod encoded;
mod error;
mod gguf_pairs;
mod gguf_vocabulary;
mod jina;
mod merges;
mod pair_format;
mod pair_layout;
mod part;
mod prompter;
mod qwen;
mod template;
mod template_format;
mod text_layout;
mod text_prompter;
mod tokenizer;
mod truncation;

pub use encoded::{EncodedPrompt, PromptLimits};
pub use error::PromptError;
pub use gguf_pairs::{GgufPairVocabulary, PieceScores, SpecialIds};
pub use gguf_vocabulary::GgufVocabulary;
pub use jina::JINA_M0;
pub use pair_layout::PairLayout;
pub use prompter::Prompter;
pub use qwen::{MXBAI_RERANK, QWEN3_RERANKER, QWEN3_VL_EMBEDDING, QWEN3_VL_RERANKER};
pub use template::{MediaTokens, PromptInput, PromptTemplate, TemplatePart, VisualPlaceholder};
pub use text_layout::TextLayout;
pub use text_prompter::{InputRole, PublishedPrompts, TextPrompt, TextPrompter};
pub use tokenizer::Tokenizer;
pub use truncation::Truncation;
