// What the demo has, as the build wrote it down: the model of each search, and the index of the documentation.
import { $, el } from './dom.js'

/** @import { BuiltIndex } from './documents/collection.js' */
/** @import { ModelSpec } from './model.js' */

/** `model/demo.json`. @typedef {{ texts: ModelSpec & { index: BuiltIndex }, pictures: ModelSpec }} Demo */

/** @returns {Promise<Demo>} */
export async function fetchDemo() {
  const response = await fetch('model/demo.json')
  if (!response.ok) throw new Error(`model/demo.json gave HTTP ${response.status}.`)
  /** @type {Demo} */
  const { texts, pictures } = await response.json()
  // The service worker stores these models, so the package need not.
  return { texts: { ...texts, cache: false }, pictures: { ...pictures, cache: false } }
}

/** Says below the page what its models are. @param {Demo} demo */
export function describeDemo({ texts, pictures }) {
  const cardOf = (/** @type {ModelSpec} */ { card }) => (card ? [' (its ', el('a', { href: card }, 'card'), ')'] : [])
  $('#about-model').replaceChildren(
    'The demo’s models are small, so that they load in seconds. The one for documentation reads English questions and passages',
    ...cardOf(texts),
    pictures.trained ? '; the one for pictures knows emoji and their keywords' : '; the one for pictures is untrained in this build',
    ...cardOf(pictures),
    '. For more, load real weights.',
  )
}
