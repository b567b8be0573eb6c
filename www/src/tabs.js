// Tabs as the ARIA practices describe them: arrows move, the address remembers.
import { $ } from './dom.js'

/** Wires the tab list; `onShow(id)` is called with the panel that opens. */
export function tabs(list, onShow) {
  const all = [...list.querySelectorAll('[role=tab]')]
  const show = (tab, { focus = false, remember = true } = {}) => {
    for (const other of all) {
      const chosen = other === tab
      other.setAttribute('aria-selected', String(chosen))
      other.tabIndex = chosen ? 0 : -1
      $(`#${other.getAttribute('aria-controls')}`).hidden = !chosen
    }
    const id = tab.getAttribute('aria-controls')
    document.body.dataset.tab = id
    if (focus) tab.focus()
    if (remember) history.replaceState(null, '', `#${id}`)
    onShow(id)
  }
  list.addEventListener('click', ({ target }) => {
    const tab = target.closest('[role=tab]')
    if (tab) show(tab)
  })
  list.addEventListener('keydown', (event) => {
    const at = all.indexOf(event.target)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    show(all[(to + all.length) % all.length], { focus: true })
  })
  const fromAddress = () => all.find((tab) => `#${tab.getAttribute('aria-controls')}` === location.hash)
  addEventListener('hashchange', () => fromAddress() && show(fromAddress(), { remember: false }))
  show(fromAddress() ?? all[0], { remember: false })
  return (id) => show(all.find((tab) => tab.getAttribute('aria-controls') === id))
}
