// What an entry of its own uses of the main one. That is imported, not bundled, so that `instanceof SecondpassError` holds for its errors too.
import { type ErrorCode, SecondpassError } from '../index.js'

/** An error of the checks that are bundled here, as one of the main entry's. */
export function published(error: unknown): unknown {
  const { name, code, status, message } = Object(error) as Partial<SecondpassError>
  if (name !== 'SecondpassError' || error instanceof SecondpassError) return error
  return new SecondpassError(code as ErrorCode, status as number, String(message))
}

export { SecondpassError }
