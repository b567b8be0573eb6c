// A relevance score, for display.

/** Scores below this are all the same to a reader. */
const SMALL = 0.01

/** @param {number} score */
export const scoreText = (score) => (score < SMALL ? '<0.01' : score.toFixed(2))

/** The same in a sentence. @param {number} score */
export const spokenScore = (score) => (score < SMALL ? 'below 0.01' : score.toFixed(2))

/** Whether a score says that something was found at all. @param {number} score */
export const isRelevant = (score) => score >= SMALL
