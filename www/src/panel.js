// A search with two passes: the first at every key, the second after a pause or on Enter.
import { firstCaption, secondCaption } from './captions.js'
import { Columns, inOrder } from './columns.js'
import { dress, wireAdding } from './controls.js'
import { $, announce, count, el, isAbort, sentence } from './dom.js'
import { FirstPass } from './first-pass.js'
import { Landing } from './landing.js'
import { numbersList } from './numbers.js'
import { queryOf, readable, score } from './run.js'

/** A pause in typing after which the second pass starts. */
const PAUSE_MS = 600
/** How many candidates weights of the reader's own get at first. */
const OWN_LIMIT = 20

/** One tab's search. */
export class Panel {
  #root
  #model
  #options
  #index = new FirstPass()
  #found = { items: [], hits: 0 }
  #scores = new Map()
  #failures = new Map()
  #columns
  #landing = new Landing((batch) => this.#land(batch))
  #picture
  #running
  #timer
  #seen
  /** The reader has chosen how many candidates are read. */
  #limitChosen = false

  /** `options`: `{ label, examples, query, shown, limits, how, instruction, notice, … }`. */
  constructor(root, model, options) {
    this.#root = root
    this.#model = model
    this.#options = options
    root.append(document.getElementById('search-template').content.cloneNode(true))
    this.#columns = new Columns(root, options.shown, { onPicture: (item) => this.usePicture(item), onRemove: (item) => this.remove(item) })
    dress(root, options)
    this.#wire()
    model.addEventListener('change', () => this.#modelChanged())
  }

  /** Adds items, and searches again. */
  add(items) {
    this.#index.add(items)
    this.#limits()
    this.search()
  }

  /** Takes an item away, and searches again. */
  remove(item) {
    this.#index.remove(item)
    this.#columns.remove(item)
    if (item.url && item !== this.#picture) URL.revokeObjectURL(item.url)
    this.#limits()
    this.search()
    announce(`${item.name} was removed.`)
    this.#$('.go:not([hidden]), .cancel:not([hidden])').focus({ preventScroll: true })
  }

  /** Searches with a picture, together with whatever text is there. */
  usePicture(item) {
    this.#clearPicture()
    this.#picture = item
    const image = this.#$('.query-picture img')
    image.hidden = !item.url && !item.sprite
    image.alt = `Picture in the query: ${item.name}`
    this.#thumbnail(item, image)
    this.#$('.query-picture').hidden = false
    this.#input.value = ''
    // A keyboard on the screen would cover what was found.
    if (!matchMedia('(pointer: coarse)').matches) this.#input.focus()
    else this.#$('.field').scrollIntoView({ block: 'nearest' })
    this.search(0)
  }

  /** Says what went wrong, in the place for it. */
  problem(text) {
    this.#$('.problem').textContent = text
  }

  /** First pass now, second pass after `pause`; at once is what was asked for, anything else is but a pause in typing. */
  search(pause = PAUSE_MS) {
    this.cancel()
    this.problem('')
    this.#scores.clear()
    this.#failures.clear()
    this.#landing.clear()
    this.#columns.all = false
    this.#$('.numbers').classList.add('stale')
    this.#found = this.#index.candidates(this.#input.value, Number(this.#$('.limit').value))
    this.#columns.before(this.#found)
    this.#drawAfter()
    this.#captions()
    clearTimeout(this.#timer)
    const visible = !this.#root.hidden
    if (this.#wanted && visible && (pause === 0 || this.#eager) && ['ready', 'loading'].includes(this.#model.phase)) this.#timer = setTimeout(() => this.#rerank(), pause)
  }

  /** Called when the tab is opened: what waited starts. */
  shown() {
    if (this.#scores.size === 0 && !this.#running) this.search(0)
  }

  /** Stops the second pass, and says so. */
  stop() {
    if (this.#running) this.#cancelled()
    else this.cancel()
  }

  /** Stops the second pass. */
  cancel() {
    clearTimeout(this.#timer)
    this.#running?.abort()
    this.#running = undefined
  }

  get #input() {
    return this.#$('.query')
  }

  get #wanted() {
    return this.#input.value.trim() !== '' || this.#picture !== undefined
  }

  /** Whether the second pass need not be asked for: the demo's model is quick enough. */
  get #eager() {
    return !this.#model.spec?.own
  }

  #$(selector) {
    return $(selector, this.#root)
  }

  #limits() {
    const last = this.#$('.limit').lastElementChild
    last.textContent = `all ${this.#index.size}`
  }

  #wire() {
    const on = (selector, type, work) => this.#$(selector).addEventListener(type, work)
    on('.search', 'submit', (event) => {
      event.preventDefault()
      this.search(0)
    })
    on('.query', 'input', () => this.search())
    on('.query', 'keydown', (event) => event.key === 'Escape' && this.#running && (event.preventDefault(), this.#cancelled()))
    on('.cancel', 'click', () => this.#cancelled())
    on('.instruction', 'change', () => this.search(0))
    on('.limit', 'change', () => {
      this.#limitChosen = true
      this.search(0)
    })
    on('.more', 'click', () => {
      this.#columns.all = true
      this.#columns.before(this.#found)
      this.#drawAfter()
      this.#columns.focus(this.#options.shown)
    })
    on('.examples', 'click', ({ target }) => {
      if (!target.matches('.example')) return
      this.#clearPicture()
      this.#input.value = target.textContent
      this.search(0)
    })
    on('.query-picture-off', 'click', () => {
      this.#clearPicture()
      this.#input.focus()
      this.search(0)
    })
    on('.again', 'click', () => this.#options.onAgain())
    wireAdding(this.#root, this.#options)
  }

  async #thumbnail(item, image) {
    if (item.url) {
      image.src = item.url
      return
    }
    const { image: pixels } = await item.content()
    const canvas = el('canvas', { width: pixels.width, height: pixels.height })
    canvas.getContext('2d').putImageData(pixels, 0, 0)
    image.src = canvas.toDataURL()
  }

  #clearPicture() {
    this.#picture = undefined
    this.#$('.query-picture').hidden = true
    this.#$('.query-picture img').removeAttribute('src')
  }

  #cancelled() {
    this.cancel()
    // A card that lands later would say that the search goes on.
    this.#landing.flush()
    this.#busy(false)
    this.#captions('Cancelled. What was scored so far is on top.')
    announce('Cancelled.')
  }

  #modelChanged() {
    const { phase } = this.#model
    if (phase === this.#seen) return
    this.#seen = phase
    // Scores of another model mean nothing beside those of this one.
    if (phase === 'loading') this.cancel()
    if (phase === 'ready') this.#defaultLimit()
    if (!this.#running) this.#busy(false)
    if (phase === 'ready' && this.#root.hidden) this.#scores.clear()
    else if (phase === 'ready' && this.#wanted && !this.#running) this.search(0)
    else this.#captions()
  }

  /** All candidates where that takes moments, the fewest with weights of the reader's own. */
  #defaultLimit() {
    if (this.#limitChosen) return
    const { limits } = this.#options
    this.#$('.limit').value = String(this.#eager ? limits.at(-1) : Math.min(OWN_LIMIT, limits.at(-2)))
  }

  #busy(busy) {
    const [go, cancel] = [this.#$('.go'), this.#$('.cancel')]
    const focused = [go, cancel].includes(document.activeElement)
    cancel.hidden = !busy
    go.hidden = busy
    this.#$('.after').setAttribute('aria-busy', String(busy))
    // What is hidden loses the keyboard's focus; the button in its place takes it.
    if (focused) (busy ? cancel : go).focus()
  }

  async #rerank() {
    const controller = (this.#running = new AbortController())
    const { signal } = controller
    const items = this.#found.items
    this.#busy(true)
    this.#captions()
    try {
      const reranker = await this.#model.ready(signal)
      this.#captions()
      const seen = readable(reranker, items)
      const numbers = await score(reranker, {
        query: await queryOf(reranker, this.#model.spec, this.#input.value.trim(), this.#picture), items: seen, signal,
        instruction: this.#$('.instruction').value.trim(),
        onScore: (item, value) => !signal.aborted && this.#landing.push([item, value]),
        onFailed: (item, message) => this.#failures.set(item.id, message),
      })
      await this.#landing.settled()
      if (signal.aborted) return
      this.#running = undefined
      this.#done(numbers, reranker.info)
    } catch (error) {
      if (isAbort(error) || signal.aborted) return
      this.#model.lost(error)
      if (this.#model.phase !== 'failed' || this.#model.error === undefined) this.problem(sentence(error))
    } finally {
      // A later run has its own end.
      if (this.#running === controller) this.#running = undefined
      if (!this.#running) {
        this.#busy(false)
        if (!signal.aborted) this.#captions()
      }
    }
  }

  #done(numbers, info) {
    const [best] = inOrder(this.#found.items, this.#scores)
    const top = best && this.#scores.get(best.id)
    announce(best ? `${count(numbers.documents, 'candidate')} reranked. Best: ${best.name}, score ${top < 0.01 ? 'below 0.01' : top.toFixed(2)}.` : 'Nothing could be scored.')
    const list = this.#$('.numbers')
    list.replaceChildren(...numbersList(numbers, info))
    list.hidden = false
    list.classList.remove('stale')
    this.#drawAfter()
    if (numbers.warnings.length > 0) this.problem(numbers.warnings[0])
    else if (this.#failures.size > 0) this.problem(`${count(this.#failures.size, 'candidate')} could not be read. ${sentence([...this.#failures.values()][0])}`)
  }

  #land(batch) {
    for (const [item, value] of batch) this.#scores.set(item.id, value)
    this.#drawAfter()
    this.#captions()
  }

  #drawAfter() {
    this.#columns.after(this.#found, { scores: this.#scores, failures: this.#failures, calm: this.#running !== undefined })
  }

  #captions(note) {
    this.#$('.notice').textContent = this.#options.notice(this.#model.spec, this.#picture !== undefined) ?? ''
    this.#$('.first .caption').textContent = firstCaption(this.#found, this.#wanted)
    this.#$('.second .caption').textContent = note ?? secondCaption({ phase: this.#seen, error: this.#model.error }, { done: this.#scores.size, all: this.#found.items.length, running: this.#running !== undefined, wanted: this.#wanted, eager: this.#eager })
    const phase = this.#seen
    this.#$('.again').hidden = phase !== 'failed' && phase !== 'none'
    this.#$('.again').textContent = phase === 'none' ? 'Load the model' : 'Try again'
  }
}
