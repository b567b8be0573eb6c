//! Content by its hash.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::media::Picture;

/// 128 bits of hash, so that contents of one page with equal hashes can be taken as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(u64, u64);

impl ContentHash {
    /// Of an image or the frames of a video, and of everything else that decides their features.
    pub fn of_pictures(pictures: &[Picture], processing: &str) -> Self {
        Self::of(|hasher| {
            processing.hash(hasher);
            for picture in pictures {
                (picture.width(), picture.height(), picture.rgb()).hash(hasher);
            }
        })
    }

    /// Of a prompt: its tokens, and the images and videos that its placeholders stand for.
    pub fn of_prompt(ids: &[u32], visuals: &[Self]) -> Self {
        Self::of(|hasher| (ids, visuals).hash(hasher))
    }

    fn of(feed: impl Fn(&mut DefaultHasher)) -> Self {
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            feed(&mut hasher);
            hasher.finish()
        };
        Self(hash(0), hash(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_differ_by_tokens_and_by_images() {
        let image = |shade: u8| {
            let picture = Picture::from_rgba(1, 1, &[shade, 0, 0, 255]).expect("a picture");
            ContentHash::of_pictures(&[picture], "image")
        };
        let prompt = |ids: &[u32], shade: u8| ContentHash::of_prompt(ids, &[image(shade)]);
        assert_eq!(prompt(&[1, 2], 3), prompt(&[1, 2], 3));
        assert_ne!(prompt(&[1, 2], 3), prompt(&[2, 1], 3));
        assert_ne!(prompt(&[1, 2], 3), prompt(&[1, 2], 4));
        assert_ne!(prompt(&[1, 2], 3), ContentHash::of_prompt(&[1, 2], &[]));
    }
}
