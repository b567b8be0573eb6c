import './counting-worker-setup.js'
import '/dist/worker.js'
