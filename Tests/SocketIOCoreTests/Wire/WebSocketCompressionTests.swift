import Testing

@testable import SocketIOCore

/// Stands in for DEFLATE: a message is "compressed" to its length and its first byte, repeated.
private final class RunCodec: DeflateCodec {
    private(set) var inflated = 0

    func deflate(_ message: [UInt8], windowBits: UInt8) -> [UInt8]? { nil }

    func inflate(_ bytes: [UInt8], atMost limit: Int) throws(InflateFault) -> [UInt8] {
        inflated += 1
        guard bytes.count == 2 else { throw .malformed }
        guard Int(bytes[0]) <= limit else { throw .tooBig }
        return Array(repeating: bytes[1], count: Int(bytes[0]))
    }
}

/// What a WebSocket reader makes of compressed messages (RFC 7692, 6).
@Suite struct WebSocketCompressionTests {
    private typealias Frames = WebSocketReaderTests

    private static func read(
        _ bytes: [UInt8], limit: Int = 100, codec: (any DeflateCodec)? = RunCodec(), pieces: Bool = false
    ) -> [WebSocketReader.Event] {
        var reader = WebSocketReader(maxMessageBytes: limit)
        let parts = pieces ? bytes.map { [$0] } : [bytes]
        return parts.flatMap { part in part.withUnsafeBytes { reader.receive($0, inflatingWith: codec) } }
    }

    @Test(arguments: [false, true])
    func compressedAndPlainMessagesMayFollowEachOther(pieces: Bool) {
        let bytes =
            Frames.frame(0xC1, [3, 0x61]) + Frames.frame(0x81, [3, 0x61]) + Frames.frame(0xC2, [2, 0xFF])
            + Frames.frame(0x82, [2, 0xFF])
        #expect(
            Self.read(bytes, pieces: pieces) == [
                .text(Array("aaa".utf8)), .text([3, 0x61]), .binary([0xFF, 0xFF]), .binary([2, 0xFF]),
            ])
    }

    @Test(arguments: [false, true])
    func fragmentsAreInflatedTogether(pieces: Bool) {
        let codec = RunCodec()
        let bytes =
            Frames.frame(0x41, [4]) + Frames.frame(0x89, [7]) + Frames.frame(0x00)
            + Frames.frame(0x80, [0x62])
        #expect(
            Self.read(bytes, codec: codec, pieces: pieces) == [.ping([7]), .text(Array("bbbb".utf8))])
        #expect(codec.inflated == 1)
    }

    static let faults: [(what: String, bytes: [UInt8], code: UInt16)] = [
        ("RSV1 on a continuation", Frames.frame(0x41, [1]) + Frames.frame(0xC0, [0x61]), 1002),
        ("RSV1 on a ping", Frames.frame(0xC9), 1002), ("RSV1 on a pong", Frames.frame(0xCA), 1002),
        ("RSV1 on a close", Frames.frame(0xC8), 1002), ("RSV2", Frames.frame(0xA1), 1002),
        ("RSV1 and RSV3", Frames.frame(0xD1), 1002),
        ("not compressed at all", Frames.frame(0xC1, [1, 2, 3]), 1007),
        ("no UTF-8 inside", Frames.frame(0xC1, [1, 0xFF]), 1007),
        ("half a letter inside", Frames.frame(0xC1, [1, 0xC3]), 1007),
        ("too big inside", Frames.frame(0xC2, [101, 0]), 1009),
        ("too big itself", Frames.frame(0xC2, [], count: 165), 1009),
        ("too big in fragments", Frames.frame(0x42, [1]) + Frames.frame(0x80, [], count: 164), 1009),
    ]

    @Test(arguments: faults)
    func fails(what: String, bytes: [UInt8], code: UInt16) {
        for pieces in [false, true] {
            guard case .failed(code, _) = Self.read(bytes, pieces: pieces).last else {
                return #expect(Bool(false), "\(what)")
            }
        }
    }

    /// An invalid text in compressed form is not taken for one by its bytes on the wire.
    @Test func whatIsCompressedNeedNotBeUTF8() {
        let message = [WebSocketReader.Event.text(Array(repeating: 0x61, count: 0xC3))]
        #expect(Self.read(Frames.frame(0xC1, [0xC3, 0x61]), limit: 200) == message)
        #expect(Self.read(Frames.frame(0x41, [0xC3]) + Frames.frame(0x80, [0x61]), limit: 200) == message)
    }

    @Test func exactlyTheLimitPasses() {
        #expect(Self.read(Frames.frame(0xC2, [100, 9])) == [.binary(Array(repeating: 9, count: 100))])
    }

    @Test func withoutAgreementNothingIsInflated() {
        #expect(
            Self.read(Frames.frame(0xC1, [3, 0x61]), codec: nil) == [
                .failed(code: 1002, reason: "reserved bit")
            ])
    }

    @Test func aCompressedFrameSaysSo() {
        #expect(WebSocketFrame.text([1, 2], isCompressed: true) == [0xC1, 2, 1, 2])
        #expect(WebSocketFrame.binary([1], isCompressed: true) == [0xC2, 1, 1])
    }
}
