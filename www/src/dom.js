// DOM helpers and number formatting shared by the whole page.

/**
 * The first element that matches, as an instance of `type`. The markup is ours, so a missing element is a bug.
 *
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function query(selector, type, root = document) {
  const element = root.querySelector(selector)
  if (!(element instanceof type)) throw new TypeError(`no ${type.name} matches ${selector}`)
  return element
}

/** The first HTML element that matches. @param {string} selector @param {ParentNode} [root] */
export const $ = (selector, root = document) => query(selector, HTMLElement, root)

/** The first `<input>` that matches. @param {string} selector @param {ParentNode} [root] */
export const input = (selector, root = document) => query(selector, HTMLInputElement, root)

/**
 * Creates an element. `data` and `aria` set `data-*` and `aria-*` attributes, all other properties are assigned; string children become
 * text nodes, `undefined` children are skipped.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]> & { data?: Record<string, string>, aria?: Record<string, string | boolean> }} [properties]
 * @param {(Node | string | undefined)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, properties = {}, ...children) {
  const { data, aria, ...rest } = properties
  const element = Object.assign(document.createElement(tag), rest)
  Object.assign(element.dataset, data)
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, String(value))
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** Whether the user's settings allow animation. */
export const motionAllowed = () => !matchMedia('(prefers-reduced-motion: reduce)').matches

/** Formats a number of bytes. @param {number} n */
export function bytes(n) {
  if (!Number.isFinite(n)) return 'unknown'
  if (n < 1000) return `${n} bytes`
  const [unit, name] = n >= 1e9 ? /** @type {const} */ ([1e9, 'GB']) : n >= 1e6 ? /** @type {const} */ ([1e6, 'MB']) : /** @type {const} */ ([1e3, 'KB'])
  const value = n / unit
  return `${value.toFixed(value < 10 ? 1 : 0)} ${name}`
}

/** Formats milliseconds. @param {number} ms */
export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

/** A time of a clip: minutes and seconds, and hours if there are any. @param {number} seconds */
export function clock(seconds) {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60]
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** A count with its noun. @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

/** @type {ReturnType<typeof setTimeout> | undefined} */
let pending

/** Announces a text to screen readers. Debounced: only the last message of a burst is spoken. @param {string} text */
export function announce(text) {
  clearTimeout(pending)
  pending = setTimeout(() => {
    $('#live').textContent = text
  }, 700)
}

/** Whether an error only reports a cancellation. @param {unknown} error */
export const isAbort = (error) => error instanceof Error && error.name === 'AbortError'

/** An error's message as a sentence for the user. @param {unknown} error */
export function errorText(error) {
  const text = (error instanceof Error ? error.message : String(error)).trim()
  if (!navigator.onLine && /fetch|network/i.test(text)) return 'There is no network, and this file is not stored on this device.'
  return /[.!?]$/.test(text) ? text : `${text}.`
}
