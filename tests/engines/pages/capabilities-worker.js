// Says what the browser offers to a worker, by trying it.

/** (module (func (result v128) (i8x16.relaxed_swizzle (v128.const …) (v128.const …)))) */
const RELAXED_SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11]

async function syncAccessHandles() {
  const name = `probe ${Math.random()}`
  try {
    const folder = await navigator.storage.getDirectory()
    const handle = await (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle()
    handle.write(new Uint8Array(1))
    handle.close()
    await folder.removeEntry(name)
    return true
  } catch {
    return false
  }
}

async function cacheApi() {
  try {
    await caches.open('probe')
    return await caches.delete('probe')
  } catch {
    return false
  }
}

async function webgpu() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null)
  if (!adapter) return null
  const { vendor, architecture, description } = adapter.info ?? {}
  const { maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage, maxBufferSize, maxComputeInvocationsPerWorkgroup } = adapter.limits
  return {
    info: [vendor, architecture, description].filter(Boolean).join(' '),
    fallback: Boolean(adapter.info?.isFallbackAdapter || adapter.isFallbackAdapter),
    f16: adapter.features.has('shader-f16'),
    subgroups: adapter.features.has('subgroups'),
    timestamps: adapter.features.has('timestamp-query'),
    workgroupStorage: maxComputeWorkgroupStorageSize,
    storageBuffers: maxStorageBuffersPerShaderStage,
    bufferSize: maxBufferSize,
    invocations: maxComputeInvocationsPerWorkgroup,
  }
}

postMessage({
  webgpu: await webgpu(),
  syncAccessHandles: await syncAccessHandles(),
  cacheApi: await cacheApi(),
  locks: 'locks' in navigator,
  offscreenCanvas: typeof OffscreenCanvas === 'function' && Boolean(new OffscreenCanvas(1, 1).getContext('2d')),
  videoFrame: typeof VideoFrame === 'function',
  relaxedSimd: WebAssembly.validate(new Uint8Array(RELAXED_SIMD)),
  jspi: 'Suspending' in WebAssembly,
  requestStreams: Boolean(new Request('/', { method: 'POST', body: 'a' }).body),
})
