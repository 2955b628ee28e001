/// A frame as the server sent it.
struct RawFrame: Equatable, Sendable {
    /// With the reserved bits: 0x41 is a compressed text.
    let opcode: UInt8
    let payload: [UInt8]

    var text: String { String(decoding: payload, as: UTF8.self) }

    static func text(_ text: String) -> RawFrame { RawFrame(opcode: 1, payload: Array(text.utf8)) }
    static func pong(_ text: String) -> RawFrame { RawFrame(opcode: 10, payload: Array(text.utf8)) }

    /// A close frame with this code; nil: without any.
    static func close(_ code: UInt16?) -> RawFrame {
        RawFrame(opcode: 8, payload: code.map { [UInt8($0 >> 8), UInt8($0 & 255)] } ?? [])
    }

    var closeCode: UInt16? {
        opcode == 8 && payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
    }
}

extension RawClient {
    static let handshakeHeaders = [
        "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// Opens a WebSocket and takes its 101.
    @discardableResult
    func openSocket(_ target: String) async throws -> RawAnswer {
        try await send(Self.request("GET", target, Self.handshakeHeaders))
        return try await head()
    }

    func say(_ text: String) async throws { try await send(Self.frame(1, Array(text.utf8))) }

    /// A client's frame (RFC 6455, 5.2), masked with a key that shows mistakes.
    static func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
        let key: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        if payload.count < 126 {
            bytes.append(0x80 | UInt8(payload.count))
        } else if payload.count < 65_536 {
            bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        } else {
            bytes.append(0x80 | 127)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
            }
        }
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    func frame() async throws -> RawFrame {
        let bytes = try await take { Self.wholeFrame($0) }
        let start = bytes[1] == 127 ? 10 : bytes[1] == 126 ? 4 : 2
        return RawFrame(opcode: bytes[0] & 0x7F, payload: Array(bytes[start...]))
    }

    private static func wholeFrame(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 2 else { return nil }
        let extra = bytes[1] == 127 ? 8 : bytes[1] == 126 ? 2 : 0
        guard bytes.count >= 2 + extra else { return nil }
        let long = bytes[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
        let whole = 2 + extra + (extra == 0 ? Int(bytes[1]) : long)
        return bytes.count >= whole ? whole : nil
    }
}
