import Testing

@testable import SocketIOCore

@Suite struct WebSocketHandshakeTests {
    /// RFC 6455, section 1.3.
    @Test func provesThatTheKeyWasRead() {
        #expect(WebSocketHandshake.accept(key: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(arguments: [
        "", "x", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQA=", "AAAA",
        "dGhlIHNhbXBsZSBub25jZQ== ", "dGhlIHNhbXBsZSBub25j*Q==", "dGhlIHNhbXBsZSBub25jZQ====",
        "é3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ])
    func refusesAKeyThatIsNot16Bytes(key: String) {
        #expect(WebSocketHandshake.accept(key: key) == nil)
    }

    /// FIPS 180-4's examples, and lengths around the block boundary by Python's `hashlib`.
    @Test(arguments: [
        ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        ("a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
        ("a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
        ("a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"),
        ("a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
        ("a", 65, "11655326c708d70319be2610e8a57d9a5b959d3b"),
        ("a", 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ])
    func hashes(text: String, times: Int, hash: String) {
        let digits = Array("0123456789abcdef")
        let bytes = SHA1.hash(Array(String(repeating: text, count: times).utf8))
        #expect(String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) == hash)
    }
}
