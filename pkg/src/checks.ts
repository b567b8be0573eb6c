// Options and fields as callers give them: a wrong one is refused in a sentence that says what to write.
import { invalidRequest } from './errors.js'
import { nearestName, sameName } from './spelling.js'

export const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value)

/** What a value has to be, where it is something else. */
export type Check = (value: unknown) => string | undefined

/** A check for every field of `T`, so that a new one cannot be forgotten. */
export type Checks<T> = Record<keyof T & string, Check>

const must =
  (is: (value: unknown) => boolean, expected: string): Check =>
  (value) =>
    is(value) ? undefined : expected

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)

export const check = {
  anything: () => undefined,
  text: must((value) => typeof value === 'string', 'a string'),
  flag: must((value) => typeof value === 'boolean', 'true or false'),
  callback: must((value) => typeof value === 'function', 'a function'),
  object: must(isObject, 'an object'),
  count: must((value) => isWhole(value) && value > 0, 'a whole number, 1 or more'),
  /** How many results are wanted: 0 of them is a mistake. */
  top: must((value) => isWhole(value) && value > 0, 'a whole number, 1 or more; leave it out for all results'),
  /** 0 is no limit, as in vLLM. */
  limit: must((value) => isWhole(value) && value >= 0, 'a whole number, 0 or more'),
  rate: must((value) => Number.isFinite(value) && (value as number) > 0, 'a number above 0'),
  /** `Infinity` is one. */
  amount: must((value) => typeof value === 'number' && value >= 0, 'a number, 0 or more'),
  signal: must((value) => isObject(value) && typeof value.aborted === 'boolean' && typeof value.addEventListener === 'function', 'an AbortSignal'),
  address: must((value) => value instanceof URL || (typeof value === 'string' && value.trim() !== ''), 'an address: a string or a URL'),
} satisfies Record<string, Check>

/** Which names are refused: every unknown one, those that resemble a known one, or those that are one in another spelling (`topN`). */
export type UnknownNames = 'refused' | 'similar' | 'respelt'

/** Checks the values of known fields, and the names of the others. An absent value is `undefined`; `null` counts as absent too. */
export function checkFields(
  given: object,
  checks: Record<string, Check>,
  place: string,
  unknown: UnknownNames = 'refused',
  hidden: readonly string[] = [],
): void {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, name))
      checkUnknown(
        name,
        Object.keys(checks).filter((known) => !hidden.includes(known)),
        place,
        unknown,
      )
    else if (value !== undefined && value !== null) checkValue(name, value, checks[name] as Check)
  }
}

function checkValue(name: string, value: unknown, kind: Check): void {
  const expected = kind(value)
  if (expected !== undefined) throw invalidRequest(`${name} must be ${expected}`)
}

/** The longest unknown name that is printed. */
const MAX_PRINTED = 60

function checkUnknown(name: string, known: string[], place: string, unknown: UnknownNames): void {
  const meant = unknown === 'respelt' ? known.find((one) => sameName(one, name)) : nearestName(name, known)
  if (meant !== undefined) throw invalidRequest(`${place} have no ${printed(name)}; did you mean ${meant}?`)
  if (unknown === 'refused') throw invalidRequest(`${place} have no ${printed(name)}; there are ${known.join(', ')}`)
}

const printed = (name: string) => JSON.stringify(name.length > MAX_PRINTED ? `${name.slice(0, MAX_PRINTED)}…` : name)
