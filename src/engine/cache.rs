//! What is kept between requests: the features of pictures, and the start of the last prompts.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use crate::media::Picture;
use crate::model::{Prefix, VisionFeatures};

/// Features of all pictures that are kept, on the device: some thirty pictures of the 2B model at half a megapixel.
const MAX_VISION_BYTES: usize = 512 << 20;

/// A picture or video by its content: two hashes, so that no two pictures of one page are ever taken for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentKey(u64, u64);

impl ContentKey {
    /// Of pictures in order, and of whatever else decides how they are seen.
    pub fn of(pictures: &[Picture], circumstances: &str) -> Self {
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            circumstances.hash(&mut hasher);
            for picture in pictures {
                (picture.width(), picture.height(), picture.rgb()).hash(&mut hasher);
            }
            hasher.finish()
        };
        Self(hash(0), hash(1))
    }
}

/// Features by the content that was seen, the least recently used leaving first.
#[derive(Default)]
pub struct VisionCache {
    entries: VecDeque<(ContentKey, Rc<VisionFeatures>)>,
    bytes: usize,
}

impl VisionCache {
    pub fn get(&mut self, key: ContentKey) -> Option<Rc<VisionFeatures>> {
        let place = self.entries.iter().position(|(k, _)| *k == key)?;
        let entry = self.entries.remove(place)?;
        let features = entry.1.clone();
        self.entries.push_back(entry);
        Some(features)
    }

    pub fn put(&mut self, key: ContentKey, features: Rc<VisionFeatures>) {
        self.bytes += features.bytes();
        self.entries.push_back((key, features));
        while self.bytes > MAX_VISION_BYTES {
            let Some((_, oldest)) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}

/// The start of a prompt and what it was computed from.
pub struct PrefixEntry {
    pub ids: Vec<u32>,
    pub visuals: Vec<ContentKey>,
    pub prefix: Rc<Prefix>,
}

impl PrefixEntry {
    pub fn is_of(&self, ids: &[u32], visuals: &[ContentKey]) -> bool {
        self.ids == ids && self.visuals == visuals
    }
}
