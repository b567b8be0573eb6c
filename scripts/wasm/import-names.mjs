// Shorter names for what a wasm module imports. wasm-bindgen ends each with a hash that tells crates apart while they are linked. In the
// finished module a number does, where two are alike; and hashes, which do not compress, were nearly a third of its script after gzip.
import { Reader } from './reader.mjs'

const HASHED = /\b(__wbg_\w+)_[0-9a-f]{16}\b/g
const HEADER = 8
/** The section, and the kind of import, by their numbers in the binary format. */
const IMPORTS = 2
const FUNCTION = 0

/** A script and a module that wasm-bindgen has made for each other, the same with shorter names. */
export function shortenImports(script, wasm) {
  const names = shortNames(script)
  const short = (name) => names.get(name) ?? name
  return { script: script.replace(HASHED, short), wasm: renameImports(wasm, short) }
}

function shortNames(script) {
  const taken = new Set(script.match(/\b__wbg_\w+/g))
  const names = new Map()
  for (const [name, stem] of script.matchAll(HASHED)) {
    if (names.has(name)) continue
    let short = stem
    for (let number = 2; taken.has(short); number++) short = `${stem}_${number}`
    taken.add(short)
    names.set(name, short)
  }
  return names
}

function renameImports(wasm, short) {
  const parts = [wasm.subarray(0, HEADER)]
  const reader = new Reader(wasm, HEADER)
  while (!reader.done()) {
    const start = reader.at
    const id = reader.byte()
    const end = reader.number() + reader.at
    if (id === IMPORTS) {
      const section = renamedSection(reader, short)
      parts.push(Buffer.from([id]), encoded(section.length), section)
    } else parts.push(wasm.subarray(start, end))
    reader.at = end
  }
  return Buffer.concat(parts)
}

function renamedSection(reader, short) {
  const count = reader.number()
  const parts = [encoded(count)]
  for (let left = count; left > 0; left--) {
    const [from, name] = [reader.text(), reader.text()]
    if (reader.byte() !== FUNCTION) throw new Error(`The module imports ${name}, which is no function.`)
    parts.push(encodedText(from), encodedText(short(name)), Buffer.from([FUNCTION]), encoded(reader.number()))
  }
  return Buffer.concat(parts)
}

function encodedText(text) {
  const bytes = Buffer.from(text)
  return Buffer.concat([encoded(bytes.length), bytes])
}

/** A number in bytes of seven bits, the lowest first; all but the last have the eighth. */
function encoded(value) {
  const bytes = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest & 127) | 128)
  }
}
