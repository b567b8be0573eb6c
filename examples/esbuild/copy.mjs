// Puts what esbuild does not find beside the bundle: the worker and the engine's modules, and the page itself.
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const PACKAGE = dirname(fileURLToPath(import.meta.resolve('secondpass')))

for (const file of ['worker.js', 'wasm']) cpSync(join(PACKAGE, file), join(HERE, 'dist', file), { recursive: true })
cpSync(join(HERE, 'index.html'), join(HERE, 'dist', 'index.html'))
