// Components of Vue 3.
import { useLatest, useRerank, useReranker } from 'secondpass/vue'
import { createApp, h, shallowRef, watchEffect } from 'vue'
import { container, seen, show, timeline, until } from './seen.js'

const Probe = {
  props: ['name', 'given', 'sharing'],
  setup(props) {
    const model = useReranker(() => props.given, props.sharing)
    const answer = useRerank(model.reranker)
    const double = useLatest(async ({ signal, show }, number) => {
      show(number)
      await new Promise((done) => setTimeout(done, 20))
      signal.throwIfAborted()
      if (number < 0) throw new RangeError('negative')
      return 2 * number
    })
    watchEffect(() => show(props.name, { ...plain(model), double: plain(double) }, plain(answer)))
    return () => h('p', `${model.status.value} ${answer.status.value}`)
  },
}

const plain = (refs) => Object.fromEntries(Object.entries(refs).map(([name, ref]) => [name, typeof ref === 'function' ? ref : ref.value]))

const apps = {}
function mount(name, given, sharing) {
  const current = shallowRef(given)
  const app = createApp({
    render: () => h(Probe, { name, given: current.value && !('rerank' in current.value) ? { ...current.value } : current.value, sharing }),
  })
  apps[name] = { app, current }
  app.mount(container())
}
function change(name, given) {
  apps[name].current.value = given
}
function unmount(name) {
  apps[name].app.unmount()
  delete apps[name]
}

Object.assign(window, { mount, change, unmount, seen, timeline, until, bundled: true })
