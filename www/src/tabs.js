// Tabs after the ARIA authoring practices: arrow keys move between them, the URL fragment names the open one.
import { $ } from './dom.js'

/**
 * Wires the tab list. `onShow` is called with the id of the panel that opens. Returns a function that opens a panel by its id.
 *
 * @param {HTMLElement} list
 * @param {(id: string) => void} onShow
 */
export function initTabs(list, onShow) {
  /** @type {HTMLElement[]} */
  const all = [...list.querySelectorAll('[role=tab]')].filter((tab) => tab instanceof HTMLElement)
  const panelOf = (/** @type {HTMLElement} */ tab) => tab.getAttribute('aria-controls') ?? ''
  const show = (/** @type {HTMLElement | undefined} */ tab, { focus = false, setFragment = true } = {}) => {
    if (!tab) return
    for (const other of all) {
      const selected = other === tab
      other.setAttribute('aria-selected', String(selected))
      other.tabIndex = selected ? 0 : -1
      $(`#${panelOf(other)}`).hidden = !selected
    }
    const id = panelOf(tab)
    document.body.dataset['tab'] = id
    if (focus) tab.focus()
    if (setFragment) history.replaceState(null, '', `#${id}`)
    onShow(id)
  }
  const tabOf = (/** @type {EventTarget | null} */ target) => all.find((tab) => target instanceof Node && tab.contains(target))
  list.addEventListener('click', ({ target }) => show(tabOf(target)))
  list.addEventListener('keydown', (event) => {
    const at = all.findIndex((tab) => tab === event.target)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    show(all[(to + all.length) % all.length], { focus: true })
  })
  const fromFragment = () => all.find((tab) => `#${panelOf(tab)}` === location.hash)
  addEventListener('hashchange', () => show(fromFragment(), { setFragment: false }))
  show(fromFragment() ?? all[0], { setFragment: false })
  return (/** @type {string} */ id) => show(all.find((tab) => panelOf(tab) === id))
}
