// The device of this worker is destroyed as its name says: `load`, at the third submission of all; `request N`, at the Nth
// submission after the model was loaded; anything else, never.
const [when, count] = self.name.split(' ')
let device
let submissions = 0
let loaded = false

const requestDevice = GPUAdapter.prototype.requestDevice
GPUAdapter.prototype.requestDevice = async function (...args) {
  device = await requestDevice.apply(this, args)
  return device
}

const submit = GPUQueue.prototype.submit
GPUQueue.prototype.submit = function (...args) {
  submit.apply(this, args)
  submissions++
  const end = when === 'load' ? submissions === 3 : when === 'request' && loaded && submissions === Number(count)
  if (end) device.destroy()
}

const post = self.postMessage.bind(self)
self.postMessage = (message, ...rest) => {
  if (message?.type === 'loaded') {
    loaded = true
    submissions = 0
  }
  post(message, ...rest)
}
