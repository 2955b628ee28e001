/// UTF-8 encoded twice: the text's bytes are taken for the letters U+0000 to U+00FF, and these encoded again.
/// So Socket.IO 1.0 sent all its text, and 1.1 to 1.7 their text payloads, and nothing in the handshake
/// tells.
///
/// - Source: engine.io-parser 1.0 `lib/index.js`, which passes text through the package `utf8` first.
package enum DoubleUTF8 {
    /// The text encoded once, if it can only be a text encoded twice: all letters are below U+0100, some
    /// above U+007F, and as bytes they are UTF-8. Else the text as it is: a later client's, where "é" is not
    /// UTF-8 again.
    package static func undone(_ text: [UInt8]) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case 0..<0x80: bytes.append(byte)
            case 0xC2, 0xC3:
                guard let next = rest.popFirst() else { return text }
                bytes.append(byte << 6 | next & 0x3F)
            default: return text
            }
        }
        var utf8 = UTF8Validator()
        guard bytes.withUnsafeBytes({ utf8.accept($0) }), utf8.isComplete else { return text }
        return bytes
    }

    /// For a client that is known to read it so.
    package static func applied(_ text: [UInt8]) -> [UInt8] {
        var twice: [UInt8] = []
        twice.reserveCapacity(text.count * 2)
        for byte in text {
            if byte < 0x80 { twice.append(byte) } else { twice += [0xC0 | byte >> 6, 0x80 | byte & 0x3F] }
        }
        return twice
    }
}
