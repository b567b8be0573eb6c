// This worker crashes as after a panic of the engine: when it begins with a request that says "kill" or, named `load`, with a load.
const killers = new Set()
self.addEventListener('message', ({ data }) => {
  if (data?.type === 'rerank' && data.body.includes('kill')) killers.add(data.id)
})
const post = self.postMessage.bind(self)
self.postMessage = (message, ...rest) => {
  post(message, ...rest)
  if (message?.type === 'started' && (killers.has(message.id) || self.name === 'load')) reportError(new Error('unreachable'))
}
