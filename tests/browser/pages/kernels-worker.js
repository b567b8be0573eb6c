import init, { kernel_parity_report } from '/dist/wasm/secondpass.js'

// wgpu does not request subgroups in browsers, so the package's worker adds them to the request, and this worker too.
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
