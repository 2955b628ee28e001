/// Session ids: 20 characters of URL-safe base64, as every revision of the protocol uses.
///
/// 15 bytes: 12 from the caller's source of randomness (96 bits, not to be guessed), 2 that name the node and
/// 1 that names the event loop which owns the session, so that a request which lands anywhere finds its way.
package struct SessionID: Hashable, Sendable {
    package let text: String

    package init(node: UInt16, loop: UInt8, random: () -> UInt64) {
        let a = random()
        let b = random()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(15)
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: a >> shift))
        }
        for shift in stride(from: 24, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: b >> shift))
        }
        bytes += [UInt8(node >> 8), UInt8(node & 255), loop]
        text = Self.encoded(bytes)
    }

    /// The public id that goes with a private one, the same on every node and after a restart: a client that comes
    /// back with its private id is known by its old name, though nobody has kept it. The private id cannot be told
    /// from it.
    package static func publicID(for privateID: String) -> String {
        encoded(Array(SHA1.hash(Array(privateID.utf8)).prefix(15)))
    }

    /// The node and loop that a sid names; nil when it is none of ours.
    package static func place(of sid: some StringProtocol) -> (node: UInt16, loop: UInt8)? {
        let text = Array(sid.utf8)
        guard text.count == 20 else { return nil }
        var bits: UInt32 = 0
        for (index, character) in text.enumerated() {
            guard let digit = digit(of: character) else { return nil }
            if index >= 16 { bits = bits << 6 | UInt32(digit) }
        }
        return (UInt16(bits >> 8), UInt8(bits & 255))
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func encoded(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(20)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let bits = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2])
            for shift in [18, 12, 6, 0] as [UInt32] { text.append(alphabet[Int(bits >> shift & 63)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
