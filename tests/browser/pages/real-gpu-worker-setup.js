// The software adapter of this worker says that it is a real one. Named `refuses`, it opens no device.
for (const prototype of [self.GPUAdapterInfo?.prototype, self.GPUAdapter?.prototype]) {
  if (prototype) Object.defineProperty(prototype, 'isFallbackAdapter', { get: () => false })
}
if (self.name === 'refuses') GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error('no device today'))
