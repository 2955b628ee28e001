import SocketIOCore
import Testing

@Suite struct PayloadV09Tests {
    private static func texts(_ body: String, maxPackets: Int = 10) -> ([String], PayloadError?) {
        let (packets, error) = PayloadV09.decode(Array(body.utf8), maxPackets: maxPackets)
        return (packets.map(String.init(wire:)), error)
    }

    @Test(arguments: Vector.load("socketio-0.9", "payload"))
    func writesAndReadsAsTheReference(vector: Vector) {
        let packets = vector.decoded.elements.map(\.wire)
        #expect(String(wire: PayloadV09.encode(packets)) == vector.encoded.text)
        let (read, error) = PayloadV09.decode(vector.encoded.wire, maxPackets: 10)
        #expect(read == packets)
        #expect(error == nil)
    }

    /// What of the packets can be understood is the same. The reference also finds packets that nobody
    /// understands, and reports nothing.
    @Test(arguments: Vector.load("socketio-0.9", "payload.lenient"))
    func isAsLenientAsTheReference(vector: Vector) {
        let ours = PayloadV09.decode(vector.encoded.wire, maxPackets: 10).packets
            .compactMap { try? PacketV09.decode($0[...]) }
        #expect(ours == vector.decoded.elements.compactMap { $0["packet"].flatMap(PacketV09.init) })
    }

    static let faults: [(String, [String], PayloadError)] = [
        ("\u{FFFD}", [], .illegalLength), ("\u{FFFD}x\u{FFFD}2::", [], .illegalLength),
        ("\u{FFFD}\u{FFFD}2::", [], .illegalLength), ("\u{FFFD}3", [], .illegalLength),
        ("\u{FFFD}3\u{FFFD}2::junk", ["2::"], .illegalFraming(UInt8(ascii: "j"))),
        ("\u{FFFD}5\u{FFFD}3:::😀", [], .splitsALetter),
        ("\u{FFFD}99999999999\u{FFFD}2::", [], .illegalLength),
    ]

    @Test(arguments: faults)
    func stopsAtAFault(body: String, packets: [String], why: PayloadError) {
        let (read, error) = Self.texts(body)
        #expect(read == packets)
        #expect(error == why)
    }

    @Test func theNumberOfPacketsIsLimited() {
        let body = "\u{FFFD}3\u{FFFD}2::\u{FFFD}3\u{FFFD}8::"
        #expect(Self.texts(body, maxPackets: 2).1 == nil)
        #expect(Self.texts(body, maxPackets: 1).0 == ["2::"])
        #expect(Self.texts(body, maxPackets: 1).1 == .morePackets(than: 1))
        #expect(Self.texts("2::", maxPackets: 0).1 == .morePackets(than: 0))
    }

    @Test func whatIsNotUTF8CountsAsTheReplacementCharacter() {
        let body = Array("\u{FFFD}5\u{FFFD}3:::".utf8) + [0xFF] + Array("\u{FFFD}3\u{FFFD}2::".utf8)
        let (packets, error) = PayloadV09.decode(body, maxPackets: 9)
        #expect(packets.map(String.init(wire:)) == ["3:::\u{FFFD}", "2::"])
        #expect(error == nil)
    }
}
