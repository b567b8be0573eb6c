// `secondpass/video`: pictures of a clip at chosen times, taken by the browser's own player.

export type { Clip } from './clip-source.js'
export type { ClipFrame, FramesOptions, FramesProgress } from './frame-options.js'
export { framesOf } from './frames.js'
