// A session of classic WebDriver: one command after the other, each in the window that was chosen before.

/** A call in a page may load models. */
const SCRIPT_MS = 180_000

export class WebDriverSession {
  #address
  #current
  /** The window that the browser opened itself. */
  #first
  #queue = Promise.resolve()

  static async open(address, wanted) {
    const session = new WebDriverSession()
    const { sessionId, capabilities } = await command(`${address}/session`, 'POST', { capabilities: { alwaysMatch: wanted } })
    session.#address = `${address}/session/${sessionId}`
    await session.#send('POST', 'timeouts', { script: SCRIPT_MS })
    session.#first = await session.#send('GET', 'window')
    return Object.assign(session, { capabilities })
  }

  /** A window and not a tab: a tab that is not in front draws no frames. */
  async newWindow() {
    const { handle } = await this.#inTurn(() => this.#send('POST', 'window/new', { type: 'window' }))
    return handle
  }

  /** A command in a window. */
  inWindow(handle, method, path, body) {
    return this.#inTurn(async () => {
      if (this.#current !== handle) await this.#send('POST', 'window', { handle })
      this.#current = handle
      return this.#send(method, path, body)
    })
  }

  async closeWindow(handle) {
    await this.inWindow(handle, 'DELETE', 'window')
    // Without a window that is open, no command works.
    await this.inWindow(this.#first, 'GET', 'window')
  }

  end() {
    return this.#send('DELETE', '')
  }

  #inTurn(work) {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => {})
    return done
  }

  #send(method, path, body) {
    return command(`${this.#address}${path && `/${path}`}`, method, body)
  }
}

async function command(url, method, body) {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) })
  const { value } = await response.json()
  if (!response.ok) throw new Error(`WebDriver ${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`)
  return value
}
