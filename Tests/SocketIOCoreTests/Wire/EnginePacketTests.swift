import SocketIOCore
import Testing

@Suite struct EnginePacketTests {
    @Test(arguments: Vector.load("engineio-4", "engine").filter { $0.encoded.text != nil })
    func writesAndReadsAsTheReference(vector: Vector) throws {
        let packet = try #require(EnginePacket(vector.decoded))
        #expect(String(wire: packet.encoded()) == vector.encoded.text)
        #expect(try EnginePacket.decode(vector.encoded.wire[...]) == packet)
    }

    /// All of these, because nothing is won by being stricter.
    @Test(arguments: Vector.load("engineio-4", "engine.lenient"))
    func isAsLenientAsTheReference(vector: Vector) throws {
        #expect(try EnginePacket.decode(vector.encoded.wire[...]) == EnginePacket(vector.decoded))
    }

    @Test(arguments: Vector.load("engineio-4", "engine.invalid"))
    func refuses(vector: Vector) {
        let why = vector.encoded.wire.first.map(EnginePacketError.unknownType) ?? .empty
        #expect(throws: why) { try EnginePacket.decode(vector.encoded.wire[...]) }
    }

    @Test(arguments: [("1x", EnginePacket.close), ("5x", .upgrade), ("6x", .noop)])
    func dropsDataThatMeansNothing(text: String, packet: EnginePacket) throws {
        #expect(try EnginePacket.decode(Array(text.utf8)[...]) == packet)
    }

    @Test func everyFirstByteIsReadOrRefused() {
        for byte in UInt8.min ... .max {
            let packet = try? EnginePacket.decode([byte, 0x41][...])
            #expect((packet != nil) == "0123456b".utf8.contains(byte))
        }
    }
}
