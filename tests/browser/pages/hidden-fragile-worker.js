import './real-gpu-worker-setup.js'
import './fragile-worker-setup.js'
import '/dist/worker.js'
