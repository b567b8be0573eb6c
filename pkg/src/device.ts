// Tells the page when the WebGPU device of this worker is lost. The engine opens the device itself and cannot say so: what
// it computes next would fail in whatever way it does.
import type { FromWorker } from './protocol.js'

type Lost = Extract<FromWorker, { type: 'lost' }>

/** Reports the end, or the lack of memory, of every device that is opened from now on. */
export function watchDevices(report: (lost: Lost) => void): void {
  const prototype = (globalThis as { GPUAdapter?: { prototype: { requestDevice: (...args: unknown[]) => Promise<Device> } } }).GPUAdapter?.prototype
  if (!prototype) return
  const request = prototype.requestDevice
  prototype.requestDevice = async function (this: unknown, ...args) {
    const device = await request.apply(this, args)
    void device.lost.then(({ message }) => report({ type: 'lost', code: 'device_lost', message: `The WebGPU device was lost${message ? `: ${message}` : '.'}` }))
    device.addEventListener('uncapturederror', ({ error }) => {
      if (error.constructor.name !== 'GPUOutOfMemoryError') return
      report({ type: 'lost', code: 'out_of_memory', message: `The WebGPU device has no memory left: ${error.message}` })
    })
    return device
  }
}

/** What is needed here of a GPUDevice, whose types TypeScript does not bring. */
interface Device {
  lost: Promise<{ message: string }>
  addEventListener(type: 'uncapturederror', listener: (event: { error: { message: string; constructor: { name: string } } }) => void): void
}
