// The picture tab: keywords at every key, the model after a pause in typing or on Enter.
import { CandidateLimit } from '../candidate-limit.js'
import { CANCELLED } from '../captions.js'
import { $, announce, errorText, input, isAbort, plural, query } from '../dom.js'
import { focusCard } from '../focus.js'
import { PendingRun } from '../pending-run.js'
import { queryContent, readableItems, score } from '../run.js'
import { SearchForm } from '../search-form.js'
import { showNumbers, staleNumbers } from '../stats.js'
import { firstCaption, secondCaption, spokenSummary } from './captions.js'
import { byScore, Columns } from './columns.js'
import { initControls, wireUserItems } from './controls.js'
import { FirstPass } from './first-pass.js'
import { QueryPicture } from './query-picture.js'
import { StaggeredQueue } from './staggered-queue.js'
import { pictureRows } from './stats.js'

/** @import { RerankerInfo } from '../../../pkg/src/index.js' */
/** @import { Item } from '../items.js' */
/** @import { Model, ModelSpec, Phase } from '../model.js' */
/** @import { RunStats } from '../run.js' */
/** @import { ControlOptions } from './controls.js' */
/** @import { Candidates } from './first-pass.js' */

/**
 * @typedef {object} SearchOptions
 * @property {string[]} examples
 * @property {(files: File[]) => void} onFiles
 * @property {(file: File) => void} onQueryFile
 * @property {(text: string) => void} onText
 * @property {() => void} onRetry   load the model again
 * @property {number[]} limits       choices for the number of candidates, ascending; the last is `Infinity`
 * @property {(item: Item) => void} onPlay    play the clip of a moment
 * @property {(spec: ModelSpec | undefined, about: { pictureQuery: boolean, moments: boolean }) => string} notice   what to know about this model's scores
 */

/** @typedef {ControlOptions & SearchOptions} PanelOptions */

/** A pause in typing after which the second pass starts. */
const PAUSE_MS = 600

/** The search among pictures. */
export class PicturesPanel {
  #root
  #model
  #options
  #index = new FirstPass()
  /** @type {Candidates} */
  #candidates = { items: [], hits: 0, typed: false }
  /** @type {Map<string, number>} */
  #scores = new Map()
  /** @type {Map<string, string>} */
  #failures = new Map()
  #columns
  #limit
  #picture
  /** @type {StaggeredQueue<[Item, number]>} */
  #arriving = new StaggeredQueue((batch) => this.#applyScores(batch))
  /** The second pass. */
  #run = new PendingRun()
  #form
  /** The model that was last drawn, and its phase. @type {{ phase?: Phase, spec?: ModelSpec | undefined }} */
  #drawn = {}

  /** @param {HTMLElement} root @param {Model} model @param {PanelOptions} options */
  constructor(root, model, options) {
    this.#root = root
    this.#model = model
    this.#options = options
    root.append(query('#search-template', HTMLTemplateElement).content.cloneNode(true))
    this.#columns = new Columns(root, options.shown, {
      onPicture: (item) => this.usePicture(item),
      onPlay: options.onPlay,
      onRemove: (item) => this.remove([item]),
    })
    this.#limit = new CandidateLimit(root, options.limits, () => this.search(0))
    this.#picture = new QueryPicture(root)
    this.#form = new SearchForm(root, options.examples, {
      onSearch: () => this.search(0),
      onType: () => this.search(),
      onCancel: () => this.#cancelVisibly(),
      onRetry: options.onRetry,
      onExample: () => this.#picture.clear(),
    })
    initControls(root, options)
    this.#wire()
    model.addEventListener('change', () => this.#modelChanged())
    // The model may have been there before the panel.
    this.#modelChanged()
  }

  /** Adds items and searches again. @param {Item[]} items */
  add(items) {
    this.#index.add(items)
    this.#limit.showTotal(this.#index.size)
    if (items.some(({ moment }) => moment)) this.#limit.include(this.#moments.length)
    this.search()
  }

  /** Removes a clip: all moments that one of them shares it with. @param {Item} item */
  removeClip({ moment }) {
    this.remove(this.#moments.filter((other) => other.moment?.clip === moment?.clip))
  }

  /** Removes items and searches again. @param {Item[]} items */
  remove(items) {
    for (const item of items) {
      this.#index.remove(item)
      this.#columns.remove(item)
      item.moment?.clip.release(item)
      if (item.url && item !== this.#picture.item) URL.revokeObjectURL(item.url)
    }
    this.#limit.showTotal(this.#index.size)
    this.search()
    const [first] = items
    announce(first && items.length === 1 ? `${first.name} was removed.` : `${plural(items.length, 'moment')} were removed.`)
    // The focused button was removed with its card.
    this.#form.focusButton()
  }

  /** Searches with a picture. @param {Item} item */
  usePicture(item) {
    this.#picture.set(item)
    this.#form.input.value = ''
    // On a touch screen, focus would open a keyboard that covers the results.
    if (!matchMedia('(pointer: coarse)').matches) this.#form.input.focus()
    else this.#$('.field').scrollIntoView({ block: 'nearest' })
    this.search(0)
  }

  /** Shows what went wrong. @param {string} text */
  problem(text) {
    this.#form.problem(text)
  }

  /** Runs the first pass now and the second after `pause` milliseconds; 0 for an explicit request. */
  search(pause = PAUSE_MS) {
    this.cancel()
    this.problem('')
    this.#scores.clear()
    this.#failures.clear()
    this.#arriving.clear()
    this.#columns.all = false
    staleNumbers(this.#root)
    this.#candidates = this.#index.candidates(this.#form.input.value, this.#limit.value)
    this.#columns.drawFirst(this.#candidates)
    this.#drawSecond()
    this.#drawCaptions()
    const wanted = this.#hasQuery && !this.#root.hidden && (pause === 0 || this.#automatic)
    if (wanted && ['ready', 'loading'].includes(this.#model.phase)) this.#run.later(pause, () => this.#rerank())
  }

  /** Called when the tab opens: starts a search that has not run yet. */
  shown() {
    if (this.#scores.size === 0 && !this.#run.running) this.search(0)
  }

  /** Stops the second pass and shows that it was stopped. */
  stop() {
    if (this.#run.running) this.#cancelVisibly()
    else this.cancel()
  }

  /** Stops the second pass. */
  cancel() {
    this.#run.cancel()
  }

  get #moments() {
    return this.#index.all.filter(({ moment }) => moment)
  }

  get #hasQuery() {
    return this.#form.text !== '' || this.#picture.item !== undefined
  }

  /** Whether the second pass starts without Enter: only the demo's model is fast enough on every machine. */
  get #automatic() {
    return !this.#model.spec?.userProvided
  }

  /** What the demo's model scores lower is more often wrong than right. A picture as the query was not measured. */
  get #threshold() {
    return this.#picture.item ? 0 : (this.#model.spec?.threshold ?? 0)
  }

  /** @param {string} selector */
  #$(selector) {
    return $(selector, this.#root)
  }

  #wire() {
    /** @type {<K extends keyof HTMLElementEventMap>(selector: string, type: K, listener: (event: HTMLElementEventMap[K]) => void) => void} */
    const on = (selector, type, listener) => this.#$(selector).addEventListener(type, listener)
    on('.instruction', 'change', () => this.search(0))
    on('.more', 'click', () => {
      this.#columns.all = true
      this.#columns.drawFirst(this.#candidates)
      this.#drawSecond()
      focusCard(this.#$('.after'), this.#options.shown)
    })
    on('.query-picture-off', 'click', () => {
      this.#picture.clear()
      this.#form.input.focus()
      this.search(0)
    })
    wireUserItems(this.#root, this.#options)
  }

  #cancelVisibly() {
    this.cancel()
    // Cards that move after this would look as if the search went on.
    this.#arriving.flush()
    this.#form.showBusy(false)
    this.#drawCaptions(CANCELLED)
    announce('Cancelled.')
  }

  #modelChanged() {
    const { phase, spec } = this.#model
    if (phase === this.#drawn.phase && spec === this.#drawn.spec) return
    this.#drawn = { phase, spec }
    // Scores of different models cannot be compared.
    if (phase === 'loading') this.cancel()
    if (phase === 'ready') this.#limit.setDefault(this.#automatic)
    if (!this.#run.running) this.#form.showBusy(false)
    if (phase === 'ready' && this.#root.hidden) this.#scores.clear()
    else if (phase === 'ready' && this.#hasQuery && !this.#run.running) this.search(0)
    else this.#drawCaptions()
  }

  async #rerank() {
    const signal = this.#run.begin()
    const { items } = this.#candidates
    this.#form.showBusy(true)
    this.#drawCaptions()
    try {
      const reranker = await this.#model.ready(signal)
      this.#drawCaptions()
      const readable = readableItems(reranker, items)
      const stats = await score(reranker, {
        query: await queryContent(reranker, this.#model.spec, this.#form.text, this.#picture.item),
        items: readable,
        signal,
        instruction: input('.instruction', this.#root).value.trim(),
        onScore: (item, value) => !signal.aborted && this.#arriving.push([item, value]),
        onFailed: (item, message) => this.#failures.set(item.id, message),
      })
      await this.#arriving.settled()
      if (signal.aborted) return
      this.#run.end(signal)
      this.#finish(stats, reranker.info)
    } catch (error) {
      if (isAbort(error) || signal.aborted) return
      this.#model.handleLoss(error)
      // The caption already says why there is no model.
      if (this.#model.phase !== 'failed' || this.#model.error === undefined) this.problem(errorText(error))
    } finally {
      this.#run.end(signal)
      // If a later run has begun, the controls belong to it.
      if (!this.#run.running) {
        this.#form.showBusy(false)
        if (!signal.aborted) this.#drawCaptions()
      }
    }
  }

  /** @param {RunStats} stats @param {RerankerInfo} info */
  #finish(stats, info) {
    const [best] = byScore(this.#candidates.items, this.#scores)
    announce(best ? spokenSummary(stats.documents, best.name, this.#scores.get(best.id) ?? 0) : 'Nothing could be scored.')
    showNumbers(this.#root, pictureRows(stats, info))
    this.#drawSecond()
    const [warning] = stats.warnings
    const [failure] = this.#failures.values()
    if (warning !== undefined) this.problem(warning)
    else if (failure !== undefined) this.problem(`${plural(this.#failures.size, 'candidate')} could not be read. ${errorText(failure)}`)
  }

  /** @param {[Item, number][]} batch */
  #applyScores(batch) {
    for (const [item, value] of batch) this.#scores.set(item.id, value)
    this.#drawSecond()
    this.#drawCaptions()
  }

  #drawSecond() {
    const state = { scores: this.#scores, failures: this.#failures, running: this.#run.running }
    this.#columns.drawSecond(this.#candidates, { ...state, threshold: this.#threshold })
  }

  /** @param {string} [note]  in place of the second caption */
  #drawCaptions(note) {
    const { phase } = this.#drawn
    const search = {
      done: this.#scores.size,
      all: this.#candidates.items.length,
      running: this.#run.running,
      hasQuery: this.#hasQuery,
      automatic: this.#automatic,
      likely: this.#candidates.items.filter(({ id, userAdded }) => userAdded || (this.#scores.get(id) ?? -1) >= this.#threshold).length,
    }
    this.#form.caption({
      notice: this.#options.notice(this.#model.spec, { pictureQuery: this.#picture.item !== undefined, moments: this.#moments.length > 0 }),
      first: firstCaption(this.#candidates, this.#hasQuery),
      second: note ?? secondCaption({ phase, error: this.#model.error }, search),
      phase,
    })
  }
}
