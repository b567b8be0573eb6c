// Progress on standard error: one line that is drawn again where that is a terminal, plain lines where it is not. What takes less than a
// second is silent.
import { oneLine, withoutControls } from './terminal-text.js'

const SILENT_MS = 1000
/** How often the line is drawn, and how often a plain line may come. */
const [DRAW_MS, LINE_MS] = [100, 2000]
const BAR = 24
/** Of a terminal that does not tell. */
const WIDTH = 80
/** Characters of what is said to be done, which may hold the name of a foreign file. */
const LABEL = 200

export class ProgressLine {
  readonly #out: NodeJS.WriteStream
  readonly #start = performance.now()
  #last = 0
  #lastLine = ''
  #drawn = false

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out
  }

  /** `fraction` is from 0 to 1; undefined where the end is not known. */
  readonly report = (label: string, fraction?: number): void => {
    const now = performance.now()
    const wait = this.#out.isTTY ? DRAW_MS : LINE_MS
    if (now - this.#start < SILENT_MS || (this.#last > 0 && now - this.#last < wait)) return
    const percent = fraction === undefined ? '' : ` ${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)} %`
    const line = `${oneLine(label, LABEL)}${percent}`
    if (line === this.#lastLine) return
    this.#last = now
    this.#lastLine = line
    if (!this.#out.isTTY) return void this.#out.write(`${line}\n`)
    this.#drawn = true
    const drawn = fraction === undefined ? line : `${bar(fraction)} ${line}`
    // A line that is longer than the terminal is wide would be drawn below itself.
    this.#out.write(`\r\x1b[2K${drawn.slice(0, (this.#out.columns || WIDTH) - 1)}`)
  }

  /** Removes the line, so that what follows begins where it stood. */
  readonly clear = (): void => {
    if (this.#drawn) this.#out.write('\r\x1b[2K')
    this.#drawn = false
  }

  /** Says something that stays. */
  readonly note = (text: string): void => {
    this.clear()
    this.#out.write(`${withoutControls(text)}\n`)
  }
}

function bar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`
}
