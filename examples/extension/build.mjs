// Copies the extension and the package into dist. Nothing is bundled: the package's files are modules that stand for themselves.
import { cpSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const FILES = ['manifest.json', 'background.js', 'offscreen.html', 'offscreen.js', 'popup.html', 'popup.js', 'model.js']

rmSync(join(HERE, 'dist'), { recursive: true, force: true })
for (const file of FILES) cpSync(join(HERE, file), join(HERE, 'dist', file))
const PACKAGE = dirname(fileURLToPath(import.meta.resolve('secondpass')))
for (const file of ['index.js', 'worker.js', 'wasm', 'LICENSE', 'THIRD_PARTY_NOTICES.txt'])
  cpSync(join(PACKAGE, file), join(HERE, 'dist', 'secondpass', file), { recursive: true })
