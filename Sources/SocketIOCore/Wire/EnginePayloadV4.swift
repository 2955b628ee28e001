/// Engine.IO 4 payload: the packets of one polling body, in text form, with the record separator between
/// them.
///
/// - Source: Engine.IO protocol 4, "HTTP long-polling", "Packet encoding"; engine.io-parser 5 `lib/index.ts`.
package enum EnginePayloadV4 {
    package static let separator: UInt8 = 0x1E

    /// - Limits: `maxPackets`; one more is an error.
    /// - Errors: ``PayloadError``, always the peer's fault. The packets before the fault count, as in the
    ///   reference, so both are returned.
    package static func decode(_ body: [UInt8], maxPackets: Int) -> (
        packets: [EnginePacket], error: PayloadError?
    ) {
        var packets: [EnginePacket] = []
        var start = 0
        while true {
            guard packets.count < maxPackets else { return (packets, .morePackets(than: maxPackets)) }
            let end = body[start...].firstIndex(of: separator) ?? body.count
            do throws(EnginePacketError) {
                packets.append(try EnginePacket.decode(body[start..<end]))
            } catch {
                return (packets, .packet(error))
            }
            if end == body.count { return (packets, nil) }
            start = end + 1
        }
    }

    /// Joins packets that are encoded already; none of them is empty, as each has its type.
    package static func encode(_ packets: [[UInt8]]) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(packets.reduce(packets.count) { $0 + $1.count })
        for packet in packets {
            if !body.isEmpty { body.append(separator) }
            body += packet
        }
        return body
    }
}
