import './dying-worker-setup.js'
import '/dist/worker.js'
