// The search in the header of every page: results as one types, the keyboard's way through them, and the choice to let a model rank.
import { $, bytes, el, errorText, input, isAbort, plural } from '../dom.js'
import { excerptOf, markedText } from '../excerpt.js'
import { Documents, rememberStored } from './documents.js'
import { keep, kept } from './kept.js'

/** @import { SearchHit, StageUpdate } from '../secondpass/search/index.js' */
/** @import { Passage } from './documents.js' */

/** One types on within this time; only then does the model read. */
const PAUSE_MS = 300
const SHOWN = 8
/** Of a passage. */
const LETTERS = 180
/** The visitor's choice: `on` or `off`. */
const CHOICE_KEY = 'secondpass docs: rank'

export class SearchBox {
  #documents = new Documents()
  #form = $('.docs-search')
  #query = input('#docs-query')
  #found = $('#docs-found')
  #list = $('.docs-results')
  #rank = $('.docs-rank')
  #button = $('.docs-rank button')
  #ranks = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pause
  /** @type {Promise<void> | undefined} */
  #prepared
  /** The search whose results are wanted; none while the list is closed. @type {AbortController | undefined} */
  #wanted

  constructor() {
    this.#form.hidden = false
    this.#query.addEventListener('focus', () => this.#prepare())
    this.#query.addEventListener('input', () => this.#typed())
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#links()[0]?.focus()
    })
    this.#form.addEventListener('keydown', (event) => this.#key(event))
    this.#button.addEventListener('click', () => this.#choose(!this.#ranks))
    this.#documents.addEventListener('progress', () => this.#wanted && this.#say(this.#documents.message, { aloud: false }))
    document.addEventListener('click', ({ target }) => {
      if (target instanceof Node && !this.#form.contains(target)) this.#close()
    })
    // Focus that leaves the search closes it, so that it never covers what has the focus.
    this.#form.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !this.#form.contains(relatedTarget)) this.#close()
    })
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      event.preventDefault()
      this.#query.focus()
    })
  }

  /** Fetches what a search needs before its first key, and finds out whether a model may rank. */
  #prepare() {
    this.#prepared ??= this.#offerRanking().catch(() => {
      // Without an answer there is no model to offer; keywords work all the same, or say what they lack.
    })
    return this.#prepared
  }

  async #offerRanking() {
    const reranker = await this.#documents.reranker()
    if (!reranker) return
    this.#rank.hidden = false
    const choice = kept(CHOICE_KEY)
    this.#setRanking(choice === 'on' || (choice !== 'off' && reranker.isStored !== undefined))
    $('span', this.#rank).textContent = reranker.isStored ? 'It is stored in this browser.' : `${bytes(reranker.bytes)}, loaded once. It runs in this page.`
  }

  /** @param {boolean} ranks */
  #setRanking(ranks) {
    this.#ranks = ranks
    this.#button.setAttribute('aria-pressed', String(ranks))
  }

  /** @param {boolean} ranks */
  #choose(ranks) {
    keep(CHOICE_KEY, ranks ? 'on' : 'off')
    this.#setRanking(ranks)
    void this.#search(ranks)
  }

  #typed() {
    clearTimeout(this.#pause)
    if (this.#query.value.trim() === '') return this.#close()
    void this.#search(false)
    this.#pause = setTimeout(() => this.#ranks && void this.#search(true), PAUSE_MS)
  }

  /** A search ends the one before it. @param {boolean} rerank */
  async #search(rerank) {
    clearTimeout(this.#pause)
    const query = this.#query.value.trim()
    if (query === '') return
    this.#wanted?.abort()
    const { signal } = (this.#wanted = new AbortController())
    await this.#prepare()
    // Typed on, or closed, meanwhile.
    if (signal.aborted) return
    if (rerank) this.#say('Reading…', { aloud: false })
    try {
      const { results, stages } = await this.#documents.search(query, { rerank, signal, onStage: (update) => !signal.aborted && this.#show(update, rerank) })
      if (signal.aborted) return
      const ranked = stages.find(({ stage }) => stage === 'reranked')
      if (ranked?.state === 'failed') this.#say(`In the order of the keywords, for the model could not rank: ${ranked.error?.message}`)
      else if (results.length === 0) this.#say('Nothing was found.')
      else this.#say(`${plural(this.#list.childElementCount, 'result')}${rerank ? ', ranked by the model' : ''}.`)
      if (rerank && ranked?.state === 'done') await this.#remember()
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) this.#say(errorText(error))
    }
  }

  async #remember() {
    const reranker = await this.#documents.reranker()
    if (reranker && !reranker.isStored) rememberStored(reranker.url)
  }

  /** @param {StageUpdate<Passage>} update @param {boolean} rerank */
  #show({ stage, done, results }, rerank) {
    // Scores arrive one by one; an order that changes all the time cannot be read. And a list that is there stays until a better one is.
    if ((stage === 'reranked' && !done) || (rerank && stage !== 'reranked' && this.#list.childElementCount > 0)) return
    this.#found.hidden = false
    const focused = this.#links().findIndex((link) => link.matches(':focus'))
    const places = new Set()
    const first = results.filter(({ document: { url } }) => !places.has(url) && places.add(url))
    this.#list.replaceChildren(...first.slice(0, SHOWN).map(resultItem))
    if (focused >= 0) (this.#links()[focused] ?? this.#query).focus()
  }

  /** @param {string} text @param {{ aloud?: boolean }} [options] */
  #say(text, { aloud = true } = {}) {
    this.#found.hidden = false
    $('.docs-state').textContent = text
    if (aloud) $('.docs-said').textContent = text
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'Escape') {
      this.#query.focus()
      return this.#close()
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const links = this.#links()
    if (step === undefined || links.length === 0 || document.activeElement === this.#button) return
    event.preventDefault()
    const at = links.findIndex((link) => link.matches(':focus')) + step
    // Above the first result is the query.
    if (at < 0) this.#query.focus()
    else links[Math.min(at, links.length - 1)]?.focus()
  }

  #close() {
    clearTimeout(this.#pause)
    this.#wanted?.abort()
    this.#wanted = undefined
    this.#found.hidden = true
  }

  #links() {
    return [...this.#list.querySelectorAll('a')]
  }
}

/** @param {EventTarget | null} target */
const isTyping = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))

/** @param {SearchHit<Passage>} hit */
function resultItem({ document: { url, page, heading, text }, words }) {
  const title = heading === page ? [el('strong', {}, page)] : [el('strong', {}, heading), ' ', el('small', {}, page)]
  const matching = new Set(words)
  const pieces = markedText(excerptOf(text.replaceAll(/\s+/g, ' '), matching, LETTERS), matching)
  return el('li', {}, el('a', { href: url }, ...title, el('span', {}, ...pieces)))
}
