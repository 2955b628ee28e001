/// The digits of URL-safe base 64 (RFC 4648, section 5), of which ids and numbers for clients are made.
package enum Base64URL {
    package static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// 0…63; nil for a byte that is no digit.
    package static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// The lowest `digits` digits of a number, 10 at most, the highest first.
    package static func text(_ number: UInt64, digits: Int) -> String {
        let places = stride(from: 6 * (digits - 1), through: 0, by: -6)
        return String(decoding: places.map { alphabet[Int(number >> UInt64($0) & 63)] }, as: UTF8.self)
    }

    /// Nil where something is no digit. Of more than 10 digits the first are lost.
    package static func number(_ text: some StringProtocol) -> UInt64? {
        var number: UInt64 = 0
        for digit in text.utf8 {
            guard let value = value(of: digit) else { return nil }
            number = number << 6 | UInt64(value)
        }
        return number
    }
}
