//! The prompts of Qwen3-Reranker, Qwen3-VL-Reranker, Qwen3-VL-Embedding and mxbai-rerank-v2.

use super::template::TemplatePart::{self, Boundary, Document, Instruction, InstructionLine, Query, Special, Text};
use super::template::{MediaTokens, PromptTemplate};
use super::truncation::Truncation;

/// Qwen3-Reranker, as in its model card.
pub static QWEN3_RERANKER: PromptTemplate = PromptTemplate {
    name: "Qwen3-Reranker",
    default_instruction: "Given a web search query, retrieve relevant passages that answer the query",
    max_length: 8192,
    prefix: PREFIX,
    body: &[Text("<Instruct>: "), Instruction, Text("\n<Query>: "), Query, Text("\n<Document>: "), Document],
    suffix: &[
        Special(IM_END),
        Text("\n"),
        Special(IM_START),
        Text("assistant\n"),
        Special("<think>"),
        Text("\n\n"),
        Special("</think>"),
        Text("\n\n"),
    ],
    empty_input: "",
    truncation: Truncation::BodyEnd,
    media: None,
    answers: Some(["yes", "no"]),
};

/// Qwen3-VL-Reranker, as in the script published with it: no line break after the instruction, no spaces after the
/// labels and no thinking block.
pub static QWEN3_VL_RERANKER: PromptTemplate = PromptTemplate {
    name: "Qwen3-VL-Reranker",
    default_instruction: "Given a search query, retrieve relevant candidates that answer the query.",
    max_length: 10_240,
    prefix: PREFIX,
    body: &[Text("<Instruct>: "), Instruction, Text("<Query>:"), Query, Text("\n<Document>:"), Document],
    suffix: &[Special(IM_END), Text("\n"), Special(IM_START), Text("assistant\n")],
    // The two published versions of the script differ for a text that is given but empty. This is the earlier one,
    // which was published with the weights.
    empty_input: "NULL",
    truncation: Truncation::TextOnly { kept: KEPT_TOKENS },
    media: Some(QWEN_MEDIA),
    answers: Some(["yes", "no"]),
};

/// mxbai-rerank-v2, as in the library published with it: its pieces are tokenized on their own, and what is asked follows
/// the document.
pub static MXBAI_RERANK: PromptTemplate = PromptTemplate {
    name: "mxbai-rerank-v2",
    default_instruction: "",
    max_length: 8192,
    prefix: &[
        Special(IM_START),
        Text("system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
        Special(IM_END),
        Text("\n"),
        Special(IM_START),
        Text("user\n"),
    ],
    body: &[
        InstructionLine("instruction: "),
        Text("query: "),
        Query,
        Boundary,
        Text("\n"),
        Boundary,
        Text("document: "),
        Document,
    ],
    suffix: &[
        Text("\n"),
        Boundary,
        Text(
            "You are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, carefully analyze the semantic relationship between them, then provide your binary relevance judgment (0 for not relevant, 1 for relevant).\nRelevance:",
        ),
        Special(IM_END),
        Text("\n"),
        Special(IM_START),
        Text("assistant\n"),
    ],
    empty_input: "",
    truncation: Truncation::QueryFirst,
    media: None,
    answers: Some(["1", "0"]),
};

/// Qwen3-VL-Embedding, as in the script published with it. The instruction is the system's message, and the vector is read
/// at the last token.
pub static QWEN3_VL_EMBEDDING: PromptTemplate = PromptTemplate {
    name: "Qwen3-VL-Embedding",
    default_instruction: "Represent the user's input.",
    max_length: 8192,
    prefix: &[Special(IM_START)],
    body: &[Text("system\n"), Instruction, Special(IM_END), Text("\n"), Special(IM_START), Text("user\n"), Document],
    suffix: &[Special(IM_END), Text("\n"), Special(IM_START), Text("assistant\n")],
    empty_input: "NULL",
    truncation: Truncation::End,
    media: Some(QWEN_MEDIA),
    answers: None,
};

const IM_START: &str = "<|im_start|>";
const IM_END: &str = "<|im_end|>";
const VISION_START: &str = "<|vision_start|>";
const VISION_END: &str = "<|vision_end|>";
const IMAGE_PAD: &str = "<|image_pad|>";
const VIDEO_PAD: &str = "<|video_pad|>";

/// What stands for pictures in all of Qwen's vision models.
pub const QWEN_MEDIA: MediaTokens =
    MediaTokens { start: VISION_START, end: VISION_END, image_pad: IMAGE_PAD, video_pad: VIDEO_PAD };

/// The body begins with `<`, with which the last line break never merges.
const PREFIX: &[TemplatePart] = &[
    Special(IM_START),
    Text(
        "system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".",
    ),
    Special(IM_END),
    Text("\n"),
    Special(IM_START),
    Text("user\n"),
];

/// The special tokens of Qwen's vision models.
const KEPT_TOKENS: &[&str] = &[
    "<|endoftext|>",
    IM_START,
    IM_END,
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    VISION_START,
    VISION_END,
    "<|vision_pad|>",
    IMAGE_PAD,
    VIDEO_PAD,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_last_part_of_the_body() {
        for template in [&QWEN3_RERANKER, &QWEN3_VL_RERANKER, &QWEN3_VL_EMBEDDING, &MXBAI_RERANK] {
            assert_eq!(template.body.last(), Some(&Document), "{}", template.name);
        }
    }
}
