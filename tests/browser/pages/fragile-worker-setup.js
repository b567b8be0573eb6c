// Makes this worker's GPU device fail as the worker's name says:
//   load          the device is destroyed at the third submission
//   exhausted     the device has no memory left at the third submission
//   request N     the device is destroyed at the Nth submission after the model was loaded
//   refuses TEXT  shaders that contain TEXT do not compile
//   wrong TEXT    shaders that contain TEXT compute wrong values
//   unused        the device is destroyed as soon as the model is loaded
//   forgets       what is written to the device after the model was loaded arrives as zeros, but for the sizes of shaders
// With any other name it works.
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
  if (when === 'exhausted' && submissions === 3) {
    const error = new GPUOutOfMemoryError('a buffer could not be allocated')
    device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }))
  }
}

/** Shaders read fewer sizes than that, in bytes. */
const LEAST_DATA = 128
const writeBuffer = GPUQueue.prototype.writeBuffer
GPUQueue.prototype.writeBuffer = function (buffer, offset, data, ...range) {
  const forgotten = when === 'forgets' && loaded && data.byteLength >= LEAST_DATA
  writeBuffer.call(this, buffer, offset, forgotten ? new Uint8Array(data.byteLength) : data, ...range)
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
