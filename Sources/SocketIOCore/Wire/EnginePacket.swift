/// An Engine.IO 4 packet: a type digit and data.
///
/// - Errors: ``EnginePacketError``, always the peer's fault; the reference ends the connection.
/// - Source: Engine.IO protocol 4, "Packet encoding"; engine.io-parser 5 `lib/decodePacket.ts`.
package enum EnginePacket: Equatable, Sendable {
    /// The handshake, a JSON text.
    case open([UInt8])
    case close
    case ping([UInt8])
    case pong([UInt8])
    /// Text: a Socket.IO packet.
    case message([UInt8])
    /// A message of bytes: an attachment. As a WebSocket binary frame it has no type digit at all.
    case binary([UInt8])
    case upgrade
    case noop

    /// Reads a text frame or one packet of a payload; bytes then are `b` and base 64. Data behind a close, an
    /// upgrade or a noop means nothing and is dropped.
    package static func decode(_ text: ArraySlice<UInt8>) throws(EnginePacketError) -> EnginePacket {
        guard let type = text.first else { throw .empty }
        let data = text.dropFirst()
        switch type {
        case UInt8(ascii: "0"): return .open(Array(data))
        case UInt8(ascii: "1"): return .close
        case UInt8(ascii: "2"): return .ping(Array(data))
        case UInt8(ascii: "3"): return .pong(Array(data))
        case UInt8(ascii: "4"): return .message(Array(data))
        case UInt8(ascii: "5"): return .upgrade
        case UInt8(ascii: "6"): return .noop
        case UInt8(ascii: "b"): return .binary(Base64.decode(data))
        default: throw .unknownType(type)
        }
    }

    /// The text form, which is good in every place: a text frame, or a payload.
    package func encoded() -> [UInt8] {
        switch self {
        case .open(let data): [UInt8(ascii: "0")] + data
        case .close: [UInt8(ascii: "1")]
        case .ping(let data): [UInt8(ascii: "2")] + data
        case .pong(let data): [UInt8(ascii: "3")] + data
        case .message(let data): [UInt8(ascii: "4")] + data
        case .upgrade: [UInt8(ascii: "5")]
        case .noop: [UInt8(ascii: "6")]
        case .binary(let data): [UInt8(ascii: "b")] + Base64.encode(data)
        }
    }
}

package enum EnginePacketError: Error, Equatable, Sendable {
    case empty
    /// The first byte, which is no type.
    case unknownType(UInt8)
}
