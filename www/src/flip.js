// FLIP animation: elements that change places in a list glide from the old place to the new one.
import { motionAllowed } from './dom.js'

const TIMING = { duration: 420, easing: 'cubic-bezier(.2,.8,.2,1)' }

/** Puts the children into this order and animates those that move. The keyboard focus is kept. @param {HTMLElement} list @param {HTMLElement[]} children */
export function reorder(list, children) {
  const focused = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement : undefined
  const before = motionAllowed() ? new Map([...list.children].map((child) => [child, child.getBoundingClientRect()])) : undefined
  const kept = new Set(/** @type {Element[]} */ (children))
  for (const child of [...list.children]) if (!kept.has(child)) child.remove()
  children.forEach((child, n) => {
    if (list.children[n] !== child) list.insertBefore(child, list.children[n] ?? null)
  })
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true })
  if (before) for (const child of children) animate(child, before.get(child))
}

/** @param {HTMLElement} child @param {DOMRect | undefined} from */
function animate(child, from) {
  // A running animation would distort the measured target position.
  for (const running of child.getAnimations()) running.cancel()
  if (!from) {
    child.animate(
      [
        { opacity: 0, transform: 'scale(.92)' },
        { opacity: 1, transform: 'none' },
      ],
      TIMING,
    )
    return
  }
  const to = child.getBoundingClientRect()
  const [x, y] = [from.left - to.left, from.top - to.top]
  if (x === 0 && y === 0) return
  child.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: 'none' }], TIMING)
}
