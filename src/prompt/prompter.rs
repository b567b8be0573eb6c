//! One query and one document as the ids of a prompt.

use super::PromptError;
use super::template::{Family, IMAGE_PAD, KEPT_WHEN_CUT, Piece, Side, VIDEO_PAD};
use super::tokenizer::Tokenizer;

/// How much of a text is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Tokens of the whole prompt; the family's own limit if absent.
    pub max_length: Option<usize>,
    /// Tokens of the document's own text.
    pub max_tokens_per_doc: Option<usize>,
}

/// The ids of one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// From the first control token to the one after which the model answers.
    pub ids: Vec<u32>,
    /// Tokens that did not fit.
    pub dropped_tokens: usize,
    /// How many of them stood before the document's own text: in its pictures' labels, the query, the instruction. None
    /// of the document's text was read then.
    pub dropped_before: usize,
}

/// Makes prompts for one model.
pub struct Prompter {
    tokenizer: Tokenizer,
    family: Family,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    kept_when_cut: Vec<u32>,
    yes: u32,
    no: u32,
}

impl Prompter {
    /// From the bytes of a `tokenizer.json`. The fixed parts of the prompt are encoded here, once.
    pub fn new(tokenizer_json: &[u8], family: Family) -> Result<Self, PromptError> {
        Self::with(Tokenizer::new(tokenizer_json)?, family)
    }

    /// From a tokenizer.
    pub fn with(tokenizer: Tokenizer, family: Family) -> Result<Self, PromptError> {
        let prefix = tokenizer.pieces(family.prefix())?;
        let suffix = tokenizer.pieces(family.suffix())?;
        let (yes, no) = (tokenizer.id("yes")?, tokenizer.id("no")?);
        if family == Family::Vision {
            tokenizer.id(IMAGE_PAD)?;
            tokenizer.id(VIDEO_PAD)?;
        }
        let kept_when_cut = KEPT_WHEN_CUT.iter().filter_map(|token| tokenizer.id(token).ok()).collect();
        Ok(Self { tokenizer, family, prefix, suffix, kept_when_cut, yes, no })
    }

    /// The prompt that is made.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The id of the answer `yes`.
    pub fn yes_id(&self) -> u32 {
        self.yes
    }

    /// The id of the answer `no`.
    pub fn no_id(&self) -> u32 {
        self.no
    }

    /// The prompt of one pair.
    pub fn encode(
        &self,
        instruction: Option<&str>,
        query: &Side<'_>,
        document: &Side<'_>,
        limits: Limits,
    ) -> Result<Encoded, PromptError> {
        let (text, dropped) = match limits.max_tokens_per_doc {
            Some(tokens) => self.tokenizer.cut(document.text, tokens)?,
            None => (document.text, 0),
        };
        let document = Side { text, ..document.clone() };
        let instruction = instruction.unwrap_or(self.family.default_instruction());
        let pieces = self.family.body(instruction, query, &document);
        let body = self.tokenizer.pieces(&pieces)?;
        let max_length = limits.max_length.unwrap_or(self.family.max_length());
        let (head, cut) = match self.family {
            Family::Text => self.cut_body(&body, max_length),
            Family::Vision => self.cut_text([self.prefix.as_slice(), &body].concat(), max_length),
        };
        let dropped_before = if cut > 0 { cut.saturating_sub(self.own_tokens(&pieces, &body)?) } else { 0 };
        let ids = [head.as_slice(), &self.suffix].concat();
        Ok(Encoded { ids, dropped_tokens: dropped + cut, dropped_before })
    }

    /// Tokens of a body that are the document's own text, its last piece: those after which a body without it is another.
    fn own_tokens(&self, pieces: &[Piece<'_>], body: &[u32]) -> Result<usize, PromptError> {
        let without = self.tokenizer.pieces(&pieces[..pieces.len() - 1])?;
        Ok(body.len() - body.iter().zip(&without).take_while(|(a, b)| a == b).count())
    }

    /// The text prompt loses the end of its body.
    fn cut_body(&self, body: &[u32], max_length: usize) -> (Vec<u32>, usize) {
        let room = max_length.saturating_sub(self.prefix.len() + self.suffix.len());
        let kept = &body[..body.len().min(room)];
        ([self.prefix.as_slice(), kept].concat(), body.len() - kept.len())
    }

    /// The vision prompt loses the last of its text, and never a token that stands for a part of a picture: the limit
    /// is that of the head alone, and pictures that fill it leave no text at all.
    fn cut_text(&self, head: Vec<u32>, max_length: usize) -> (Vec<u32>, usize) {
        if head.len() <= max_length {
            return (head, 0);
        }
        let whole = head.len();
        let is_kept = |id: &u32| self.kept_when_cut.contains(id);
        let mut room = max_length.saturating_sub(head.iter().filter(|id| is_kept(id)).count());
        let mut fits = |id: &u32| {
            is_kept(id) || {
                let fits = room > 0;
                room = room.saturating_sub(1);
                fits
            }
        };
        let kept: Vec<u32> = head.into_iter().filter(|id| fits(id)).collect();
        let cut = whole - kept.len();
        (kept, cut)
    }

    /// The ids that stand for a part of a picture or of a video.
    pub fn pad_ids(&self) -> [Option<u32>; 2] {
        [IMAGE_PAD, VIDEO_PAD].map(|token| self.tokenizer.id(token).ok())
    }
}
