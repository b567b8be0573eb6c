/** A lone surrogate has no UTF-8; the reference's tokenizer sees U+FFFD in its place. (`toWellFormed` is younger than some browsers.) */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\uFFFD')

/** The start of a text, at most so long, and not half of a character beyond 16 bits. */
export function startOf(text: string, most: number): string {
  if (text.length <= most) return text
  const code = text.charCodeAt(most - 1)
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? most - 1 : most)
}
