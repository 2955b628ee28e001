/// A value as a Redis server sends it, of RESP2 or RESP3.
///
/// - Source: Redis serialization protocol specification, "RESP protocol description".
package indirect enum RESPValue: Equatable, Sendable {
    case simple(String)
    /// `-`, or RESP3's `!`: the first word is a code such as `ERR` or `NOAUTH`.
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([RESPValue])
    case double(Double)
    case boolean(Bool)
    /// Its decimal digits, as they came.
    case bigNumber(String)
    /// - Parameter format: three letters, `txt` or `mkd`.
    case verbatim(format: String, [UInt8])
    case map([Entry])
    case set([RESPValue])
    /// Not the reply to a command: a message of a subscription, for instance.
    case push([RESPValue])

    package struct Entry: Equatable, Sendable {
        package var key: RESPValue
        package var value: RESPValue

        package init(_ key: RESPValue, _ value: RESPValue) {
            self.key = key
            self.value = value
        }
    }

    /// The bytes of any kind of string, or nil.
    package var bytes: [UInt8]? {
        switch self {
        case .bulk(let bytes), .verbatim(_, let bytes): bytes
        case .simple(let text): Array(text.utf8)
        default: nil
        }
    }

    /// Any kind of string as text; bytes that are no UTF-8 read as U+FFFD.
    package var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    /// The elements of anything that is a list.
    package var elements: [RESPValue]? {
        switch self {
        case .array(let elements), .set(let elements), .push(let elements): elements
        default: nil
        }
    }

    /// The value that goes with a key, in a map or, as RESP2 writes maps, in a list of keys and values in turn.
    package subscript(key: String) -> RESPValue? {
        if case .map(let entries) = self { return entries.first { $0.key.text == key }?.value }
        guard let elements else { return nil }
        return stride(from: 0, to: elements.count - 1, by: 2).first { elements[$0].text == key }
            .map { elements[$0 + 1] }
    }
}

/// Why bytes are no RESP, or more of it than is taken. After any of these the stream cannot be read on.
package enum RESPError: Error, Equatable, Sendable {
    /// No type begins with this byte.
    case unknownType(UInt8)
    /// A number, a boolean or a length that is none.
    case malformed(type: UInt8)
    /// A line without its end after this many bytes.
    case lineLongerThan(Int)
    /// A string of so many bytes was announced.
    case stringLongerThan(Int)
    case deeperThan(Int)
    /// A list, or a whole value, of more elements.
    case moreElementsThan(Int)
}

/// A command, which is always an array of bulk strings, in both revisions.
package enum RESPCommand {
    package static func encoded(_ words: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.reduce(16) { $0 + $1.count + 16 })
        append(words, to: &bytes)
        return bytes
    }

    package static func encoded(_ words: String...) -> [UInt8] { encoded(words.map { Array($0.utf8) }) }

    package static func append(_ words: [[UInt8]], to bytes: inout [UInt8]) {
        bytes += "*\(words.count)\r\n".utf8
        for word in words {
            bytes += "$\(word.count)\r\n".utf8
            bytes += word
            bytes += [13, 10]
        }
    }
}
