/// The protocol generation a client speaks.
package enum Dialect: UInt8, CaseIterable, Sendable {
    /// Engine.IO 4 with Socket.IO 5 packets: Socket.IO 3 and 4.
    case engine4
    /// No Socket.IO at all: a bare WebSocket, an event stream, a growing text.
    case plain
}

/// Engine.IO 4 packets that are always the same bytes.
package enum EngineConstant {
    package static let close = Outgoing.text([UInt8(ascii: "1")])
    package static let ping = Outgoing.text([UInt8(ascii: "2")])
    package static let noop = Outgoing.text([UInt8(ascii: "6")])
    package static let probeAnswer = Array("3probe".utf8)
    package static let probe = Array("probe".utf8)
}

extension Dialect {
    /// The answer to a poll: all packets in one payload.
    ///
    /// - Source: Engine.IO protocol 4, "Payload": packets joined by the record separator, binary as `b` + base64.
    package func payload(of packets: [Outgoing]) -> [UInt8] {
        EnginePayloadV4.encode(
            packets.map { packet in
                switch packet {
                case .frame(let frame): frame.packet
                case .text(let bytes): bytes
                case .binary(let bytes): EnginePacket.binary(bytes).encoded()
                }
            })
    }
}
