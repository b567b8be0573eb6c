// Reads the numbers and texts of a wasm module's binary format, one after the other.

export class Reader {
  constructor(bytes, at) {
    this.bytes = bytes
    this.at = at
  }
  done() {
    return this.at >= this.bytes.length
  }
  byte() {
    return this.bytes[this.at++]
  }
  number() {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
    }
  }
  text() {
    const length = this.number()
    this.at += length
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at - length, length).toString()
  }
}
