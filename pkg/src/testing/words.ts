// Texts as sets of words, which is all that the fakes know of language.
import type { ContentOf } from '../content/schema.js'

/** The words of a text, in lower case. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

/** The share of the query's words that a document has, kept away from 0 and 1 so that its logit is finite. */
export function wordOverlap(query: string, document: string): number {
  const wanted = new Set(wordsOf(query))
  const words = new Set(wordsOf(document))
  const found = [...wanted].filter((word) => words.has(word)).length
  return (found + 0.5) / (wanted.size + 1)
}

/** The text of content; pictures have none. */
export function textOf(content: ContentOf<unknown>): string {
  if (typeof content === 'string') return content
  if ('content' in content) return content.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
  return [content.text ?? []].flat().join('')
}
