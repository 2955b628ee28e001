import SocketIOCore
import Testing

@Suite struct EnginePacketV3Tests {
    @Test(arguments: Vector.load("engineio-3", "engine"))
    func writesAndReadsAsTheReference(vector: Vector) throws {
        let packet = try #require(EnginePacket(vector.decoded))
        switch vector.encoded {
        case .binary(let frame):
            guard case .binary(let data) = packet else { return #expect(Bool(false)) }
            #expect(EnginePacketV3.binary(data) == frame)
            #expect(EnginePacketV3.decode(binary: frame[...]) == packet)
        default:
            #expect(String(wire: EnginePacketV3.text(packet)) == vector.encoded.text)
            #expect(try EnginePacketV3.decode(vector.encoded.wire[...]) == packet)
        }
    }

    /// Socket.IO 1.0 encodes text twice, which is undone; we write ASCII to such clients, which is the same
    /// either way.
    @Test(arguments: Vector.load("engineio-3-legacy", "engine", "engine.decode"))
    func readsTextThatIsEncodedTwice(vector: Vector) throws {
        #expect(try EnginePacketV3.decode(vector.encoded.wire[...]) == EnginePacket(vector.decoded))
    }

    /// Socket.IO 1.0 refuses the text of later clients. We must not, as nothing tells the two apart.
    @Test(arguments: Vector.load("engineio-3-legacy", "engine.invalid"))
    func readsTextThatIsEncodedOnce(vector: Vector) throws {
        let text = vector.encoded.wire
        #expect(try EnginePacketV3.decode(text[...]) == .message(Array(text.dropFirst())))
    }

    @Test(arguments: Vector.load("engineio-3", "engine.invalid"))
    func refuses(vector: Vector) {
        #expect(throws: EnginePacketError.self) { try EnginePacketV3.decode(vector.encoded.wire[...]) }
    }

    /// Stricter in one case: `b` with another type than a message is refused, where the reference ignores it.
    @Test(arguments: Vector.load("engineio-3", "engine.lenient"))
    func isNearlyAsLenientAsTheReference(vector: Vector) throws {
        if case .binary(let frame) = vector.encoded {
            #expect(EnginePacketV3.decode(binary: frame[...]) == nil)
        } else if vector.decoded["type"] == nil {
            #expect(throws: EnginePacketError.unknownType(UInt8(ascii: "x"))) {
                try EnginePacketV3.decode(vector.encoded.wire[...])
            }
        } else {
            #expect(try EnginePacketV3.decode(vector.encoded.wire[...]) == EnginePacket(vector.decoded))
        }
    }

    @Test func ignoresBinaryFramesThatAreNoMessages() {
        #expect(EnginePacketV3.decode(binary: []) == nil)
        #expect(EnginePacketV3.decode(binary: [0x34, 1]) == nil)
    }
}

@Suite struct DoubleUTF8Tests {
    @Test(arguments: ["", "a", "é", "😀", "\u{2028}\u{FFFD}", "aéb😀c", "\u{80}\u{7FF}\u{10FFFF}"])
    func isUndone(text: String) {
        let twice = DoubleUTF8.applied(Array(text.utf8))
        #expect(String(wire: DoubleUTF8.undone(twice)) == text)
    }

    /// Texts that nobody encoded twice: a letter beyond U+00FF, or bytes that are no UTF-8.
    @Test(arguments: ["plain", "é", "perché", "Ã", "Ã©😀", "Ã©\u{2028}", "ÿ", "É"])
    func isNotSeenWhereItIsNot(text: String) {
        #expect(String(wire: DoubleUTF8.undone(Array(text.utf8))) == text)
    }

    @Test func bytesThatAreNotUTF8StayAsTheyAre() {
        for bytes in [[0xC3], [0xC3, 0x28], [0xFF], [0x61, 0xE2, 0x80]] as [[UInt8]] {
            #expect(DoubleUTF8.undone(bytes) == bytes)
        }
    }
}
