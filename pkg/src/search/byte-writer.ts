/** Bytes that grow as they are written, little-endian. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  constructor(capacity = 1 << 16) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = value
  }

  u16(value: number): void {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, true)
  }

  u32(value: number): void {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, true)
  }

  f32(value: number): void {
    const at = this.#grow(4)
    this.#view.setFloat32(at, value, true)
  }

  bytes(values: Uint8Array): void {
    const at = this.#grow(values.length)
    this.#bytes.set(values, at)
  }

  /** Writes over four bytes that are there already. */
  patch(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  /** What has been written; a view that is valid until more is. */
  written(from = 0): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(from, this.#length)
  }

  /** Makes room and returns where it begins. Bytes and view may be others afterwards. */
  #grow(count: number): number {
    const at = this.#length
    const needed = at + count
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
      bytes.set(this.#bytes.subarray(0, at))
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer)
    }
    this.#length = needed
    return at
  }
}
