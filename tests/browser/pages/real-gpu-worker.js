import './real-gpu-worker-setup.js'
import '/dist/worker.js'
