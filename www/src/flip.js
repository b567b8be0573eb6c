// Things that change places are seen moving there.
import { mayMove } from './dom.js'

const TIMING = { duration: 420, easing: 'cubic-bezier(.2,.8,.2,1)' }

/** Puts the children in this order and animates those that move. Focus stays where it is. */
export function reorder(list, children) {
  const focused = list.contains(document.activeElement) ? document.activeElement : undefined
  const before = mayMove() ? new Map([...list.children].map((child) => [child, child.getBoundingClientRect()])) : undefined
  const wanted = new Set(children)
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove()
  children.forEach((child, place) => {
    if (list.children[place] !== child) list.insertBefore(child, list.children[place] ?? null)
  })
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true })
  if (before) for (const child of children) animate(child, before.get(child))
}

function animate(child, from) {
  // The place it goes to, without the animation that may still run.
  for (const running of child.getAnimations()) running.cancel()
  if (!from) {
    child.animate([{ opacity: 0, transform: 'scale(.92)' }, { opacity: 1, transform: 'none' }], TIMING)
    return
  }
  const to = child.getBoundingClientRect()
  const [x, y] = [from.left - to.left, from.top - to.top]
  if (x === 0 && y === 0) return
  child.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: 'none' }], TIMING)
}
