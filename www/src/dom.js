// The few things that every part of the page does with elements.

/** The first element that matches. */
export const $ = (selector, root = document) => root.querySelector(selector)

/** An element with properties and children; texts become text nodes. */
export function el(tag, properties = {}, ...children) {
  const { data, aria, ...rest } = properties
  const element = Object.assign(document.createElement(tag), rest)
  Object.assign(element.dataset, data)
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value)
  element.append(...children.filter((child) => child !== undefined && child !== null))
  return element
}

/** Whether things may move. */
export const mayMove = () => !matchMedia('(prefers-reduced-motion: reduce)').matches

/** A number of bytes, for reading. */
export function bytes(n) {
  if (!Number.isFinite(n)) return 'unknown'
  if (n < 1000) return `${n} bytes`
  const [unit, name] = n >= 1e9 ? [1e9, 'GB'] : n >= 1e6 ? [1e6, 'MB'] : [1e3, 'KB']
  const value = n / unit
  return `${value.toFixed(value < 10 ? 1 : 0)} ${name}`
}

/** Milliseconds, for reading. */
export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

/** A count with its noun. */
export const count = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

let pending

/** Says something to screen readers, once things have settled: only the last message of a burst is spoken. */
export function announce(text) {
  clearTimeout(pending)
  pending = setTimeout(() => { $('#live').textContent = text }, 700)
}

/** Whether an error is only a cancellation. */
export const isAbort = (error) => error?.name === 'AbortError'

/** An error as a sentence. */
export function sentence(error) {
  const text = String(error?.message ?? error).trim()
  if (!navigator.onLine && /fetch|network/i.test(text)) return 'There is no network, and this file is not stored on this device.'
  return /[.!?]$/.test(text) ? text : `${text}.`
}
