// Which device `auto` took is remembered for the next visit, with what was measured. It holds for this version of the package, this
// browser and one adapter.
import { absoluteUrl } from '../content/addresses.js'
import type { KnownRoute, WorkerModelOptions } from '../protocol.js'
import type { Routing } from '../types.js'

/** The version of the package, which its build fills in: others have other kernels. */
declare const PACKAGE_VERSION: string

const KEY = 'secondpass:routing'

/** By models, and by classes of models. */
export type Routes = Record<string, Routing>

/** What was measured on one adapter. */
interface RememberedRoutes {
  routes: Routes
  adapter: string
  /** Who has measured. */
  by: string
}

/** What storage holds, or would if it were not forbidden here. */
let kept = ''

const measurer = () => `${PACKAGE_VERSION} ${globalThis.navigator?.userAgent}`

/** Storage may hold anything; what is no memory of this browser's is measured again. */
function recall(): RememberedRoutes | undefined {
  try {
    kept = localStorage.getItem(KEY) ?? ''
  } catch {
    // Remembered as long as the page lives.
  }
  try {
    const memory = JSON.parse(kept)
    return memory.by === measurer() && memory.routes ? memory : undefined
  } catch {
    return undefined
  }
}

function keep(text: string): void {
  kept = text
  try {
    localStorage.setItem(KEY, text)
  } catch {
    // As above.
  }
}

export const forgetRoutes = (): void => keep('')

/** What was measured on an adapter. */
export function routesOf(adapter: string): Routes {
  const memory = recall()
  return memory?.adapter === adapter ? memory.routes : {}
}

export const keepRoutes = (adapter: string, routes: Routes): void => keep(JSON.stringify({ routes, adapter, by: measurer() } satisfies RememberedRoutes))

/** What of a caller's options changes which device is faster. */
export const settingsOf = ({ dtype, workers, kernels }: WorkerModelOptions): string => JSON.stringify([dtype, workers, kernels])

/** What a model is remembered by. */
export const routeName = (options: WorkerModelOptions): string =>
  (options.model instanceof Blob ? options.model.size : absoluteUrl(options.model)) + settingsOf(options)

/** What is known of a model before it is loaded. */
export function knownRoute(options: WorkerModelOptions): KnownRoute | undefined {
  const memory = recall()
  const route = memory?.routes[routeName(options)]
  return memory && route && { adapter: memory.adapter, device: route.device }
}
