import Testing

@testable import SocketIO

/// What a client has heard, as a text.
@Suite struct RecoveryOffsetTests {
    @Test func readsWhatItWrites() throws {
        let alone = RecoveryOffset(origin: nil, number: 1 << 40 | 5)
        #expect(alone.text == "QAAAAAF" && RecoveryOffset(alone.text) == alone)
        let many = RecoveryOffset(
            origin: "abc-_1", number: 3, heard: ["zzzzzz": 64, "AAAAAA": (1 << 42) - 1])
        #expect(many.text == "abc-_1AAAAAAD.AAAAAA_______.zzzzzzAAAAABA")
        let read = try #require(RecoveryOffset(many.text))
        #expect(read == many && read.all == ["abc-_1": 3, "zzzzzz": 64, "AAAAAA": (1 << 42) - 1])
    }

    @Test(arguments: [
        "", ".", "AAAAAA", "AAAAAAAA", "AAAAAA\u{e9}", "abcdefAAAAAAA.", ".abcdefAAAAAAA", "abcdefAAAAAAA.x",
        "abcdef AAAAAA", "abcdefAAAAAAA.\u{1F525}cdefAAAAAAA", "\0\0\0\0\0\0\0",
        String(repeating: "abcdefAAAAAAA.", count: 256) + "abcdefAAAAAAA",
    ])
    func refuses(text: String) { #expect(RecoveryOffset(text) == nil) }
}
