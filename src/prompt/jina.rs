//! The prompt of jina-reranker-m0.

use super::qwen::QWEN_MEDIA;
use super::template::PromptTemplate;
use super::template::TemplatePart::{Document, InstructionLine, Query, Text, Token};
use super::truncation::Truncation;

/// The token at which the score is read. The script published with the weights appends it by this id.
const SCORE_TOKEN: u32 = 100;

/// jina-reranker-m0, as in the script published with the weights: without chat markup, the document before the query. A
/// document leaves 512 of the model's tokens to the query; what is still too long loses its end.
pub static JINA_M0: PromptTemplate = PromptTemplate {
    name: "jina-reranker-m0",
    default_instruction: "",
    max_length: 10_240,
    prefix: &[],
    body: &[InstructionLine(""), Text("**Document**:\n"), Document, Text("\n**Query**:\n"), Query],
    suffix: &[Token(SCORE_TOKEN)],
    empty_input: "",
    truncation: Truncation::DocumentThenEnd { query: 512 },
    media: Some(QWEN_MEDIA),
    answers: None,
};
