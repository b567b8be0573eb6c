// The device for a model of which none is remembered: a few texts are computed on the GPU and on the CPU, and the model stays where that
// is faster.
import { orAborted, untilAborted } from '../abort.js'
import { SecondpassError } from '../errors.js'
import { machine } from '../node/thread.js'
import type { StepControl, Task, WorkerModelOptions } from '../protocol.js'
import type { RerankerInfo, Routing } from '../types.js'
import type { Client } from './client.js'
import { firstInfo, helperOptions, isStored, type LoadedModel, loadModel } from './loading.js'
import { fittingCopies, poolSize } from './pool-size.js'
import { keepRoutes, type Routes, routeName, routesOf, settingsOf } from './remembered-routes.js'

/** After so many milliseconds a device has had its chance. */
const MOST_MS = 1000
/** For the CPU, where the model has to be loaded first, it is more by what a list of so many results takes on the GPU: with a slow one that is worth it. */
const LIST_TEXTS = 30
/** A pass has so many texts that it takes about as long. */
const PASS_MS = 100
const PASSES = 3
/** Some clocks stand still for a while. */
const LEAST_MS = 0.1
/** Texts of a pass: a list of results, for a GPU to be busy with. */
const MOST_TEXTS = 8
const QUERY = 'which device is faster'
const TEXT = 'what people search for is read together with a passage of a page or a document that may have the answer '.repeat(4)
const MOST_TOKENS = 64
/** What each worker beyond the first adds, in workers: they share caches, the way to memory, heat, and often cores. */
const FURTHER_WORKER = 0.6
/** How far results may be apart, in squares, of what they are: 8-bit products are not exact, and not the same on both. */
const MOST_DIFFERENCE = 0.05
const MOST_ROUTES = 64

/** A loaded model, and why it is on its device. */
export interface RoutedModel {
  loaded: LoadedModel
  routing?: Routing
}

/** What a device has shown. */
interface Pass {
  /** Of a text. */
  ms: number
  /** The result of the first text. */
  values: number[]
}

/** Loads run side by side, and one would slow what another measures. */
let turn: Promise<unknown> = Promise.resolve()

/** A load for which a device is chosen. */
export interface RoutedLoad {
  /** Which adapter there is. */
  adapter: string
  options: WorkerModelOptions
  tasks: ReadonlySet<Task>
  control: StepControl
}

/** Decides for a model that is on the GPU. */
export async function chooseDevice(gpu: LoadedModel, load: RoutedLoad): Promise<RoutedModel> {
  const { adapter, options, control } = load
  const { client } = gpu
  const info = firstInfo(gpu)
  if (!isStored(info)) return { loaded: gpu, routing: untried('storage') }
  const names = [className(info) + settingsOf(options), routeName(options)]
  const remember = (routing: Routing) => keepRoutes(adapter, withRoute(routesOf(adapter), names, routing))
  const known = names.map((name) => routesOf(adapter)[name]).find(Boolean)
  if (known) {
    remember(known)
    return { loaded: known.device === 'cpu' ? await moved(client, load) : gpu, routing: { ...known, remembered: true } }
  }
  // Of a model that does not fit a second copy would be read too, and a pass takes as long as reading it.
  if (info.memory === 'streamed' || fittingCopies(info, machine()) < 2) return { loaded: gpu, routing: untried('memory') }
  const comparing = untilAborted(turn, control.signal).then(() => compare(gpu, load))
  turn = Promise.allSettled([turn, comparing])
  const result = await comparing
  if (result.routing.by !== 'load') remember(result.routing)
  return result
}

/** Models of one family whose sizes differ by about four times at most: the same kind of work, in shapes that are alike. */
const className = ({ family, weight_bytes }: RerankerInfo): string => `${family} ${Math.round(Math.log2(weight_bytes) / 2)} `

/** The newest stand last, and the oldest are forgotten. */
function withRoute(routes: Routes, names: string[], routing: Routing): Routes {
  const others = Object.entries(routes).filter(([name]) => !names.includes(name))
  return Object.fromEntries([...others, ...names.map((name): [string, Routing] => [name, routing])].slice(-MOST_ROUTES))
}

const untried = (by: Routing['by']) => ({ device: 'webgpu', by, remembered: false }) as const

/** From what is stored. */
const loadOnCpu = ({ options, tasks }: RoutedLoad, control: StepControl) => loadModel(helperOptions(options), tasks, control)

function moved(client: Client, load: RoutedLoad): Promise<LoadedModel> {
  // First, since both at once might not fit.
  client.dispose()
  return loadOnCpu(load, load.control)
}

async function compare(gpu: LoadedModel, load: RoutedLoad): Promise<RoutedModel & { routing: Routing }> {
  const { signal } = load.control
  const type = gpu.infos.keys().next().value as Task
  const webgpu = await inTime(signal, MOST_MS, (limit) => fastest(gpu.client, type, limit))
  signal?.throwIfAborted()
  if (webgpu.error) return { loaded: recovered(await moved(gpu.client, load), webgpu.error), routing: { device: 'cpu', by: 'scores', remembered: false } }
  const gpuMs = webgpu.pass?.ms ?? MOST_MS
  let other: LoadedModel | undefined
  const cpu = await inTime(signal, MOST_MS + LIST_TEXTS * gpuMs, async (limit) => {
    other = await loadOnCpu(load, { signal: limit })
    return fastest(other.client, type, limit)
  })
  if (!other || !cpu.pass || signal?.aborted) {
    other?.client.dispose()
    signal?.throwIfAborted()
    return { loaded: gpu, routing: untried(cpu.error ? 'load' : 'time') }
  }
  const { count } = poolSize(load.options.workers, firstInfo(other), machine())
  const measured = {
    webgpu: rounded(gpuMs),
    cpu: rounded(cpu.pass.ms / (1 + (count - 1) * FURTHER_WORKER)),
    workers: count,
  }
  const wrong = webgpu.pass !== undefined && !alike(webgpu.pass.values, cpu.pass.values)
  const onCpu = wrong || measured.cpu < measured.webgpu
  const [winner, loser] = onCpu ? [other, gpu] : [gpu, other]
  loser.client.dispose()
  return { loaded: winner, routing: { device: onCpu ? 'cpu' : 'webgpu', by: wrong ? 'scores' : 'speed', measured, remembered: false } }
}

const rounded = (ms: number): number => Number(ms.toPrecision(3))

function recovered(loaded: LoadedModel, error: unknown): LoadedModel {
  return error instanceof SecondpassError ? { ...loaded, recovered: { code: error.code, message: error.message } } : loaded
}

/** A pass, or why there is none; neither if it was not there in time. */
async function inTime(signal: AbortSignal | undefined, ms: number, work: (limit: AbortSignal) => Promise<Pass>): Promise<{ pass?: Pass; error?: unknown }> {
  const limit = new AbortController()
  const stop = () => limit.abort()
  const timer = setTimeout(stop, ms)
  signal?.addEventListener('abort', stop)
  try {
    return { pass: await work(limit.signal) }
  } catch (error) {
    return limit.signal.aborted ? {} : { error }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** The least time that a text took: the first pass of a size is slow, since shaders and code for it are compiled. */
async function fastest(client: Client, type: Task, limit: AbortSignal): Promise<Pass> {
  const best = await passOf(client, type, 1, limit)
  const repeat = async (texts: number) => {
    best.ms = Math.min(best.ms, (await passOf(client, type, texts, limit)).ms)
  }
  try {
    await repeat(1)
    const texts = Math.min(MOST_TEXTS, Math.floor(PASS_MS / best.ms))
    for (let passes = 0; texts > 1 && passes < PASSES; passes++) await repeat(texts)
  } catch (error) {
    if (!limit.aborted) throw error
  }
  return best
}

async function passOf(client: Client, type: Task, count: number, limit: AbortSignal): Promise<Pass> {
  // Equal ones would be computed once.
  const texts = Array.from({ length: count }, (_, i) => `${i} ${TEXT}`)
  const request = type === 'embed' ? { input: texts, max_length: MOST_TOKENS } : { query: QUERY, documents: texts, max_tokens_per_doc: MOST_TOKENS }
  const message = { type, body: JSON.stringify(request), strict: true, attachments: [] }
  const since = performance.now()
  const answering = client.call<string>((id) => ({ id, ...message }), limit)
  const answer = JSON.parse(await orAborted(limit, answering))
  const ms = Math.max(performance.now() - since, LEAST_MS) / count
  return { ms, values: answer.data?.[0].embedding ?? [answer.results.find(({ index }: { index: number }) => index === 0).logit] }
}

function alike(some: number[], others: number[]): boolean {
  const squares = (values: number[]) => values.reduce((sum, value) => sum + value ** 2, 0)
  return squares(others.map((value, i) => value - (some[i] as number))) <= MOST_DIFFERENCE * (1 + squares(others))
}
