// Gives this worker the limits of other browsers. Its name lists them, with spaces in between:
//   no-info          an adapter and a device that say nothing of themselves
//   small            16,384 bytes of workgroup memory, 8 storage buffers in a shader, 256 MiB in a buffer: WebGPU's defaults
//   no-features      an adapter without any optional feature, such as subgroups and timestamps
//   no-webgpu        WebGPU for pages only
//   no-adapter       WebGPU without a GPU that it could use
//   no-sync-handles  no synchronous access to OPFS
//   opfs-refused     OPFS that this page may not use, as in private windows
//   no-caches        no Cache API
//   silent-caches    a Cache API that takes what it is given and never answers, as in Chromium after the site's storage was cleared
const limits = new Set(self.name.split(' '))

const lowered = limits.has('small')
  ? {
      maxComputeWorkgroupStorageSize: 16384,
      maxStorageBuffersPerShaderStage: 8,
      maxBufferSize: 268435456,
      maxStorageBufferBindingSize: 134217728,
      maxComputeInvocationsPerWorkgroup: 256,
    }
  : {}

if (limits.has('no-webgpu')) Object.defineProperty(navigator, 'gpu', { value: undefined })
if (limits.has('no-adapter')) navigator.gpu.requestAdapter = async () => null
if (limits.has('opfs-refused'))
  StorageManager.prototype.getDirectory = async () => {
    throw new DOMException('not in this window', 'SecurityError')
  }
if (limits.has('silent-caches')) Cache.prototype.put = () => new Promise(() => {})
if (limits.has('no-caches')) Object.defineProperty(self, 'caches', { value: undefined })
if (limits.has('no-sync-handles')) delete FileSystemFileHandle.prototype.createSyncAccessHandle
if (limits.has('no-info')) {
  for (const [prototype, name] of [
    [GPUAdapter.prototype, 'info'],
    [GPUAdapter.prototype, 'isFallbackAdapter'],
    [GPUDevice.prototype, 'adapterInfo'],
  ])
    delete prototype[name]
}
if (limits.has('no-features')) Object.defineProperty(GPUAdapter.prototype, 'features', { configurable: true, get: () => new Set() })

const getLimits = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'limits').get
Object.defineProperty(GPUAdapter.prototype, 'limits', {
  get() {
    const all = getLimits.call(this)
    return new Proxy(all, { get: (_, name) => lowered[name] ?? Reflect.get(all, name) })
  },
})

// A browser refuses what its adapter does not have.
const { requestDevice } = GPUAdapter.prototype
GPUAdapter.prototype.requestDevice = async function (wanted = {}) {
  for (const [name, most] of Object.entries(lowered)) {
    if ((wanted.requiredLimits?.[name] ?? 0) > most) throw new DOMException(`${name} is ${wanted.requiredLimits[name]} of ${most}`, 'OperationError')
  }
  for (const feature of wanted.requiredFeatures ?? []) if (!this.features.has(feature)) throw new TypeError(`no feature ${feature}`)
  return requestDevice.call(this, wanted)
}
