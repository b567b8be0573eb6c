//! The published prompts, as pieces between which the tokenizer never merges.

use std::borrow::Cow;

/// Which prompt a model was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Qwen3-Reranker: the form of its own model card.
    Text,
    /// Qwen3-VL-Reranker: the form of its published script, which has no line break after the instruction, no spaces
    /// after the labels and no thinking block.
    Vision,
}

/// A piece of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A control token, by its text, so many times.
    Control(&'static str, usize),
    /// Ordinary text. Neighbouring pieces of text are encoded as one: byte pairs merge across the labels.
    Text(Cow<'a, str>),
}

const fn control(token: &'static str) -> Piece<'static> {
    Piece::Control(token, 1)
}

const fn text(text: &'static str) -> Piece<'static> {
    Piece::Text(Cow::Borrowed(text))
}

/// What takes the place of pictures in a prompt.
#[derive(Debug, Clone, PartialEq)]
pub enum Visual {
    /// A picture of so many tokens.
    Image {
        /// Tokens.
        tokens: usize,
    },
    /// A video.
    Video {
        /// Tokens of each of its steps.
        tokens: usize,
        /// The text that tells the time of each step.
        timestamps: Vec<String>,
    },
}

/// The query or the document of a prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Side<'a> {
    /// Its videos, then its pictures.
    pub visuals: &'a [Visual],
    /// All its texts, joined.
    pub text: &'a str,
}

/// Stands for a side with nothing in it, in the prompt that knows pictures. The reference's two versions differ where
/// a text is there but empty; this is the earlier one's reading, which shipped with the weights.
const NOTHING: &str = "NULL";

/// The tokens that the vision prompt keeps when it is too long.
pub const KEPT_WHEN_CUT: [&str; 14] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
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

/// Marks the place of a picture's token.
pub const IMAGE_PAD: &str = "<|image_pad|>";
/// Marks the place of a video's token.
pub const VIDEO_PAD: &str = "<|video_pad|>";
const VISION_START: &str = "<|vision_start|>";
const VISION_END: &str = "<|vision_end|>";

static PREFIX: [Piece<'static>; 6] = [
    control("<|im_start|>"),
    text(
        "system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be \"yes\" or \"no\".",
    ),
    control("<|im_end|>"),
    text("\n"),
    control("<|im_start|>"),
    text("user\n"),
];

static TEXT_SUFFIX: [Piece<'static>; 8] = [
    control("<|im_end|>"),
    text("\n"),
    control("<|im_start|>"),
    text("assistant\n"),
    control("<think>"),
    text("\n\n"),
    control("</think>"),
    text("\n\n"),
];

impl Family {
    /// The task that is assumed where the request names none.
    pub fn default_instruction(self) -> &'static str {
        match self {
            Self::Text => "Given a web search query, retrieve relevant passages that answer the query",
            Self::Vision => "Given a search query, retrieve relevant candidates that answer the query.",
        }
    }

    /// Tokens of a whole prompt, as in the reference. The vision prompt's five last come on top of it.
    pub fn max_length(self) -> usize {
        match self {
            Self::Text => 8192,
            Self::Vision => 10_240,
        }
    }

    /// All that precedes the instruction. What follows starts with `<`, with which its last line break never merges.
    pub fn prefix(self) -> &'static [Piece<'static>] {
        &PREFIX
    }

    /// All that follows the document; the model answers after its last token.
    pub fn suffix(self) -> &'static [Piece<'static>] {
        match self {
            Self::Text => &TEXT_SUFFIX,
            Self::Vision => &TEXT_SUFFIX[..4],
        }
    }

    /// What stands between. The last piece is the document's own text.
    pub fn body<'a>(self, instruction: &'a str, query: &Side<'a>, document: &Side<'a>) -> Vec<Piece<'a>> {
        let (after_instruction, after_label) = match self {
            Self::Text => ("\n", " "),
            Self::Vision => ("", ""),
        };
        let mut body = Vec::new();
        let mut say = |s: &'a str| body.push(Piece::Text(s.into()));
        say("<Instruct>: ");
        say(instruction);
        say(after_instruction);
        say("<Query>:");
        say(after_label);
        self.side(query, &mut body);
        body.push(Piece::Text("\n<Document>:".into()));
        body.push(Piece::Text(after_label.into()));
        self.side(document, &mut body);
        body
    }

    fn side<'a>(self, side: &Side<'a>, body: &mut Vec<Piece<'a>>) {
        for visual in side.visuals {
            match visual {
                Visual::Image { tokens } => placeholder(IMAGE_PAD, *tokens, body),
                Visual::Video { tokens, timestamps } => {
                    for time in timestamps {
                        body.push(Piece::Text(time.clone().into()));
                        placeholder(VIDEO_PAD, *tokens, body);
                    }
                }
            }
        }
        let nothing = self == Self::Vision && side.visuals.is_empty() && side.text.is_empty();
        body.push(Piece::Text(if nothing { NOTHING } else { side.text }.into()));
    }
}

fn placeholder(pad: &'static str, tokens: usize, body: &mut Vec<Piece<'_>>) {
    body.extend([control(VISION_START), Piece::Control(pad, tokens), control(VISION_END)]);
}
