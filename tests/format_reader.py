#!/usr/bin/env python3
"""format_reader: segment, block, bundle and CATALOG files read by nothing but what docs/format/ says, with none of weft's code.

    tests/format_reader.py FILE...      print the spans of segment and block files as JSON, one a line

Standard library, and libxxhash and libzstd of the system. Slow and plain on purpose: it is the judge of the documents."""
import ctypes
import json
import struct
import sys

xxhash, zstd = ctypes.CDLL("libxxhash.so.0"), ctypes.CDLL("libzstd.so.1")
xxhash.XXH3_64bits_withSeed.restype = ctypes.c_uint64
xxhash.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
zstd.ZSTD_decompress.restype = ctypes.c_size_t
zstd.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]


class Refused(Exception):
    """The file is not what the documents describe."""


def xxh3(b, seed=0):
    return xxhash.XXH3_64bits_withSeed(bytes(b), len(b), seed % 2**64)


def inflate(b, raw):
    if len(b) == raw:
        return b
    out = ctypes.create_string_buffer(raw)
    if zstd.ZSTD_decompress(out, raw, bytes(b), len(b)) != raw:
        raise Refused("a page is no zstd of the size named")
    return out.raw


def u16(b, at): return struct.unpack_from("<H", b, at)[0]
def u32(b, at): return struct.unpack_from("<I", b, at)[0]
def u64(b, at): return struct.unpack_from("<Q", b, at)[0]
def signed(v): return v - 2**64 if v >= 2**63 else v
def double(v): return struct.unpack("<d", struct.pack("<Q", v))[0]
def pad(n, to): return (n + to - 1) // to * to


def need(ok, what):
    if not ok:
        raise Refused(what)


def varint(b, at):
    v = shift = 0
    while True:
        v |= (b[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if b[at - 1] < 128:
            return v, at


def unpack_bits(b, count, width):
    if width == 0:
        return [0] * count
    whole = int.from_bytes(b[:(count * width + 7) // 8], "little")
    return [whole >> i * width & (1 << width) - 1 for i in range(count)]


# ---- OTLP messages ----

def fields(b):
    at = 0
    while at < len(b):
        tag, at = varint(b, at)
        kind, number = tag & 7, tag >> 3
        if kind == 0:
            v, at = varint(b, at)
        elif kind == 1:
            v, at = u64(b, at), at + 8
        elif kind == 2:
            n, at = varint(b, at)
            v, at = b[at:at + n], at + n
        else:
            v, at = u32(b, at), at + 4
        yield number, v


def any_value(b):
    for number, v in fields(b):
        return plain_value(number, v)
    return {}


def plain_value(kind, v):
    """A value of AnyValue's field number `kind`, as OTLP/JSON writes it."""
    if kind == 0:
        return {}
    if kind == 1:
        return {"stringValue": bytes(v).decode("utf-8", "surrogateescape")}
    if kind == 2:
        return {"boolValue": bool(v)}
    if kind == 3:
        return {"intValue": str(signed(v))}
    if kind == 4:
        return {"doubleValue": double(v)}
    if kind == 5:
        return {"arrayValue": {"values": [any_value(x) for n, x in fields(v) if n == 1]}}
    if kind == 6:
        return {"kvlistValue": {"values": [key_value(x) for n, x in fields(v) if n == 1]}}
    return {"bytesValue": bytes(v).hex()}


def key_value(b):
    got = dict(fields(b))
    return {"key": bytes(got.get(1, b"")).decode(), "value": any_value(got.get(2, b""))}


def attributes_of(message, number):
    return [key_value(v) for n, v in fields(message) if n == number]


def resource_of(b):
    got = dict(fields(b))
    return {"attributes": attributes_of(got.get(1, b""), 1), "schemaUrl": bytes(got.get(3, b"")).decode()}


def scope_of(b):
    got = dict(fields(b))
    scope = dict(fields(got.get(1, b"")))
    return {"name": bytes(scope.get(1, b"")).decode(), "version": bytes(scope.get(2, b"")).decode(),
            "attributes": attributes_of(got.get(1, b""), 3), "schemaUrl": bytes(got.get(3, b"")).decode()}


def text(b):
    return bytes(b).decode("utf-8", "surrogateescape")


def span_dict(trace_id, span_id, parent, start, end, kind, status, name, resource, scope, **more):
    return {"traceId": bytes(trace_id).hex(), "spanId": bytes(span_id).hex(), "parentSpanId": bytes(parent).hex() if any(parent) else "",
            "name": text(name), "kind": kind, "startTimeUnixNano": str(start), "endTimeUnixNano": str(end % 2**64),
            "statusCode": status, "resource": resource, "scope": scope,
            **{"statusMessage": "", "traceState": "", "flags": 0, "dropped": [0, 0, 0], "attributes": [], "events": [], "links": [], **more}}


# ---- segments ----

class Segment:
    def __init__(self, b):
        need(b[:8] == b"weftseg1", "no segment")
        need(xxh3(b[:48]) == u64(b, 48), "checksum of the file header")
        need(u32(b, 8) == 1, f"written by a newer weft: format {u32(b, 8)}, this one reads 1")
        self.b, self.number = b, u64(b, 16)
        self.strings, self.keys, self.resources, self.scopes, self.shapes, self.heads = [], [], [], [], [], []
        self.chunks, at, chain = [], 4096, u64(b, 48)
        while at + 4096 <= len(b):
            h = b[at:at + 256]
            if (h[:8] != b"weftchnk" or u64(h, 248) != xxh3(h[:248]) or u64(h, 16) != self.number or u32(h, 24) != len(self.chunks)
                    or u64(h, 104) != chain):
                break
            places = [struct.unpack_from("<IIIIQ", h, 112 + 24 * i) for i in range(5)]
            parts = []
            for i, (kind, _, offset, length, checksum) in enumerate(places):
                need(kind == i + 1, "sections out of order")
                parts.append(b[at + offset:at + offset + length])
                need(xxh3(parts[i]) == checksum, f"checksum of section {kind} of chunk {len(self.chunks)}")
            self.tables(parts[4], struct.unpack_from("<6I", h, 56), struct.unpack_from("<6I", h, 80))
            self.chunks.append((u32(h, 28), parts))
            chain, at = u64(h, 248), at + u64(h, 32)
        seal = b[512:560]
        if seal[:8] == b"weftseal" and u64(seal, 40) == xxh3(seal[:40]) and u64(seal, 8) == self.number:
            need(u64(seal, 16) == at and u32(seal, 32) == len(self.chunks), "the seal mark names another end")

    def tables(self, d, before, after):
        need(before == tuple(map(len, (self.strings, self.keys, self.resources, self.scopes, self.shapes, self.heads))), "table counts")
        at = 0
        for table, first, end in zip((self.strings, self.keys, self.resources, self.scopes), before, after):
            for _ in range(end - first):
                n = u32(d, at)
                table.append(d[at + 4:at + 4 + n])
                at += 4 + n
        for _ in range(after[4] - before[4]):
            n = u32(d, at)
            self.shapes.append(struct.unpack_from(f"<{n}I", d, at + 4))
            at += 4 + 4 * n
        for _ in range(after[5] - before[5]):
            self.heads.append(struct.unpack_from("<4I", d, at))
            at += 16
        need(at == len(d), "bytes behind the tables")

    def spans(self):
        for count, (records, index, words, heap, _) in self.chunks:
            need(all(u64(index, 8 * i) < u64(index, 8 * i + 8) for i in range(count - 1)), "the trace index does not ascend")
            for row in range(count):
                yield self.row(records[64 * row:64 * row + 64], words, heap)

    def row(self, r, words, heap):
        at = 4 * u32(r, 56)
        flags, more = u32(r, 60), {}

        def word():
            nonlocal at
            at += 4
            return u32(words, at - 4)

        def heap_bytes(offset):
            return heap[offset + 4:offset + 4 + u32(heap, offset)]

        def value_word():
            w = word()
            return heap_bytes(w - 2**31) if w >= 2**31 else self.strings[w]

        def value(kind):
            if kind == 0:
                return {}
            if kind == 2:
                return plain_value(2, word())
            if kind in (3, 4):
                low = word()
                return plain_value(kind, low | word() << 32)
            return plain_value(kind, value_word())

        def listed(shape):
            out = []
            if shape < 2**31:
                return [{"key": text(self.keys[k >> 4]), "value": value(k & 15)} for k in self.shapes[shape]]
            for _ in range(shape - 2**31):
                k = word()
                key, kind = (heap_bytes(k - 2**31), word()) if k >= 2**31 else (self.keys[k >> 4], k & 15)
                out.append({"key": text(key), "value": value(kind)})
            return out

        resource, scope, name_number, kind = self.heads[u32(r, 48)]
        name = value_word() if flags >> 12 & 1 else self.strings[name_number]
        more["attributes"] = listed(u32(r, 52))
        if flags >> 13 & 1:
            more["statusMessage"] = text(value_word())
        if flags >> 14 & 1:
            more["traceState"] = text(value_word())
        if flags >> 15 & 1:
            more["dropped"] = [word(), word(), word()]
        if flags >> 16 & 1:
            more["events"] = []
            for _ in range(word()):
                time = word() | word() << 32
                event = {"timeUnixNano": str(time), "name": text(value_word()), "dropped": word()}
                more["events"].append({**event, "attributes": listed(word())})
        if flags >> 17 & 1:
            more["links"] = []
            for _ in range(word()):
                ids = words[at:at + 24]
                at += 24
                link = {"traceId": ids[:16].hex(), "spanId": ids[16:].hex(), "flags": word(), "traceState": text(value_word()), "dropped": word()}
                more["links"].append({**link, "attributes": listed(word())})
        start = u64(r, 32)
        return span_dict(r[:16], r[16:24], r[24:32], start, start + u64(r, 40), kind, flags & 3, name, resource_of(self.resources[resource]),
                         scope_of(self.scopes[scope]), flags=flags >> 2 & 1023, **more)


# ---- blocks ----

def paged(b, at, expected=None):
    mode, base_bits, _, count = struct.unpack_from("<BBHI", b, at)
    base = u64(b, at + 8)
    need(expected is None or count == expected, "a paged column has another count")
    if mode == 0:
        return [base] * count
    pages = (count + 127) // 128
    divisor, at = u64(b, at + 16), at + 24
    widths, at = b[at:at + pages], at + pad(pages, 8)
    bases = unpack_bits(b[at:], pages, base_bits)
    at += pad((pages * base_bits + 7) // 8, 8)
    out = []
    for page in range(pages):
        n = min(128, count - 128 * page)
        out += [(base + divisor * (bases[page] + v)) % 2**64 for v in unpack_bits(b[at:], n, widths[page])]
        at += (128 * widths[page] + 7) // 8 if n == 128 else (n * widths[page] + 7) // 8
    return out


def paged_bytes(b, at):
    """Bytes of the paged column that starts there."""
    if b[at] == 0:
        return 16
    count, base_bits = u32(b, at + 4), b[at + 1]
    pages = (count + 127) // 128
    widths = b[at + 24:at + 24 + pages]
    values = sum((min(128, count - 128 * i) * w + 7) // 8 for i, w in enumerate(widths))
    return 24 + pad(pages, 8) + pad((pages * base_bits + 7) // 8, 8) + pad(values, 8)


def row_column(b, per_trace):
    """A column of all rows: paged or following."""
    if b[0] != 2:
        return paged(b, 0, sum(per_trace))
    _, bits, flags, count, base, divisor, spelt, marked = struct.unpack_from("<BBHIQQII", b)
    need(count == sum(per_trace), "a following column has another count")
    at, pages, starts, out = 32, (count + 255) // 256, set(), []
    following, at = struct.unpack_from(f"<{2**bits + 1}H", b, at), at + pad(2 * (2**bits + 1), 8)
    before, at = struct.unpack_from(f"<{pages}H", b, at), at + pad(2 * pages, 8)
    has, at = unpack_bits(b[at:], pages, 1), at + pad((pages + 7) // 8, 8)
    marks = []
    for page in range(pages):
        marks += unpack_bits(b[at:], 256, 1) if has[page] else [0] * 256
        at += 32 * has[page]
    need(sum(has) == marked, "a following column has another number of marks")
    codes = unpack_bits(b[at:], spelt, bits)
    row = used = 0
    for n in per_trace:
        starts.add(row)
        row += n
    for row in range(count):
        if row % 256 == 0:
            need(before[row // 256] == used, "a following column has another number of spelt codes")
        if row % 256 == 0 or marks[row] or (flags & 1 and row in starts):
            code, used = codes[used], used + 1
        else:
            code = following[2**bits] if row in starts else following[code]
        out.append((base + divisor * code) % 2**64)
    return out


def names(b):
    count, out, first = u32(b, 0), [], 0
    at = 8 + 4 * count
    for i in range(count):
        end = u32(b, 8 + 4 * i)
        out.append(b[at + first:at + end])
        first = end
    return out


def sound_end(b, magic, look):
    """The last trailer and what it belongs to, or, where they are damaged, the first copy of them."""
    end, why = len(b), Refused("no sound trailer")
    while end >= 48:
        t = b[end - 48:end]
        try:
            found = look(b, t, end) if t[40:] == magic else None
            if found is not None:
                return t, found
        except Refused as refused:
            why = refused
        end = b.rfind(magic, 0, end - 1) + 8
    raise why


KNOWN = range(1, 10)
REQUIRED = {1, 2, 3, 4, 5, 6, 7}


class Block:
    def __init__(self, b):
        t, f = sound_end(b, b"weftblk\1", self.end_at)
        data, tail, pages = u64(t, 0), u64(t, 8), (u64(t, 0) + 16383) // 16384
        sums = next((s for s in (b[at:at + 8 * pages] for at in (data + tail, data)) if xxh3(s) == u64(t, 24)), None)
        need(sums is not None, "checksum of the sums")
        self.number = u64(f, 0)
        for page in range(pages):
            need(xxh3(b[max(64, 16384 * page):min(data, 16384 * page + 16384)], self.number * 0x9e3779b97f4a7c15 + page) == u64(sums, 8 * page),
                 f"checksum of page {page}")
        self.b, self.span_count = b, u64(f, 16)
        groups, segments, blocks, sections = struct.unpack_from("<4I", f, 112)
        s = {}
        for i in range(sections):
            kind, flags, offset, length = struct.unpack_from("<IIQQ", f, 128 + 24 * i)
            need(kind in KNOWN or not flags & 1, f"section {kind} is required and unknown")
            s[kind] = b[offset:offset + length]
        need(REQUIRED <= set(s), "a section is missing")
        self.strings = self.read_strings(s[1], s[2])
        for i in range(0, len(s.get(9, b"")), 288):
            offset, stored, raw = struct.unpack_from("<QII", s[9], i + 16)
            self.strings.append(inflate(b[offset:offset + stored], raw))
        self.keys, self.resources, self.scopes = names(s[3]), names(s[5]), names(s[6])
        self.heads = [struct.unpack_from("<4I", s[4], i) for i in range(0, len(s[4]), 32)]
        self.groups = [struct.unpack_from("<QQII", s[7], 96 * i) for i in range(groups)]

    @staticmethod
    def end_at(b, t, end):
        """The footer that belongs to a trailer which ends there, or None."""
        need(u32(t, 20) == 1, f"written by a newer weft: format {u32(t, 20)}, this one reads 1")
        data, tail, f = u64(t, 0), u64(t, 8), b[max(0, end - 48 - u32(t, 16)):end - 48]
        fits = data + 2 * tail == len(b) and end in (len(b), data + tail) and tail == (data + 16383) // 16384 * 8 + len(f) + 48
        return f if fits and xxh3(f + t[:32]) == u64(t, 32) else None

    @staticmethod
    def read_strings(pages, index):
        count, page_count = u32(index, 0), u32(index, 4)
        out = []
        for p in range(page_count):
            offset, stored, raw, first, _, _ = struct.unpack_from("<QIIIII", index, 8 + 28 * p)
            need(first == len(out), "the string index has another first number")
            page, at, last = inflate(pages[offset:offset + stored], raw), 0, b""
            while at < len(page):
                shared, at = varint(page, at)
                n, at = varint(page, at)
                last = last[:shared] + page[at:at + n]
                out.append(last)
                at += n
        need(len(out) == count and all(a < b for a, b in zip(out, out[1:])), "strings are not sorted, or another number")
        return out

    def spans(self):
        for offset, length, spans, traces in self.groups:
            yield from RowGroup(self, self.b[offset:offset + length], spans, traces).spans()


class RowGroup:
    def __init__(self, block, b, spans, traces):
        self.block, self.span_count, self.trace_count = block, spans, traces
        need(b[:4] == b"WRG1", "no row group")
        self.s = {}
        for i in range(u32(b, 4)):
            kind, flags, offset, length = struct.unpack_from("<HHII", b, 8 + 12 * i)
            need(kind <= 20 or not flags & 1, f"row group section {kind} is required and unknown")
            self.s[kind] = b[offset:offset + length]
        self.data = self.s[19]
        self.local_keys = names(self.s[18]) if self.s.get(18) else []
        self.groups = [struct.unpack_from("<8I", self.s[13], i) for i in range(0, len(self.s[13]), 32)]
        codes = [(u32(self.s[16], i), u32(self.s[16], i + 4)) for i in range(0, len(self.s[16]), 8)]
        self.runs, entries = [], self.run_entries()
        for (code, first), (_, end) in zip(codes, codes[1:]):
            for r in range(first, end):
                self.runs.append((code, *entries[r]))
        self.decoded = {}

    def run_entries(self):
        s = self.s[17]
        if s[:4] != b"\xff" * 4:
            return list(struct.iter_unpack("<IIIHBB", s))
        fields, at = [], 8
        for _ in range(6):
            fields.append(paged(s, at, u32(s, 4)))
            at += paged_bytes(s, at)
        need(at == len(s), "bytes behind the directory of runs")
        return list(zip(*fields))

    def rows_present(self, at, mode, rows):
        if mode == 0:
            return list(range(rows)), at
        count, at = u32(self.data, at), at + 8
        if mode == 2:
            return [u16(self.data, at + 2 * i) for i in range(count)], at + pad(2 * count, 8)
        at += pad(2 * ((rows + 511) // 512), 8)
        bits = unpack_bits(self.data[at:], rows, 1)
        return [i for i in range(rows) if bits[i]], at + pad((rows + 7) // 8, 8)

    def plain(self, at, count):
        d, out = self.data, []
        for p in range(u32(d, at)):
            first, offset, stored, raw = struct.unpack_from("<4I", d, at + 8 + 16 * p)
            need(first == len(out), "a plain page begins with another value")
            end = u32(d, at + 8 + 16 * (p + 1)) if p + 1 < u32(d, at) else count
            page, where, lengths = inflate(d[at + offset:at + offset + stored], raw), 0, []
            for _ in range(end - first):
                n, where = varint(page, where)
                lengths.append(n)
            for n in lengths:
                out.append(page[where:where + n])
                where += n
        return out

    def values(self, number):
        """{row in the group: number or bytes}"""
        if number in self.decoded:
            return self.decoded[number]
        code, at, base, _, group, encoding, bits = self.runs[number]
        d, rows, wide = self.data, self.groups[group][0], code & 7 in (3, 4)
        present, at = self.rows_present(at, encoding >> 4 & 3, rows)
        n, encoding, spelt_mode = len(present), encoding & 15, encoding >> 6
        if wide and encoding in (0, 1, 2):
            base, at = u64(d, at), at + 16
        if encoding == 0:
            v = [base] * n
        elif encoding == 1:
            v = [(base + x) % 2**64 for x in unpack_bits(d[at:], n, bits)]
        elif encoding == 2:
            count, size = u32(d, at), 8 if wide else 4
            table = [int.from_bytes(d[at + 8 + size * i:at + 8 + size * i + size], "little") for i in range(count)]
            v = [table[c] for c in unpack_bits(d[at + 8 + pad(size * count, 8):], n, bits)]
        elif encoding == 3:
            v = self.plain(at, n)
        elif encoding == 4:
            v = []
            for i in range(n):
                h = d[at + 16 * i:at + 16 * i + 16].hex()
                v.append(f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}".encode())
        elif encoding == 5:
            low, exponent = signed(u64(d, at)), u32(d, at + 16)
            v = [u64(struct.pack("<d", (low + x) / 10**exponent), 0) for x in unpack_bits(d[at + 24:], n, bits)]
        elif encoding == 6:
            spelt, at = self.rows_present(at, spelt_mode, n)
            numbers = [base + x for x in unpack_bits(d[at:], n - len(spelt), bits)]
            words = self.plain(at + pad(((n - len(spelt)) * bits + 7) // 8, 8), len(spelt))
            v, is_spelt = [], set(spelt)
            for i in range(n):
                v.append(words.pop(0) if i in is_spelt else numbers.pop(0))
        else:
            need(encoding == 7, f"unknown encoding {encoding}")
            source, number_of_map = u32(d, at), u32(d, at + 4)
            offset, first, count, low, width, _ = struct.unpack_from("<6I", self.s[15], 8 + 24 * number_of_map)
            table = unpack_bits(self.s[15][offset:], count, width)
            v = [low + table[x - first] - 1 for x in self.values(source).values()]
        self.decoded[number] = dict(zip(present, v))
        return self.decoded[number]

    def bytes_of(self, v):
        return v if isinstance(v, (bytes, bytearray)) else self.block.strings[v]

    def key(self, number):
        return self.block.keys[number] if number < len(self.block.keys) else self.local_keys[number - len(self.block.keys)]

    # ---- events and links ----

    def token(self, b, at):
        v, at = varint(b, at)
        return (self.block.strings[v // 2], at) if v % 2 == 0 else (b[at:at + v // 2], at + v // 2)

    def value(self, kind, b, at):
        if kind in (1, 5, 6, 7):
            return self.token(b, at)
        if kind == 2:
            return b[at], at + 1
        if kind == 3:
            value, at = varint(b, at)
            return (value >> 1 ^ -(value & 1)) % 2**64, at
        return (u64(b, at), at + 8) if kind == 4 else (None, at)

    def attributes(self, b, at):
        count, at = varint(b, at)
        out = []
        for _ in range(count):
            kind, at = b[at], at + 1
            v, at = varint(b, at)
            key, at = (self.block.keys[v // 2], at) if v % 2 == 0 else (b[at:at + v // 2], at + v // 2)
            value, at = self.value(kind, b, at)
            out.append({"key": text(key), "value": plain_value(kind, value)})
        return out, at

    def events(self, b, start):
        count, at = varint(b, 0)
        out = []
        for _ in range(count):
            v, at = varint(b, at)
            name, at = self.token(b, at)
            dropped, at = varint(b, at)
            listed, at = self.attributes(b, at)
            out.append({"timeUnixNano": str((start + (v >> 1 ^ -(v & 1))) % 2**64), "name": text(name), "dropped": dropped, "attributes": listed})
        return out

    def links(self, b):
        count, at = varint(b, 0)
        out = []
        for _ in range(count):
            ids, at = b[at:at + 24], at + 24
            flags, at = varint(b, at)
            state, at = self.token(b, at)
            dropped, at = varint(b, at)
            listed, at = self.attributes(b, at)
            out.append({"traceId": ids[:16].hex(), "spanId": ids[16:].hex(), "flags": flags, "traceState": text(state), "dropped": dropped,
                        "attributes": listed})
        return out

    def rest(self, b):
        """[(key code, number or bytes)]"""
        count, at = varint(b, 0)
        out, key = [], 0
        for _ in range(count):
            kind, at = b[at], at + 1
            step, at = varint(b, at)
            key += step
            need(self.has_rare_key(key), f"key {key} is not among the rare keys")
            value, at = self.value(kind, b, at)
            out.append((8 * (key + 16) + kind, value))
        need(at == len(b), "a rest is longer than its attributes")
        return out

    def has_rare_key(self, key):
        form, count = u32(self.s[20], 0), u32(self.s[20], 4)
        if form == 1:
            return key < count and self.s[20][8 + key // 8] >> key % 8 & 1
        need(form == 2, f"rare keys of form {form}")
        return key in struct.unpack_from(f"<{count}I", self.s[20], 8)

    # ---- rows ----

    def spans(self):
        n, s = self.span_count, self.s
        prefix, per_trace, start0 = paged(s[1], 0, self.trace_count), paged(s[3], 0, self.trace_count), paged(s[5], 0, self.trace_count)
        depth, group_of, status = (row_column(s[i], per_trace) for i in (9, 10, 11))
        orphans = u32(s[12], 0)
        parents_at = 4 + pad(2 * orphans, 4)
        parents = {u16(s[12], 4 + 2 * i): s[12][parents_at + 8 * i:parents_at + 8 * i + 8] for i in range(orphans)}
        columns = [[paged(self.data, at, g[0]) for at in g[4:7]] for g in self.groups]
        runs = [[r for r in range(len(self.runs)) if self.runs[r][4] == g] for g in range(len(self.groups))]
        seen, path, row = [0] * len(self.groups), [], 0
        for trace in range(self.trace_count):
            trace_id = struct.pack(">Q", prefix[trace]) + s[2][8 * trace:8 * trace + 8]
            for _ in range(per_trace[trace]):
                span_id, g = s[8][8 * row:8 * row + 8], group_of[row]
                path = path[:depth[row]] + [span_id]
                parent = parents.get(row, path[-2] if depth[row] > 0 else bytes(8))
                yield self.span(trace_id, span_id, parent, status[row], start0[trace], g, seen[g], columns[g], runs[g])
                seen[g] += 1
                row += 1

    def span(self, trace_id, span_id, parent, status, trace_start, g, i, columns, runs):
        head, start, duration = columns[0][i], trace_start + columns[1][i], columns[2][i]
        resource, scope, name, kind = self.block.heads[head]
        name = b"" if name == 0x7fffffff else self.block.strings[name]
        more, end = {"attributes": [], "dropped": [0, 0, 0]}, start + duration
        values = [(self.runs[r][0], self.values(r)[i]) for r in runs if i in self.values(r)]
        rest = [v for code, value in values if code >> 3 == 11 for v in self.rest(self.bytes_of(value))]
        for code, value in sorted(values + rest, key=lambda v: v[0]):
            number, kind_of_value = code >> 3, code & 7
            if number >= 16:
                if kind_of_value in (1, 5, 6, 7):
                    value = self.bytes_of(value)
                more["attributes"].append({"key": text(self.key(number - 16)), "value": plain_value(kind_of_value, value)})
            elif number == 0:
                name = self.bytes_of(value)
            elif number in (1, 2):
                more["statusMessage" if number == 1 else "traceState"] = text(self.bytes_of(value))
            elif number == 3:
                more["flags"] = value
            elif number in (4, 5, 6):
                more["dropped"][number - 4] = value
            elif number == 7:
                end = start + value
            elif number == 8:
                more["events"] = self.events(self.bytes_of(value), start)
            elif number == 9:
                more["links"] = self.links(self.bytes_of(value))
        return span_dict(trace_id, span_id, parent, start, end, kind, status, name, resource_of(self.block.resources[resource]),
                         scope_of(self.block.scopes[scope]), **more)


class Bundle:
    def __init__(self, b):
        _, d = sound_end(b, b"weftbdl\1", self.end_at)
        self.members = []
        for i in range(u32(d, 0)):
            kind, flags, offset, length = struct.unpack_from("<IIQQ", d, 8 + 24 * i)
            need(kind in (1, 2) or not flags & 1, f"section {kind} is required and unknown")
            if kind == 1:
                for at in range(offset, offset + length, 32):
                    number, where, size, _ = struct.unpack_from("<4Q", d, at)
                    block = Block(b[where:where + size])
                    need(block.number == number, "a member has another number")
                    self.members.append(block)

    @staticmethod
    def end_at(b, t, end):
        """The directory that belongs to a trailer which ends there, or None."""
        need(u32(t, 12) == 1, f"written by a newer weft: format {u32(t, 12)}, this one reads 1")
        first, tail = u64(t, 0), u32(t, 8) + 48
        fits = pad(first + tail, 4096) + tail == len(b) and end in (len(b), first + tail)
        d = b[max(0, end - tail):end - 48]
        return d if fits and xxh3(d + t[:32]) == u64(t, 32) else None

    def spans(self):
        for block in self.members:
            yield from block.spans()


class Catalog:
    def __init__(self, b):
        need(b[:8] == b"WEFTCAT\n", "no CATALOG")
        need(xxh3(b[:-8]) == u64(b, len(b) - 8), "checksum of CATALOG")
        need(u32(b, 8) == 2, f"CATALOG of version {u32(b, 8)}, 2 expected")
        self.next_number, self.entries, self.bundles, at = u64(b, 16), [], [], 32
        for _ in range(u32(b, 12)):
            number, size, spans, traces = struct.unpack_from("<4Q", b, at)
            bundle, _, _, segments, blocks = struct.unpack_from("<QIIII", b, at + 112)
            self.entries.append({"number": number, "bytes": size, "spans": spans, "traces": traces, "bundle": bundle})
            at += 136 + 8 * (segments + blocks)
        for _ in range(u32(b, 24)):
            number, size, _, members, superseded = struct.unpack_from("<3QII", b, at)
            self.bundles.append({"number": number, "bytes": size, "members": members})
            at += 32 + 8 * superseded
        need(at == len(b) - 8, "bytes behind the entries")


def open_file(path):
    with open(path, "rb") as f:
        b = f.read()
    kinds = {b"weftseg1": Segment, b"weftblk\1": Block, b"weftbdl\1": Bundle}
    return kinds[b[:8] if b[:8] in kinds else b[-8:]](b)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        for span in open_file(path).spans():
            print(json.dumps(span, ensure_ascii=True))
