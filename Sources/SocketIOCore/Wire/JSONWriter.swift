/// Appends JSON texts to bytes. See ``JSON/bytes(ascii:)``.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    /// Non-ASCII letters become `\uXXXX`.
    let ascii: Bool
    /// The text stands inside a script: `<`, U+2028 and U+2029 become `\uXXXX`. `<` because `</script>` would
    /// end the element, the others because before ES2019 they were line ends, which no JavaScript string may
    /// contain.
    let isScript: Bool

    init(ascii: Bool = false, isScript: Bool = false) {
        self.ascii = ascii
        self.isScript = isScript
    }

    mutating func write(_ json: JSON) {
        switch json {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .number(let text): bytes += text.utf8
        case .string(let text): write(text)
        case .array(let elements):
            writeList(elements, from: "[", to: "]") { writer, element in writer.write(element) }
        case .object(let members):
            writeList(members, from: "{", to: "}") { writer, member in
                writer.write(member.key)
                writer.bytes.append(UInt8(ascii: ":"))
                writer.write(member.value)
            }
        case .binary(let data):
            bytes += #"{"type":"Buffer","data":"#.utf8
            writeList(data, from: "[", to: "]") { writer, byte in writer.bytes += String(byte).utf8 }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private mutating func writeList<Item>(
        _ items: [Item], from start: Unicode.Scalar, to end: Unicode.Scalar,
        _ item: (inout JSONWriter, Item) -> Void
    ) {
        bytes.append(UInt8(ascii: start))
        for (index, element) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            item(&self, element)
        }
        bytes.append(UInt8(ascii: end))
    }

    // MARK: Strings

    /// A string with its quotation marks. Stretches that need no escape are copied at once.
    mutating func write(_ string: String) {
        var string = string
        string.withUTF8 { utf8 in
            bytes.reserveCapacity(bytes.count + utf8.count + 2)
            bytes.append(UInt8(ascii: "\""))
            var clean = 0
            var index = 0
            while index < utf8.count {
                let length = escapedLength(at: index, in: utf8)
                if length > 0 {
                    bytes += utf8[clean..<index]
                    writeEscape(utf8[index..<(index + length)])
                    clean = index + length
                }
                index += max(length, 1)
            }
            bytes += utf8[clean...]
            bytes.append(UInt8(ascii: "\""))
        }
    }

    /// How many bytes from `index` on are one letter that must be escaped; 0 when it may stand as it is.
    private func escapedLength(at index: Int, in utf8: UnsafeBufferPointer<UInt8>) -> Int {
        let byte = utf8[index]
        switch byte {
        case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): return 1
        case UInt8(ascii: "<"): return isScript ? 1 : 0
        case 0..<0x80: return 0
        case _ where ascii: return byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
        case 0xE2 where isScript:
            return utf8[index + 1] == 0x80 && (utf8[index + 2] & 0xFE) == 0xA8 ? 3 : 0
        default: return 0
        }
    }

    private mutating func writeEscape(_ letter: Slice<UnsafeBufferPointer<UInt8>>) {
        bytes.append(UInt8(ascii: "\\"))
        switch letter.first {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""): bytes.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
        default:
            for (index, unit) in String(decoding: letter, as: UTF8.self).utf16.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: "\\")) }
                writeHex(unit)
            }
        }
    }

    private mutating func writeHex(_ unit: UInt16) {
        bytes.append(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] as [UInt16] {
            let digit = UInt8(unit >> shift & 15)
            bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}
