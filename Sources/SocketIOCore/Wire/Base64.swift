/// Base 64 (RFC 4648, section 4), which carries bytes where only text can go.
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// 0…63 for a letter of the alphabet, also of the URL-safe one (RFC 4648, section 5); 255 for any other
    /// byte.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()

    /// With padding.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index + 2 < bytes.count {
            append(bytes[index], bytes[index + 1], bytes[index + 2], to: &text)
            index += 3
        }
        let left = bytes.count - index
        if left > 0 {
            append(bytes[index], left > 1 ? bytes[index + 1] : 0, 0, to: &text)
            text.replaceSubrange(
                (text.count - 3 + left)..., with: repeatElement(UInt8(ascii: "="), count: 3 - left))
        }
        return text
    }

    private static func append(_ a: UInt8, _ b: UInt8, _ c: UInt8, to text: inout [UInt8]) {
        text.append(alphabet[Int(a >> 2)])
        text.append(alphabet[Int(a << 4 & 0x30 | b >> 4)])
        text.append(alphabet[Int(b << 2 & 0x3C | c >> 6)])
        text.append(alphabet[Int(c & 0x3F)])
    }

    /// Reads as Node.js does: padding is optional and ends the text, other bytes outside the alphabet are
    /// skipped, a last letter that makes no byte is dropped. Nothing is refused.
    package static func decode(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        let values = self.values
        for letter in text {
            if letter == UInt8(ascii: "=") { break }
            let value = values[Int(letter)]
            if value == 255 { continue }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return bytes
    }
}
