// Directed graphs of files: `Map<node, Map<target, Set<name>>>`, where the names say what the arrow is for.

/** Adds an arrow, unless it leads from a node to itself. */
export function addArrow(graph, from, to, name) {
  if (from === to) return
  const targets = graph.get(from) ?? new Map()
  graph.set(from, targets)
  targets.set(to, (targets.get(to) ?? new Set()).add(name))
}

/** The graph with every node replaced by its group; nodes without a group are left out. */
export function grouped(graph, groupOf) {
  const groups = new Map()
  for (const [from, targets] of graph) {
    for (const [to, names] of targets) {
      const [a, b] = [groupOf(from), groupOf(to)]
      if (a !== undefined && b !== undefined) for (const name of names) addArrow(groups, a, b, `${name} in ${from}`)
    }
  }
  return groups
}

/**
 * The circles of a graph: for each node that lies on one, a shortest circle through it, each circle once. Breaking all of
 * them may bring up longer ones; an empty list means that there is none.
 */
export function circles(graph) {
  const found = new Map()
  for (const start of [...graph.keys()].sort()) {
    const circle = shortestCircle(graph, start)
    if (!circle) continue
    // The same circle has the same key, whichever of its nodes it was found from.
    const first = circle.indexOf([...circle].sort()[0])
    const rotated = [...circle.slice(first), ...circle.slice(0, first)]
    found.set(rotated.join(' '), rotated)
  }
  return [...found.values()]
}

/** Breadth-first search from a node back to itself. */
function shortestCircle(graph, start) {
  const cameFrom = new Map()
  const queue = [start]
  for (const node of queue) {
    for (const target of [...(graph.get(node)?.keys() ?? [])].sort()) {
      if (target === start) {
        const circle = [node]
        while (circle[0] !== start) circle.unshift(cameFrom.get(circle[0]))
        return circle
      }
      if (!cameFrom.has(target)) {
        cameFrom.set(target, node)
        queue.push(target)
      }
    }
  }
  return undefined
}

/** One line for each arrow of a circle. */
export function describe(graph, circle) {
  return circle
    .map((from, i) => {
      const to = circle[(i + 1) % circle.length]
      return `${from} → ${to} (${listed([...graph.get(from).get(to)])})`
    })
    .join('\n    ')
}

const MOST_NAMES = 4

function listed(names) {
  const shown = names.slice(0, MOST_NAMES).join(', ')
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown
}
