// Calls of functions in a page, for the protocols that carry only text: the source of the call, and its result from JSON.

/** An expression that calls `work`, a function without a closure, with this argument, and gives a promise of JSON. */
export const callOf = (work, argument) => `(async () => {
  try {
    return JSON.stringify({ value: await (${work})(${argument === undefined ? '' : JSON.stringify(argument)}) })
  } catch (error) {
    return JSON.stringify({ error: String(error?.message ?? error) })
  }
})()`

/** What the call gave; throws what it threw. */
export function resultOf(json) {
  const { value, error } = JSON.parse(json)
  if (error !== undefined) throw new Error(error)
  return value
}
