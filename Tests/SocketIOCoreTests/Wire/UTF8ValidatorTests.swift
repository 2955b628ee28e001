import SocketIOCore
import TestSupport
import Testing

@Suite struct UTF8ValidatorTests {
    /// True: whole; false: not UTF-8; nil: a letter is cut in two at the end.
    private static func verdict(_ pieces: [ArraySlice<UInt8>]) -> Bool? {
        var validator = UTF8Validator()
        for piece in pieces where !piece.withUnsafeBytes({ validator.accept($0) }) { return false }
        return validator.isComplete ? true : nil
    }

    static let malformed: [[UInt8]] =
        [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5], [0xFF], [0xC3, 0x28], [0xE2, 0x28], [0xE2, 0x80, 0x28],
            [0xF0, 0x9F, 0x98, 0x28],
        ] as [[UInt8]]

    @Test(arguments: malformed)
    func refuses(bytes: [UInt8]) {
        #expect(Self.verdict([bytes[...]]) == false)
        #expect(Self.verdict([Array("abcdefghij".utf8)[...], bytes[...]]) == false)
    }

    @Test(arguments: [
        "", "a", "abcdefgh", "abcdefghé", "é", "\u{800}", "\u{D7FF}\u{E000}", "😀", "\u{10FFFF}", "\0",
    ])
    func acceptsHoweverItIsCut(text: String) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count { #expect(Self.verdict([bytes[..<cut], bytes[cut...]]) == true) }
        #expect(Self.verdict(bytes.map { [$0] }) == true)
    }

    @Test(arguments: [[0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98]] as [[UInt8]])
    func aCutLetterIsNotComplete(bytes: [UInt8]) {
        #expect(Self.verdict([bytes[...]]) == nil)
    }

    /// Swift's own reader is somebody else's.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func agreesWithTheStandardLibrary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let bytes = random.mutated(Array("abcdefgh\(random.text())\(random.text())".utf8))
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            let cut = Int.random(in: 0...bytes.count, using: &random)
            #expect(
                (Self.verdict([bytes[..<cut], bytes[cut...]]) == true) == isValid, "seed \(seed): \(bytes)")
        }
    }
}
