// The worker's script in Node: the scope first, then the same code as in browsers, and messages once that listens.
import { provideScope } from './node/scope.js'

const listen = provideScope()
await import('./worker.js')
listen()
