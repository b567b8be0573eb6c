import './no-webgpu-worker-setup.js'
import '/dist/worker.js'
