// The documentation tab: keywords at every keystroke, then vectors and the second pass after a pause, before and after side by side.
import { CandidateLimit } from '../candidate-limit.js'
import { CANCELLED } from '../captions.js'
import { $, announce, bytes, duration, errorText, input, isAbort, plural, query } from '../dom.js'
import { focusCard } from '../focus.js'
import { deviceName } from '../model.js'
import { PendingRun } from '../pending-run.js'
import { SearchForm } from '../search-form.js'
import { showNumbers, staleNumbers } from '../stats.js'
import { firstCaption, secondCaption } from './captions.js'
import { DocumentSearch } from './document-search.js'
import { HitColumns, SHOWN } from './hit-columns.js'
import { wireOwnText } from './own-text-form.js'
import { readTexts } from './text-files.js'

/** @import { Model, ModelSpec, Phase } from '../model.js' */
/** @import { BuiltIndex, LateEmbedder } from './collection.js' */
/** @import { Hit, Source } from './document-search.js' */
/** @import { NamedText } from './text-files.js' */

/**
 * @typedef {object} DocumentsOptions
 * @property {string} query      at the start
 * @property {string[]} examples
 * @property {() => void} onRetry   load the model again
 */

/** A pause in typing after which vectors and the second pass start. */
const PAUSE_MS = 500
const LIMITS = [10, 30, 50, 100]
const DEFAULT_LIMIT = 30
const USER_MODEL_NOTICE = 'Your own weights: press Enter for the second pass.'

/** The search among passages. */
export class DocumentsPanel {
  #root
  #model
  #search
  #form
  #columns
  #limit
  #run = new PendingRun()
  /** @type {Hit[]} */
  #before = []
  /** @type {Hit[]} */
  #after = []
  /** Whether the order on the right is final. */
  #settled = false
  /** Whether the documentation could not be fetched. */
  #failed = false
  /** The model that was last drawn, and its phase. @type {{ phase?: Phase, spec?: ModelSpec | undefined }} */
  #drawn = {}
  /** Resolves the wait of `firstPassDone`. @type {() => void} */
  #firstDone = () => {}
  /** Resolves when the first second pass is over, however it ended. What the page can do without until then is fetched after it. @type {Promise<void>} */
  firstPassDone = new Promise((resolve) => {
    this.#firstDone = resolve
  })

  /** @param {HTMLElement} root @param {Model} model @param {DocumentsOptions} options */
  constructor(root, model, options) {
    this.#root = root
    this.#model = model
    this.#search = new DocumentSearch(model)
    root.append(query('#documents-template', HTMLTemplateElement).content.cloneNode(true))
    this.#columns = new HitColumns(root)
    this.#limit = new CandidateLimit(root, LIMITS, () => this.search(0))
    this.#limit.set(DEFAULT_LIMIT)
    this.#form = new SearchForm(root, options.examples, {
      onSearch: () => this.search(0),
      onType: () => this.search(),
      onCancel: () => this.#cancelVisibly(),
      onRetry: options.onRetry,
    })
    this.#form.input.value = options.query
    this.#wire()
    model.addEventListener('change', () => this.#modelChanged())
  }

  /** Opens an index that was built ahead. @param {BuiltIndex} built @param {LateEmbedder} embedder */
  async open(built, embedder) {
    this.#failed = false
    try {
      await this.#search.open(built, embedder)
    } catch (error) {
      this.#failed = this.#search.count('built') === undefined
      throw error
    } finally {
      this.#showSources()
      this.search(0)
    }
  }

  /** Some passages of the documentation, for measurements. @param {number} count */
  some(count) {
    return this.#search.some(count)
  }

  /** Adds texts of the visitor's and searches them. @param {NamedText[]} texts */
  async addOwn(texts) {
    const state = $('.own-state', this.#root)
    const { passages, vectors } = await this.#search.add(texts, (done, of) => {
      state.textContent = done < of ? `Vectors of ${done} of ${of} passages…` : ''
    })
    this.#search.source = 'own'
    this.#showSources()
    announce(`${plural(passages, 'passage')} of your text can be searched.`)
    this.search(0)
    vectors.then(
      () => this.#search.source === 'own' && this.vectorsReady(),
      (error) => isAbort(error) || this.problem(`Keywords find your text, vectors do not. ${errorText(error)}`),
    )
  }

  /** Adds files of text. @param {File[]} files */
  async addFiles(files) {
    this.problem('')
    const { texts, problems } = await readTexts(files)
    if (texts.length > 0) await this.addOwn(texts).catch((error) => problems.push(errorText(error)))
    if (problems.length > 0) this.problem(problems.join(' '))
  }

  /** Shows what went wrong. @param {string} text */
  problem(text) {
    this.#form.problem(text)
  }

  /** Keywords now, the rest after `pause` milliseconds; 0 for an explicit request. */
  async search(pause = PAUSE_MS) {
    this.problem('')
    this.#columns.all = false
    this.#settled = false
    staleNumbers(this.#root)
    const signal = this.#run.begin()
    try {
      const hasText = this.#search.isOpen && this.#form.text !== ''
      const found = hasText ? await this.#search.keywords(this.#form.text, this.#limit.value, signal) : []
      if (signal.aborted) return
      this.#before = this.#after = found
      this.#run.end(signal)
      if (hasText && !this.#root.hidden && (pause === 0 || this.#automatic)) this.#run.later(pause, () => this.#rank())
      this.#form.showBusy(false)
      this.#draw()
    } catch (error) {
      this.#run.end(signal)
      if (!isAbort(error)) this.problem(errorText(error))
    }
  }

  /** Vectors can be made now: a finished search is run again with them. */
  vectorsReady() {
    this.#showSources()
    if (this.#settled && !this.#root.hidden && this.#automatic) this.search(0)
    else this.#draw()
  }

  /** Called when the tab opens. */
  shown() {
    if (!this.#settled && !this.#run.running) this.search(0)
  }

  /** Ends the search and shows that it was ended. */
  stop() {
    if (this.#run.running) this.#cancelVisibly()
    else this.cancel()
  }

  /** Ends the search. */
  cancel() {
    this.#run.cancel()
  }

  /** Whether the second pass starts without Enter: the visitor's own weights may take seconds for each passage. */
  get #automatic() {
    return !this.#model.spec?.userProvided
  }

  #wire() {
    $('.more', this.#root).addEventListener('click', () => {
      this.#columns.all = true
      this.#draw()
      focusCard($('.after', this.#root), SHOWN)
    })
    $('.sources', this.#root).addEventListener('change', ({ target }) => {
      if (!(target instanceof HTMLInputElement)) return
      this.#search.source = target.value === 'own' ? 'own' : 'built'
      this.search(0)
    })
    wireOwnText(this.#root, {
      onText: (text) => this.addOwn([text]),
      onFiles: (files) => this.addFiles(files),
      onProblem: (text) => this.problem(text),
    })
  }

  async #rank() {
    if (!['ready', 'loading'].includes(this.#model.phase)) return this.#draw()
    const signal = this.#run.begin()
    this.#form.showBusy(true)
    this.#draw()
    const began = performance.now()
    try {
      const results = await this.#search.rank(this.#form.text, {
        limit: this.#limit.value,
        // The demo's reranker is small; large ones decide alone.
        blend: this.#automatic,
        signal,
        onStage: ({ stage, results }) => {
          if (signal.aborted) return
          if (stage === 'keywords') this.#before = results
          this.#after = results
          this.#draw()
        },
      })
      if (signal.aborted) return
      this.#after = results
      this.#settled = true
      this.#run.end(signal)
      this.#finish(performance.now() - began)
    } catch (error) {
      if (isAbort(error) || signal.aborted) return
      this.#model.handleLoss(error)
      // The caption already says why there is no model.
      if (this.#model.phase !== 'failed') this.problem(errorText(error))
    } finally {
      this.#run.end(signal)
      this.#firstDone()
      // If a later run has begun, the controls belong to it.
      if (!this.#run.running) {
        this.#form.showBusy(false)
        if (!signal.aborted) this.#draw()
      }
    }
  }

  /** @param {number} ms */
  #finish(ms) {
    const { info } = this.#model
    const [best] = this.#after
    const { documents, tokens, compute_ms } = this.#search.used
    announce(best ? `${plural(documents, 'passage')} read. Best: ${best.document.title}.` : 'Nothing was found.')
    showNumbers(this.#root, [
      ['Device', info ? deviceName(info) : ''],
      ['Passages read', String(documents)],
      ['Tokens', tokens.toLocaleString('en')],
      ['Passages a second', compute_ms > 0 ? ((documents * 1000) / compute_ms).toFixed(1) : ''],
      ['Total time', duration(ms)],
      ['Weights in memory', info ? bytes(info.weight_bytes) : ''],
    ])
  }

  #cancelVisibly() {
    this.cancel()
    this.#form.showBusy(false)
    this.#draw(CANCELLED)
    announce('Cancelled.')
  }

  #modelChanged() {
    const { phase, spec } = this.#model
    if (phase === this.#drawn.phase && spec === this.#drawn.spec) return
    this.#drawn = { phase, spec }
    if (phase === 'loading') {
      // Scores of different models cannot be compared.
      this.cancel()
      this.#settled = false
    }
    if (!this.#run.running) this.#form.showBusy(false)
    if (phase === 'ready' && !this.#root.hidden && !this.#run.running) this.search(0)
    else this.#draw()
  }

  /** Which texts can be searched, and how many passages they have. */
  #showSources() {
    const shown = (/** @type {Source} */ source) => this.#search.count(source)?.toLocaleString('en') ?? ''
    $('.sources', this.#root).hidden = this.#search.count('own') === undefined
    $('.built-count', this.#root).textContent = shown('built')
    $('.own-count', this.#root).textContent = shown('own')
    input(`.sources [value=${this.#search.source}]`, this.#root).checked = true
  }

  /** @param {string} [note]  in place of the second caption */
  #draw(note) {
    const { error, phase, spec } = this.#model
    const scores = this.#after.flatMap(({ scores }) => scores.reranked ?? [])
    const best = Math.max(0, ...scores)
    const answered = !this.#settled || best >= (spec?.threshold ?? 0)
    this.#columns.draw(this.#before, this.#after, { source: this.#search.source, settled: this.#settled, answered })
    const hasQuery = this.#form.text !== ''
    const search = {
      hasQuery,
      running: this.#run.running,
      settled: this.#settled,
      answered,
      read: scores.length,
      found: this.#after.length,
      best,
      hasVectors: this.#search.hasVectors,
      automatic: this.#automatic,
    }
    this.#form.caption({
      notice: spec?.userProvided ? USER_MODEL_NOTICE : '',
      first: firstCaption({ isOpen: this.#search.isOpen, hasQuery, found: this.#before.length }),
      second: note ?? secondCaption({ phase, error }, search),
      phase: this.#failed ? 'failed' : phase,
    })
  }
}
