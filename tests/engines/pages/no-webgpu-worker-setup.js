// A worker in which there is no WebGPU, as in browsers that give it to pages only.
Object.defineProperty(navigator, 'gpu', { value: undefined })
