//! The features of recently used images.

use std::collections::VecDeque;
use std::rc::Rc;

use super::content_hash::ContentHash;
use crate::model::VisionFeatures;

/// A limit on the features that are kept on the device: of some thirty images of half a megapixel in the 2B model.
const MAX_BYTES: usize = 512 << 20;

/// Features by the content they were computed from. The least recently used are evicted first.
#[derive(Default)]
pub struct VisionCache {
    entries: VecDeque<(ContentHash, Rc<VisionFeatures>)>,
    bytes: usize,
}

impl VisionCache {
    pub fn get(&mut self, content: ContentHash) -> Option<Rc<VisionFeatures>> {
        let index = self.entries.iter().position(|(key, _)| *key == content)?;
        let entry = self.entries.remove(index)?;
        let features = entry.1.clone();
        self.entries.push_back(entry);
        Some(features)
    }

    pub fn insert(&mut self, content: ContentHash, features: Rc<VisionFeatures>) {
        self.bytes += features.bytes();
        self.entries.push_back((content, features));
        while self.bytes > MAX_BYTES {
            let Some((_, oldest)) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}
