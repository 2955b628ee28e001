internal import SocketIOCore

extension FuzzTarget {
    /// What is read is written, and read again the same.
    static let codecs = [
        FuzzTarget("json") { bytes in
            guard let value = try? JSON.parse(bytes[...]) else { return }
            for ascii in [false, true] {
                let written = value.bytes(ascii: ascii)
                hold((try? JSON.parse(written[...])) == value, "JSON is read back")
                hold(!ascii || written.allSatisfy { $0 < 0x80 }, "ASCII is ASCII")
            }
        },
        FuzzTarget("packet-v09") { bytes in
            guard let packet = try? PacketV09.decode(bytes[...]) else { return }
            // What was no UTF-8 is longer when it is read.
            var limits = SocketPacketLimits()
            limits.maxNamespaceBytes *= 3
            let written = packet.encoded()
            hold((try? PacketV09.decode(written[...], limits: limits)) == packet, "a 0.9 packet is read back")
        },
        FuzzTarget("payload-v09") { bytes in
            let (packets, error) = PayloadV09.decode(bytes, maxPackets: 50)
            hold(packets.count <= 50, "packets are bounded")
            // One packet stands without a frame, so it cannot begin like one; none does, each begins with its type.
            let isFrameless = packets.count == 1 && packets[0].starts(with: "\u{FFFD}".utf8)
            guard error == nil, !isFrameless else { return }
            let again = PayloadV09.decode(PayloadV09.encode(packets), maxPackets: 50)
            hold(again.packets == packets && again.error == nil, "a 0.9 payload is read back")
        },
        FuzzTarget("engine-packet") { bytes in
            if let packet = try? EnginePacket.decode(bytes[...]) {
                hold((try? EnginePacket.decode(packet.encoded()[...])) == packet, "revision 4 is read back")
            }
            for undoes in [false, true] {
                guard let packet = try? EnginePacketV3.decode(bytes[...], undoesDoubleUTF8: undoes) else {
                    continue
                }
                let written = EnginePacketV3.text(packet)
                hold(
                    (try? EnginePacketV3.decode(written[...], undoesDoubleUTF8: false)) == packet,
                    "revision 3 is read back")
            }
            if let packet = EnginePacketV3.decode(binary: bytes[...]), case .binary(let data) = packet {
                hold(EnginePacketV3.binary(data) == bytes, "a binary frame is written back")
            }
        },
        FuzzTarget("engine-payload") { bytes in
            let revision4 = EnginePayloadV4.decode(bytes, maxPackets: 50)
            hold(revision4.packets.count <= 50, "packets are bounded")
            if revision4.error == nil {
                let written = EnginePayloadV4.encode(revision4.packets.map { $0.encoded() })
                let again = EnginePayloadV4.decode(written, maxPackets: 50)
                hold(again.error == nil && again.packets == revision4.packets, "revision 4 is read back")
            }
            let text = EnginePayloadV3.decodeText(bytes, maxPackets: 50)
            hold(text.packets.count <= 50, "packets are bounded")
            let binary = EnginePayloadV3.decodeBinary(bytes, maxPackets: 50)
            hold(binary.packets.count <= 50, "packets are bounded")
            let written = EnginePayloadV3.encodeBinary(binary.packets)
            let again = EnginePayloadV3.decodeBinary(written, maxPackets: 50)
            hold(again.error == nil && again.packets == binary.packets, "revision 3 is read back in binary")
        },
        FuzzTarget("engine-payload-3-text") { bytes in
            let (packets, error) = EnginePayloadV3.decodeText(bytes, maxPackets: 50)
            guard error == nil else { return }
            let written = EnginePayloadV3.encodeText(packets.map(EnginePacketV3.text))
            let again = EnginePayloadV3.decodeText(written, maxPackets: 50)
            hold(
                again.error == nil && again.packets.count == packets.count, "revision 3 is read back in text")
        },
        FuzzTarget("socket-packet", socketPackets),
        FuzzTarget("form", form),
    ]

    /// The first byte says which revision; each further piece begins with its length and whether it is text.
    private static func socketPackets(_ bytes: [UInt8]) {
        var input = FuzzInput(bytes)
        let isRevision3 = input.byte() & 1 == 1
        var decoder = SocketPacketDecoder(revision3: isRevision3)
        while !input.isEmpty {
            let isText = input.byte() & 3 != 0
            let piece = input.piece()
            guard let packet = (isText ? try? decoder.text(piece[...]) : try? decoder.binary(piece)) ?? nil
            else { continue }
            readBack(packet, isRevision3: isRevision3)
        }
    }

    private static func readBack(_ packet: SocketPacket, isRevision3: Bool) {
        let (text, attachments) = packet.encoded()
        var decoder = SocketPacketDecoder(revision3: isRevision3)
        var again = (try? decoder.text(text[...])) ?? nil
        for attachment in attachments { again = (try? decoder.binary(attachment)) ?? nil }
        hold(again == packet, "a Socket.IO packet is read back")
    }

    private static func form(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let fields = Query.parse(Substring(text), maxParameters: 8)
        hold(fields.count <= 8, "parameters are bounded")
        for field in fields where field.name == fields.first?.name {
            hold(Query.first(field.name, in: Substring(text)) != nil, "what is there is found")
        }
        let decoded = Query.percentDecoded(bytes, plusIsBlank: true)
        hold(decoded.count <= bytes.count, "nothing grows")
        _ = ScriptEnvelope.enginePost(bytes)
        _ = ScriptEnvelope.v09Post(bytes)
        for script in [ScriptEnvelope.engine(index: text, payload: bytes), ScriptEnvelope.htmlfile(bytes)] {
            let inner = script.dropFirst(8).dropLast(9)
            hold(!contains("</", in: inner), "no script ends early")
        }
        for resource in ["socket.io", "a/b.js"] {
            if let rest = ResourcePath(resource: resource).rest(of: Substring(text)) {
                hold(text.hasSuffix(rest), "the rest is the end of the path")
            }
        }
        _ = PathTail.lastSegment(Substring(text))
        _ = SessionID.place(of: text)
    }

    private static func contains(_ mark: String, in bytes: ArraySlice<UInt8>) -> Bool {
        let mark = Array(mark.utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: mark) }
    }
}

/// Bytes that decide what is done.
struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    /// 0 behind the end.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// As many bytes as the next one says, or as there are.
    mutating func piece() -> [UInt8] {
        let count = Int(byte())
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
