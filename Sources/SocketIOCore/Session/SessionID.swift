/// Session ids: 20 characters of URL-safe base64, as every revision of the protocol uses.
///
/// 15 bytes: 12 from the caller's source of randomness (96 bits, not to be guessed), 2 that name the node and
/// 1 that names the event loop which owns the session, so that a request which lands anywhere finds its way.
package struct SessionID: Hashable, Sendable {
    /// The 15 bytes as two numbers: 8 bytes, then 7.
    private let high: UInt64
    private let low: UInt64

    /// Spread evenly over all numbers, also where the source of randomness only counts.
    package var spread: UInt64 { high &* 0x9e37_79b9_7f4a_7c15 }

    package init(node: UInt16, loop: UInt8, random: () -> UInt64) {
        high = random()
        low = (random() & 0xFFFF_FFFF) << 24 | UInt64(node) << 8 | UInt64(loop)
    }

    /// Nil when it cannot be one of ours.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 20 else { return nil }
        var text = String(text)
        var high: UInt64 = 0
        var low: UInt64 = 0
        let isValid = text.withUTF8 { characters in
            for character in characters {
                guard let digit = Base64URL.value(of: character) else { return false }
                high = high << 6 | low >> 50
                low = low << 6 & 0xFF_FFFF_FFFF_FFFF | UInt64(digit)
            }
            return true
        }
        guard isValid else { return nil }
        self.high = high
        self.low = low
    }

    package var text: String {
        let shifts = stride(from: 56, through: 0, by: -8)
        return Self.encoded(
            shifts.map { UInt8(truncatingIfNeeded: high >> UInt64($0)) }
                + shifts.dropFirst().map { UInt8(truncatingIfNeeded: low >> UInt64($0)) })
    }

    /// The public id that goes with a private one, the same on every node and after a restart: a client that comes
    /// back with its private id is known by its old name, though nobody has kept it. The private id cannot be told
    /// from it.
    package static func publicID(for privateID: String) -> String {
        encoded(Array(SHA1.hash(Array(privateID.utf8)).prefix(15)))
    }

    /// The node and loop that a sid names; nil when it is none of ours.
    package static func place(of sid: some StringProtocol) -> (node: UInt16, loop: UInt8)? {
        SessionID(sid).map { (UInt16(truncatingIfNeeded: $0.low >> 8), UInt8(truncatingIfNeeded: $0.low)) }
    }

    private static func encoded(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count / 3 * 4) { text in
            var place = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let bits = bytes[start..<(start + 3)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                for shift in [18, 12, 6, 0] as [UInt32] {
                    text[place] = Base64URL.alphabet[Int(bits >> shift & 63)]
                    place += 1
                }
            }
            return place
        }
    }
}
