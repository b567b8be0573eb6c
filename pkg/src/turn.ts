/** Gives the event loop a turn, so that clicks and messages are handled during long work. Unlike a timer it waits for nothing else. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
