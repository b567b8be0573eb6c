// Programs that a driver starts, and ends by their process.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START_MS = 60_000
const POLL_MS = 50
const END_MS = 5_000

/** A running program. `ready` and `until` reject if it ends before, with what it printed. */
export class Program {
  #command
  #child
  #output = ''
  #ended
  #hasEnded = false
  #watchers = new Set()

  constructor(command, args, env = {}) {
    this.#command = command
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.once('error', (error) => this.#print(error.message))
    this.#ended = new Promise((done) => this.#child.once('close', done)).then(() => (this.#hasEnded = true))
    for (const stream of [this.#child.stdout, this.#child.stderr]) eachLine(stream, (line) => this.#print(line))
  }

  /** Calls `watcher` with every line that is printed from now on. */
  watch(watcher) {
    this.#watchers.add(watcher)
  }

  /** Waits for a line that matches; resolves to the match. */
  async ready(pattern) {
    let match
    this.watch((line) => (match ??= pattern.exec(line)))
    return this.until(() => match)
  }

  /** Asks again and again until the answer is truthy, and resolves to it. */
  async until(ask) {
    for (const start = Date.now(); Date.now() - start < START_MS; ) {
      const answer = await ask()
      if (answer) return answer
      if (this.#hasEnded) throw new Error(`${this.#command} has ended: ${this.#output}`)
      await new Promise((done) => setTimeout(done, POLL_MS))
    }
    await this.end()
    throw new Error(`${this.#command} was not ready in time: ${this.#output}`)
  }

  async end() {
    this.#child.kill()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.#ended
    clearTimeout(timer)
  }

  #print(line) {
    this.#output = `${this.#output}${line}\n`.slice(-5000)
    for (const watcher of this.#watchers) watcher(line)
  }
}

function eachLine(stream, onLine) {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    lines.forEach((line) => onLine(line))
  })
}

/** A folder for what a browser writes; `remove` deletes it. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), 'secondpass-engine-'))
  // A browser's last processes may still write there for a moment.
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }) }
}
