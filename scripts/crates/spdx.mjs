// SPDX licence expressions as crates write them: `MIT OR Apache-2.0`, `(MIT OR Apache-2.0) AND Unicode-3.0`, and the old `MIT/Apache-2.0`.

/** The tree of an expression: `{ id }`, `{ all: [...] }` or `{ any: [...] }`. A licence with an exception is one id. */
export function parseSpdx(expression) {
  const tokens = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? []
  let at = 0
  const list = (word, of, key) => {
    const parts = [of()]
    while (tokens[at] === word) {
      at++
      parts.push(of())
    }
    return parts.length === 1 ? parts[0] : { [key]: parts }
  }
  const any = () => list('OR', all, 'any')
  const all = () => list('AND', one, 'all')
  const one = () => {
    const token = tokens[at++]
    if (token === '(') {
      const inner = any()
      if (tokens[at++] !== ')') throw new Error(`"${expression}" is not a licence expression`)
      return inner
    }
    if (!token || [')', 'OR', 'AND', 'WITH'].includes(token)) throw new Error(`"${expression}" is not a licence expression`)
    if (tokens[at] !== 'WITH') return { id: token }
    at += 2
    return { id: `${token} WITH ${tokens[at - 1]}` }
  }
  const tree = any()
  if (at !== tokens.length) throw new Error(`"${expression}" is not a licence expression`)
  return tree
}

/** The licences that satisfy an expression, the earliest of `preferred` where there is a choice; null if none does. */
export function chooseLicences(expression, preferred) {
  const rank = (ids) => Math.max(...ids.map((id) => preferred.indexOf(id)))
  const choose = (tree) => {
    if (tree.id) return preferred.includes(tree.id) ? [tree.id] : null
    const parts = (tree.all ?? tree.any).map(choose)
    if (tree.all) return parts.includes(null) ? null : [...new Set(parts.flat())]
    const possible = parts.filter((ids) => ids !== null)
    return possible.sort((a, b) => rank(a) - rank(b))[0] ?? null
  }
  return choose(parseSpdx(expression))
}
