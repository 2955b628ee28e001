import SocketIOCore
import TestSupport
import Testing

@Suite struct SocketPacketTests {
    @Test(arguments: Vector.load("engineio-4", "socket.encode") + Vector.load("engineio-3", "socket.encode"))
    func writesAsTheReference(vector: Vector) throws {
        let packet = try #require(SocketPacket(vector.decoded))
        let (text, attachments) = packet.encoded()
        let frames = vector.encoded.elements.isEmpty ? [vector.encoded] : vector.encoded.elements
        #expect(String(wire: text) == frames.first?.text)
        #expect(attachments == frames.dropFirst().map(\.wire))
    }

    /// Socket.IO 1.0 leaves out the comma behind a namespace that ends the packet, but reads it (its
    /// `socket.decode`).
    @Test(arguments: Vector.load("engineio-3-legacy", "socket.encode"))
    func writesAsTheLegacyReferenceButForACommaAtTheEnd(vector: Vector) throws {
        let (text, attachments) = try #require(SocketPacket(vector.decoded)).encoded()
        let frames = vector.encoded.elements.isEmpty ? [vector.encoded] : vector.encoded.elements
        let expected = try #require(frames.first?.text)
        #expect([expected, expected + ","].contains(String(wire: text)))
        #expect(attachments == frames.dropFirst().map(\.wire))
    }

    @Test func choosesTheBinaryKindByTheData() {
        #expect(
            String(wire: SocketPacket(.binaryEvent, data: .array([.string("a")])).encoded().text)
                == #"2["a"]"#)
        #expect(String(wire: SocketPacket(.binaryAck, id: "1", data: .array([])).encoded().text) == "31[]")
    }

    @Test func writesNonASCIILettersAsEscapes() {
        let packet = SocketPacket(.event, namespace: "/chat", id: "7", data: .array([.string("é😀")]))
        #expect(String(wire: packet.encoded(ascii: true).text) == #"2/chat,7["\u00e9\ud83d\ude00"]"#)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let bytes = JSON.binary(random.bytes(upTo: 5))
            let packet = SocketPacket(
                Bool.random(using: &random) ? .event : .ack,
                namespace: ["/", "/chat", "/a/b?c=é"].randomElement(using: &random) ?? "/",
                id: [nil, "0", "123456789012345678901234567890"].randomElement(using: &random) ?? nil,
                data: .array([
                    .string("x"), random.json(depth: 2), bytes, .object([.init("a", .array([bytes]))]),
                ]))
            let (text, attachments) = packet.encoded()
            var decoder = SocketPacketDecoder()
            var decoded = try decoder.text(text[...])
            for attachment in attachments {
                #expect(decoded == nil)
                decoded = try decoder.binary(attachment)
            }
            #expect(decoded == packet, "seed \(seed)")
        }
    }
}
