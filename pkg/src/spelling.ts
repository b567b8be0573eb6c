// Which known name a misspelt one probably was.

/** Names longer than this are no misspellings of ours. */
const MAX_LENGTH = 40
/** Edits that a misspelling has at most; in short names one. */
const [MAX_EDITS, SHORT] = [2, 4]
/** A beginning of so many letters stands for the whole name: `max_tokens`, `instruct`. */
const MIN_BEGINNING = 5

const plain = (name: string) => name.replaceAll('_', '').replaceAll('-', '').toLowerCase()

/** Whether both are the same name in another style: `topN` and `top_n`. */
export const sameName = (a: string, b: string): boolean => plain(a) === plain(b)

/** The known name that is meant, if one is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LENGTH) return undefined
  const ranked = known.map((one) => ({ one, edits: edits(plain(name), plain(one)), allowed: Math.min(name.length, one.length) <= SHORT ? 1 : MAX_EDITS }))
  const nearest = ranked.filter(({ edits, allowed }) => edits <= allowed).sort((a, b) => a.edits - b.edits)[0]?.one
  return nearest ?? (name.length >= MIN_BEGINNING ? known.find((one) => plain(one).startsWith(plain(name))) : undefined)
}

/** How many letters have to be inserted, deleted, replaced, or swapped with their neighbour. */
function edits(a: string, b: string): number {
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + (same ? 0 : 1), swapped ? at(beforeLast, j - 2) + 1 : Infinity)
    }
    ;[beforeLast, last] = [last, row]
  }
  return at(last, b.length)
}

const at = (row: number[], i: number): number => row[i] ?? Infinity
