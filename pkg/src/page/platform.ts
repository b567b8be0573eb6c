// What a device bears and its browser does not tell.

/**
 * iOS ends a page that takes about 1.5 GB, without a word, and gives a buffer about 1 GB. Every browser there is WebKit. What the
 * model's files have is what their weights take at least.
 */
const MOST_BYTES_ON_IOS = 2 ** 30

/** The most that a model's files may have together, where a limit is known. */
export const mostModelBytes = (): number | undefined => (isIos() ? MOST_BYTES_ON_IOS : undefined)

/** An iPad says that it is a Mac; but no Mac has a touch screen. */
function isIos(): boolean {
  const { userAgent = '', platform = '', maxTouchPoints = 0 } = globalThis.navigator ?? {}
  return /iPhone|iPad|iPod/.test(userAgent) || (platform === 'MacIntel' && maxTouchPoints > 1)
}
