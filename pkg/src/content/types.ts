/**
 * A picture: a URL or `data:` URL, the bytes of a file, or anything that a page can draw. Files and their bytes are
 * decoded by the package itself, so that the score does not depend on the browser; what only the browser can decode
 * (AVIF, SVG, HEIC where supported) goes through it.
 */
export type Picture =
  | string
  | URL
  | { url: string }
  | Blob
  | ArrayBuffer
  | ArrayBufferView
  | ImageBitmap
  | ImageData
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame

/**
 * A video: its frames in order, with their times or the video's rate where they are known. With `fps` the frames are
 * all frames of the video and are sampled as the reference does.
 */
export type Video = Picture[] | { frames: Picture[]; fps?: number; timestamps?: number[] }

/** One query or document; each of its parts is one item or a list. */
export type Content =
  | string
  | { text?: string | string[] | null; image?: Picture | Picture[] | null; video?: Video | Video[] | null }
  | { content: ContentPart[] }

/** A part of a document, as servers spell it. */
export type ContentPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: Picture }
  | { type: 'image'; image: Picture }
  | { type: 'video_url'; video_url: Video }
  | { type: 'video'; video: Video }
