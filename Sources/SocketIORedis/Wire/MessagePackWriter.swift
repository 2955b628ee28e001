package import SocketIOCore

/// Why bytes are no MessagePack, or more of it than is taken. Positions are bytes from the start.
package enum MessagePackError: Error, Equatable, Sendable {
    case endsTooSoon
    /// `0xC1`, which MessagePack never uses.
    case unknownForm(UInt8, at: Int)
    case keyIsNoText(at: Int)
    /// An extension that is none of ``MessagePack``'s; -1 is MessagePack's own timestamp.
    case unknownExtension(Int8)
    case deeperThan(Int)
    case moreValuesThan(Int)
    case bytesLeft(Int)
}

/// MessagePack as the Redis adapter of Socket.IO writes it (notepack.io 3), and whatever else a writer may choose
/// for the same values.
///
/// | here | there |
/// | --- | --- |
/// | ``JSON/number(_:)`` | the shortest integer that holds it, or else float 64 |
/// | ``JSON/binary(_:)`` | bin; also read from notepack's `ArrayBuffer` (extension 0) |
/// | nothing | `undefined` (`D4 00 00`): left out of a map, null in a list, as `JSON.stringify` does |
/// | an ISO 8601 string | notepack's `Date` (`D7 00`), as `JSON.stringify` writes it |
///
/// - Source: MessagePack specification, "Formats"; notepack.io `lib/encode.js`, `lib/decode.js`.
package enum MessagePack {
    package static func encode(_ value: JSON) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    /// Reads one value, which must be all there is.
    ///
    /// - Limits: `maxDepth` lists and maps inside each other (256 at most, to spare the stack) and `maxValues`
    ///   values in all. A string that is not UTF-8 reads as one with U+FFFD, as in JavaScript.
    package static func decode(
        _ bytes: ArraySlice<UInt8>, maxDepth: Int = 66, maxValues: Int = 100_000
    ) throws(MessagePackError) -> JSON {
        var reader = MessagePackReader(bytes, maxDepth: min(maxDepth, 256), maxValues: maxValues)
        return try reader.document()
    }

    static func append(_ value: JSON, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes.append(0xC0)
        case .bool(let value): bytes.append(value ? 0xC3 : 0xC2)
        case .number(let text): append(number: text, to: &bytes)
        case .string(let text): append(string: text, to: &bytes)
        case .array(let elements):
            appendCount(elements.count, short: (0x90, 16), long: (nil, 0xDC, 0xDD), to: &bytes)
            for element in elements { append(element, to: &bytes) }
        case .object(let members):
            appendCount(members.count, short: (0x80, 16), long: (nil, 0xDE, 0xDF), to: &bytes)
            for member in members {
                append(string: member.key, to: &bytes)
                append(member.value, to: &bytes)
            }
        case .binary(let data):
            appendCount(data.count, short: nil, long: (0xC4, 0xC5, 0xC6), to: &bytes)
            bytes += data
        }
    }

    private static func append(string: String, to bytes: inout [UInt8]) {
        var string = string
        string.withUTF8 { utf8 in
            appendCount(utf8.count, short: (0xA0, 32), long: (0xD9, 0xDA, 0xDB), to: &bytes)
            bytes += utf8
        }
    }

    /// - Parameters:
    ///   - short: The form that holds the count in its own byte, and how many counts it has.
    ///   - long: The forms with one, two and four bytes behind them.
    private static func appendCount(
        _ count: Int, short: (form: UInt8, counts: Int)?, long: (one: UInt8?, two: UInt8, four: UInt8),
        to bytes: inout [UInt8]
    ) {
        if let short, count < short.counts {
            bytes.append(short.form | UInt8(count))
        } else if let one = long.one, count < 0x100 {
            bytes += [one, UInt8(count)]
        } else if count < 0x1_0000 {
            bytes.append(long.two)
            append(UInt64(count), bytes: 2, to: &bytes)
        } else {
            bytes.append(long.four)
            append(UInt64(count), bytes: 4, to: &bytes)
        }
    }

    private static func append(number text: String, to bytes: inout [UInt8]) {
        if let number = Int64(text), text != "-0" {
            append(number, to: &bytes)
        } else if let number = UInt64(text) {
            bytes.append(0xCF)
            append(number, bytes: 8, to: &bytes)
        } else {
            bytes.append(0xCB)
            append((Double(text) ?? 0).bitPattern, bytes: 8, to: &bytes)
        }
    }

    private static func append(_ number: Int64, to bytes: inout [UInt8]) {
        let bits = UInt64(bitPattern: number)
        switch number {
        case -32..<128: bytes.append(UInt8(truncatingIfNeeded: bits))
        case 128..<0x100: bytes += [0xCC, UInt8(truncatingIfNeeded: bits)]
        case 0x100..<0x1_0000:
            bytes.append(0xCD)
            append(bits, bytes: 2, to: &bytes)
        case 0x1_0000..<0x1_0000_0000:
            bytes.append(0xCE)
            append(bits, bytes: 4, to: &bytes)
        case 0x1_0000_0000...:
            bytes.append(0xCF)
            append(bits, bytes: 8, to: &bytes)
        case -0x80 ..< -32: bytes += [0xD0, UInt8(truncatingIfNeeded: bits)]
        case -0x8000 ..< -0x80:
            bytes.append(0xD1)
            append(bits, bytes: 2, to: &bytes)
        case -0x8000_0000 ..< -0x8000:
            bytes.append(0xD2)
            append(bits, bytes: 4, to: &bytes)
        default:
            bytes.append(0xD3)
            append(bits, bytes: 8, to: &bytes)
        }
    }

    /// The low bytes of a number, the highest of them first.
    private static func append(_ bits: UInt64, bytes count: Int, to bytes: inout [UInt8]) {
        for shift in stride(from: (count - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
    }
}
