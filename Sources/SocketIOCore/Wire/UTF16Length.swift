/// Lengths as JavaScript counts them, in UTF-16 code units, of text that is kept in UTF-8: "é" is 1, "😀" is
/// 2.
enum UTF16Length {
    static func count(_ text: some Sequence<UInt8>) -> Int {
        // Of a letter's bytes the first one counts: once, or twice where four bytes are two surrogates.
        text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : $1 < 0xF0 ? 1 : 2) }
    }

    /// Where `units` code units from `start` on end; `text` is UTF-8.
    static func end(of units: Int, from start: Int, in text: [UInt8]) throws(PayloadError) -> Int {
        var left = units
        var index = start
        while left > 0 {
            guard index < text.count else { throw .shorter(than: units) }
            let first = text[index]
            let cost = first < 0xF0 ? 1 : 2
            guard cost <= left else { throw .splitsALetter }
            left -= cost
            index += first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        }
        return index
    }

    /// A decimal length; nil when there are no digits, or more than any body is long.
    static func parse(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...10).contains(digits.count), digits.allSatisfy(\.isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// `bytes` as a reader sees them who puts U+FFFD in the place of what is not UTF-8, as Node.js does.
    /// Copied only if there is such a place.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var utf8 = UTF8Validator()
        if bytes.withUnsafeBytes({ utf8.accept($0) }), utf8.isComplete { return bytes }
        return Array(String(decoding: bytes, as: UTF8.self).utf8)
    }
}
