// Components of Svelte 5; `probe` is Probe.svelte, compiled.
import Probe from 'probe'
import { mount as mountComponent, unmount as unmountComponent } from 'svelte'
import { writable } from 'svelte/store'
import { container, seen, show, timeline, until } from './seen.js'

const mounted = {}
function mount(name, given, sharing) {
  const options = writable(given)
  // A reranker is given as it is, options as a store.
  const props = { name, given: given && 'rerank' in given ? given : options, sharing, show }
  mounted[name] = { component: mountComponent(Probe, { target: container(), props }), options }
}
function change(name, given) {
  mounted[name].options.set(given)
}
function unmount(name) {
  unmountComponent(mounted[name].component)
  delete mounted[name]
}

Object.assign(window, { mount, change, unmount, seen, timeline, until, bundled: true })
