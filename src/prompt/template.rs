//! The published prompts, as pieces between which the tokenizer never merges.

/// Which prompt a model was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Qwen3-Reranker: the form of its own model card.
    Text,
}

/// A piece of the fixed part of a prompt.
#[derive(Debug, Clone, Copy)]
pub enum Piece {
    /// A control token, by its text.
    Control(&'static str),
    /// Ordinary text.
    Text(&'static str),
}

use Piece::{Control, Text};

impl Family {
    /// The task that is assumed where the request names none.
    pub fn default_instruction(self) -> &'static str {
        match self {
            Self::Text => "Given a web search query, retrieve relevant passages that answer the query",
        }
    }

    /// All that precedes the instruction.
    pub fn prefix(self) -> &'static [Piece] {
        match self {
            Self::Text => &[
                Control("<|im_start|>"),
                Text(
                    "system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".",
                ),
                Control("<|im_end|>"),
                Text("\n"),
                Control("<|im_start|>"),
                Text("user\n"),
            ],
        }
    }

    /// All that follows the document; the model answers after its last token.
    pub fn suffix(self) -> &'static [Piece] {
        match self {
            Self::Text => &[
                Control("<|im_end|>"),
                Text("\n"),
                Control("<|im_start|>"),
                Text("assistant\n"),
                Control("<think>"),
                Text("\n\n"),
                Control("</think>"),
                Text("\n\n"),
            ],
        }
    }

    /// What stands between, as one string: byte pairs merge across its labels.
    pub fn body(self, instruction: &str, query: &str, document: &str) -> String {
        match self {
            Self::Text => format!("<Instruct>: {instruction}\n<Query>: {query}\n<Document>: {document}"),
        }
    }
}
