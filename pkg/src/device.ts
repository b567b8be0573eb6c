// What the engine, which opens the WebGPU device of this worker itself, cannot do: ask for a feature that its library does not
// know in browsers, and tell the page when the device is lost. What it computes next would fail in whatever way it does.
import type { FromWorker } from './protocol.js'

type Lost = Extract<FromWorker, { type: 'lost' }>

let subgroups = false

/** Whether the device that was opened last has subgroups. */
export const hasSubgroups = (): boolean => subgroups

/** Reports the end, or the lack of memory, of every device that is opened from now on, and opens them with subgroups if there are. */
export function watchDevices(report: (lost: Lost) => void): void {
  const prototype = (globalThis as { GPUAdapter?: { prototype: { requestDevice: RequestDevice } } }).GPUAdapter?.prototype
  if (!prototype) return
  const request = prototype.requestDevice
  prototype.requestDevice = async function (wanted = {}) {
    const more = this.features.has('subgroups') ? ['subgroups'] : []
    const device = await request.call(this, { ...wanted, requiredFeatures: [...(wanted.requiredFeatures ?? []), ...more] })
    subgroups = more.length > 0
    void device.lost.then(({ message }) => report({ type: 'lost', code: 'device_lost', message: `The WebGPU device was lost${message ? `: ${message}` : '.'}` }))
    device.addEventListener('uncapturederror', ({ error }) => {
      if (error.constructor.name !== 'GPUOutOfMemoryError') return
      report({ type: 'lost', code: 'out_of_memory', message: `The WebGPU device has no memory left: ${error.message}` })
    })
    return device
  }
}

type RequestDevice = (this: { features: Set<string> }, wanted?: { requiredFeatures?: Iterable<string> }) => Promise<Device>

/** What is needed here of a GPUDevice, whose types TypeScript does not bring. */
interface Device {
  lost: Promise<{ message: string }>
  addEventListener(type: 'uncapturederror', listener: (event: { error: { message: string; constructor: { name: string } } }) => void): void
}
