// Which build of the engine a device needs, and what the engine cannot do for the WebGPU device that it opens: ask for a feature
// that its library does not know in browsers, and tell the page when the device is lost.
import { SecondpassError } from '../errors.js'
import type { Build, FromWorker, KnownRoute } from '../protocol.js'
import type { Device } from '../types.js'

type Lost = Extract<FromWorker, { type: 'lost' }>

/** What a browser says of an adapter. */
interface AdapterDescription {
  vendor?: string
  architecture?: string
  device?: string
  description?: string
  isFallbackAdapter?: boolean
}
/** What is needed here of WebGPU, whose types TypeScript does not bring. */
interface Adapter {
  features: Set<string>
  info?: AdapterDescription
  isFallbackAdapter?: boolean
}
interface GpuDevice {
  lost: Promise<{ message: string }>
  addEventListener(type: 'uncapturederror', listener: (event: { error: { message: string; constructor: { name: string } } }) => void): void
}
type RequestDevice = (this: Adapter, wanted?: { requiredFeatures?: Iterable<string> }) => Promise<GpuDevice>
interface WebGpuScope {
  navigator: { gpu?: { requestAdapter(): Promise<Adapter | null> } }
  GPUAdapter?: { prototype: Adapter & { requestDevice: RequestDevice } }
  GPUDevice?: { prototype: object }
}

const scope = globalThis as unknown as WebGpuScope

/** The build to load for a device, and the device that it opens. */
export interface Target {
  build: Build
  device: Device
  /** With `auto`, where the browser has one: which adapter it is. */
  adapter?: string
}

/**
 * The full build only where a GPU will be used: where one was asked for, or with `auto` where the browser has one. A software
 * adapter is slower than the CPU build on the same cores, so `auto` does not use it, nor a GPU that was slower before. With `auto` the
 * full build itself computes on the CPU if the device cannot be opened.
 */
export async function targetFor(device: Device, known: KnownRoute | undefined): Promise<Target> {
  if (device !== 'auto' && device !== 'webgpu') return { build: 'cpu', device }
  const found = await requestAdapter()
  if (device === 'auto') {
    if (!found) return { build: 'cpu', device: 'cpu' }
    const adapter = identityOf(found)
    const slower = known?.adapter === adapter && known.device === 'cpu'
    return isSoftware(found) || slower ? { build: 'cpu', device: 'cpu', adapter } : { build: 'full', device, adapter }
  }
  if (found) return { build: 'full', device }
  throw new SecondpassError(
    'no_webgpu',
    501,
    'This browser offers no WebGPU adapter here. Use device "auto" or "cpu", or a browser with WebGPU over https or localhost.',
  )
}

async function requestAdapter(): Promise<Adapter | null> {
  try {
    return (await scope.navigator.gpu?.requestAdapter()) ?? null
  } catch {
    return null
  }
}

/** Some browsers give no names, but the features of adapters differ too, and a new driver often has others. */
function identityOf({ info, features }: Adapter): string {
  const { vendor, architecture, device, description } = info ?? {}
  return [vendor, architecture, device, description, ...[...features].sort()].join(' ')
}

/** The flag has moved from the adapter to its info. */
const isSoftware = ({ info, isFallbackAdapter }: Adapter): boolean => Boolean(info?.isFallbackAdapter || isFallbackAdapter)

let subgroups = false

/** Whether the device that was opened last has subgroups. */
export const hasSubgroups = (): boolean => subgroups

const UNKNOWN_ADAPTER = { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false, subgroupMinSize: 4, subgroupMaxSize: 128 }

/** cubecl asks every adapter for this one, and stops in browsers that do not have it, although nothing here is timed with it. */
const TIMESTAMPS = 'timestamp-query'

/** Opens every device from now on with subgroups where the adapter has them, and reports its loss or lack of memory. */
export function watchDevices(report: (lost: Lost) => void): void {
  const prototype = scope.GPUAdapter?.prototype
  if (!prototype) return
  // Some versions of browsers do not describe their adapters, and the engine reads the description.
  if (!('info' in prototype)) Object.defineProperty(prototype, 'info', { configurable: true, get: () => UNKNOWN_ADAPTER })
  const featuresOf = claimTimestamps(prototype)
  if (scope.GPUDevice) claimTimestamps(scope.GPUDevice.prototype)
  const { requestDevice } = prototype
  prototype.requestDevice = async function (wanted = {}) {
    const features = featuresOf(this)
    const more = features.has('subgroups') ? ['subgroups'] : []
    const asked = [...(wanted.requiredFeatures ?? [])].filter((feature) => feature !== TIMESTAMPS || features.has(feature))
    const device = await requestDevice.call(this, { ...wanted, requiredFeatures: [...asked, ...more] })
    subgroups = more.length > 0
    void device.lost.then(({ message }) =>
      report({ type: 'lost', code: 'device_lost', message: `The WebGPU device was lost${message ? `: ${message}` : '.'}` }),
    )
    device.addEventListener('uncapturederror', ({ error }) => {
      if (error.constructor.name !== 'GPUOutOfMemoryError') return
      report({ type: 'lost', code: 'out_of_memory', message: `The WebGPU device has no memory left: ${error.message}` })
    })
    return device
  }
}

/** Adds timestamps to the features that a prototype's objects show; the function that it returns gives their own. */
function claimTimestamps(prototype: object): (object: object) => Set<string> {
  const own = Object.getOwnPropertyDescriptor(prototype, 'features')?.get
  const featuresOf = (object: object): Set<string> => own?.call(object) ?? new Set()
  Object.defineProperty(prototype, 'features', {
    configurable: true,
    get(this: object) {
      const features = featuresOf(this)
      return features.has(TIMESTAMPS) ? features : new Set([...features, TIMESTAMPS])
    },
  })
  return featuresOf
}
