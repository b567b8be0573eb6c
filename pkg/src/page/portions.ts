// How the documents of a request are shared out among workers.
import type { PackedContent, PackedRequest } from './attachments.js'

/**
 * Estimated tokens below which a portion is not worth the way to another worker. Packed in portions of this size, documents took no
 * more of the processor than in portions of 512 (8 layers of 512).
 */
const LEAST_TOKENS = 128
/**
 * A portion is so many times smaller than an equal share of what is left: the first ones are large, the last ones small, and a
 * worker on a slow core holds nobody up for long.
 */
const SHARES = 2
/** So many documents a worker may be computed in another order than that of the request. */
const LAST_ONES = 4
/** English has about four characters a token; a character of other scripts counts as one. */
const LETTERS_PER_TOKEN = 4
/** A picture of the usual limit of pixels: 1,280 tokens, and its way through the vision tower costs as much again or more. */
const TOKENS_PER_PICTURE = 2560
/** Families read no more of a document than this. */
const MOST_TOKENS = 8192

/**
 * What the engine refuses whole is sent whole, so that it is refused as a whole and before anything is computed: more documents,
 * a longer body or a longer text than src/api/limits.rs allows, at three bytes a character.
 */
const MOST_DOCUMENTS = 1000
const MOST_BODY = (64 * 2 ** 20) / 3
const MOST_CONTENT = (4 * 2 ** 20) / 3

/** Equal documents, which one worker computes once. */
interface Group {
  indexes: number[]
  tokens: number
}

/**
 * The documents of each portion, by their indexes. All are in one portion if there are few, if there is one worker and no bound
 * (`mostTokens`), or if the request is unusual. Equal documents are in the same portion.
 */
export function portionsOf({ query, instruction, documents, fields }: PackedRequest, workers: number, mostTokens = Infinity): number[][] {
  const all = [[...documents.keys()]]
  if ((workers < 2 && mostTokens === Infinity) || documents.length > MOST_DOCUMENTS) return all
  const lengths = documents.map(({ json }) => json.length)
  if (fields.length + (query?.json.length ?? 0) + lengths.reduce((a, b) => a + b) > MOST_BODY || Math.max(...lengths) > MOST_CONTENT) return all
  const groups = groupsOf(documents)
  // Each worker that takes part computes the query for itself, so that must not be the larger part of its work.
  const least = Math.max(LEAST_TOKENS, (query ? tokensOf(query) : 0) + tokensOfText(instruction))
  const total = sum(groups)
  const taking = Math.max(1, Math.min(workers, groups.length, Math.floor(total / least)))
  // Pictures of the query are decoded again for each portion.
  const isBound = total > mostTokens && !query?.pictures
  if (taking < 2 && !isBound) return all
  smallLast(groups, LAST_ONES * taking)
  if (query && query.pictures > 0) return cut(groups, (left, before) => left / (taking - before))
  return cut(groups, (left) => Math.max(least, Math.min(mostTokens, taking < 2 ? left : left / (SHARES * taking))))
}

/** Puts the smaller ones of the last few at the end: what is dealt out last decides for how long some workers have nothing to do. */
function smallLast(groups: Group[], few: number): void {
  const last = groups.splice(-few).sort((a, b) => b.tokens - a.tokens)
  groups.push(...last)
}

/** Cuts the list where a portion has what it should have, given the tokens that are left and the number of portions before it. */
function cut(groups: Group[], wanted: (left: number, before: number) => number): number[][] {
  const portions: number[][] = []
  let left = sum(groups)
  for (let next = 0; next < groups.length; ) {
    const most = wanted(left, portions.length)
    const portion: Group[] = []
    for (let had = 0, group = groups[next]; group && (had === 0 || had + group.tokens / 2 <= most); group = groups[++next]) {
      portion.push(group)
      had += group.tokens
    }
    left -= sum(portion)
    portions.push(portion.flatMap(({ indexes }) => indexes))
  }
  return portions
}

/** In the order of the request: its first documents are the most likely to matter. */
function groupsOf(documents: PackedContent[]): Group[] {
  const groups = new Map<string, Group>()
  for (const [index, document] of documents.entries()) {
    const group = groups.get(document.json)
    if (group) group.indexes.push(index)
    else groups.set(document.json, { indexes: [index], tokens: tokensOf(document) })
  }
  return [...groups.values()]
}

const sum = (groups: Group[]): number => groups.reduce((tokens, group) => tokens + group.tokens, 0)

/** An estimate, since only a worker has the tokenizer. Never 0. */
const tokensOf = ({ json, pictures }: PackedContent): number => Math.min(MOST_TOKENS, tokensOfText(json)) + pictures * TOKENS_PER_PICTURE

function tokensOfText(text: string): number {
  const others = text.match(/[^\0-\x7f]/g)?.length ?? 0
  return others + (text.length - others) / LETTERS_PER_TOKEN
}
