// A real clip, recorded by the browser under test: one colour after another, each for so long.

/** What is drawn, in this order. */
export const COLOURS = { red: [220, 20, 20], green: [20, 160, 40], blue: [30, 40, 220], yellow: [230, 210, 20] }
export const WEBM = 'video/webm;codecs=vp8'
/** Of one colour. */
export const SECONDS_EACH = 1

/** Records a clip in a page; with `pieceMs` in pieces, as for a stream. Gives its bytes in base64. The middle of each colour is well within it, however busy the machine is. */
export const recordClip = (page, { type = WEBM, width = 160, height = 120, pieceMs } = {}) =>
  page.evaluate(
    async ({ colours, type, width, height, ms, pieceMs }) => {
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      const context = canvas.getContext('2d')
      const draw = (colour, frame) => {
        context.fillStyle = `rgb(${colour})`
        context.fillRect(0, 0, width, height)
        // A picture that does not change may not be recorded.
        context.fillStyle = frame % 2 ? '#fff' : '#000'
        context.fillRect(0, 0, 2, 2)
      }
      draw(colours[0], 0)
      const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: type, videoBitsPerSecond: 1_000_000 })
      const parts = []
      recorder.ondataavailable = ({ data }) => parts.push(data)
      const started = new Promise((resolve) => {
        recorder.onstart = resolve
      })
      const stopped = new Promise((resolve) => {
        recorder.onstop = resolve
      })
      recorder.start(pieceMs)
      await started
      const start = performance.now()
      for (let frame = 1; performance.now() - start < colours.length * ms; frame++) {
        draw(colours[Math.min(colours.length - 1, Math.floor((performance.now() - start) / ms))], frame)
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      recorder.stop()
      await stopped
      const bytes = new Uint8Array(await new Blob(parts).arrayBuffer())
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    },
    { colours: Object.values(COLOURS), type, width, height, ms: SECONDS_EACH * 1000, pieceMs },
  )

/** The name of the colour that a pixel is nearest to. */
export function nearestColour([r, g, b]) {
  const distance = ([x, y, z]) => (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2
  return Object.entries(COLOURS).sort(([, a], [, b]) => distance(a) - distance(b))[0][0]
}
