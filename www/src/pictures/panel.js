// A search with two passes: keywords at every key, the model after a pause in typing or on Enter.
import { CandidateLimit } from './candidate-limit.js'
import { firstCaption, secondCaption, spokenSummary } from './captions.js'
import { byScore, Columns } from './columns.js'
import { initControls, wireUserItems } from './controls.js'
import { $, announce, errorText, input, isAbort, plural, query } from './dom.js'
import { FirstPass } from './first-pass.js'
import { QueryPicture } from './query-picture.js'
import { queryContent, readableItems, score } from './run.js'
import { StaggeredQueue } from './staggered-queue.js'
import { statsList } from './stats.js'

/** @import { RerankerInfo } from '../../pkg/src/index.js' */
/** @import { ControlOptions } from './controls.js' */
/** @import { Candidates } from './first-pass.js' */
/** @import { Item } from './items.js' */
/** @import { Model, ModelSpec, Phase } from './model.js' */
/** @import { RunStats } from './run.js' */

/**
 * @typedef {object} SearchOptions
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

/** One tab's search. */
export class SearchPanel {
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
  /** The running second pass. @type {AbortController | undefined} */
  #running
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  /** The model's phase that was last drawn. @type {Phase | undefined} */
  #phase

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
    initControls(root, options)
    this.#wire()
    model.addEventListener('change', () => this.#modelChanged())
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
    this.#$('.go:not([hidden]), .cancel:not([hidden])').focus({ preventScroll: true })
  }

  /** Searches with a picture. @param {Item} item */
  usePicture(item) {
    this.#picture.set(item)
    this.#input.value = ''
    // On a touch screen, focus would open a keyboard that covers the results.
    if (!matchMedia('(pointer: coarse)').matches) this.#input.focus()
    else this.#$('.field').scrollIntoView({ block: 'nearest' })
    this.search(0)
  }

  /** Shows what went wrong. @param {string} text */
  problem(text) {
    this.#$('.problem').textContent = text
  }

  /** Runs the first pass now and the second after `pause` milliseconds; 0 for an explicit request. */
  search(pause = PAUSE_MS) {
    this.cancel()
    this.problem('')
    this.#scores.clear()
    this.#failures.clear()
    this.#arriving.clear()
    this.#columns.all = false
    this.#$('.numbers').classList.add('stale')
    this.#candidates = this.#index.candidates(this.#input.value, this.#limit.value)
    this.#columns.drawFirst(this.#candidates)
    this.#drawSecond()
    this.#drawCaptions()
    const wanted = this.#hasQuery && !this.#root.hidden && (pause === 0 || this.#automatic)
    if (wanted && ['ready', 'loading'].includes(this.#model.phase)) this.#timer = setTimeout(() => this.#rerank(), pause)
  }

  /** Called when the tab opens: starts a search that has not run yet. */
  shown() {
    if (this.#scores.size === 0 && !this.#running) this.search(0)
  }

  /** Stops the second pass and shows that it was stopped. */
  stop() {
    if (this.#running) this.#cancelVisibly()
    else this.cancel()
  }

  /** Stops the second pass. */
  cancel() {
    clearTimeout(this.#timer)
    this.#running?.abort()
    this.#running = undefined
  }

  get #moments() {
    return this.#index.all.filter(({ moment }) => moment)
  }

  get #input() {
    return input('.query', this.#root)
  }

  get #hasQuery() {
    return this.#input.value.trim() !== '' || this.#picture.item !== undefined
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
    on('.search', 'submit', (event) => {
      event.preventDefault()
      this.search(0)
    })
    on('.query', 'input', () => this.search())
    on('.query', 'keydown', (event) => {
      if (event.key !== 'Escape' || !this.#running) return
      event.preventDefault()
      this.#cancelVisibly()
    })
    on('.cancel', 'click', () => this.#cancelVisibly())
    on('.instruction', 'change', () => this.search(0))
    on('.more', 'click', () => {
      this.#columns.all = true
      this.#columns.drawFirst(this.#candidates)
      this.#drawSecond()
      this.#columns.focus(this.#options.shown)
    })
    on('.examples', 'click', ({ target }) => {
      if (!(target instanceof Element) || !target.matches('.example')) return
      this.#picture.clear()
      this.#input.value = target.textContent ?? ''
      this.search(0)
    })
    on('.query-picture-off', 'click', () => {
      this.#picture.clear()
      this.#input.focus()
      this.search(0)
    })
    on('.again', 'click', () => this.#options.onRetry())
    wireUserItems(this.#root, this.#options)
  }

  #cancelVisibly() {
    this.cancel()
    // Cards that move after this would look as if the search went on.
    this.#arriving.flush()
    this.#showBusy(false)
    this.#drawCaptions('Cancelled. What was scored so far is on top.')
    announce('Cancelled.')
  }

  #modelChanged() {
    const { phase } = this.#model
    if (phase === this.#phase) return
    this.#phase = phase
    // Scores of different models cannot be compared.
    if (phase === 'loading') this.cancel()
    if (phase === 'ready') this.#limit.setDefault(this.#automatic)
    if (!this.#running) this.#showBusy(false)
    if (phase === 'ready' && this.#root.hidden) this.#scores.clear()
    else if (phase === 'ready' && this.#hasQuery && !this.#running) this.search(0)
    else this.#drawCaptions()
  }

  /** @param {boolean} busy */
  #showBusy(busy) {
    const [go, cancel] = [this.#$('.go'), this.#$('.cancel')]
    const focused = document.activeElement === go || document.activeElement === cancel
    cancel.hidden = !busy
    go.hidden = busy
    this.#$('.after').setAttribute('aria-busy', String(busy))
    // A hidden element loses the keyboard focus; the button in its place takes it.
    if (focused) (busy ? cancel : go).focus()
  }

  async #rerank() {
    const controller = (this.#running = new AbortController())
    const { signal } = controller
    const { items } = this.#candidates
    this.#showBusy(true)
    this.#drawCaptions()
    try {
      const reranker = await this.#model.ready(signal)
      this.#drawCaptions()
      const readable = readableItems(reranker, items)
      const stats = await score(reranker, {
        query: await queryContent(reranker, this.#model.spec, this.#input.value.trim(), this.#picture.item),
        items: readable,
        signal,
        instruction: input('.instruction', this.#root).value.trim(),
        onScore: (item, value) => !signal.aborted && this.#arriving.push([item, value]),
        onFailed: (item, message) => this.#failures.set(item.id, message),
      })
      await this.#arriving.settled()
      if (signal.aborted) return
      this.#running = undefined
      this.#finish(stats, reranker.info)
    } catch (error) {
      if (isAbort(error) || signal.aborted) return
      this.#model.handleLoss(error)
      // The caption already says why there is no model.
      if (this.#model.phase !== 'failed' || this.#model.error === undefined) this.problem(errorText(error))
    } finally {
      // If a later run has started, the controls belong to it.
      if (this.#running === controller) this.#running = undefined
      if (!this.#running) {
        this.#showBusy(false)
        if (!signal.aborted) this.#drawCaptions()
      }
    }
  }

  /** @param {RunStats} stats @param {RerankerInfo} info */
  #finish(stats, info) {
    const [best] = byScore(this.#candidates.items, this.#scores)
    announce(best ? spokenSummary(stats.documents, best.name, this.#scores.get(best.id) ?? 0) : 'Nothing could be scored.')
    const list = this.#$('.numbers')
    list.replaceChildren(...statsList(stats, info))
    list.hidden = false
    list.classList.remove('stale')
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
    const state = { scores: this.#scores, failures: this.#failures, running: this.#running !== undefined }
    this.#columns.drawSecond(this.#candidates, { ...state, threshold: this.#threshold })
  }

  /** @param {string} [note]  in place of the second caption */
  #drawCaptions(note) {
    const phase = this.#phase
    const search = {
      done: this.#scores.size,
      all: this.#candidates.items.length,
      running: this.#running !== undefined,
      hasQuery: this.#hasQuery,
      automatic: this.#automatic,
      likely: this.#candidates.items.filter(({ id, userAdded }) => userAdded || (this.#scores.get(id) ?? -1) >= this.#threshold).length,
    }
    this.#$('.notice').textContent = this.#options.notice(this.#model.spec, {
      pictureQuery: this.#picture.item !== undefined,
      moments: this.#moments.length > 0,
    })
    this.#$('.first .caption').textContent = firstCaption(this.#candidates, this.#hasQuery)
    this.#$('.second .caption').textContent = note ?? secondCaption({ phase, error: this.#model.error }, search)
    this.#$('.again').hidden = phase !== 'failed' && phase !== 'none'
    this.#$('.again').textContent = phase === 'none' ? 'Load the model' : 'Try again'
  }
}
