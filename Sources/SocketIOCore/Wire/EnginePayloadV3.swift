/// Engine.IO 3 payload: the packets of one polling body, in one of two framings.
///
///     text     length ":" packet …                  bytes in base 64
///     binary   00|01 length-digits FF packet …      text or bytes; digits are numbers, 0 to 9
///
/// - Units: in text a length counts UTF-16 code units, as JavaScript does: "perché" is 6, "😀" is 2. In binary
///   it counts bytes.
/// - Limits: `maxPackets` in both readers; a length has ten digits at most.
/// - Errors: ``PayloadError``. The packets before the fault count, as in the reference, so both are returned.
/// - Source: engine.io-parser 2 `lib/index.js`. Its number syntax for lengths (`1e1`, blanks) is not
///   followed.
package enum EnginePayloadV3 {
    private static let endOfLength: UInt8 = 0xFF

    // MARK: Text framing

    /// Frames packets that are in text form already; none at all are written `0:`.
    package static func encodeText(_ packets: [[UInt8]]) -> [UInt8] {
        if packets.isEmpty { return Array("0:".utf8) }
        return packets.flatMap { packet in Array("\(UTF16Length.count(packet)):".utf8) + packet }
    }

    /// Packets of no length are skipped, as in the reference.
    package static func decodeText(
        _ body: [UInt8], maxPackets: Int
    ) -> (packets: [EnginePacket], error: PayloadError?) {
        let body = UTF16Length.repaired(body)
        var packets: [EnginePacket] = []
        var index = 0
        do throws(PayloadError) {
            repeat {
                let colon = body[index...].firstIndex(of: UInt8(ascii: ":")) ?? body.count
                guard colon < body.count, let length = UTF16Length.parse(body[index..<colon]) else {
                    throw .illegalLength
                }
                let end = try UTF16Length.end(of: length, from: colon + 1, in: body)
                if length > 0 {
                    guard packets.count < maxPackets else { throw .morePackets(than: maxPackets) }
                    packets.append(
                        try decoded { () throws(EnginePacketError) in
                            try EnginePacketV3.decode(body[(colon + 1)..<end])
                        })
                }
                index = end
            } while index < body.count
        } catch {
            return (packets, error)
        }
        return (packets, nil)
    }

    // MARK: Binary framing

    package static func encodeBinary(_ packets: [EnginePacket]) -> [UInt8] {
        packets.flatMap { packet in
            if case .binary(let data) = packet { return framed(1, EnginePacketV3.binary(data)) }
            return framed(0, packet.encoded())
        }
    }

    private static func framed(_ kind: UInt8, _ packet: [UInt8]) -> [UInt8] {
        [kind] + String(packet.count).utf8.map { $0 - 0x30 } + [endOfLength] + packet
    }

    /// A length beyond the end takes what is there, and binary packets that are no messages are skipped, both
    /// as in the reference. Text is never encoded twice here.
    package static func decodeBinary(
        _ body: [UInt8], maxPackets: Int
    ) -> (packets: [EnginePacket], error: PayloadError?) {
        var packets: [EnginePacket] = []
        var rest = body[...]
        do throws(PayloadError) {
            while let kind = rest.popFirst() {
                guard kind <= 1 else { throw .illegalFraming(kind) }
                let packet = try takeFrame(from: &rest)
                guard packets.count < maxPackets else { throw .morePackets(than: maxPackets) }
                if kind == 0 {
                    packets.append(try text(packet))
                } else if let message = EnginePacketV3.decode(binary: packet) {
                    packets.append(message)
                }
            }
        } catch {
            return (packets, error)
        }
        return (packets, nil)
    }

    private static func takeFrame(from rest: inout ArraySlice<UInt8>) throws(PayloadError) -> ArraySlice<
        UInt8
    > {
        let digits = rest.prefix { $0 != endOfLength }
        guard digits.endIndex < rest.endIndex, digits.allSatisfy({ $0 < 10 }),
            let length = UTF16Length.parse(ArraySlice(digits.map { $0 + 0x30 }))
        else { throw .illegalLength }
        let frame = rest[(digits.endIndex + 1)...].prefix(length)
        rest = rest[frame.endIndex...]
        return frame
    }

    private static func text(_ packet: ArraySlice<UInt8>) throws(PayloadError) -> EnginePacket {
        var utf8 = UTF8Validator()
        guard packet.withUnsafeBytes({ utf8.accept($0) }), utf8.isComplete else { throw .invalidUTF8 }
        return try decoded { () throws(EnginePacketError) in
            try EnginePacketV3.decode(packet, undoesDoubleUTF8: false)
        }
    }

    private static func decoded(
        _ decode: () throws(EnginePacketError) -> EnginePacket
    ) throws(PayloadError) -> EnginePacket {
        do { return try decode() } catch { throw .packet(error) }
    }
}
