import { typeOfBase64 } from '../content/file-types.js'

/** Shorter strings of these letters are more likely a path than a picture: the smallest PNG has 67 bytes. */
const MIN_LENGTH = 64

/** Bare base64 of a picture, as some clients send it, becomes a `data:` URL; anything else stays as it is. */
export function fromBase64(text: string): string {
  if (text.length < MIN_LENGTH) return text
  const type = typeOfBase64(text)
  // Trimmed first: with white space in two places of the expression a long run of it would take quadratic time.
  return type && /^[A-Za-z0-9+/\s]+={0,2}$/.test(text.trim()) ? `data:${type};base64,${text}` : text
}
