//! The layout of a prompt: runs of text and of placeholders, and the position of each token.

use std::ops::Range;

use crate::model::error::ModelError;
use crate::model::visual::VisualGrid;

/// A run of consecutive tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenRun {
    /// Ordinary tokens, by their indices in the prompt.
    Text(Range<usize>),
    /// The placeholders of a temporal step, by the index of the step.
    Visual(usize),
}

/// The runs of a prompt and the three positions of each of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptLayout {
    /// In order.
    pub runs: Vec<TokenRun>,
    /// Time, height and width of each token.
    pub positions: Vec<[u32; 3]>,
    /// Tokens of each temporal step.
    step_tokens: Vec<usize>,
}

impl PromptLayout {
    /// Each run of placeholders belongs to the next of `steps`.
    ///
    /// A text token advances all three positions by one. The tokens of a temporal step share one time position and are
    /// numbered by row and column; the text after them continues after the larger of the two.
    pub fn new(ids: &[u32], is_pad: impl Fn(u32) -> bool, steps: &[VisualGrid]) -> Result<Self, ModelError> {
        let mut layout = Self { runs: Vec::new(), positions: Vec::with_capacity(ids.len()), step_tokens: Vec::new() };
        let (mut at, mut next, mut steps) = (0, 0u32, steps.iter().enumerate());
        while at < ids.len() {
            let text = ids[at..].iter().take_while(|&&id| !is_pad(id)).count();
            if text > 0 {
                layout.runs.push(TokenRun::Text(at..at + text));
                layout.positions.extend((0..text as u32).map(|i| [next + i; 3]));
                next += text as u32;
                at += text;
                continue;
            }
            let pads = ids[at..].iter().take_while(|&&id| is_pad(id)).count();
            let next_step = steps.next().filter(|(_, grid)| grid.tokens() == pads);
            let (index, grid) = next_step.ok_or(ModelError::PlaceholderMismatch)?;
            layout.runs.push(TokenRun::Visual(index));
            layout.step_tokens.push(pads);
            let spread = |i: usize| [next, next + (i / grid.width) as u32, next + (i % grid.width) as u32];
            layout.positions.extend((0..pads).map(spread));
            next += grid.height.max(grid.width) as u32;
            at += pads;
        }
        if steps.next().is_some() {
            return Err(ModelError::PlaceholderMismatch);
        }
        Ok(layout)
    }

    /// The layout without its first `from` tokens. They must not end within the placeholders of a step.
    pub fn skip(mut self, from: usize) -> Result<Self, ModelError> {
        let mut at = 0;
        let mut runs = Vec::new();
        for run in self.runs {
            let len = match &run {
                TokenRun::Text(tokens) => tokens.len(),
                TokenRun::Visual(step) => self.step_tokens[*step],
            };
            match run {
                run if at >= from => runs.push(run),
                TokenRun::Text(tokens) if at + len > from => runs.push(TokenRun::Text(from..tokens.end)),
                TokenRun::Visual(_) if at + len > from => return Err(ModelError::PlaceholderMismatch),
                _ => {}
            }
            at += len;
        }
        self.positions.drain(..from);
        Ok(Self { runs, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_match_the_reference() {
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
        let step = |height, width| VisualGrid { height, width };
        let steps = [step(2, 3), step(3, 2), step(2, 2), step(2, 2)];
        let layout = PromptLayout::new(&ids, |id| id == p, &steps).expect("a layout");
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
    fn skipping_keeps_positions_and_cuts_no_image() {
        let ids = [0, 0, 1, 1, 0, 0];
        let layout = PromptLayout::new(&ids, |id| id == 1, &[VisualGrid { height: 1, width: 2 }]).expect("a layout");
        let rest = |from| layout.clone().skip(from);
        assert_eq!(rest(1).expect("a layout").runs, [TokenRun::Text(1..2), TokenRun::Visual(0), TokenRun::Text(4..6)]);
        assert_eq!(rest(5).expect("a layout").runs, [TokenRun::Text(5..6)]);
        assert_eq!(rest(4).expect("a layout").positions, layout.positions[4..]);
        assert!(rest(3).is_err());
    }

    #[test]
    fn images_and_placeholders_must_match() {
        let one = [VisualGrid { height: 1, width: 2 }];
        assert!(PromptLayout::new(&[0, 1, 1, 0], |id| id == 1, &one).is_ok());
        assert!(PromptLayout::new(&[0, 1, 0], |id| id == 1, &one).is_err());
        assert!(PromptLayout::new(&[0, 0], |id| id == 1, &one).is_err());
        assert!(PromptLayout::new(&[1, 1, 0, 1], |id| id == 1, &one).is_err());
    }
}
