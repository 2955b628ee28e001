/// Frames of a WebSocket server: whole, final and unmasked.
///
/// - Source: RFC 6455, 5.2 (framing), 5.5 (control frames), 7.4 (close codes); RFC 7692, 6 (RSV1).
package enum WebSocketFrame {
    enum Opcode {
        static let continuation: UInt8 = 0x0
        static let text: UInt8 = 0x1
        static let binary: UInt8 = 0x2
        static let close: UInt8 = 0x8
        static let ping: UInt8 = 0x9
        static let pong: UInt8 = 0xA
    }

    /// RSV1, which says of a message's first frame that the message is compressed.
    static let compressed: UInt8 = 0x40

    /// The longest payload of a control frame.
    static let maxControlBytes = 125

    /// - Parameter isCompressed: the payload is, by permessage-deflate.
    package static func text(_ payload: [UInt8], isCompressed: Bool = false) -> [UInt8] {
        frame(isCompressed ? compressed | Opcode.text : Opcode.text, payload[...])
    }

    /// - Parameter isCompressed: the payload is, by permessage-deflate.
    package static func binary(_ payload: [UInt8], isCompressed: Bool = false) -> [UInt8] {
        frame(isCompressed ? compressed | Opcode.binary : Opcode.binary, payload[...])
    }

    /// What is longer than a control frame can be is cut off.
    package static func ping(_ payload: [UInt8]) -> [UInt8] {
        frame(Opcode.ping, payload.prefix(maxControlBytes))
    }

    /// What is longer than a control frame can be is cut off.
    package static func pong(_ payload: [UInt8]) -> [UInt8] {
        frame(Opcode.pong, payload.prefix(maxControlBytes))
    }

    /// Without a code, the payload is empty and the reason is not sent. A reason that is too long for the
    /// frame is cut behind its last whole letter.
    package static func close(code: UInt16?, reason: String = "") -> [UInt8] {
        guard let code else { return frame(Opcode.close, []) }
        var payload = [UInt8(code >> 8), UInt8(truncatingIfNeeded: code)]
        for scalar in reason.unicodeScalars {
            let letter = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            if payload.count + letter.count > maxControlBytes { break }
            payload += letter
        }
        return frame(Opcode.close, payload[...])
    }

    private static func frame(_ first: UInt8, _ payload: ArraySlice<UInt8>) -> [UInt8] {
        let count = payload.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 10)
        bytes.append(0x80 | first)
        switch count {
        case ...125:
            bytes.append(UInt8(count))
        case ...0xFFFF:
            bytes.append(126)
            appendBigEndian(count, byteCount: 2, to: &bytes)
        default:
            bytes.append(127)
            appendBigEndian(count, byteCount: 8, to: &bytes)
        }
        bytes += payload
        return bytes
    }

    private static func appendBigEndian(_ value: Int, byteCount: Int, to bytes: inout [UInt8]) {
        for place in (0..<byteCount).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: value >> (place * 8)))
        }
    }
}
