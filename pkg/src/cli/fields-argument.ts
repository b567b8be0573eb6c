// The value of `--fields`: names with commas between them, each with a weight if not all count the same.
import { UsageError } from './usage-error.js'

export function fieldsOf(list: string): Record<string, number> {
  const fields: Record<string, number> = {}
  for (const part of list.split(',').map((each) => each.trim())) {
    const colon = part.lastIndexOf(':')
    const [name, weight] = colon < 0 ? [part, 1] : [part.slice(0, colon), Number(part.slice(colon + 1))]
    if (name === '' || !(weight > 0 && Number.isFinite(weight)))
      throw new UsageError(`--fields is "${list}"; write names with commas between them: title:2,text`)
    fields[name] = weight
  }
  return fields
}
