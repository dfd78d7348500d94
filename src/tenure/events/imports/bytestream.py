"""The bytes of a file as they come: plain or gzip, whole or cut off; and their text in UTF-8."""

import codecs
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tenure.base.errors import NotFoundError, TenureError

CHUNK_BYTES = 1 << 20
HEAD_BYTES = 1 << 18
GZIP_MAGIC = b"\x1f\x8b"
BROKEN = "\ufdd0"
"""Stands for a byte that is not text in the file's encoding, so that the row can be found later."""

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NOT_TEXT = (
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"RIFF", "a picture, a sound or a film"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound"),
    (b"\x1aE\xdf\xa3", "a film"),
    (b"SQLite format 3\x00", "a database"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1", "an Arrow file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a text document"),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_MOST_CONTROL_SHARE = 0.01
_SURROGATES = re.compile("[\udc80-\udcff]")
_REAL_NON_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


@dataclass
class ByteStream:
    """One pass over a file's decompressed bytes; `ended_early` and `digest` are true after it."""

    path: Path
    ended_early: bool = False
    compressed: bool = False
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            head = file.read(CHUNK_BYTES)
            self.compressed = head.startswith(GZIP_MAGIC)
            blocks = self._blocks(head, file)
            yield from self._inflate(blocks) if self.compressed else blocks

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def _blocks(self, head: bytes, file: "codecs._ReadableStream") -> Iterator[bytes]:
        block = head
        while block:
            self._hash.update(block)
            yield block
            block = file.read(CHUNK_BYTES)

    def _inflate(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        inflater = zlib.decompressobj(wbits=31)
        for block in blocks:
            while block:
                if inflater.eof:
                    if not block.startswith(GZIP_MAGIC):
                        return
                    inflater = zlib.decompressobj(wbits=31)
                try:
                    text = inflater.decompress(block, CHUNK_BYTES)
                except zlib.error:
                    self.ended_early = True
                    return
                if text:
                    yield text
                block = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        self.ended_early = not inflater.eof


@dataclass(frozen=True)
class TextFile:
    """A file as plain UTF-8 with line feeds (or CR LF), ready to be read by the engine."""

    path: Path
    encoding: str
    digest: str
    line_count: int
    ends_with_newline: bool
    ended_early: bool
    broken_bytes: int


def read_head(path: Path, size: int = HEAD_BYTES) -> tuple[bytes, ByteStream]:
    """The first `size` decompressed bytes (fewer in a small or broken file)."""
    if not path.is_file():
        raise NotFoundError("no_such_file", f"There is no file {path}. Check the path.", "file")
    stream = ByteStream(path)
    head = b""
    for chunk in stream.chunks():
        head += chunk
        if len(head) >= size:
            break
    for magic, name in _NOT_TEXT:
        if head.startswith(magic):
            raise _not_a_table(path, name)
    if not head.strip(b"\r\n\t \x00\xef\xbb\xbf\xff\xfe"):
        raise TenureError("empty_file", f"{path.name} holds no rows. Export it again.", "file")
    head = head[:size]
    if _is_binary(head):
        raise _not_a_table(path, "binary data")
    return head, stream


def _is_binary(head: bytes) -> bool:
    """Whether more than one character in a hundred is a control character (a NUL above all)."""
    sample = head[:HEAD_BYTES]
    encoding = guess_encoding(sample)
    text = sample.decode(encoding, "replace")
    strange = len(_CONTROL.findall(text))
    if encoding.startswith("utf-16"):
        strange += text[:-1].count("\ufffd")
    return strange > len(text) * _MOST_CONTROL_SHARE


def _not_a_table(path: Path, what: str) -> TenureError:
    return TenureError(
        "not_a_text_file",
        f"{path.name} is {what}: this is not a table. Save the table as CSV and choose that file.",
        "file",
    )


def guess_encoding(head: bytes) -> str:
    """utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be or cp1252."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 8:
        return "utf-16-be" if even > odd else "utf-16-le"
    broken, valid = _count_broken(head[: max(0, len(head) - 4)] if len(head) > 1000 else head)
    return "cp1252" if broken > valid else "utf-8"


def prepare_text(path: Path, head: bytes, folder: Path) -> TextFile:
    """Read the whole file once; write a UTF-8 copy into `folder` only where it is not already that.

    The encoding is settled over all bytes: where UTF-8 fails more often than it succeeds beyond ASCII the file
    is CP1252; otherwise single bytes that are no text become BROKEN.
    """
    stream = ByteStream(path)
    encoding = guess_encoding(head)
    with path.open("rb") as file:
        is_compressed = file.read(2) == GZIP_MAGIC
    copy = folder / "decompressed.txt" if head and is_compressed else None
    scan = _Scan(is_utf8=encoding in ("utf-8", "cp1252"))
    out = copy.open("wb") if copy else None
    try:
        for chunk in stream.chunks():
            scan.add(chunk)
            if out:
                out.write(chunk)
    finally:
        if out:
            out.close()
    scan.finish()
    if scan.is_utf8:
        encoding = "cp1252" if scan.broken > scan.valid else "utf-8"
    plain = encoding == "utf-8" and not scan.broken and b"\n" in head
    if plain:
        return TextFile(
            copy or path, encoding, stream.digest, scan.lines, scan.last == b"\n", stream.ended_early, 0
        )
    target = folder / "text.csv"
    lines, last, broken = _transcode(
        copy or path, encoding, target, old_mac=b"\n" not in head and b"\r" in head
    )
    return TextFile(target, encoding, stream.digest, lines, last, stream.ended_early, broken)


class _Scan:
    """Counts lines and, for what may be UTF-8, bytes that are not."""

    def __init__(self, is_utf8: bool) -> None:
        self.is_utf8 = is_utf8
        self.lines = 0
        self.last = b""
        self.broken = 0
        self.valid = 0
        self._rest = b""

    def add(self, chunk: bytes) -> None:
        self.lines += chunk.count(b"\n")
        self.last = chunk[-1:]
        if self.is_utf8 and not (chunk.isascii() and not self._rest):
            data = self._rest + chunk
            cut = _last_character(data)
            self._rest = data[cut:]
            self._count(data[:cut])

    def finish(self) -> None:
        self._count(self._rest)
        self.lines += self.last != b"\n"

    def _count(self, data: bytes) -> None:
        broken, valid = _count_broken(data)
        self.broken += broken
        self.valid += valid


def _count_broken(data: bytes) -> tuple[int, int]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
        return len(_SURROGATES.findall(text)), len(_REAL_NON_ASCII.findall(text))
    return 0, len(text.encode("utf-8")) - len(text)


def _last_character(data: bytes) -> int:
    """Where the last, possibly incomplete, UTF-8 character of `data` begins."""
    for back in range(1, min(4, len(data)) + 1):
        if data[-back] >= 0xC0:
            return len(data) - back
        if data[-back] < 0x80:
            break
    return len(data)


def _mark_broken(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return BROKEN * (error.end - error.start), error.end


codecs.register_error("tenure-mark-broken", _mark_broken)


def _transcode(source: Path, encoding: str, target: Path, old_mac: bool) -> tuple[int, bool, int]:
    """Write `source` as UTF-8; the number of lines, whether the last is whole, and of broken bytes."""
    decoder = codecs.getincrementaldecoder(encoding)("tenure-mark-broken")
    lines, broken, last = 0, 0, "\n"
    with source.open("rb") as file, target.open("w", encoding="utf-8", newline="") as out:
        while True:
            block = file.read(CHUNK_BYTES)
            text = decoder.decode(block, final=not block)
            if old_mac:
                text = text.replace("\r", "\n")
            if text:
                lines += text.count("\n")
                broken += text.count(BROKEN)
                last = text[-1]
                out.write(text)
            if not block:
                break
    return lines + (last != "\n"), last == "\n", broken
