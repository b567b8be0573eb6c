// The two builds of the engine. Both glue files are imported here, since a dynamic import would split the worker, which bundlers do
// not do for every kind of worker; the modules themselves are fetched on demand. This file is not in a folder of its own because
// its relative paths must hold in dist/worker.js; `new URL(…, import.meta.url)` is the form that bundlers find.

import { messageOf, SecondpassError } from './errors.js'
import { policyBlock } from './policy.js'
import type { Build, ProgressStep, WasmModules } from './protocol.js'
import * as full from './wasm/secondpass.js'
import * as cpu from './wasm/secondpass_cpu.js'

/** A build whose module is ready. */
export interface EngineModule {
  glue: typeof full
  memory: WebAssembly.Memory
  /** Set if it was compiled here: other workers of the page need not compile it again. */
  compiled: { build: Build; module: WebAssembly.Module } | undefined
  /** The module's address. */
  address: string
}

/** The sizes of both modules, which the package's build fills in: a response tells its own only where it is not compressed. */
declare const MODULE_BYTES: Record<Build, number>

const builds = {
  full: { glue: full, file: 'secondpass_bg.wasm', besideThis: () => new URL('./wasm/secondpass_bg.wasm', import.meta.url) },
  cpu: { glue: cpu as typeof full, file: 'secondpass_cpu_bg.wasm', besideThis: () => new URL('./wasm/secondpass_cpu_bg.wasm', import.meta.url) },
}
/** Where this script is: a worker that is started through a `blob:` address imports it from there. */
export const scriptAddress = (): string => (globalThis.location?.protocol === 'blob:' ? import.meta.url : (globalThis.location?.href ?? import.meta.url))

/** `module` is set where it was compiled here. */
type Started = Promise<{ memory: WebAssembly.Memory; module: WebAssembly.Module | undefined }>

const started = new Map<Build, Started>()

/**
 * Starts a build. The full one stands in for the other where the page has it compiled already, or where no module for the CPU
 * was named: that costs no download, and works without a network.
 */
export async function startModule(wanted: Build, modules: WasmModules, report: (step: ProgressStep) => void): Promise<EngineModule> {
  const fullIsAtHand = modules.full instanceof WebAssembly.Module && !(modules.cpu instanceof WebAssembly.Module)
  const build = wanted === 'cpu' && (modules.fullOnly || fullIsAtHand) ? 'full' : wanted
  const { glue, file, besideThis } = builds[build]
  const since = performance.now()
  const count = (loaded: number, total: number) => report({ stage: 'module', loaded, total, file })
  const starting =
    started.get(build) ??
    start(glue, modules[build] ?? besideThis(), (loaded, ended) => count(loaded, ended ? loaded : Math.max(loaded + 1, MODULE_BYTES[build])))
  started.set(build, starting)
  try {
    const { memory, module } = await starting
    return { glue, memory, compiled: module && { build, module }, address: modules.addresses[build] ?? besideThis().href }
  } catch (error) {
    started.delete(build)
    const blocked = await policyBlock(since, 'connect-src', 'script-src', 'default-src')
    const advice = blocked ?? 'Serve it beside the package, or give its address as wasmUrl.'
    throw new SecondpassError('worker_failed', 500, `${file} could not be loaded (${messageOf(error)}). ${advice}`)
  }
}

type Count = (loaded: number, ended: boolean) => void

async function start(glue: typeof full, from: string | URL | WebAssembly.Module, count: Count): Started {
  const compiledBefore = from instanceof WebAssembly.Module
  // The glue would compile it too, but keeps the module to itself.
  const module = compiledBefore ? from : await compile(from, count)
  const { memory } = await glue.default({ module_or_path: module })
  return { memory, module: compiledBefore ? undefined : module }
}

async function compile(address: string | URL, count: Count): Promise<WebAssembly.Module> {
  count(0, false)
  const response = await fetch(address)
  if (!response.ok) throw new Error(`status ${response.status}`)
  // A copy is counted: what the browser keeps of compiled code belongs to the response itself.
  const counted = countBytes(response.clone(), count)
  // Only the right type can be compiled while it arrives.
  const streams = response.headers.get('content-type')?.split(';')[0]?.trim() === 'application/wasm'
  const module = await (streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer()))
  count(await counted, true)
  return module
}

/** Never rejects: what breaks the copy breaks the response, whose reader says so. */
async function countBytes({ body }: Response, count: Count): Promise<number> {
  let loaded = 0
  try {
    const reader = body?.getReader()
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) count((loaded += chunk.value.byteLength), false)
  } catch {
    // The error is the response's.
  }
  return loaded
}
