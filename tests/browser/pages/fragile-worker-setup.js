// The device of this worker is destroyed as its name says: `load`, at the third submission of all; `request N`, at the Nth
// submission after the model was loaded; anything else, never. `refuses TEXT`: it does not compile shaders with this in
// them; `wrong TEXT`: it computes something else there; `unused`: its device is lost as soon as the model is loaded.
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

const createShaderModule = GPUDevice.prototype.createShaderModule
GPUDevice.prototype.createShaderModule = function (descriptor) {
  let { code } = descriptor
  if (when === 'refuses' && code.includes(count)) code += '\nthis is not a shader'
  if (when === 'wrong') code = code.replaceAll(count, `0.5 * ${count}`)
  return createShaderModule.call(this, { ...descriptor, code })
}

const post = self.postMessage.bind(self)
self.postMessage = (message, ...rest) => {
  if (message?.type === 'loaded') {
    loaded = true
    if (when === 'unused') device?.destroy()
    submissions = 0
  }
  post(message, ...rest)
}
