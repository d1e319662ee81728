"""Pictures as bytes, made and looked at without a library: what a network sees of them."""

import struct
import zlib

_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def png(width: int, height: int) -> bytes:
    """A plain one, as small as its kind gets."""
    rows = zlib.compress((b"\0" + b"\x80" * width) * height, 9)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def look_at(data: bytes) -> tuple[str, int, int]:
    """Media type, width and height of a whole PNG, GIF or JPEG. ValueError for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(_chunk(b"IEND", b"")):
        return ("image/png", *struct.unpack(">II", data[16:24]))
    if data.startswith((b"GIF87a", b"GIF89a")) and data.endswith(b";"):
        return ("image/gif", *struct.unpack("<HH", data[6:10]))
    if data.startswith(b"\xff\xd8\xff") and data.endswith(b"\xff\xd9"):
        return ("image/jpeg", *_jpeg_size(data))
    raise ValueError("not a whole picture")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in _FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    raise ValueError("a JPEG without a frame")
