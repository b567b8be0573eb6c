//! The prefix that all prompts of a request have in common: instruction and query.

use std::rc::Rc;

use super::error::Error;
use super::prefix_cache::PrefixEntry;
use super::run::RequestRun;
use super::visual_encoder::EncodedVisuals;
use crate::model::{KvCache, TokenizedPrompt, VisionFeatures};
use crate::prompt::PromptInput;

/// Two dummy documents with different first tokens: the common prefix of their prompts is every document's.
const DUMMY_DOCUMENTS: [&str; 2] = ["a", "(1"];

/// The common prefix of a request's prompts.
pub struct SharedPrefix {
    pub ids: Vec<u32>,
    pub cache: Rc<KvCache>,
}

impl SharedPrefix {
    /// Finds the prefix, and computes it unless the last request had the same.
    pub async fn compute(run: &mut RequestRun<'_>, query: &EncodedVisuals) -> Result<Self, Error> {
        let engine = run.engine;
        // Where the document comes first, only its label would be shared.
        let shares = engine.runtime.optimizations.shared_prefix
            && engine.model.shares_prefixes()
            && !engine.prompter.document_first();
        let ids = if shares { common_ids(run, query)? } else { Vec::new() };
        let matching = |entry: &PrefixEntry| entry.matches(&ids, &query.hashes).then(|| entry.cache.clone());
        let cached = engine.prefix_cache.borrow().as_ref().and_then(matching);
        if let Some(cache) = cached {
            return Ok(Self { cache, ids });
        }
        let start = run.now();
        let visuals: Vec<&VisionFeatures> = match ids.is_empty() {
            true => Vec::new(),
            false => query.features.iter().map(|features| &**features).collect(),
        };
        let prompt = TokenizedPrompt { ids: &ids, second_segment: ids.len(), visuals: &visuals };
        let cache = Rc::new(engine.model.prefix(prompt, run.forward_options()).await?);
        run.tally.computed_tokens += ids.len();
        run.tally.timings.compute_ms += run.now() - start;
        let entry = PrefixEntry { ids: ids.clone(), visuals: query.hashes.clone(), cache: cache.clone() };
        *engine.prefix_cache.borrow_mut() = Some(entry);
        Ok(Self { ids, cache })
    }

    /// How many of its tokens a prompt can reuse. At least the last token of a prompt is computed for itself.
    pub fn shared_tokens(&self, ids: &[u32], query_has_visuals: bool) -> usize {
        let common = common_len(&self.ids, ids).min(ids.len() - 1);
        // A prompt whose text was truncated in favour of its images can leave the prefix early. It then shares nothing,
        // since the cut could be within an image of the query.
        if common < self.ids.len() && query_has_visuals { 0 } else { common }
    }
}

fn common_ids(run: &RequestRun<'_>, query: &EncodedVisuals) -> Result<Vec<u32>, Error> {
    let [first, second] = DUMMY_DOCUMENTS.map(|text| run.encode_prompt(query, &PromptInput { visuals: &[], text }));
    let (mut first, second) = (first?.ids, second?.ids);
    first.truncate(common_len(&first, &second));
    Ok(first)
}

fn common_len(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
