// The documentation tab: keywords at every keystroke, then vectors and the second pass after a pause, before and after side by side.
import { CandidateLimit } from './candidate-limit.js'
import { openCollection, PageReranker } from './collection.js'
import { $, announce, bytes, duration, el, errorText, input, isAbort, plural, query } from './dom.js'
import { reorder } from './flip.js'
import { createHitCard, updateHitCard } from './hit-cards.js'
import { deviceName } from './model.js'
import { blocksOfHtml, blocksOfText, MOST_LETTERS, passagesOf } from './split-text.js'

/** @import { SearchHit, SearchIndex, StageUpdate } from '../../pkg/src/search/index.js' */
/** @import { BuiltIndex, LateEmbedder } from './collection.js' */
/** @import { HitCard } from './hit-cards.js' */
/** @import { Model, Phase } from './model.js' */
/** @import { Block, Passage } from './split-text.js' */

/** @typedef {SearchHit<Passage>} Hit */
/** @typedef {'built' | 'own'} Source */

/**
 * @typedef {object} DocumentsOptions
 * @property {string} query      at the start
 * @property {string[]} examples
 * @property {() => void} onRetry   load the model again
 */

/** A pause in typing after which vectors and the second pass start. */
const PAUSE_MS = 500
const SHOWN = 10
const LIMITS = [10, 30, 50, 100]
const DEFAULT_LIMIT = 30
/** Below this score of the best, nothing is taken for an answer, where the model's description names no other. */
const UNANSWERED = 0.1

export class DocumentsPanel {
  #root
  #model
  #options
  #reranker
  #limit
  /** @type {Partial<Record<Source, SearchIndex<Passage>>>} */
  #indexes = {}
  /** @type {LateEmbedder | undefined} */
  #embedder
  /** @type {Source} */
  #source = 'built'
  /** Cards by column and id, so that a passage keeps its element when it moves. */
  #cards = { before: /** @type {Map<string, HitCard>} */ (new Map()), after: /** @type {Map<string, HitCard>} */ (new Map()) }
  /** @type {Hit[]} */
  #before = []
  /** @type {Hit[]} */
  #after = []
  #all = false
  /** Whether the order on the right is final. */
  #settled = false
  /** @type {AbortController | undefined} */
  #running
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  /** @type {Phase | undefined} */
  #phase
  #added = 0
  /** Resolves the wait of `atRest`. @type {() => void} */
  #rested = () => {}
  /** Resolves when the first second pass is over. What the page can do without until then is fetched after it. @type {Promise<void>} */
  atRest = new Promise((resolve) => {
    this.#rested = resolve
  })

  /** @param {HTMLElement} root @param {Model} model @param {DocumentsOptions} options */
  constructor(root, model, options) {
    this.#root = root
    this.#model = model
    this.#options = options
    this.#reranker = new PageReranker(model)
    root.append(query('#documents-template', HTMLTemplateElement).content.cloneNode(true))
    input('.query', root).value = options.query
    this.#$('.examples').append(...options.examples.map((example) => el('li', {}, el('button', { type: 'button', className: 'example' }, example))))
    this.#limit = new CandidateLimit(root, LIMITS, () => this.search(0))
    this.#limit.set(DEFAULT_LIMIT)
    this.#wire()
    model.addEventListener('change', () => this.#modelChanged())
  }

  /** Opens an index that was built ahead. @param {BuiltIndex} built @param {LateEmbedder} embedder */
  async open(built, embedder) {
    this.#embedder = embedder
    const index = await openCollection('built', this.#reranker, embedder)
    try {
      await index.import(built.url)
    } finally {
      // Where only the vectors are missing, keywords find all the same.
      if (index.info.documents > 0) {
        this.#indexes.built = index
        this.#showSources()
        this.search(0)
      }
    }
  }

  /** The first passages, for measurements. @param {number} count @returns {Promise<Passage[]>} */
  async some(count) {
    const response = await this.#indexes.built?.search('string list file class', {
      mode: 'keywords',
      rerank: false,
      limit: count,
      top_n: count,
      keepEarlier: true,
    })
    return response?.results.map(({ document }) => document) ?? []
  }

  /** Adds texts of the visitor's and searches them. @param {{ name: string, blocks: Block[] }[]} texts */
  async addOwn(texts) {
    const passages = texts.flatMap(({ name, blocks }) => passagesOf(blocks, name)).map((passage) => ({ ...passage, id: `${++this.#added}` }))
    if (passages.length === 0) throw new Error('There is no text in it.')
    const index = (this.#indexes.own ??= await openCollection('own', this.#reranker, this.#embedder))
    this.#source = 'own'
    // Vectors may follow; keywords find as soon as the text is stored.
    const adding = index.add(passages, {
      onProgress: ({ stage, loaded, total }) => {
        if (stage === 'embed') this.#$('.own-state').textContent = loaded < total ? `Vectors of ${loaded} of ${total} passages…` : ''
        this.#showSources()
      },
    })
    adding.then(
      () => this.#showSources(),
      (error) => {
        if (!isAbort(error)) this.problem(`Keywords find your text, vectors do not. ${errorText(error)}`)
      },
    )
    await new Promise((resolve) => setTimeout(resolve))
    this.#showSources()
    announce(`${plural(passages.length, 'passage')} of your text can be searched.`)
    this.search(0)
  }

  /** Adds files of text. @param {File[]} files */
  async addFiles(files) {
    this.problem('')
    /** @type {string[]} */
    const problems = []
    /** @type {{ name: string, blocks: Block[] }[]} */
    const texts = []
    for (const file of files) {
      try {
        texts.push({ name: file.webkitRelativePath || file.name, blocks: await blocksOfFile(file) })
      } catch (error) {
        problems.push(errorText(error))
      }
    }
    if (texts.length > 0) await this.addOwn(texts).catch((error) => problems.push(errorText(error)))
    if (problems.length > 0) this.problem(problems.slice(0, 5).join(' '))
  }

  /** Shows what went wrong. @param {string} text */
  problem(text) {
    this.#$('.problem').textContent = text
  }

  /** Keywords now, the rest after `pause` milliseconds; 0 for an explicit request. */
  search(pause = PAUSE_MS) {
    this.cancel()
    this.problem('')
    this.#all = false
    this.#settled = false
    this.#$('.numbers').classList.add('stale')
    const index = this.#indexes[this.#source]
    const text = this.#query
    if (!index || text === '') {
      if (text === '') this.#rested()
      this.#before = this.#after = []
      this.#draw()
      return
    }
    this.#running = new AbortController()
    const { signal } = this.#running
    index
      .search(text, { mode: 'keywords', rerank: false, limit: this.#limit.value, top_n: this.#limit.value, signal })
      .then(({ results }) => {
        if (signal.aborted) return
        this.#before = this.#after = results
        this.#running = undefined
        this.#draw()
        if (!this.#root.hidden && (pause === 0 || this.#automatic)) this.#timer = setTimeout(() => this.#rerank(), pause)
        else this.#rested()
      })
      .catch((error) => !isAbort(error) && this.problem(errorText(error)))
  }

  /** Vectors can be made now: a finished search is run again with them. */
  vectorsReady() {
    if (this.#settled && !this.#root.hidden && this.#automatic) this.search(0)
    else this.#draw()
  }

  /** Called when the tab opens. */
  shown() {
    if (!this.#settled && !this.#running) this.search(0)
  }

  /** Ends the search and shows that it was ended. */
  stop() {
    if (this.#running) this.#cancelVisibly()
    else this.cancel()
  }

  /** Ends the search. */
  cancel() {
    clearTimeout(this.#timer)
    this.#running?.abort()
    this.#running = undefined
  }

  get #query() {
    return input('.query', this.#root).value.trim()
  }

  /** Whether the second pass starts without Enter: the visitor's own weights may take seconds for each passage. */
  get #automatic() {
    return !this.#model.spec?.userProvided
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
    on('.again', 'click', () => this.#options.onRetry())
    on('.more', 'click', () => {
      this.#all = true
      this.#draw()
      this.#$(`.after .card:nth-child(${SHOWN + 1}) .name`).focus({ preventScroll: true })
    })
    on('.examples', 'click', ({ target }) => {
      if (!(target instanceof Element) || !target.matches('.example')) return
      input('.query', this.#root).value = target.textContent ?? ''
      this.search(0)
    })
    on('.sources', 'change', ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return
      this.#source = target.value === 'own' ? 'own' : 'built'
      this.search(0)
    })
    this.#wireOwn()
  }

  #wireOwn() {
    const area = query('.own-text', HTMLTextAreaElement, this.#root)
    /** What was pasted as a page, and the text that the field shows for it. */
    let pasted = { html: '', text: '' }
    area.addEventListener('paste', ({ clipboardData }) => {
      const html = clipboardData?.getData('text/html') ?? ''
      if (html === '' || html.length > MOST_LETTERS || area.value.trim() !== '') return
      pasted = { html, text: (clipboardData?.getData('text/plain') ?? '').trim() }
    })
    this.#$('.own-add').addEventListener('click', () => {
      const text = area.value.trim()
      const blocks = text !== '' && text === pasted.text ? blocksOfHtml(pasted.html) : blocksOfText(text)
      this.problem('')
      this.addOwn([{ name: 'Your text', blocks }])
        .then(() => {
          area.value = ''
        })
        .catch((error) => this.problem(errorText(error)))
    })
    for (const selector of ['.own-files', '.own-folder']) {
      const picker = input(selector, this.#root)
      picker.addEventListener('change', () => {
        this.addFiles([...(picker.files ?? [])].filter((file) => selector === '.own-files' || isText(file)))
        picker.value = ''
      })
    }
  }

  async #rerank() {
    const index = this.#indexes[this.#source]
    if (!index || !['ready', 'loading'].includes(this.#model.phase)) {
      // At the start of the page the load is still to come.
      if (this.#model.phase === 'failed') this.#rested()
      return this.#draw()
    }
    const controller = (this.#running = new AbortController())
    const { signal } = controller
    this.#showBusy(true)
    this.#draw()
    const began = performance.now()
    try {
      const { results, stages } = await index.search(this.#query, {
        mode: this.#embedder?.ready ? 'hybrid' : 'keywords',
        limit: this.#limit.value,
        top_n: this.#limit.value,
        // The demo's reranker is small; large ones decide alone.
        blend: this.#automatic,
        signal,
        onStage: (update) => !signal.aborted && this.#applyStage(update),
      })
      if (signal.aborted) return
      const failed = stages.find(({ stage, state }) => stage === 'reranked' && state === 'failed')?.error
      if (failed) throw Object.assign(new Error(failed.message), { code: failed.code })
      this.#after = results
      this.#settled = true
      this.#running = undefined
      this.#finish(performance.now() - began)
    } catch (error) {
      if (isAbort(error) || signal.aborted) return
      this.#model.handleLoss(error)
      if (this.#model.phase !== 'failed') this.problem(errorText(error))
    } finally {
      if (this.#running === controller) this.#running = undefined
      if (!this.#running) {
        this.#showBusy(false)
        this.#rested()
        if (!signal.aborted) this.#draw()
      }
    }
  }

  /** @param {StageUpdate<Passage>} update */
  #applyStage({ stage, results }) {
    if (stage === 'keywords') this.#before = results
    this.#after = results
    this.#draw()
  }

  /** @param {number} ms */
  #finish(ms) {
    const { info } = this.#model
    const [best] = this.#after
    const { documents, tokens, compute_ms } = this.#reranker.used
    announce(best ? `${plural(documents, 'passage')} read. Best: ${best.document.title}.` : 'Nothing was found.')
    const rows = [
      ['Device', info ? deviceName(info) : ''],
      ['Passages read', String(documents)],
      ['Tokens', tokens.toLocaleString('en')],
      ['Passages a second', compute_ms > 0 ? ((documents * 1000) / compute_ms).toFixed(1) : ''],
      ['Total time', duration(ms)],
      ['Weights in memory', info ? bytes(info.weight_bytes) : ''],
    ]
    const list = this.#$('.numbers')
    list.replaceChildren(...rows.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))))
    list.hidden = false
    list.classList.remove('stale')
    this.#draw()
  }

  #cancelVisibly() {
    this.cancel()
    this.#rested()
    this.#showBusy(false)
    this.#draw('Cancelled. What was read so far is on top.')
    announce('Cancelled.')
  }

  #modelChanged() {
    const { phase } = this.#model
    if (phase === this.#phase) return
    this.#phase = phase
    if (phase === 'failed') this.#rested()
    if (phase === 'loading') {
      // Scores of different models cannot be compared.
      this.cancel()
      this.#settled = false
    }
    if (!this.#running) this.#showBusy(false)
    if (phase === 'ready' && !this.#root.hidden && !this.#running) this.search(0)
    else this.#draw()
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

  /** Which texts can be searched, and how many passages they have. */
  #showSources() {
    const { built, own } = this.#indexes
    this.#$('.sources').hidden = !own
    this.#$('.built-count').textContent = built ? built.info.documents.toLocaleString('en') : ''
    this.#$('.own-count').textContent = own ? own.info.documents.toLocaleString('en') : ''
    input(`.sources [value=${this.#source}]`, this.#root).checked = true
  }

  /** @param {string} [note]  in place of the second caption */
  #draw(note) {
    const shown = (/** @type {Hit[]} */ hits) => (this.#all ? hits : hits.slice(0, SHOWN))
    const answered = !this.#settled || this.#bestScore >= this.#threshold
    this.#$('.after').classList.toggle('unanswered', !answered)
    this.#$('.before').replaceChildren(...shown(this.#before).map((hit, n) => this.#cardNode('before', hit, n, false)))
    reorder(
      this.#$('.after'),
      shown(this.#after).map((hit, n) => this.#cardNode('after', hit, n, n === 0 && this.#settled && answered)),
    )
    const more = this.#$('.more')
    more.hidden = this.#all || this.#after.length <= SHOWN
    more.textContent = `Show all ${this.#after.length}`
    this.#$('.first .caption').textContent = this.#firstCaption()
    this.#$('.second .caption').textContent = note ?? this.#secondCaption(answered)
    this.#$('.notice').textContent = this.#notice()
    this.#$('.again').hidden = this.#phase !== 'failed' && this.#phase !== 'none'
    this.#$('.again').textContent = this.#phase === 'none' ? 'Load the model' : 'Try again'
  }

  /** @param {'before' | 'after'} column @param {Hit} hit @param {number} n @param {boolean} best */
  #cardNode(column, hit, n, best) {
    const cards = this.#cards[column]
    const key = `${this.#source}:${hit.id}`
    const card = cards.get(key) ?? createHitCard(hit.document)
    cards.set(key, card)
    updateHitCard(card, hit, { rank: n + 1, why: column === 'after', best, settled: this.#settled })
    return card.node
  }

  get #bestScore() {
    return Math.max(0, ...this.#after.map(({ scores }) => scores.reranked ?? 0))
  }

  get #threshold() {
    return this.#model.spec?.threshold ?? UNANSWERED
  }

  #notice() {
    const { spec } = this.#model
    if (spec?.userProvided) return 'Your own weights: press Enter for the second pass.'
    return spec && !spec.trained ? 'This build has no trained model. The stand-in has random weights: its order means nothing.' : ''
  }

  #firstCaption() {
    if (!this.#indexes[this.#source]) return 'The index is loading…'
    if (this.#query === '') return 'Type to search.'
    return this.#before.length === 0 ? 'No keyword matches.' : `The best ${this.#before.length} by keywords.`
  }

  /** @param {boolean} answered */
  #secondCaption(answered) {
    const { error, phase } = this.#model
    const read = this.#after.filter(({ scores }) => scores.reranked !== undefined).length
    if (phase === 'failed') return `There is no model, so results keep the keyword order. ${error}`
    if (phase === 'none') return 'No model is loaded. Results keep the keyword order.'
    if (this.#query === '') return 'Same order, until you search.'
    if (phase === 'loading') return 'The model is still loading. Until then results keep the keyword order.'
    if (this.#running) return read > 0 ? `Reading: ${read} of ${this.#after.length}…` : `Reading ${plural(this.#after.length, 'passage')}…`
    if (this.#settled && this.#after.length === 0) return 'Nothing was found.'
    if (!answered) return `Nothing here seems to answer this: the best score is ${this.#bestScore < 0.01 ? 'below 0.01' : this.#bestScore.toFixed(2)}.`
    if (this.#settled) return `${read} read, best first${this.#embedder?.ready ? ', from keywords and vectors' : ''}.`
    return this.#automatic ? 'Waiting for a pause in your typing.' : 'Same order, until you press Enter.'
  }
}

/** @param {File} file */
const isText = (file) => /^text\//.test(file.type) || /\.(txt|md|markdown|rst|html?)$/i.test(file.name)

/** @param {File} file @returns {Promise<Block[]>} */
async function blocksOfFile(file) {
  if (!isText(file)) throw new Error(`“${file.name}” is no text, Markdown or HTML file.`)
  if (file.size > MOST_LETTERS) throw new Error(`“${file.name}” has ${bytes(file.size)}; texts of at most ${bytes(MOST_LETTERS)} are read.`)
  const text = await file.text()
  const blocks = /html/.test(file.type) || /\.html?$/i.test(file.name) ? blocksOfHtml(text) : blocksOfText(text)
  if (blocks.length === 0) throw new Error(`“${file.name}” is empty.`)
  return blocks
}
