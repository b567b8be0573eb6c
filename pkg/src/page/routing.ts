// Which device `auto` takes: the one that is remembered for the model, or that a comparison says.
import { hasFolders } from '../node/thread.js'
import type { StepControl, Task, WorkerModelOptions } from '../protocol.js'
import { chooseDevice, type RoutedModel } from './compare-devices.js'
import { firstInfo, type LoadedModel } from './loading.js'
import { routeName, routesOf } from './remembered-routes.js'

/** A model that `auto` has loaded, or the same on the CPU if that is faster. */
export async function routed(loaded: LoadedModel, options: WorkerModelOptions, tasks: ReadonlySet<Task>, control: StepControl): Promise<RoutedModel> {
  const { adapter, client } = loaded
  const info = firstInfo(loaded)
  if (adapter === undefined || hasFolders()) return { loaded }
  const known = routesOf(adapter)[routeName(options)]
  if (known?.device === info.device) return { loaded, routing: { ...known, remembered: true } }
  if (info.device === 'cpu') return { loaded, routing: { device: 'cpu', by: 'adapter', remembered: false } }
  try {
    return await chooseDevice(loaded, { adapter, options, tasks, control })
  } catch (error) {
    client.dispose()
    throw error
  }
}
