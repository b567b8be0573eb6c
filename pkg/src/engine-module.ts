// The two builds of the engine. Both glue files are imported here, since a dynamic import would split the worker, which bundlers do
// not do for every kind of worker; the modules themselves are fetched on demand. This file is not in a folder of its own because
// its relative paths must hold in dist/worker.js; `new URL(…, import.meta.url)` is the form that bundlers find.

import { SecondpassError } from './errors.js'
import type { Build, WasmModules } from './protocol.js'
import * as full from './wasm/secondpass.js'
import * as cpu from './wasm/secondpass_cpu.js'

/** A build whose module is ready. */
export interface EngineModule {
  glue: typeof full
  memory: WebAssembly.Memory
  /** Set if it was compiled here: other workers of the page need not compile it again. */
  compiled: { build: Build; module: WebAssembly.Module } | undefined
}

const builds = {
  full: { glue: full, file: 'secondpass_bg.wasm', besideThis: () => new URL('./wasm/secondpass_bg.wasm', import.meta.url) },
  cpu: { glue: cpu as typeof full, file: 'secondpass_cpu_bg.wasm', besideThis: () => new URL('./wasm/secondpass_cpu_bg.wasm', import.meta.url) },
}
/** `module` is set where it was compiled here. */
type Started = Promise<{ memory: WebAssembly.Memory; module: WebAssembly.Module | undefined }>

const started = new Map<Build, Started>()

/**
 * Starts a build. The full one stands in for the other where the page has it compiled already, or where no module for the CPU
 * was named: that costs no download, and works without a network.
 */
export async function startModule(wanted: Build, modules: WasmModules): Promise<EngineModule> {
  const fullIsAtHand = modules.full instanceof WebAssembly.Module && !(modules.cpu instanceof WebAssembly.Module)
  const build = wanted === 'cpu' && (modules.fullOnly || fullIsAtHand) ? 'full' : wanted
  const { glue, file, besideThis } = builds[build]
  const starting = started.get(build) ?? start(glue, modules[build] ?? besideThis())
  started.set(build, starting)
  try {
    const { memory, module } = await starting
    return { glue, memory, compiled: module && { build, module } }
  } catch (error) {
    started.delete(build)
    throw new SecondpassError(
      'worker_failed',
      500,
      `${file} could not be loaded (${(error as Error).message}). Serve it beside the package, or give its address as wasmUrl.`,
    )
  }
}

async function start(glue: typeof full, from: string | URL | WebAssembly.Module): Started {
  const compiledBefore = from instanceof WebAssembly.Module
  // The glue would compile it too, but keeps the module to itself.
  const module = compiledBefore ? from : await compile(from)
  const { memory } = await glue.default({ module_or_path: module })
  return { memory, module: compiledBefore ? undefined : module }
}

async function compile(address: string | URL): Promise<WebAssembly.Module> {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`status ${response.status}`)
  // Only the right type can be compiled while it arrives.
  const streams = response.headers.get('content-type')?.split(';')[0]?.trim() === 'application/wasm'
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer())
}
