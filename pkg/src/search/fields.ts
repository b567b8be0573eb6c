// The fields of a hit: read by path or function, and missed where no hit has them.
import { type Check, isObject } from '../checks.js'
import { invalidRequest, messageOf, SecondpassError } from '../errors.js'
import { nearestName } from '../spelling.js'

/** The data of a hit. A handle such as Pagefind's is opened first, with its `data()`. */
export type HitData<Hit> = Hit extends HitHandle<infer Data> ? Data : Hit

/** A hit whose data is fetched on demand. */
export interface HitHandle<Data> {
  /** Fetches the data. */
  data(): PromiseLike<Data>
}

/** What has no fields of its own. */
type Plain = string | number | boolean | bigint | symbol | null | undefined | Date | Blob | URL | readonly unknown[] | ((...args: never) => unknown)
/** How deep paths are typed. */
type Less = { 3: 2; 2: 1; 1: 0; 0: 0 }

/** A field's name, or the path to one: `title`, `document.title`. Hits whose names are not known to TypeScript take any. */
export type HitPath<Data, Depth extends keyof Less = 3> = unknown extends Data
  ? string
  : Data extends unknown
    ? string extends keyof Data
      ? string
      : {
          [Name in keyof Data & string]-?: NonNullable<Data[Name]> extends Plain
            ? Name
            : Depth extends 0
              ? Name
              : Name | `${Name}.${HitPath<NonNullable<Data[Name]>, Less[Depth]>}`
        }[keyof Data & string]
    : never

/** A field of a hit: a path such as `title` or `document.title`, or a function that returns the value. */
export type HitField<Hit, Value> = HitPath<HitData<Hit>> | ((data: HitData<Hit>, hit: Hit) => Value | null | undefined)

/** A caller's function threw for a hit. */
export class FieldError extends SecondpassError {
  constructor(error: unknown) {
    super('invalid_request', 400, `invalid request: a field's function failed (${messageOf(error)})`)
  }
}

/** The value of a field, if the hit has it. */
export function fieldValue<Hit, Value>(field: HitField<Hit, Value>, data: HitData<Hit> | undefined, hit: Hit): Value | null | undefined {
  if (data === undefined) return undefined
  if (typeof field === 'function') return called(() => field(data, hit))
  return found(data, field).value as Value | null | undefined
}

function called<Value>(field: () => Value): Value {
  try {
    return field()
  } catch (error) {
    throw new FieldError(error)
  }
}

/** A name with dots may be a key of its own, or a path. */
function found(data: unknown, path: string): { has: boolean; value?: unknown } {
  if (isObject(data) && data[path] !== undefined) return { has: true, value: data[path] }
  let value = data
  for (const name of path.split('.')) {
    if (value === null || typeof value !== 'object' || !(name in value)) return { has: isObject(data) && path in data }
    value = (value as Record<string, unknown>)[name]
  }
  return { has: true, value }
}

/** An option that names fields. */
export const checkField: Check = (value) =>
  [value].flat().every((one) => typeof one === 'string' || typeof one === 'function') ? undefined : 'the name of a field, or a function'

/** The fields that a call names: of text, and of what else. */
export interface NamedFields {
  /** What has them, for messages. */
  owner: 'hit' | 'document'
  /** The option that names those of text. */
  option: string
  text: unknown[]
  others: Record<string, unknown>
}

/**
 * Fields that none of these hits has. One that resembles a field that they have is refused, and so are hits without any of the
 * text fields; for the others, which only these hits may lack, there is a warning each.
 */
export function missingFields(list: readonly unknown[], { owner, option: textOption, text, others }: NamedFields): string[] {
  const hits = list.filter(isObject)
  if (hits.length === 0) return []
  const lacks = (field: unknown): field is string => typeof field === 'string' && !hits.some((data) => found(data, field).has)
  const besides = Object.entries(others).filter(([, field]) => field !== undefined)
  const missing = [...text.map((field) => [textOption, field] as const), ...besides].filter((named): named is [string, string] => lacks(named[1]))
  if (missing.length === 0) return []
  const known = pathsOf(hits)
  for (const [option, field] of missing) {
    const meant = known.find((path) => path.endsWith(`.${field}`)) ?? nearestName(field, known)
    if (meant !== undefined) throw invalidRequest(`${option}: no ${owner} has ${JSON.stringify(field)}; did you mean ${JSON.stringify(meant)}?`)
  }
  const pictures = besides.some(([option, field]) => option === 'image' && !lacks(field))
  if (text.length > 0 && text.every(lacks) && !pictures) {
    throw invalidRequest(
      `${textOption}: no ${owner} has ${text.map((field) => JSON.stringify(field)).join(' or ')}; ${owner}s have ${known.slice(0, MAX_LISTED).join(', ') || 'no fields'}`,
    )
  }
  return missing.map(([option, field]) => `${option}: no ${owner} has ${JSON.stringify(field)}`)
}

const [MAX_DEPTH, MAX_HITS, MAX_PATHS, MAX_LISTED] = [3, 20, 500, 30]

/** The paths of some of the hits. */
function pathsOf(hits: Record<string, unknown>[]): string[] {
  const paths = new Set<string>()
  const add = (data: Record<string, unknown>, before: string, depth: number) => {
    for (const [name, value] of Object.entries(data)) {
      if (paths.size >= MAX_PATHS) return
      paths.add(before + name)
      if (depth > 1 && isObject(value)) add(value, `${before}${name}.`, depth - 1)
    }
  }
  for (const data of hits.slice(0, MAX_HITS)) add(data, '', MAX_DEPTH)
  return [...paths]
}
