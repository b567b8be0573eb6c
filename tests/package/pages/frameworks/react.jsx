// Components of React 19 under StrictMode, which mounts each of them twice.
import { StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { useLatest, useRerank, useReranker } from 'secondpass/react'
import { container, seen, show, timeline, until } from './seen.js'

function Probe({ name, given, sharing }) {
  // Another object at each render, as components write it.
  const options = given && !('rerank' in given) ? { ...given } : given
  const model = useReranker(options, sharing)
  const answer = useRerank(model.reranker)
  const double = useLatest(async ({ signal, show }, number) => {
    show(number)
    await new Promise((done) => setTimeout(done, 20))
    signal.throwIfAborted()
    if (number < 0) throw new RangeError('negative')
    return 2 * number
  })
  useEffect(() => show(name, { ...model, double }, answer))
  return (
    <p>
      {model.status} {answer.status}
    </p>
  )
}

const roots = {}
function mount(name, given, sharing) {
  roots[name] ??= createRoot(container())
  roots[name].render(
    <StrictMode>
      <Probe name={name} given={given} sharing={sharing} />
    </StrictMode>,
  )
}
function unmount(name) {
  roots[name].unmount()
  delete roots[name]
}

Object.assign(window, { mount, change: mount, unmount, seen, timeline, until, bundled: true })
