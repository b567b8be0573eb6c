// The keyboard focus where controls take each other's place and lists grow.

/**
 * Shows `shown` in place of other controls. A hidden element loses the focus, so the one in its place takes it.
 *
 * @param {HTMLElement} shown
 * @param {HTMLElement[]} hidden
 */
export function swapControls(shown, ...hidden) {
  const focused = hidden.some((control) => document.activeElement === control)
  shown.hidden = false
  for (const control of hidden) control.hidden = true
  if (focused) shown.focus()
}

/** Moves the focus to a card of a list: its link or button, or itself. @param {HTMLElement} list @param {number} index */
export function focusCard(list, index) {
  const card = list.children[index]
  if (!(card instanceof HTMLElement)) return
  const target = card.querySelector('a, button')
  if (!(target instanceof HTMLElement)) card.tabIndex = -1
  ;(target instanceof HTMLElement ? target : card).focus({ preventScroll: true })
}
