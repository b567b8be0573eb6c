// Bitmaps, which Node has none of.

/** Whether a value is a bitmap, where there are any. */
export const isBitmap = (value: unknown): value is ImageBitmap => typeof ImageBitmap !== 'undefined' && value instanceof ImageBitmap
