// A session of WebDriver BiDi: commands and events as JSON over a WebSocket.
import WebSocket from 'ws'

export class BidiSession {
  #socket
  #nextId = 1
  #pending = new Map()
  #listeners = new Map()

  static async open(url, events) {
    const session = new BidiSession()
    const socket = new WebSocket(url)
    session.#socket = socket
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    socket.on('message', (data) => session.#receive(JSON.parse(data)))
    socket.on('close', () => session.#close())
    const { capabilities } = await session.send('session.new', { capabilities: {} })
    await session.send('session.subscribe', { events })
    return Object.assign(session, { capabilities })
  }

  send(method, params = {}) {
    const id = this.#nextId++
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => this.#pending.set(id, { method, resolve, reject }))
  }

  on(method, listener) {
    this.#listeners.set(method, listener)
  }

  close() {
    this.#socket.close()
  }

  #receive({ id, type, result, error, message, method, params }) {
    if (type === 'event') return this.#listeners.get(method)?.(params)
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (type === 'success') pending?.resolve(result)
    else pending?.reject(new Error(`${pending.method}: ${error}: ${message}`))
  }

  #close() {
    for (const { method, reject } of this.#pending.values()) reject(new Error(`${method}: the browser has closed the connection`))
    this.#pending.clear()
  }
}
