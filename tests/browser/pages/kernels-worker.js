import init, { kernel_parity_report } from '/dist/wasm/secondpass.js'

// The engine's library does not ask for subgroups in browsers; the package's worker does, and so does this one.
const { requestDevice } = GPUAdapter.prototype
GPUAdapter.prototype.requestDevice = function (wanted) {
  const more = this.features.has('subgroups') ? ['subgroups'] : []
  return requestDevice.call(this, { ...wanted, requiredFeatures: [...(wanted?.requiredFeatures ?? []), ...more] })
}

try {
  const subgroups = (await navigator.gpu.requestAdapter())?.features.has('subgroups') ?? false
  await init({ module_or_path: '/dist/wasm/secondpass_bg.wasm' })
  postMessage({ report: JSON.parse(await kernel_parity_report(self.name, subgroups)), subgroups })
} catch (error) {
  postMessage({ error: error.message ?? String(error) })
}
