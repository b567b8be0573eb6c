// What the fakes have in common: loading with progress, failures and waits on demand, aborts, and a record of what was asked.
import { sleep, untilAborted } from '../abort.js'
import { guarded } from '../callbacks.js'
import { published, SecondpassError } from '../entry/published.js'
import type { ErrorCode } from '../errors.js'
import { checkLoadControl, checkLoadOptions } from '../load-checks.js'
import type { LoadControl, ProgressEvent } from '../types.js'
import { wordsOf } from './words.js'

/** An error that is thrown as it is, or the code of a `SecondpassError`. */
export type Failure = Error | ErrorCode

/** How a fake behaves. */
export interface FakeSettings<Request> {
  /** How long a request takes, in milliseconds. Default 0; it never ends within the call. */
  delayMs?: number | ((request: Request) => number)
  /** Whether a request fails; `call` counts from 0. */
  fail?: (request: Request, call: number) => Failure | undefined
  /** How long `load` takes, in milliseconds. Default 0. */
  loadMs?: number
  /** Why `load` fails. */
  failLoad?: Failure
}

/** A request that was made. */
export interface CallRecord<Request, Control> {
  request: Request
  control: Control
}

/** Requests that wait until a test lets them go. */
export class Held {
  #release: () => void = () => {}
  /** Resolves when they may go on. */
  readonly released: Promise<void> = new Promise((resolve) => {
    this.#release = resolve
  })

  /** Lets them go on. */
  release(): void {
    this.#release()
  }
}

/** What loading reports, as a real load of one file does. */
const STAGES: { stage: ProgressEvent['stage']; label: string; file?: string; total: number }[] = [
  { stage: 'module', label: 'Fetching the engine', total: 4_000_000 },
  { stage: 'download', label: 'Fetching the model', file: 'model.safetensors', total: 120_000_000 },
  { stage: 'upload', label: 'Moving the model to the device', total: 100 },
  { stage: 'compile', label: 'Warming up', total: 1 },
]
const STATUS = 500

/** What `info` says of either kind: a small model on the CPU. */
export const FAKE_INFO = {
  model: 'fake',
  family: 'fake',
  vision: false,
  device: 'cpu',
  adapter: null,
  dtype: 'f32',
  weight_bytes: 0,
  wasm_bytes: 0,
  workers: 1,
  kernels: null,
  storage: 'memory',
} as const

/** A model that computes nothing. */
export abstract class FakeModel<Request, Control extends { signal?: AbortSignal }, Settings extends FakeSettings<Request>> {
  /** What was asked, oldest first. */
  readonly requests: CallRecord<Request, Control>[] = []
  readonly #end = new AbortController()
  #failures: Failure[] = []
  #held: Held | undefined

  protected constructor(protected readonly settings: Settings) {}

  /** Whether it was disposed of. */
  get closed(): boolean {
    return this.#end.signal.aborted
  }

  /** The next request that has no failure yet fails with this. */
  failNext(failure: Failure): void {
    this.#failures.push(failure)
  }

  /** Makes requests wait from now on, until `release()` of what comes back: for a test of two that overtake each other. */
  hold(): Held {
    const held = new Held()
    this.#held = held
    held.released.then(() => {
      if (this.#held === held) this.#held = undefined
    })
    return held
  }

  /** Rejects what runs, and what comes later, with the code `disposed`. */
  dispose(): void {
    this.#end.abort(new SecondpassError('disposed', 409, 'The fake was disposed of.'))
  }

  /** For `using`: the same as `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Records a request, waits, and fails if it is to. */
  protected async begin(request: Request, control: Control): Promise<AbortSignal> {
    this.#end.signal.throwIfAborted()
    control.signal?.throwIfAborted()
    const call = this.requests.push({ request, control }) - 1
    const failure = this.#failures.shift() ?? this.settings.fail?.(request, call)
    const signal = either(this.#end.signal, control.signal)
    const held = this.#held
    const { delayMs = 0 } = this.settings
    await sleep(typeof delayMs === 'function' ? delayMs(request) : delayMs, signal)
    if (held) await untilAborted(held.released, signal)
    if (failure) throw errorOf(failure)
    return signal
  }
}

/** What a check of this package refuses is an error of the main entry. */
export function checking<Value>(check: () => Value): Value {
  try {
    return check()
  } catch (error) {
    throw published(error)
  }
}

/** The times of an answer for which nothing was computed. */
export const noTime = () => ({ tokenize_ms: 0, vision_ms: 0, compute_ms: 0, total_ms: 0 })

/** A word counts as a token. */
export function usageOf(texts: string[]): { prompt_tokens: number; total_tokens: number } {
  const tokens = texts.reduce((sum, text) => sum + wordsOf(text).length, 0)
  return { prompt_tokens: tokens, total_tokens: tokens }
}

/** How a model's class is loaded: the call as its users write it, and its checks. */
interface LoadKind<Settings, Fake> {
  call: string
  checks?: Parameters<typeof checkLoadOptions>[2]
  make: (settings: Settings) => Fake
}

/** A fake by its settings, of the name that the options ask for. */
export async function loadFake<Settings extends FakeSettings<never> & { info?: object }, Fake>(
  { call, checks, make }: LoadKind<Settings, Fake>,
  settings: Settings,
  options: { model: unknown },
  control: LoadControl,
): Promise<Fake> {
  checking(() => {
    checkLoadOptions(options, call, checks)
    checkLoadControl(control)
  })
  await loaded(control, settings)
  return make({ ...settings, info: { model: String(options.model), ...settings.info } })
}

/** Loads nothing, and reports it as a load does. */
async function loaded({ signal, onProgress }: LoadControl, { loadMs = 0, failLoad }: FakeSettings<never>): Promise<void> {
  signal?.throwIfAborted()
  const report = onProgress && guarded(onProgress)
  for (const [index, { stage, label, file, total }] of STAGES.entries()) {
    for (const part of [0.5, 1]) {
      await sleep(loadMs / (2 * STAGES.length), signal)
      // A model that cannot be had is noticed at its download.
      if (failLoad && stage === 'download') throw errorOf(failLoad)
      const overall = { fraction: (index + part) / STAGES.length, label }
      report?.({ overall, stage, loaded: part * total, total, ...(file && { file }) })
    }
  }
}

const errorOf = (failure: Failure): Error =>
  typeof failure === 'string' ? new SecondpassError(failure, STATUS, `The fake fails with ${failure}, as the test asks.`) : failure

/** Aborted with either. AbortSignal.any is younger than some of the runtimes that tests run in. */
function either(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  const controller = new AbortController()
  for (const signal of [one, other]) {
    if (signal?.aborted) controller.abort(signal.reason)
    else signal?.addEventListener('abort', () => controller.abort(signal.reason), { once: true })
  }
  return controller.signal
}
