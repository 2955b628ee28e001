import SocketIOCore
import Testing

@Suite struct EnginePayloadV4Tests {
    @Test(arguments: Vector.load("engineio-4", "payload", "payload.decode"))
    func readsAsTheReference(vector: Vector) {
        let (packets, error) = EnginePayloadV4.decode(vector.encoded.wire, maxPackets: 10)
        #expect(packets == vector.decoded.elements.compactMap(EnginePacket.init))
        #expect(error == nil)
    }

    @Test(arguments: Vector.load("engineio-4", "payload"))
    func writesAsTheReference(vector: Vector) {
        let packets = vector.decoded.elements.compactMap(EnginePacket.init)
        #expect(String(wire: EnginePayloadV4.encode(packets.map { $0.encoded() })) == vector.encoded.text)
    }

    @Test(arguments: Vector.load("engineio-4", "payload.invalid"))
    func returnsThePacketsBeforeTheFault(vector: Vector) {
        let (packets, error) = EnginePayloadV4.decode(vector.encoded.wire, maxPackets: 10)
        #expect(packets == vector.decoded.elements.compactMap(EnginePacket.init))
        let isUnknown = vector.note.contains("unknown type")
        #expect(error == .packet(isUnknown ? .unknownType(UInt8(ascii: "x")) : .empty))
    }

    @Test func theNumberOfPacketsIsLimited() {
        let body = Array("3\u{1E}3\u{1E}3".utf8)
        #expect(EnginePayloadV4.decode(body, maxPackets: 3).error == nil)
        let (packets, error) = EnginePayloadV4.decode(body, maxPackets: 2)
        #expect(packets == [.pong([]), .pong([])])
        #expect(error == .morePackets(than: 2))
        #expect(EnginePayloadV4.decode(body, maxPackets: 0).error == .morePackets(than: 0))
    }

    @Test func noPacketsAreAnEmptyBody() {
        #expect(EnginePayloadV4.encode([]).isEmpty)
    }
}
