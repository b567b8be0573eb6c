// What an engine offers in a worker, which is where the package runs.

/** Asks a worker of the page; see pages/capabilities-worker.js for what it answers. */
export const capabilitiesIn = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/engines/capabilities-worker.js', { type: 'module' })
        worker.onmessage = ({ data }) => {
          worker.terminate()
          resolve(data)
        }
        worker.onerror = ({ message }) => reject(new Error(message))
      }),
  )
