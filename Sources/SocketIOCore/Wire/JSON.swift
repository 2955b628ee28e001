/// A JSON value (RFC 8259), with one addition: bytes, which Socket.IO sends beside the text.
///
/// Objects keep the order of their members, because clients and tests compare the text.
public enum JSON: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// The number as it is written, so that no digit is lost. What ``parse(_:maxDepth:maxValues:)`` returns
    /// is checked; who makes one by hand vouches for it.
    case number(String)
    /// Text, without its quotation marks and escapes.
    case string(String)
    /// Values in their order.
    case array([JSON])
    /// Members in the order they are written; names may repeat.
    case object([Member])
    /// Never in a JSON text: an attachment of a Socket.IO packet.
    case binary([UInt8])

    /// One name of an object and what stands behind it.
    public struct Member: Equatable, Sendable {
        /// The name, unescaped.
        public var key: String
        /// What the name stands for.
        public var value: JSON

        /// A member of that name and value.
        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// A member of an object; nil for other values and missing keys. Of several with one name the last
    /// counts, as in JavaScript.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// Reads one JSON text; nothing but blanks may stand around the value.
    ///
    /// - Limits: `maxDepth` arrays and objects inside each other (512 at most, whatever is asked for, to
    ///   spare the stack) and `maxValues` values in all.
    /// - Errors: ``JSONError``, always the sender's fault. An escaped lone surrogate is not an error but
    ///   reads as U+FFFD, because a Swift string cannot hold it.
    /// - Source: RFC 8259; the whole text is UTF-8 (8.1).
    public static func parse(
        _ bytes: ArraySlice<UInt8>, maxDepth: Int = 64, maxValues: Int = 100_000
    ) throws(JSONError) -> JSON {
        var parser = JSONParser(bytes, maxDepth: min(maxDepth, 512), maxValues: maxValues)
        return try parser.document()
    }

    /// The JSON text, without blanks, escaped as JavaScript's `JSON.stringify` does.
    ///
    /// - Parameter ascii: also writes every UTF-16 unit above U+007F as `\uXXXX`. That is what Engine.IO 3
    ///   needs, where nothing tells whether a client reads UTF-8 once or twice.
    /// - Note: ``binary(_:)`` is written as Node.js writes a `Buffer`, for protocols that have no
    ///   attachments.
    public func bytes(ascii: Bool = false) -> [UInt8] {
        var writer = JSONWriter(ascii: ascii)
        writer.write(self)
        return writer.bytes
    }

    /// `s` as a JSON string, with its quotation marks.
    public static func quoted(_ s: String, ascii: Bool = false) -> [UInt8] {
        var writer = JSONWriter(ascii: ascii)
        writer.write(s)
        return writer.bytes
    }
}

/// Why a text is not JSON, or more of it than is taken. Positions are bytes from the start of the text.
public enum JSONError: Error, Equatable, Sendable {
    /// The text is over before the value is.
    case endsTooSoon
    /// A byte that cannot stand there.
    case unexpected(UInt8, at: Int)
    /// Bytes that are no UTF-8.
    case invalidUTF8(at: Int)
    /// More arrays and objects inside each other than allowed.
    case deeper(than: Int)
    /// More values in all than allowed.
    case moreValues(than: Int)
}
