// A search with two passes: the first at every key, the second after a pause or on Enter.
import { Columns, inOrder } from './columns.js'
import { $, announce, count, el, isAbort, sentence } from './dom.js'
import { FirstPass } from './first-pass.js'
import { Landing } from './landing.js'
import { numbersList } from './numbers.js'
import { score } from './run.js'

/** A pause in typing after which the second pass starts. */
const PAUSE_MS = 600

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

  /** `options`: `{ label, examples, query, shown, limits, how, instruction, notice, … }`. */
  constructor(root, model, options) {
    this.#root = root
    this.#model = model
    this.#options = options
    root.append(document.getElementById('search-template').content.cloneNode(true))
    this.#columns = new Columns(root, options.shown, (item) => this.usePicture(item))
    this.#dress()
    this.#wire()
    model.addEventListener('change', () => this.#modelChanged())
  }

  /** Adds items, and searches again. */
  add(items) {
    this.#index.add(items)
    this.#limits()
    this.search()
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
    this.#input.focus()
    this.search(0)
  }

  /** Says what went wrong, in the place for it. */
  problem(text) {
    this.#$('.problem').textContent = text
  }

  /** First pass now, second pass after `pause`. */
  search(pause = PAUSE_MS) {
    this.cancel()
    this.problem('')
    this.#scores.clear()
    this.#failures.clear()
    this.#landing.clear()
    this.#columns.all = false
    this.#$('.numbers').hidden = true
    this.#found = this.#index.candidates(this.#input.value, Number(this.#$('.limit').value))
    this.#columns.before(this.#found)
    this.#drawAfter()
    this.#captions()
    clearTimeout(this.#timer)
    const visible = !this.#root.hidden
    if (this.#wanted && visible && ['ready', 'loading'].includes(this.#model.phase)) this.#timer = setTimeout(() => this.#rerank(), pause)
  }

  /** Called when the tab is opened: what waited starts. */
  shown() {
    if (this.#scores.size === 0 && !this.#running) this.search(0)
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

  #$(selector) {
    return $(selector, this.#root)
  }

  #dress() {
    const { label, examples, query, how, limits, shown } = this.#options
    const id = this.#root.id
    this.#input.setAttribute('aria-label', label)
    this.#input.placeholder = label
    this.#input.value = query
    this.#$('.search').setAttribute('aria-label', label)
    this.#$('.how').textContent = how
    this.#$('.query-file').setAttribute('aria-label', 'Picture to search with')
    this.#$('.own-files').setAttribute('aria-label', 'Files to add')
    this.#$('.instruction').placeholder = this.#options.instruction
    for (const name of ['instruction', 'limit', 'own-text']) {
      this.#$(`.${name}`).id = `${id}-${name}`
      this.#$(`.for-${name}`).htmlFor = `${id}-${name}`
    }
    for (const column of ['first', 'second']) {
      const heading = this.#$(`.${column} h2`)
      heading.id = `${id}-${column}`
      this.#$(`.${column}`).setAttribute('aria-labelledby', heading.id)
    }
    this.#$('.limit').append(...limits.map((n) => el('option', { value: n, textContent: n === Infinity ? 'all' : n })))
    this.#$('.limit').value = String(limits.at(-1))
    this.#$('.examples').append(...examples.map((text) => el('li', {}, el('button', { type: 'button', className: 'example', textContent: text }))))
    this.#root.style.setProperty('--shown', shown)
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
    on('.limit', 'change', () => this.search(0))
    on('.more', 'click', () => {
      this.#columns.all = true
      this.#columns.before(this.#found)
      this.#drawAfter()
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
    on('.query', 'paste', (event) => {
      const file = [...event.clipboardData.files].find(({ type }) => type.startsWith('image/'))
      if (file) this.#options.onQueryFile(file)
    })
    on('.query-file', 'change', ({ target }) => {
      if (target.files[0]) this.#options.onQueryFile(target.files[0])
      target.value = ''
    })
    on('.own-files', 'change', ({ target }) => {
      this.#options.onFiles([...target.files])
      target.value = ''
    })
    const addText = () => {
      const text = this.#$('.own-text').value.trim()
      if (!text) return
      this.#options.onText(text)
      this.#$('.own-text').value = ''
    }
    on('.own-add', 'click', addText)
    on('.own-text', 'keydown', (event) => event.key === 'Enter' && (event.preventDefault(), addText()))
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
    const hadFocus = document.activeElement === this.#$('.cancel')
    this.cancel()
    // A card that lands later would say that the search goes on.
    this.#landing.flush()
    this.#busy(false)
    this.#captions('Cancelled. What was scored so far is on top.')
    announce('Cancelled.')
    if (hadFocus) this.#input.focus()
  }

  #modelChanged() {
    const { phase } = this.#model
    if (phase === this.#seen) return
    this.#seen = phase
    // Scores of another model mean nothing beside those of this one.
    if (phase === 'loading') this.cancel()
    if (!this.#running) this.#busy(false)
    if (phase === 'ready' && this.#root.hidden) this.#scores.clear()
    else if (phase === 'ready' && this.#wanted && !this.#running) this.search(0)
    else this.#captions()
  }

  #busy(busy) {
    const hadFocus = document.activeElement === this.#$('.cancel')
    this.#$('.cancel').hidden = !busy
    this.#$('.go').hidden = busy
    this.#$('.after').setAttribute('aria-busy', String(busy))
    if (hadFocus && !busy) this.#$('.go').focus()
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
      const readable = this.#readable(reranker, items)
      const numbers = await score(reranker, {
        query: await this.#query(reranker), items: readable, signal,
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

  #readable({ info }, items) {
    if (info.vision) return items
    const texts = items.filter(({ kind }) => kind === 'text')
    if (texts.length === 0) throw new Error('This model reads text only, so it cannot see these pictures. Load its vision tower too, or use the Texts tab.')
    return texts
  }

  async #query({ info }) {
    const typed = this.#input.value.trim()
    // The demo's model has read lower case alone.
    const text = this.#model.spec.lowerCase ? typed.toLowerCase() : typed
    if (!this.#picture) return text
    if (!info.vision) throw new Error('This model reads text only: it cannot search with a picture.')
    const { image } = await this.#picture.content()
    return text ? { text, image } : { image }
  }

  #done(numbers, info) {
    const [best] = inOrder(this.#found.items, this.#scores)
    const top = best && this.#scores.get(best.id)
    announce(best ? `${count(numbers.documents, 'candidate')} reranked. Best: ${best.name}, score ${top.toFixed(2)}.` : 'Nothing could be scored.')
    const list = this.#$('.numbers')
    list.replaceChildren(...numbersList(numbers, info))
    list.hidden = false
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
    const { items, hits } = this.#found
    const rest = items.length - hits
    const found = !this.#wanted ? 'Type to search.' : hits === 0 ? `No keyword matches. ${count(rest, 'candidate')} from the collection.`
      : `${count(hits, 'keyword hit')}${rest > 0 ? `, filled up with ${rest} others.` : '.'}`
    this.#$('.first .caption').textContent = found
    this.#$('.second .caption').textContent = note ?? this.#state()
  }

  #state() {
    const [done, all] = [this.#scores.size, this.#found.items.length]
    if (this.#model.phase === 'loading') return 'The model is still loading. Until then this is the first order.'
    if (this.#model.phase === 'failed') return 'There is no model, so this is the first order.'
    if (this.#model.phase === 'none') return 'No model is loaded. This is the first order.'
    if (this.#running) return `Reading ${Math.min(done + 1, all)} of ${all}…`
    if (done > 0) return `${done} of ${all} read, best first.`
    return this.#wanted ? 'Waiting for a pause in your typing.' : 'The same order, until you search.'
  }
}
