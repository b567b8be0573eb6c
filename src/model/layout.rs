//! Where the parts of a prompt lie: runs of text, and runs of tokens that stand for a picture.

use std::ops::Range;

use super::ModelError;

/// One step of a picture or video, as the prompt sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Tokens from top to bottom.
    pub height: usize,
    /// Tokens from left to right.
    pub width: usize,
}

/// A run of neighbouring tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// Ordinary tokens, by their places.
    Text(Range<usize>),
    /// The tokens of a step, by its number.
    Visual(usize),
}

/// The runs of a prompt and the three positions of each of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// In order.
    pub runs: Vec<Run>,
    /// Time, height and width of each token.
    pub positions: Vec<[u32; 3]>,
    /// Tokens of each step.
    lens: Vec<usize>,
}

impl Layout {
    /// Walks the ids; each run of pads takes the next of `steps`.
    ///
    /// A token of text advances all three positions by one. The tokens of a step share one time and spread over height
    /// and width; the text after them goes on behind the larger of the two.
    pub fn new(ids: &[u32], is_pad: impl Fn(u32) -> bool, steps: &[Step]) -> Result<Self, ModelError> {
        let mut layout = Self { runs: Vec::new(), positions: Vec::with_capacity(ids.len()), lens: Vec::new() };
        let (mut at, mut next, mut steps) = (0, 0u32, steps.iter().enumerate());
        while at < ids.len() {
            let text = ids[at..].iter().take_while(|&&id| !is_pad(id)).count();
            if text > 0 {
                layout.runs.push(Run::Text(at..at + text));
                layout.positions.extend((0..text as u32).map(|i| [next + i; 3]));
                next += text as u32;
                at += text;
                continue;
            }
            let pads = ids[at..].iter().take_while(|&&id| is_pad(id)).count();
            let (number, step) = steps.next().filter(|(_, s)| s.height * s.width == pads).ok_or_else(mismatch)?;
            layout.runs.push(Run::Visual(number));
            layout.lens.push(pads);
            let spread = |i: usize| [next, next + (i / step.width) as u32, next + (i % step.width) as u32];
            layout.positions.extend((0..pads).map(spread));
            next += step.height.max(step.width) as u32;
            at += pads;
        }
        if steps.next().is_some() {
            return Err(mismatch());
        }
        Ok(layout)
    }

    /// What is left when the first tokens are taken away, of whose steps none may be cut.
    pub fn tail(mut self, from: usize) -> Result<Self, ModelError> {
        let mut at = 0;
        let mut runs = Vec::new();
        for run in self.runs {
            let len = match &run {
                Run::Text(places) => places.len(),
                Run::Visual(step) => self.lens[*step],
            };
            match run {
                run if at >= from => runs.push(run),
                Run::Text(places) if at + len > from => runs.push(Run::Text(from..places.end)),
                Run::Visual(_) if at + len > from => return Err(mismatch()),
                _ => {}
            }
            at += len;
        }
        self.positions.drain(..from);
        Ok(Self { runs, ..self })
    }
}

fn mismatch() -> ModelError {
    ModelError::Config("the prompt's places for pictures are not those of the pictures given".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_the_references() {
        let (t, p) = (0, 1);
        let mut ids = vec![t; 4];
        ids.extend([p; 6]);
        ids.extend([t; 4]);
        ids.extend([p; 6]);
        ids.extend([t; 7]);
        ids.extend([p; 4]);
        ids.extend([t; 3]);
        ids.extend([p; 4]);
        ids.extend([t; 3]);
        let step = |height, width| Step { height, width };
        let steps = [step(2, 3), step(3, 2), step(2, 2), step(2, 2)];
        let layout = Layout::new(&ids, |id| id == p, &steps).expect("a layout");
        let axis = |a: usize| layout.positions.iter().map(|q| q[a]).collect::<Vec<_>>();
        assert_eq!(
            axis(0),
            [
                0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 7, 8, 9, 10, 11, 11, 11, 11, 11, 11, 14, 15, 16, 17, 18, 19, 20, 21, 21,
                21, 21, 23, 24, 25, 26, 26, 26, 26, 28, 29, 30
            ]
        );
        assert_eq!(axis(1)[4..10], [4, 4, 4, 5, 5, 5]);
        assert_eq!(axis(2)[4..10], [4, 5, 6, 4, 5, 6]);
        assert_eq!(axis(1)[14..20], [11, 11, 12, 12, 13, 13]);
        assert_eq!(axis(2)[27..31], [21, 22, 21, 22]);
    }

    #[test]
    fn a_tail_keeps_positions_and_cuts_no_picture() {
        let ids = [0, 0, 1, 1, 0, 0];
        let layout = Layout::new(&ids, |id| id == 1, &[Step { height: 1, width: 2 }]).expect("a layout");
        let tail = |from| layout.clone().tail(from);
        assert_eq!(tail(1).expect("a tail").runs, [Run::Text(1..2), Run::Visual(0), Run::Text(4..6)]);
        assert_eq!(tail(5).expect("a tail").runs, [Run::Text(5..6)]);
        assert_eq!(tail(4).expect("a tail").positions, layout.positions[4..]);
        assert!(tail(3).is_err());
    }

    #[test]
    fn pictures_and_places_must_agree() {
        let one = [Step { height: 1, width: 2 }];
        assert!(Layout::new(&[0, 1, 1, 0], |id| id == 1, &one).is_ok());
        assert!(Layout::new(&[0, 1, 0], |id| id == 1, &one).is_err());
        assert!(Layout::new(&[0, 0], |id| id == 1, &one).is_err());
        assert!(Layout::new(&[1, 1, 0, 1], |id| id == 1, &one).is_err());
    }
}
