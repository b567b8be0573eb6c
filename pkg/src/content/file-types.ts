/** How the files of pictures begin. Base64 of the same bytes begins the same way too, so one table serves both. */
const FILE_TYPES: [type: string, bytes: number[], base64: string][] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47], 'iVBORw'],
  ['image/jpeg', [0xff, 0xd8, 0xff], '/9j/'],
  ['image/gif', [0x47, 0x49, 0x46, 0x38], 'R0lGOD'],
  ['image/webp', [0x52, 0x49, 0x46, 0x46], 'UklGR'],
  ['image/bmp', [0x42, 0x4d], 'Qk'],
]

export const typeOfBytes = (bytes: Uint8Array): string | undefined => FILE_TYPES.find(([, start]) => start.every((byte, i) => bytes[i] === byte))?.[0]

export const typeOfBase64 = (text: string): string | undefined => FILE_TYPES.find(([, , start]) => text.startsWith(start))?.[0]
