import './fragile-worker-setup.js'
import '/dist/worker.js'
