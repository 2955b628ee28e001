import SocketIOCore
import TestSupport
import Testing

/// Bytes are parsed or refused, never a trap: every decoder is fed noise, noise made of its own letters, and
/// vectors with a few bytes changed. A trap ends the tests, so what is expected here is only to come through.
@Suite struct AnyBytesTests {
    private static let letters = Array(
        "0123456789b-/,[]{}\"\\u:?&=%+ antruefls_placeholder\u{1E}\u{FFFD}é".utf8)

    private static let samples: [[UInt8]] =
        ["engineio-4", "engineio-3", "engineio-3-legacy", "socketio-0.9"].flatMap { file in
            Vector.all(file).flatMap { vector in
                (vector.encoded.elements.isEmpty ? [vector.encoded] : vector.encoded.elements).map(\.wire)
            }
        }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func areReadOrRefused(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var decoder = SocketPacketDecoder()
        var revision3 = SocketPacketDecoder(revision3: true)
        for _ in 0..<1500 {
            let sample = Self.samples.randomElement(using: &random) ?? []
            let bytes =
                Bool.random(using: &random)
                ? random.mutated(sample) : random.bytes(upTo: 80, letters: Self.letters)
            _ = try? JSON.parse(bytes[...], maxDepth: 8, maxValues: 50)
            _ = Base64.decode(bytes[...])
            _ = try? EnginePacket.decode(bytes[...])
            #expect(EnginePayloadV4.decode(bytes, maxPackets: 3).packets.count <= 3, "seed \(seed)")
            _ = try? decoder.text(bytes[...])
            _ = try? decoder.binary(bytes)
            _ = try? revision3.text(bytes[...])
            _ = try? EnginePacketV3.decode(bytes[...])
            #expect(EnginePayloadV3.decodeText(bytes, maxPackets: 3).packets.count <= 3, "seed \(seed)")
            #expect(EnginePayloadV3.decodeBinary(bytes, maxPackets: 3).packets.count <= 3, "seed \(seed)")
            _ = try? PacketV09.decode(bytes[...])
            #expect(PayloadV09.decode(bytes, maxPackets: 3).packets.count <= 3, "seed \(seed)")
            _ = DoubleUTF8.undone(bytes)
            _ = ScriptEnvelope.enginePost(bytes)
            _ = ScriptEnvelope.v09Post(bytes)
            let text = String(wire: bytes)
            _ = Query.parse(text[...], maxParameters: 4)
            _ = ResourcePath(resource: text).rest(of: text[...])
            _ = ResourcePath(resource: "b").rest(of: text[...])
            _ = PathTail.matches(text[...], PathTail.lastSegment(text[...]))
            _ = WebSocketHandshake.accept(key: text)
        }
    }
}
