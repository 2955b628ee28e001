import SocketIOCore
import TestSupport
import Testing

@Suite struct EnginePayloadV3Tests {
    private static func packets(_ vector: Vector) -> [EnginePacket] {
        vector.decoded.elements.compactMap(EnginePacket.init)
    }

    // MARK: Text framing

    @Test(arguments: Vector.load("engineio-3", "payload.text"))
    func writesTextAsTheReference(vector: Vector) {
        let texts = Self.packets(vector).map(EnginePacketV3.text)
        #expect(String(wire: EnginePayloadV3.encodeText(texts)) == vector.encoded.text)
    }

    /// What a client of Socket.IO 1.x is sent must be encoded twice, unless it is ASCII.
    @Test(arguments: Vector.load("engineio-3-legacy", "payload.text"))
    func writesTextAsTheLegacyReference(vector: Vector) {
        let texts = Self.packets(vector).map { DoubleUTF8.applied(EnginePacketV3.text($0)) }
        #expect(String(wire: EnginePayloadV3.encodeText(texts)) == vector.encoded.text)
    }

    /// Stricter in two cases: a length with an exponent, or with a blank before it, is refused.
    @Test(
        arguments: Vector.load("engineio-3", "payload.text", "payload.text.decode")
            + Vector.load("engineio-3-legacy", "payload.text"))
    func readsTextAsTheReference(vector: Vector) {
        let (packets, error) = EnginePayloadV3.decodeText(vector.encoded.wire, maxPackets: 10)
        if vector.note.contains("exponent") || vector.note.contains("blank") {
            #expect(packets.isEmpty && error == .illegalLength)
        } else {
            #expect(packets == Self.packets(vector))
            #expect(error == nil)
        }
    }

    @Test(arguments: Vector.load("engineio-3", "payload.text.invalid"))
    func returnsThePacketsBeforeTheFaultInText(vector: Vector) {
        let (packets, error) = EnginePayloadV3.decodeText(vector.encoded.wire, maxPackets: 10)
        #expect(packets == Self.packets(vector))
        #expect(error != nil)
    }

    static let faults: [(String, PayloadError)] = [
        ("", .illegalLength), (":4", .illegalLength), ("4", .illegalLength),
        ("99999999999:4", .illegalLength),
        ("9223372036854775808:4", .illegalLength), ("9999999999:4", .shorter(than: 9_999_999_999)),
        ("2:4", .shorter(than: 2)), ("2:4😀", .splitsALetter),
        ("1:9", .packet(.unknownType(UInt8(ascii: "9")))),
        ("1:b", .packet(.unknownType(UInt8(ascii: "b")))), ("+1:4", .illegalLength),
        ("٣:4aa", .illegalLength),
    ]

    @Test(arguments: faults)
    func refusesText(body: String, why: PayloadError) {
        let (packets, error) = EnginePayloadV3.decodeText(Array(body.utf8), maxPackets: 10)
        #expect(packets.isEmpty)
        #expect(error == why)
    }

    @Test func whatIsNotUTF8CountsAsTheReplacementCharacter() {
        let (packets, error) = EnginePayloadV3.decodeText(
            Array("2:4".utf8) + [0xFF] + Array("1:3".utf8), maxPackets: 9)
        #expect(packets == [.message(Array("\u{FFFD}".utf8)), .pong([])])
        #expect(error == nil)
    }

    // MARK: Binary framing

    @Test(
        arguments: Vector.load("engineio-3", "payload.binary")
            + Vector.load("engineio-3-legacy", "payload.binary"))
    func writesBinaryAsTheReference(vector: Vector) {
        #expect(EnginePayloadV3.encodeBinary(Self.packets(vector)) == vector.encoded.wire)
    }

    @Test(
        arguments: Vector.load("engineio-3", "payload.binary", "payload.binary.decode")
            + Vector.load("engineio-3-legacy", "payload.binary"))
    func readsBinaryAsTheReference(vector: Vector) {
        let (packets, error) = EnginePayloadV3.decodeBinary(vector.encoded.wire, maxPackets: 10)
        #expect(packets == Self.packets(vector))
        #expect(error == nil)
    }

    @Test(arguments: Vector.load("engineio-3", "payload.binary.invalid"))
    func returnsThePacketsBeforeTheFaultInBinary(vector: Vector) {
        let (packets, error) = EnginePayloadV3.decodeBinary(vector.encoded.wire, maxPackets: 10)
        #expect(packets == Self.packets(vector))
        #expect(error != nil)
    }

    static let binaryFaults: [([UInt8], PayloadError)] = [
        ([2, 1, 255, 0x33], .illegalFraming(2)), ([0], .illegalLength), ([0, 255], .illegalLength),
        ([0, 1], .illegalLength), ([0, 10, 255], .illegalLength), ([0, 0x31, 255], .illegalLength),
        ([0] + [UInt8](repeating: 9, count: 11) + [255], .illegalLength), ([0, 0, 255], .packet(.empty)),
        ([0, 2, 255, 0x34, 0xFF], .invalidUTF8), ([0, 1, 255, 0x39], .packet(.unknownType(0x39))),
    ]

    @Test(arguments: binaryFaults)
    func refusesBinary(body: [UInt8], why: PayloadError) {
        let (packets, error) = EnginePayloadV3.decodeBinary(body, maxPackets: 10)
        #expect(packets.isEmpty)
        #expect(error == why)
    }

    @Test func skipsBinaryPacketsThatAreNoMessages() {
        let body: [UInt8] = [1, 2, 255, 9, 1, 1, 0, 255, 0, 1, 255, 0x33]
        #expect(EnginePayloadV3.decodeBinary(body, maxPackets: 9).packets == [.pong([])])
    }

    // MARK: Both

    @Test func theNumberOfPacketsIsLimited() {
        let text = Array("1:31:31:3".utf8)
        #expect(EnginePayloadV3.decodeText(text, maxPackets: 3).error == nil)
        #expect(EnginePayloadV3.decodeText(text, maxPackets: 2).error == .morePackets(than: 2))
        let binary = EnginePayloadV3.encodeBinary([.pong([]), .pong([]), .pong([])])
        #expect(EnginePayloadV3.decodeBinary(binary, maxPackets: 3).error == nil)
        #expect(EnginePayloadV3.decodeBinary(binary, maxPackets: 2).error == .morePackets(than: 2))
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func whatIsWrittenIsReadBack(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let packets: [EnginePacket] = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                // A letter beyond U+00FF keeps the text from looking as if it were encoded twice.
                Bool.random(using: &random)
                    ? .message(Array((random.text() + "\u{2028}").utf8)) : .binary(random.bytes(upTo: 12))
            }
            let text = EnginePayloadV3.encodeText(packets.map(EnginePacketV3.text))
            #expect(EnginePayloadV3.decodeText(text, maxPackets: 5).packets == packets, "seed \(seed)")
            let binary = EnginePayloadV3.encodeBinary(packets)
            #expect(EnginePayloadV3.decodeBinary(binary, maxPackets: 5).packets == packets, "seed \(seed)")
        }
    }
}
