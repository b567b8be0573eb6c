// This worker crashes as after a panic of the engine: when it begins with a request that says "kill", or as its name says:
//   load      when it begins with a load
//   result N  after its Nth score
const [when, count] = self.name.split(' ')
const killers = new Set()
let results = 0
self.addEventListener('message', ({ data }) => {
  if (data?.type === 'rerank' && data.body.includes('kill')) killers.add(data.id)
})
const post = self.postMessage.bind(self)
self.postMessage = (message, ...rest) => {
  post(message, ...rest)
  const begun = message?.type === 'started' && (killers.has(message.id) || when === 'load')
  const scored = message?.type === 'result' && when === 'result' && ++results === Number(count)
  if (begun || scored) reportError(new Error('unreachable'))
}
