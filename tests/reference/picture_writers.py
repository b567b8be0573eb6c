"""Encoders for PNG, GIF and BMP, including variants that Pillow reads but does not write. Used by
make_picture_fixtures.py.

    from picture_writers import bmp, gif, png
    bytes_of_file = png(samples, bits=4, colour=3, palette=colours)
"""

import struct
import zlib

import numpy as np

ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def packed(samples, bits):
    """Packs each row, first sample in the high bits, padded to a byte."""
    if bits == 16:
        return [row.astype(">u2").tobytes() for row in samples]
    if bits == 8:
        return [row.astype(np.uint8).tobytes() for row in samples]
    planes = (samples[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return [row.tobytes() for row in np.packbits(planes.reshape(len(samples), -1).astype(np.uint8), axis=1)]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def filtered(rows, bytes_per_pixel):
    """Rows with their filter bytes; alternates between the filters none, sub and up."""
    out, above = [], None
    for i, row in enumerate(rows):
        values = np.frombuffer(row, np.uint8).astype(int)
        kind = i % 3 if above is not None else 0
        if kind == 1:
            left = np.concatenate([np.zeros(bytes_per_pixel, int), values[:-bytes_per_pixel]]) if len(values) > bytes_per_pixel else 0
            body = values - left
        else:
            body = values - above if kind == 2 else values
        above = values
        out.append(bytes([kind]) + (body % 256).astype(np.uint8).tobytes())
    return b"".join(out)


def png(samples, bits, colour, palette=None, trns=None, interlaced=False, extra=b""):
    """`samples`: height x width x channels, `colour`: the colour type of the PNG specification."""
    height, width, channels = samples.shape
    per_pixel = max(1, channels * bits // 8)
    if interlaced:
        passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7]
        body = b"".join(filtered(packed(p.reshape(len(p), -1), bits), per_pixel) for p in passes if p.size)
    else:
        body = filtered(packed(samples.reshape(height, -1), bits), per_pixel)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra
    out += chunk(b"PLTE", palette.astype(np.uint8).tobytes()) if palette is not None else b""
    out += chunk(b"tRNS", trns) if trns is not None else b""
    return out + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b"")


def lzw(indices, bits):
    """GIF's LZW; the table is cleared when it is full."""
    size = max(2, bits)
    clear, width, table, codes = 1 << size, size + 1, {}, []
    codes.append((clear, width))
    following, prefix = clear + 2, ()
    for value in indices:
        longer = (*prefix, int(value))
        if len(longer) == 1 or longer in table:
            prefix = longer
            continue
        codes.append((table[prefix] if len(prefix) > 1 else prefix[0], width))
        table[longer] = following
        if following == 1 << width:
            width += 1
        following += 1
        if following > 4095:
            codes.append((clear, width))
            table, following, width = {}, clear + 2, size + 1
        prefix = (int(value),)
    codes.append((table[prefix] if len(prefix) > 1 else prefix[0], width))
    codes.append((clear + 1, width))
    out, held, count = bytearray(), 0, 0
    for code, width in codes:
        held, count = held | code << count, count + width
        while count >= 8:
            out.append(held & 255)
            held, count = held >> 8, count - 8
    if count:
        out.append(held)
    blocks = b"".join(bytes([len(out[i:i + 255])]) + out[i:i + 255] for i in range(0, len(out), 255))
    return bytes([size]) + bytes(blocks) + b"\0"


def table_flags(palette):
    return 0 if palette is None else 0x80 | (len(palette).bit_length() - 2)


def gif_frame(indices, bits, offset=(0, 0), palette=None, interlaced=False, transparent=None, disposal=0):
    height, width = indices.shape
    order = [y for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(start, height, step)]
    rows = indices[order] if interlaced else indices
    out = b""
    if transparent is not None or disposal:
        out += struct.pack("<BBBBHBB", 0x21, 0xF9, 4, disposal << 2 | (transparent is not None), 10, transparent or 0, 0)
    out += struct.pack("<BHHHHB", 0x2C, *offset, width, height, table_flags(palette) | interlaced << 6)
    out += palette.astype(np.uint8).tobytes() if palette is not None else b""
    return out + lzw(rows.reshape(-1), bits)


def gif(size, frames, palette=None, background=0):
    header = b"GIF89a" + struct.pack("<HHBBB", *size, table_flags(palette), background, 0)
    table = palette.astype(np.uint8).tobytes() if palette is not None else b""
    return header + table + b"".join(frames) + b";"


def bmp(size, bits, body, palette=None, compression=0, masks=(), top_down=False, header=40):
    """`palette`: colours as red, green, blue; `masks`: red, green, blue and possibly alpha."""
    width, height = size
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
        table = b"" if palette is None else palette[:, ::-1].astype(np.uint8).tobytes()
    else:
        colours = 0 if palette is None else len(palette)
        info = struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression,
                           len(body), 2835, 2835, colours, 0)
        field = b"".join(struct.pack("<I", mask) for mask in masks)
        info += field + b"\0" * max(0, header - 40 - len(field))
        table = b"" if palette is None else b"".join(bytes([b, g, r, 0]) for r, g, b in palette.tolist())
    start = 14 + len(info) + len(table)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + info + table + body


def bmp_rows(samples, bits, top_down=False):
    """Rows padded to four bytes, bottom-up unless `top_down`."""
    rows = [row + b"\0" * (-len(row) % 4) for row in packed(samples.reshape(len(samples), -1), bits)]
    return b"".join(rows if top_down else rows[::-1])
