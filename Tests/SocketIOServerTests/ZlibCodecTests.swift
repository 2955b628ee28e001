#if Compression
    import SocketIOCore
    import Testing

    @testable import SocketIOServer

    /// The system's zlib as RFC 7692, 7.2 wants it.
    @Suite struct ZlibCodecTests {
        private let codec = ZlibCodec()

        /// The examples of RFC 7692, 7.2.3.
        static let hello: [(what: String, bytes: [UInt8])] = [
            ("one block", [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            ("not compressed", [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
            ("a final block", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
            ("a final block and nothing", [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]),
            ("two blocks", [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
        ]

        @Test(arguments: hello)
        func readsTheExamples(what: String, bytes: [UInt8]) throws {
            #expect(try codec.inflate(bytes, atMost: 5) == Array("Hello".utf8))
            #expect(throws: InflateFault.tooBig) { try codec.inflate(bytes, atMost: 4) }
        }

        @Test func writesTheExample() {
            #expect(codec.deflate(Array("Hello".utf8), windowBits: 15) == Self.hello[0].bytes)
        }

        /// Twice the same, so that nothing is left over from the message before.
        @Test(arguments: [0, 1, 255, 16_383, 16_384, 16_385, 100_000])
        func roundTrips(count: Int) throws {
            for windowBits in UInt8(9)...15 {
                for message in [Self.message(count), Array(repeating: 7, count: count)] {
                    let bytes = try #require(codec.deflate(message, windowBits: windowBits))
                    #expect(codec.deflate(message, windowBits: windowBits) == bytes)
                    #expect(try codec.inflate(bytes, atMost: count) == message)
                }
            }
        }

        @Test func theSmallestWindowTakesOnlyWhatFitsIt() throws {
            let bytes = try #require(codec.deflate(Self.message(256), windowBits: 8))
            #expect(try codec.inflate(bytes, atMost: 256) == Self.message(256))
            #expect(codec.deflate(Self.message(257), windowBits: 8) == nil)
        }

        @Test func aBombIsRefusedAtTheLimit() throws {
            let zeros = [UInt8](repeating: 0, count: 5_000_000)
            let bomb = try #require(codec.deflate(zeros, windowBits: 15))
            #expect(bomb.count < 6_000)
            #expect(throws: InflateFault.tooBig) { try codec.inflate(bomb, atMost: 1_000_000) }
            #expect(try codec.inflate(Self.hello[0].bytes, atMost: 5) == Array("Hello".utf8))
        }

        @Test(
            arguments: [[0xFF], [0x06], [0xF2, 0x48, 0xCD], [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48]] as [[UInt8]]
        )
        func refuses(bytes: [UInt8]) {
            #expect(throws: InflateFault.malformed) { try codec.inflate(bytes, atMost: 1000) }
        }

        /// The tail is not taken for content: what is cut is refused, or happens to end where a block does.
        @Test func aCutMessageIsRefused() throws {
            let message = Self.message(2000)
            let bytes = try #require(codec.deflate(message, windowBits: 15))
            var refused = 0
            for cut in 1..<bytes.count {
                do throws(InflateFault) {
                    let part = try codec.inflate(Array(bytes[..<cut]), atMost: 3000)
                    #expect(message.starts(with: part), "cut at \(cut)")
                } catch {
                    refused += 1
                }
            }
            #expect(refused > bytes.count / 2)
        }

        private static func message(_ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 5) }
        }
    }
#endif
