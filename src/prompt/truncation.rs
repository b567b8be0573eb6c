//! How prompts that are too long are shortened.

/// The rule by which a model's reference implementation shortens a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// The end of the body is dropped. The limit includes prefix and suffix.
    BodyEnd,
    /// The last tokens are dropped, be they what they may. The limit includes everything.
    End,
    /// What precedes the body's first boundary, the query, is cut to three quarters of the limit, and then the end of the
    /// body. The limit excludes prefix and suffix.
    QueryFirst,
    /// The document, which stands before the query, is cut so that the query has room, and then the end of the body. The
    /// limit includes everything.
    DocumentThenEnd {
        /// Tokens of the query, or half of a limit that has no room for as many.
        query: usize,
    },
    /// The last tokens of prefix and body are dropped, except special ones: images and videos stay whole, and may leave
    /// no text at all. The limit excludes the suffix.
    TextOnly {
        /// The tokens that are never dropped.
        kept: &'static [&'static str],
    },
}

/// Keeps the beginning of the body, so that prefix, body and suffix fit `max_length`.
pub(super) fn truncate_body(prefix: &[u32], body: &[u32], suffix_len: usize, max_length: usize) -> Vec<u32> {
    let room = max_length.saturating_sub(prefix.len() + suffix_len);
    [prefix, &body[..body.len().min(room)]].concat()
}

/// Drops the last tokens that are not `is_kept`, so that the others fit `max_length`.
pub(super) fn truncate_text(ids: Vec<u32>, max_length: usize, is_kept: impl Fn(u32) -> bool) -> Vec<u32> {
    if ids.len() <= max_length {
        return ids;
    }
    let mut room = max_length.saturating_sub(ids.iter().filter(|&&id| is_kept(id)).count());
    let mut fits = |id: u32| {
        is_kept(id) || {
            let fits = room > 0;
            room = room.saturating_sub(1);
            fits
        }
    };
    ids.into_iter().filter(|&id| fits(id)).collect()
}

/// How many tokens of the two sides of a pair are kept, so that both fit `room`: the longer side is cut first. As in the
/// `tokenizers` library, whose rule is stated by lengths; where both are cut, an odd token goes to the longer side, and
/// to the second if they are equal.
pub(super) fn longest_first([first, second]: [usize; 2], room: usize) -> [usize; 2] {
    if first + second <= room {
        return [first, second];
    }
    let (shorter, longer) = (first.min(second), first.max(second));
    let [shorter, longer] = match shorter * 2 <= room {
        true => [shorter, longer.min(room - shorter)],
        false => [room / 2, room / 2 + room % 2],
    };
    if first > second { [longer, shorter] } else { [shorter, longer] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_body_is_dropped() {
        assert_eq!(truncate_body(&[1, 2], &[3, 4, 5], 1, 8), [1, 2, 3, 4, 5]);
        assert_eq!(truncate_body(&[1, 2], &[3, 4, 5], 1, 5), [1, 2, 3, 4]);
        assert_eq!(truncate_body(&[1, 2], &[3, 4, 5], 1, 0), [1, 2]);
    }

    #[test]
    fn the_longer_side_of_a_pair_is_cut_first() {
        assert_eq!(longest_first([3, 4], 7), [3, 4]);
        assert_eq!(longest_first([3, 10], 9), [3, 6]);
        assert_eq!(longest_first([10, 3], 9), [6, 3]);
        assert_eq!(longest_first([10, 12], 9), [4, 5]);
        assert_eq!(longest_first([12, 10], 9), [5, 4]);
        assert_eq!(longest_first([10, 10], 9), [4, 5]);
        assert_eq!(longest_first([1, 10], 0), [0, 0]);
    }

    #[test]
    fn kept_tokens_survive_wherever_they_are() {
        let truncated = |max_length| truncate_text(vec![90, 1, 2, 91, 3, 92], max_length, |id| id >= 90);
        assert_eq!(truncated(6), [90, 1, 2, 91, 3, 92]);
        assert_eq!(truncated(5), [90, 1, 2, 91, 92]);
        assert_eq!(truncated(0), [90, 91, 92]);
    }
}
