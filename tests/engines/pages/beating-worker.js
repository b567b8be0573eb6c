// The package's worker, which says several times a second that it lives.
import '/dist/worker.js'

const channel = new BroadcastChannel('heartbeat')
setInterval(() => channel.postMessage('alive'), 100)
