// Malformed versions of a valid safetensors file.

function read(bytes) {
  const length = Number(bytes.readBigUInt64LE(0))
  return { header: JSON.parse(bytes.subarray(8, 8 + length).toString()), data: bytes.subarray(8 + length) }
}

function write({ header, data }) {
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, data])
}

function edit(change) {
  return (bytes) => {
    const file = read(bytes)
    change(file.header)
    return write(file)
  }
}

const NORM = 'model.norm.weight'

export const MUTATIONS = {
  truncated: (bytes) => bytes.subarray(0, bytes.length - 1000),
  'oversized-header': (bytes) => {
    const copy = Buffer.from(bytes)
    copy.writeBigUInt64LE(1n << 40n, 0)
    return copy
  },
  overlap: edit((header) => {
    const [first, second] = Object.keys(header)
      .filter((k) => k !== '__metadata__')
      .sort((a, b) => header[a].data_offsets[0] - header[b].data_offsets[0])
    const shift = header[second].data_offsets[0] - header[first].data_offsets[0]
    header[second].data_offsets = header[second].data_offsets.map((o) => o - Math.min(shift, 4))
  }),
  'wrong-dtype': edit((header) => {
    header[NORM].dtype = header[NORM].dtype === 'BF16' ? 'I16' : 'I32'
  }),
  'missing-tensor': edit((header) => {
    header['model.other.weight'] = header[NORM]
    delete header[NORM]
  }),
  'not-json': (bytes) => {
    const copy = Buffer.from(bytes)
    copy[8] = 0x21
    return copy
  },
}
