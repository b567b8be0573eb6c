// The catalogue of published models as cards: what each is for, what it needs, and a button that loads it from the hub.
import { bytes, el } from './dom.js'

/** @import { PublishedModel } from '../../pkg/src/models.js' */
/** @import { ModelSpec } from './model.js' */

/** What a 32-bit module can address, less what the request itself needs. */
const MOST_ON_CPU = 3e9
const LANGUAGES = new Intl.DisplayNames(['en'], { type: 'language' })
const TWO_GB = 2e9

/** How a model is loaded: its 8-bit file where one is published, else the folder. @param {PublishedModel} model @returns {ModelSpec} */
export const specOf = ({ id, gguf }) => ({ name: id.split('/')[1] ?? id, model: gguf?.address ?? `hf:${id}`, vision: null, trained: true, userProvided: true })

/** Bytes that are fetched. @param {PublishedModel} model */
const fetchedBytes = ({ approximate_bytes, gguf }) => (gguf?.address ? gguf.approximate_bytes.q8_0 : approximate_bytes)

/**
 * What this device can do with a model.
 *
 * @param {number} size  of its weights
 * @param {{ gpu: boolean, memoryGb: number | undefined }} device
 * @returns {{ runs: boolean, text: string }}
 */
export function fit(size, { gpu, memoryGb }) {
  if (size > MOST_ON_CPU && !gpu) return { runs: false, text: 'Too large for this browser without WebGPU' }
  // Browsers round the memory down to 8 GB at most, so that 8 says nothing against a large model.
  if (memoryGb !== undefined && memoryGb < 8 && size > (memoryGb * 1e9) / 2) return { runs: false, text: `Too large for ${memoryGb} GB of memory` }
  if (size > TWO_GB) return { runs: true, text: 'Needs a graphics card with enough memory' }
  return { runs: true, text: gpu ? 'Runs here' : 'Runs here, on the CPU' }
}

/** @returns {{ gpu: boolean, memoryGb: number | undefined }} */
const thisDevice = () => ({ gpu: 'gpu' in navigator, memoryGb: navigator.deviceMemory })

/**
 * The cards, those to start with first.
 *
 * @param {readonly PublishedModel[]} models
 * @param {(spec: ModelSpec) => void} onLoad
 */
export function catalogueCards(models, onLoad) {
  const [first, others] = [models.filter(({ start_with }) => start_with), models.filter(({ start_with }) => !start_with)]
  const cards = [...first, ...others].map((model) => card(model, onLoad))
  const rest = cards.slice(first.length)
  for (const node of rest) node.hidden = true
  const more = el('button', { type: 'button', className: 'more-models' }, `Show all ${models.length}`)
  more.addEventListener('click', () => {
    for (const node of rest) node.hidden = false
    more.remove()
    rest[0]?.querySelector('button')?.focus({ preventScroll: true })
  })
  return [el('ul', { className: 'catalogue' }, ...cards), more]
}

/** @param {PublishedModel} model @param {(spec: ModelSpec) => void} onLoad */
function card(model, onLoad) {
  const { id, good_for, start_with, licence, commercial, modality } = model
  const [owner, name = id] = id.split('/')
  const size = fetchedBytes(model)
  const { runs, text } = fit(size, thisDevice())
  const load = el('button', { type: 'button', disabled: !runs, aria: { label: `Load ${name}` } }, 'Load')
  load.addEventListener('click', () => onLoad(specOf(model)))
  const facts = [
    bytes(size),
    languagesOf(model),
    modality === 'text' ? undefined : 'pictures and video',
    commercial ? licence : `${licence}: not for commercial use`,
  ]
  return el(
    'li',
    { className: 'model-card', data: { id } },
    el('b', {}, name),
    el('span', { className: 'hint' }, start_with ? `${owner} · to begin with: ${start_with}` : (owner ?? '')),
    el('p', {}, good_for),
    el('p', { className: 'hint' }, facts.filter((fact) => fact !== undefined).join(' · ')),
    el('div', { className: 'row' }, load, el('span', { className: runs ? 'hint' : 'hint unfit' }, text)),
  )
}

/** @param {PublishedModel} model */
function languagesOf({ languages }) {
  if (languages.includes('mul')) return 'many languages'
  const names = languages.map((code) => LANGUAGES.of(code) ?? code)
  return names.length <= 3 ? names.join(', ') : `${names.length} languages`
}
