//! The prefix that all prompts of a request have in common: instruction and query.

use std::rc::Rc;

use super::content_hash::ContentHash;
use super::core::Engine;
use super::error::Error;
use super::prefix_cache::PrefixEntry;
use super::visual_encoder::EncodedVisuals;
use crate::model::{KvCache, PromptStart, TokenizedPrompt, VisionFeatures};
use crate::prompt::{EncodedPrompt, PromptInput};

/// Two dummy documents with different first tokens: the common prefix of their prompts is every document's.
const DUMMY_DOCUMENTS: [&str; 2] = ["a", "(1"];

/// The common prefix of a request's prompts. It is computed with the first of them.
pub struct SharedPrefix {
    ids: Vec<u32>,
    /// Of the query's images.
    visuals: Vec<ContentHash>,
    /// Once it was computed.
    cache: Option<Rc<KvCache>>,
}

impl SharedPrefix {
    /// Finds the prefix by the prompts that `encode` makes of documents, and whether the last request had the same.
    pub fn find(
        engine: &Engine,
        query: &EncodedVisuals,
        encode: impl Fn(&PromptInput<'_>) -> Result<EncodedPrompt, Error>,
    ) -> Result<Self, Error> {
        // Where the document comes first, only its label would be shared.
        let shares = engine.runtime.optimizations.shared_prefix
            && engine.model.shares_prefixes()
            && !engine.prompter.document_first();
        let ids = if shares { common_ids(encode)? } else { Vec::new() };
        let matching = |entry: &PrefixEntry| entry.matches(&ids, &query.hashes).then(|| entry.cache.clone());
        let cached = engine.prefix_cache.borrow().as_ref().and_then(matching);
        let cache = cached.or_else(|| ids.is_empty().then(Rc::default));
        Ok(Self { ids, visuals: query.hashes.clone(), cache })
    }

    /// What prompts start with. `visuals` are the query's.
    pub fn start<'a>(&'a self, visuals: &'a [&'a VisionFeatures]) -> PromptStart<'a> {
        match &self.cache {
            Some(cache) => PromptStart::Computed(cache),
            None => PromptStart::New(TokenizedPrompt { ids: &self.ids, second_segment: self.ids.len(), visuals }),
        }
    }

    /// Keeps what was computed, for the other prompts and for the next request.
    pub fn keep(&mut self, cache: KvCache, engine: &Engine) {
        let cache = Rc::new(cache);
        self.cache = Some(cache.clone());
        let entry = PrefixEntry { ids: self.ids.clone(), visuals: self.visuals.clone(), cache };
        *engine.prefix_cache.borrow_mut() = Some(entry);
    }

    /// How many of its tokens a prompt can reuse. At least the last token of a prompt is computed for itself.
    pub fn shared_tokens(&self, ids: &[u32]) -> usize {
        let common = common_len(&self.ids, ids).min(ids.len() - 1);
        // A prompt whose text was truncated in favour of its images can leave the prefix early. It then shares nothing,
        // since the cut could be within an image of the query.
        if common < self.ids.len() && !self.visuals.is_empty() { 0 } else { common }
    }
}

fn common_ids(encode: impl Fn(&PromptInput<'_>) -> Result<EncodedPrompt, Error>) -> Result<Vec<u32>, Error> {
    let [first, second] = DUMMY_DOCUMENTS.map(|text| encode(&PromptInput { visuals: &[], text }));
    let (mut first, second) = (first?.ids, second?.ids);
    first.truncate(common_len(&first, &second));
    Ok(first)
}

fn common_len(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
