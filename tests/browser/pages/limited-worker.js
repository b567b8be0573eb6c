import './limited-worker-setup.js'
import '/dist/worker.js'
