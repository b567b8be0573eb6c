// Runs before all other scripts, in the page and in each worker. Records every wasm memory (it never shrinks, so its size at
// the end is its peak) and counts GPU submissions, to detect an engine that falls back to the CPU silently.
{
  const memories = new Set()
  let submissions = 0
  const Memory = WebAssembly.Memory
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor) {
      super(descriptor)
      memories.add(this)
    }
  }
  const remember = (result) => {
    for (const value of Object.values((result.instance ?? result).exports)) if (value instanceof Memory) memories.add(value)
    return result
  }
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const original = WebAssembly[name]
    WebAssembly[name] = (...args) => original.apply(WebAssembly, args).then(remember)
  }
  if (self.GPUQueue) {
    const { submit } = GPUQueue.prototype
    GPUQueue.prototype.submit = function (buffers) {
      submissions++
      return submit.call(this, buffers)
    }
  }
  const seen = () => ({ bytes: [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0), submissions })
  const channel = new BroadcastChannel('watch')
  channel.addEventListener('message', ({ data }) => data === 'what?' && channel.postMessage(seen()))
  self.watched = seen

  const script = self.document?.currentScript?.src
  const Worker_ = self.Worker
  if (script && Worker_) {
    // Starts each worker with a script that loads this one first.
    self.Worker = class extends Worker_ {
      constructor(url, options) {
        const own = JSON.stringify(String(new URL(url, location.href)))
        const first = JSON.stringify(script)
        const source = options?.type === 'module' ? `import ${first}; import ${own}` : `importScripts(${first}, ${own})`
        super(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), options)
      }
    }
  }
}
