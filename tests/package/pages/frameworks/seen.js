// What the components of these tests show: the newest state of each by its name, and all that came before.

/** By name: `model` and `answer` as the component has them. */
export const seen = {}
/** By name: the statuses and the number of results, one entry for each change. */
export const timeline = {}

export function show(name, model, answer) {
  seen[name] = { model, answer }
  timeline[name] ??= []
  timeline[name].push({ model: model.status, fraction: model.progress?.overall.fraction, answer: answer.status, results: answer.results.length })
}

/** Resolves when a component's state is as wanted. */
export async function until(name, wanted) {
  for (let waited = 0; !(seen[name] && wanted(seen[name])); waited += 10) {
    if (waited > 30_000) throw new Error(`${name} is ${JSON.stringify(timeline[name]?.slice(-3))}`)
    await new Promise((done) => setTimeout(done, 10))
  }
  return seen[name]
}

export const container = () => document.body.appendChild(document.createElement('div'))
