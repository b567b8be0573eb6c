// The options that commands with a model share, and what the package makes of them.
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Arguments, OptionSpec } from './arguments.js'
import type { ModelOptions } from './package.js'
import { UsageError } from './usage-error.js'

/** Names another hub for addresses that begin with `hf:`, as it does for Hugging Face's own tools and the native command. */
const HUB_VARIABLE = 'HF_ENDPOINT'
/** Names another folder for downloaded models. */
const CACHE_VARIABLE = 'SECONDPASS_MODELS'

export const MODEL_VALUE = 'DIR|FILE|URL|hf:OWNER/NAME'

export const HUB_OPTION: Record<string, OptionSpec> = {
  hub: { value: 'URL', help: `Where hf: addresses are (default: ${HUB_VARIABLE}, or https://huggingface.co)` },
}
export const CACHE_OPTION: Record<string, OptionSpec> = {
  cache: { value: 'DIR', help: `Where downloaded models are kept (default: ${CACHE_VARIABLE}, or the user's cache folder)` },
}

/** Options of every command that loads a model. */
export const LOAD_OPTIONS: Record<string, OptionSpec> = {
  ...HUB_OPTION,
  ...CACHE_OPTION,
  'no-cache': { help: 'Keep nothing: download at each run' },
  dtype: { value: 'TYPE', help: 'Matrices in memory: auto (as in the file), f32 or q8_0 (default: auto)' },
  memory: { value: 'WHICH', help: 'Weights that stay in memory: auto, resident (all), streamed (read again for each request), or a number of bytes' },
  workers: { value: 'N', help: 'Threads, each with its own copy of the model (default: by the cores and the memory)' },
  device: { value: 'cpu', help: 'The CPU is the only one in Node; the native command has a GPU too' },
}

/** Of commands whose input may hold pictures. */
export const PICTURE_OPTIONS: Record<string, OptionSpec> = {
  vision: { value: 'FILE|URL', help: 'Vision tower (mmproj) of a GGUF vision model' },
  'max-image-pixels': { value: 'N', help: 'Scale pictures with more pixels down to this many' },
  'apply-orientation': { help: 'Apply the EXIF orientation of pictures, which the reference ignores' },
}

/** The options of a load. */
export async function modelOptions(args: Arguments, model: string): Promise<ModelOptions> {
  args.choice('device', ['cpu'])
  const dtype = args.choice('dtype', ['auto', 'f32', 'q8_0'])
  const [workers, maxImagePixels, vision] = [args.count('workers'), args.count('max-image-pixels'), args.text('vision')]
  return {
    model: await modelAddress(model),
    device: 'cpu',
    cache: args.flag('no-cache') ? 'memory' : { folder: cacheFolder(args) },
    hub: hubOf(args),
    ...(vision !== undefined && { vision: await modelAddress(vision) }),
    ...(dtype && { dtype }),
    ...memoryOption(args.text('memory')),
    ...(workers !== undefined && { workers }),
    ...(maxImagePixels !== undefined && { maxImagePixels }),
    ...(args.flag('apply-orientation') && { applyOrientation: true }),
  }
}

const MEMORIES = ['auto', 'resident', 'streamed'] as const

function memoryOption(text: string | undefined): Pick<ModelOptions, 'memory'> {
  if (text === undefined) return {}
  const name = MEMORIES.find((one) => one === text)
  if (!name && !/^\d{1,15}$/.test(text)) throw new UsageError(`--memory is "${text}"; use ${MEMORIES.join(', ')}, or a number of bytes`)
  return { memory: name ?? Number(text) }
}

/** Where `hf:` addresses are. */
export const hubOf = (args: Arguments): string => args.text('hub') ?? process.env[HUB_VARIABLE] ?? 'https://huggingface.co'

/** The folder of downloaded models. */
export function cacheFolder(args: Arguments): string {
  return resolve(args.text('cache') ?? process.env[CACHE_VARIABLE] ?? join(userCache(), 'secondpass', 'models'))
}

function userCache(): string {
  if (process.platform === 'win32') return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches')
  return process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
}

/** A model's address: a URL as it is, a path as the address of its file. */
export async function modelAddress(model: string): Promise<string> {
  // One letter is a drive of Windows.
  if (/^[a-z][a-z0-9+.-]+:/i.test(model)) return model
  const path = resolve(model)
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new UsageError(`there is no file or folder "${model}"; a model on Hugging Face is written hf:owner/name (secondpass models lists some)`)
  if (found.isFile() && !/\.gguf$/i.test(path)) {
    throw new UsageError(`"${model}" is a single file; give the folder that holds it, with config.json and tokenizer.json beside it, or a .gguf file`)
  }
  return pathToFileURL(path).href
}
