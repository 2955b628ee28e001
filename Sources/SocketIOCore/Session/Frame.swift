/// Bytes made once and given to every receiver of one dialect: a stanza, or a broadcast.
///
/// Immutable and shared by reference, so that a reader who waits costs a pointer and not a copy.
public final class Frame: Sendable {
    /// The packet itself, as it stands in a polling payload or in an HTTP/1.0 stream.
    package let packet: [UInt8]
    /// The same with the exchange's own framing around it: a whole WebSocket frame, or an HTTP chunk.
    package let framed: [UInt8]
    /// What it counts in the queue of a client that does not take it. An entry of a log counts nothing: a reader has
    /// one at a time, and owes its place in the log for the rest.
    let owedBytes: Int

    package init(packet: [UInt8], framed: [UInt8], isQueued: Bool = false) {
        self.packet = packet
        self.framed = framed
        owedBytes = isQueued ? packet.count : 0
    }

    /// A text packet for a WebSocket; in a poll the packet is taken without the frame.
    ///
    /// - Parameter isQueued: any number of them may wait for one client.
    package static func message(_ packet: [UInt8], isQueued: Bool = false) -> Frame {
        Frame(packet: packet, framed: WebSocketFrame.text(packet), isQueued: isQueued)
    }

    /// A piece of an HTTP stream, with its chunk framing (RFC 9112, 7.1).
    package static func chunk(_ piece: [UInt8]) -> Frame {
        Frame(packet: piece, framed: HTTPChunk.framed(piece))
    }
}

/// The chunked transfer coding of RFC 9112, section 7.1, without extensions or trailers.
package enum HTTPChunk {
    package static let last: [UInt8] = Array("0\r\n\r\n".utf8)

    /// An empty piece gives nothing: written as a chunk it would end the answer.
    package static func framed(_ piece: [UInt8]) -> [UInt8] {
        piece.isEmpty ? [] : Array(String(piece.count, radix: 16).utf8) + [13, 10] + piece + [13, 10]
    }
}
