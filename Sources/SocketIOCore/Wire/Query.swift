/// The query of a request target, and forms, which have the same syntax.
///
/// Nothing is refused: a percent sign that begins no escape stands for itself, and what is not UTF-8 reads as
/// U+FFFD.
///
/// - Source: URL Standard, "application/x-www-form-urlencoded parsing"; RFC 3986, 2.1.
package enum Query {
    /// The parameters in their order, at most `maxParameters` of them; what follows is ignored.
    ///
    /// - Parameter query: what stands behind the question mark, still encoded; a plus sign is a blank.
    package static func parse(
        _ query: Substring, maxParameters: Int = 256
    ) -> [(name: String, value: String)] {
        query.utf8.split(separator: UInt8(ascii: "&"), maxSplits: max(maxParameters, 1)).prefix(maxParameters)
            .map { field in
                let name = field.prefix { $0 != UInt8(ascii: "=") }
                return (decodedText(name), decodedText(field.dropFirst(name.count + 1)))
            }
    }

    /// The first parameter of this name; "" when it has no value.
    package static func first(_ name: String, in query: Substring) -> String? {
        var query = query
        var name = name
        return query.withUTF8 { query in name.withUTF8 { first($0, in: query) } }
    }

    /// By bytes, because a handshake asks for ten of them.
    private static func first(
        _ name: UnsafeBufferPointer<UInt8>, in query: UnsafeBufferPointer<UInt8>
    ) -> String? {
        var start = 0
        var left = maxParameters
        while start < query.count, left > 0 {
            let end = query[start...].firstIndex(of: UInt8(ascii: "&")) ?? query.count
            defer { start = end + 1 }
            if end == start { continue }
            left -= 1
            let nameEnd = query[start..<end].firstIndex(of: UInt8(ascii: "=")) ?? end
            if reads(query[start..<nameEnd], as: name) {
                return decodedText(query[min(nameEnd + 1, end)..<end])
            }
        }
        return nil
    }

    /// Most names stand there as they are, and are not decoded to be passed over.
    private static func reads(
        _ encoded: Slice<UnsafeBufferPointer<UInt8>>, as name: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        if encoded.count == name.count, encoded.elementsEqual(name) { return true }
        guard encoded.contains(UInt8(ascii: "%")) || encoded.contains(UInt8(ascii: "+")) else { return false }
        return decodedText(encoded).utf8.elementsEqual(name)
    }

    /// What follows is ignored.
    private static let maxParameters = 256

    /// The first field of this name in a form, as bytes.
    package static func formField(_ name: String, in body: ArraySlice<UInt8>) -> [UInt8]? {
        for field in body.lazy.split(separator: UInt8(ascii: "&")) {
            let fieldName = field.prefix { $0 != UInt8(ascii: "=") }
            if percentDecoded(fieldName, plusIsBlank: true).elementsEqual(name.utf8) {
                return percentDecoded(field.dropFirst(fieldName.count + 1), plusIsBlank: true)
            }
        }
        return nil
    }

    /// `%XX` becomes the byte XX.
    package static func percentDecoded(_ text: some Collection<UInt8>, plusIsBlank: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first?.hexValue,
                let low = rest.dropFirst().first?.hexValue
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") && plusIsBlank ? 0x20 : byte)
            }
        }
        return bytes
    }

    private static func decodedText(_ text: some Collection<UInt8>) -> String {
        String(decoding: percentDecoded(text, plusIsBlank: true), as: UTF8.self)
    }
}
