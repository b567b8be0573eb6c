// What compares devices is fetched only where there are two to compare, once for a model. This file is not in a folder of its own
// because its relative path must hold in dist/index.js.
export const loadComparison = (): Promise<typeof import('./compare-devices.js')> => import('./compare-devices.js')
