import SocketIOCore
import TestSupport
import Testing

@Suite struct WebSocketReaderTests {
    typealias Event = WebSocketReader.Event

    /// A frame as a client sends it. `count` overrides the length that the header states.
    static func frame(
        _ first: UInt8, _ payload: [UInt8] = [], mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D],
        lengthBytes: Int? = nil,
        count: UInt64? = nil
    ) -> [UInt8] {
        let count = count ?? UInt64(payload.count)
        let width = lengthBytes ?? (count < 126 ? 0 : count < 65536 ? 2 : 8)
        let short = width == 0 ? UInt8(count) : width == 2 ? 126 : 127
        var bytes = [first, (mask == nil ? 0 : 0x80) | short]
        for place in (0..<width).reversed() { bytes.append(UInt8(truncatingIfNeeded: count >> (place * 8))) }
        guard let mask else { return bytes + payload }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }

    static func text(_ text: String) -> [UInt8] { frame(0x81, Array(text.utf8)) }

    private static func read(_ pieces: [[UInt8]], limit: Int = 1000, fragments: Int = 100) -> [Event] {
        var reader = WebSocketReader(maxMessageBytes: limit, maxFragments: fragments)
        return pieces.flatMap { piece in piece.withUnsafeBytes { reader.receive($0) } }
    }

    // MARK: Good frames

    /// RFC 6455, section 5.7: masked "Hello", whole and with the ping it may be interrupted by.
    @Test func readsTheFramesOfTheStandard() {
        let hello: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(Self.read([hello]) == [.text(Array("Hello".utf8))])
        let interrupted =
            Self.frame(0x01, Array("Hel".utf8)) + Self.frame(0x89, [1, 2])
            + Self.frame(0x80, Array("lo".utf8))
        #expect(Self.read([interrupted]) == [.ping([1, 2]), .text(Array("Hello".utf8))])
    }

    @Test(arguments: [0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 70001])
    func readsEveryFormOfLength(count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(Self.read([Self.frame(0x82, payload)], limit: 100_000) == [.binary(payload)])
    }

    @Test func readsSeveralFramesOfOnePiece() {
        let bytes = Self.text("a") + Self.frame(0x8A, [9]) + Self.text("") + Self.frame(0x82)
        #expect(Self.read([bytes]) == [.text([0x61]), .pong([9]), .text([]), .binary([])])
    }

    @Test func theLimitItselfPasses() {
        #expect(Self.read([Self.frame(0x82, [1, 2, 3])], limit: 3) == [.binary([1, 2, 3])])
        let fragments = Self.frame(0x02, [1, 2]) + Self.frame(0x80, [3])
        #expect(Self.read([fragments], limit: 3) == [.binary([1, 2, 3])])
    }

    @Test func aLetterMayBeCutByFragments() {
        let bytes = Self.frame(0x01, [0xF0, 0x9F]) + Self.frame(0x00, [0x98]) + Self.frame(0x80, [0x80])
        #expect(Self.read([bytes]) == [.text(Array("😀".utf8))])
    }

    // MARK: Faults

    static let faults: [(String, [UInt8], UInt16)] =
        [
            ("no mask", frame(0x81, [0x61], mask: nil), 1002), ("RSV1", frame(0xC1), 1002),
            ("RSV2", frame(0xA1), 1002),
            ("RSV3", frame(0x91), 1002), ("opcode 3", frame(0x83), 1002), ("opcode 7", frame(0x87), 1002),
            ("opcode 11", frame(0x8B), 1002), ("opcode 15", frame(0x8F), 1002),
            ("2 bytes for 125", frame(0x81, [], lengthBytes: 2, count: 125), 1002),
            ("8 bytes for 65535", frame(0x81, [], lengthBytes: 8, count: 65535), 1002),
            ("top bit of the length", frame(0x81, [], lengthBytes: 8, count: 1 << 63), 1002),
            ("long ping", frame(0x89, [], lengthBytes: 2, count: 126), 1002),
            ("fragmented ping", frame(0x09), 1002),
            ("fragmented close", frame(0x08), 1002), ("continuation of nothing", frame(0x80), 1002),
            ("text inside a message", frame(0x01) + frame(0x81), 1002),
            ("continuation behind the end", frame(0x01) + frame(0x80) + frame(0x80), 1002),
            ("invalid UTF-8", frame(0x81, [0xFF]), 1007),
            ("surrogate", frame(0x81, [0xED, 0xA0, 0x80]), 1007),
            ("cut letter at the end", frame(0x81, [0xC3]), 1007),
            ("cut letter at the end of fragments", frame(0x01, [0xC3]) + frame(0x80), 1007),
            ("too big", frame(0x82, [], count: 1001), 1009),
            ("much too big", frame(0x82, [], count: 1 << 62), 1009),
            ("too big in fragments", frame(0x02, [1]) + frame(0x80, [], count: 1000), 1009),
            ("half a close code", frame(0x88, [0x03]), 1002),
            ("reason not UTF-8", frame(0x88, [0x03, 0xE8, 0xC3]), 1007),
        ] as [(String, [UInt8], UInt16)]

    @Test(arguments: faults)
    func fails(what: String, bytes: [UInt8], code: UInt16) {
        let events = Self.read([bytes])
        #expect(events.count <= 2)
        guard case .failed(code, _) = events.last else { return #expect(Bool(false), "\(what): \(events)") }
    }

    @Test func tooBigIsKnownFromTheHeader() {
        let header = Array(Self.frame(0x82, [], count: 1001).dropLast(4))
        guard case .failed(1009, _) = Self.read([header]).first else { return #expect(Bool(false)) }
    }

    @Test func invalidUTF8IsKnownBeforeTheFrameIsWhole() {
        let bytes = Self.frame(0x81, [0x61, 0xFF], count: 500)
        guard case .failed(1007, _) = Self.read([bytes]).first else { return #expect(Bool(false)) }
    }

    @Test func fragmentsAreCounted() {
        let fragments = [Self.frame(0x01)] + Array(repeating: Self.frame(0x00), count: 3)
        #expect(Self.read(fragments + [Self.frame(0x80)], fragments: 5) == [.text([])])
        guard case .failed(1009, _) = Self.read(fragments + [Self.frame(0x80)], fragments: 4).first else {
            return #expect(Bool(false))
        }
    }

    // MARK: Closing

    @Test(arguments: [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
    ])
    func takesAValidCloseCode(code: UInt16) {
        let bytes = Self.frame(0x88, [UInt8(code >> 8), UInt8(code & 0xFF), 0x62, 0x79, 0x65])
        #expect(Self.read([bytes]) == [.close(code: code, reason: Array("bye".utf8))])
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
    func refusesAnInvalidCloseCode(code: UInt16) {
        let bytes = Self.frame(0x88, [UInt8(code >> 8), UInt8(code & 0xFF)])
        #expect(Self.read([bytes]) == [.failed(code: 1002, reason: "invalid close code")])
    }

    @Test func ignoresEverythingAfterTheEnd() {
        let after = Self.text("x")
        #expect(Self.read([Self.frame(0x88) + after, after]) == [.close(code: nil, reason: [])])
        #expect(Self.read([Self.frame(0x83) + after, after]).count == 1)
        var reader = WebSocketReader(maxMessageBytes: 1)
        #expect(!reader.hasEnded)
        _ = Self.frame(0x88).withUnsafeBytes { reader.receive($0) }
        #expect(reader.hasEnded)
    }

    // MARK: Pieces

    /// Everything at once, cut in two at every place, and byte by byte.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func theCutMakesNoDifference(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let bytes = random.webSocketFrames()
        let whole = Self.read([bytes])
        #expect(Self.read(bytes.map { [$0] }) == whole, "seed \(seed)")
        for cut in bytes.indices {
            #expect(
                Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole,
                "seed \(seed), cut at \(cut)")
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func anyBytesAreReadOrRefused(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let bytes = random.mutated(random.webSocketFrames())
            let events = Self.read([bytes])
            #expect(events == Self.read(bytes.map { [$0] }), "seed \(seed)")
            let ends = events.filter { if case .failed = $0 { true } else { false } }
            #expect(ends.count <= 1, "seed \(seed)")
        }
    }

    @Test func anIdleReaderIsSmall() {
        #expect(MemoryLayout<WebSocketReader>.size <= 96)
    }
}

extension SeededGenerator {
    /// A conversation's worth of frames, mostly good ones, with new masks.
    mutating func webSocketFrames() -> [UInt8] {
        var bytes: [UInt8] = []
        var isUnderWay = false
        for _ in 0..<Int.random(in: 1...8, using: &self) {
            let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &self) }
            let payload = Bool.random(using: &self) ? Array((text() + text()).utf8) : self.bytes(upTo: 150)
            if Int.random(in: 0..<3, using: &self) == 0 {
                let first: UInt8 = Bool.random(using: &self) ? 0x89 : 0x8A
                bytes += WebSocketReaderTests.frame(first, Array(payload.prefix(125)), mask: mask)
                continue
            }
            let isFinal = Bool.random(using: &self)
            let isText = String(validating: payload, as: UTF8.self) != nil
            let opcode: UInt8 = isUnderWay ? 0 : isText ? 1 : 2
            bytes += WebSocketReaderTests.frame((isFinal ? 0x80 : 0) | opcode, payload, mask: mask)
            isUnderWay = !isFinal
        }
        if Int.random(in: 0..<4, using: &self) == 0 {
            bytes += WebSocketReaderTests.frame(0x88, [0x03, 0xE8])
        }
        return bytes
    }
}
