/// The protocol generation a client speaks.
@usableFromInline
package enum Dialect: String, CaseIterable, Sendable {
    /// Socket.IO 0.7 to 0.9: protocol "1".
    case v09
    /// Engine.IO 2: Socket.IO 1.0. Like revision 3, but polls are read in binary framing only.
    case engine2
    /// Engine.IO 3: Socket.IO 1.1 to 2.x.
    case engine3
    /// Engine.IO 4 with Socket.IO 5 packets: Socket.IO 3 and 4.
    case engine4

    /// The dialect that an `EIO` query parameter names; every released client sends one of these.
    package init?(engineRevision: String?) {
        switch engineRevision {
        case "4": self = .engine4
        case "3": self = .engine3
        case "2": self = .engine2
        default: return nil
        }
    }
}

/// Engine.IO packets that are always the same bytes, in every revision.
package enum EngineConstant {
    package static let close = Outgoing.text([UInt8(ascii: "1")])
    package static let ping = Outgoing.text([UInt8(ascii: "2")])
    package static let pong = Outgoing.text([UInt8(ascii: "3")])
    package static let noop = Outgoing.text([UInt8(ascii: "6")])
    package static let probeAnswer = Array("3probe".utf8)
    package static let probe = Array("probe".utf8)
}

/// How one Engine.IO client wants its payloads and frames: by its revision, and by what it can read.
///
/// - Source: Engine.IO protocol 4, "Payload"; engine.io-parser 2 and 1 for the older revisions.
@usableFromInline
package struct EngineFormat: Sendable {
    package let dialect: Dialect
    /// The client cannot take binary (`b64=1`, or JSONP): bytes come as base64 in text.
    package let isTextOnly: Bool

    package init(_ dialect: Dialect, isTextOnly: Bool) {
        self.dialect = dialect
        self.isTextOnly = isTextOnly
    }

    // MARK: Out

    /// The answer to a poll: all packets in one payload, and whether it is in binary framing.
    package func payload(of packets: [Outgoing]) -> (bytes: [UInt8], isBinary: Bool) {
        switch dialect {
        // One packet is its own payload, and as a rule one that others get as well.
        case .engine4 where packets.count == 1 && !packets[0].isBinary:
            return (packets[0].textBytes ?? [], false)
        case .engine4:
            return (
                EnginePayloadV4.encode(packets.map { $0.text { EnginePacket.binary($0).encoded() } }), false
            )
        case .engine3 where isTextOnly || !packets.contains(where: \.isBinary), .engine2 where isTextOnly,
            .v09:
            return (
                EnginePayloadV3.encodeText(packets.map { $0.text { EnginePacketV3.text(.binary($0)) } }),
                false
            )
        case .engine3, .engine2:
            return (EnginePayloadV3.encodeBinary(packets.map(\.packet)), true)
        }
    }

    /// A packet as one WebSocket message.
    package func message(_ packet: Outgoing) -> Outgoing {
        guard case .binary(let bytes) = packet, dialect != .engine4 else { return packet }
        return isTextOnly ? .text(EnginePacketV3.text(.binary(bytes))) : .binary(EnginePacketV3.binary(bytes))
    }

    // MARK: In

    package func packets(
        in body: [UInt8], isBinary: Bool, maxPackets: Int
    ) -> (packets: [EnginePacket], error: PayloadError?) {
        if dialect == .engine4 { return EnginePayloadV4.decode(body, maxPackets: maxPackets) }
        return isBinary
            ? EnginePayloadV3.decodeBinary(body, maxPackets: maxPackets)
            : EnginePayloadV3.decodeText(body, maxPackets: maxPackets)
    }

    package func packet(text: ArraySlice<UInt8>) throws(EnginePacketError) -> EnginePacket {
        dialect == .engine4 ? try EnginePacket.decode(text) : try EnginePacketV3.decode(text)
    }

    /// Nil: to be ignored.
    package func packet(binary bytes: [UInt8]) -> EnginePacket? {
        dialect == .engine4 ? .binary(bytes) : EnginePacketV3.decode(binary: bytes[...])
    }
}

extension Outgoing {
    var isBinary: Bool { if case .binary = self { true } else { false } }

    /// The packet before it was written: binary framing writes its length, and its type, in its own way.
    var packet: EnginePacket {
        if case .binary(let bytes) = self { return .binary(bytes) }
        return (try? EnginePacket.decode((textBytes ?? [])[...])) ?? .noop
    }

    /// As text, with `wrap` for bytes.
    func text(_ wrap: ([UInt8]) -> [UInt8]) -> [UInt8] {
        switch self {
        case .frame(let frame): frame.packet
        case .text(let bytes): bytes
        case .binary(let bytes): wrap(bytes)
        }
    }
}
