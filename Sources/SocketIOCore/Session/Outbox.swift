/// One packet on its way to a client, already in the client's dialect.
@usableFromInline
package enum Outgoing: Sendable {
    /// Shared with every other receiver.
    case frame(Frame)
    /// A text packet for this client alone.
    case text([UInt8])
    /// A binary message: the bytes themselves. How they are wrapped is the dialect's business.
    case binary([UInt8])

    /// What it counts while it waits.
    package var owedBytes: Int {
        switch self {
        case .frame(let frame): frame.owedBytes
        case .text(let bytes), .binary(let bytes): bytes.count
        }
    }

    /// The packet as text, if it is one.
    package var textBytes: [UInt8]? {
        switch self {
        case .frame(let frame): frame.packet
        case .text(let bytes): bytes
        case .binary: nil
        }
    }
}

extension Outgoing: Equatable {
    /// The same packet on the wire, whoever holds the bytes.
    @usableFromInline
    package static func == (a: Outgoing, b: Outgoing) -> Bool {
        switch (a, b) {
        case (.binary(let x), .binary(let y)): x == y
        case (.binary, _), (_, .binary): false
        default: a.textBytes == b.textBytes
        }
    }
}

/// Packets that wait for a way out: a poll, or a WebSocket that takes bytes again.
///
/// - Units: bytes of packets, those shared with other clients included, but not the one entry of a log.
@usableFromInline
package struct Outbox: Sendable {
    @usableFromInline private(set) var packets: [Outgoing] = []
    private(set) var bytes = 0

    @inlinable var isEmpty: Bool { packets.isEmpty }

    mutating func append(_ packet: Outgoing) {
        packets.append(packet)
        bytes += packet.owedBytes
    }

    mutating func takeAll() -> [Outgoing] {
        defer { self = Outbox() }
        return packets
    }
}
