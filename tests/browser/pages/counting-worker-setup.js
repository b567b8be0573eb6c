// Counts the dispatches of this worker, and tells the count to whoever asks on the channel of the worker's name.
let dispatches = 0

const { dispatchWorkgroups } = GPUComputePassEncoder.prototype
GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...groups) {
  dispatches++
  return dispatchWorkgroups.apply(this, groups)
}

const channel = new BroadcastChannel(self.name)
channel.onmessage = ({ data }) => data === 'count' && channel.postMessage({ dispatches })
